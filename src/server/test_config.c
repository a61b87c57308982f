/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/failing.h"
#include "base/status.h"
#include "server/config.h"
#include "server/config_value.h"

/* Everything that the document shows, in its words. */
static const char contract[] =
    "listen:    { grpc: 127.0.0.1:7350, udp: 127.0.0.1:7351, http: 127.0.0.1:7352 }\n"
    "advertise: { udp: 127.0.0.1:7351 }\n"
    "data: ./statesync-data\n"
    "tls:  { cert: server.pem, key: server.key, client_ca: servers-ca.pem }\n"
    "auth: { jwt_keys: jwks.json, audience: statesync, anonymous: loopback }\n"
    "worlds: { names: [default], tick_hz: 60, tick: free, max_rewind_ms: 250 }\n"
    "limits: { updates_per_second: 2000, burst: 4000, request_bytes: 262144 }\n"
    "schema: game.desc\n"
    "categories:\n"
    "  position:  { scope: player, write: server, read: any, format: protobuf, message: "
    "game.Position, strategy: last_write_wins, durability: memory, history: { versions: 128, ms: "
    "2000 }, spatial: { x: x, y: y, z: z } }\n"
    "  inventory: { scope: player, write: server, read: owner, format: json, strategy: merge, "
    "fields: { /gold: sum }, durability: sync, audit: 30d }\n"
    "  profile:   { scope: player, write: owner, read: any, format: json, strategy: keep_old, "
    "durability: sync }\n"
    "  trade:     { scope: shared, write: any, format: json, strategy: manual, resolve: writer, "
    "durability: sync }\n"
    "  default:   { scope: player, write: owner, read: owner, format: opaque, strategy: "
    "last_write_wins, durability: async }\n";

/* What was logged, all lines in one text. */
struct heard {
    char text[8192];
    size_t lines;
};

static void hear(void *context, enum log_level level, const char *line) {
    struct heard *heard = context;
    (void)level;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s\n", line);
    heard->lines++;
}

struct attempt {
    struct config *config;
    struct heard heard;
    char why[512];
    int status;
};

static struct attempt attempt(const char *yaml, char *const *environment,
                              const char *const *settings) {
    struct attempt a = {.why = ""};
    struct log_sink log = {hear, &a.heard, LOG_LEVEL_DEBUG};
    a.status = config_read_text(&a.config, &memory_heap, "game.yaml", bytes_of(yaml), environment,
                                settings, &log, a.why, sizeof a.why);
    assert_true((a.status == SS_OK) == (a.config != NULL));
    return a;
}

static struct config *read_yaml(const char *yaml) {
    struct attempt a = attempt(yaml, NULL, NULL);
    if (a.status != SS_OK) fail_msg("%s: %s", yaml, a.why);
    return a.config;
}

static void refused(const char *yaml, const char *why) {
    struct attempt a = attempt(yaml, NULL, NULL);
    if (a.status != SS_ERR_INVALID || !strstr(a.why, why))
        fail_msg("%s\n gave %d \"%s\"\n want \"%s\"", yaml, a.status, a.why, why);
}

static void told(const char *yaml, const char *line) {
    struct attempt a = attempt(yaml, NULL, NULL);
    if (a.status != SS_OK || !strstr(a.heard.text, line))
        fail_msg("%s\n gave \"%s\" \"%s\"\n want \"%s\"", yaml, a.why, a.heard.text, line);
    config_free(a.config);
}

static const struct category *named(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->category_count; i++)
        if (strcmp(config->categories[i].name, name) == 0) return &config->categories[i];
    return NULL;
}

/* One category of the given keys. */
static const char *one(const char *keys) {
    static _Thread_local char yaml[1024];
    snprintf(yaml, sizeof yaml, "categories:\n  c: { %s }\n", keys);
    return yaml;
}

/* ---- defaults and the document ------------------------------------------------------------- */

static void test_defaults(void **state) {
    (void)state;
    struct config *config;
    char why[256];
    assert_int_equal(config_read(&config, &memory_heap, NULL, NULL, NULL, NULL, why, sizeof why),
                     SS_OK);
    assert_null(config->file);
    assert_string_equal(config->listen_grpc, "127.0.0.1:7350");
    assert_string_equal(config->listen_udp, "127.0.0.1:7351");
    assert_string_equal(config->listen_http, "127.0.0.1:7352");
    assert_null(config->advertise_udp);
    assert_string_equal(config->data, "./statesync-data");
    assert_null(config->tls_cert);
    assert_int_equal(config->anonymous, ANONYMOUS_LOOPBACK);
    assert_int_equal(config->world_count, 1);
    assert_string_equal(config->world_names[0], "default");
    assert_int_equal(config->tick_hz, 60);
    assert_int_equal(config->max_rewind_ms, 250);
    assert_int_equal(config->limits.updates_per_second, 2000);
    assert_int_equal(config->limits.burst, 4000);
    assert_int_equal(config->limits.request_bytes, 262144);
    assert_int_equal(config->limits.state_bytes, 65536);
    assert_int_equal(config->limits.bytes_per_player, 16 << 20);
    assert_int_equal(config->limits.cells_per_world, 4000000);
    assert_int_equal(config->limits.connections_per_player, 16);
    assert_int_equal(config->limits.snapshot_bytes, 4 << 20);
    assert_int_equal(config->category_count, 0);
    assert_string_equal(config->fallback->name, "default");
    assert_ptr_equal(config->fallback->format, &format_opaque);
    config_free(config);
}

static void test_contract(void **state) {
    (void)state;
    struct config *config = read_yaml(contract);
    assert_string_equal(config->file, "game.yaml");
    assert_string_equal(config->auth_jwt_keys, "jwks.json");
    assert_string_equal(config->tls_client_ca, "servers-ca.pem");
    assert_string_equal(config->schema, "game.desc");
    assert_int_equal(config->category_count, 4);
    const struct category *position = named(config, "position");
    assert_int_equal(position->write, ACCESS_SERVER);
    assert_int_equal(position->read, ACCESS_ANY);
    assert_int_equal(position->durability, DURABILITY_MEMORY);
    assert_int_equal(position->history_versions, 128);
    assert_int_equal(position->history_span, 2 * SS_SECOND);
    assert_false(position->spatial); /* names of fields need the schema */
    const struct category *inventory = named(config, "inventory");
    assert_int_equal(inventory->strategy, STRATEGY_MERGE);
    assert_non_null(inventory->rules);
    assert_int_equal(config->audit_days[inventory - config->categories], 30);
    assert_int_equal(named(config, "trade")->scope, SCOPE_SHARED);
    assert_int_equal(named(config, "trade")->strategy, STRATEGY_MANUAL);
    assert_int_equal(config->fallback->durability, DURABILITY_ASYNC);
    config_free(config);
}

static void test_category_keys(void **state) {
    (void)state;
    struct config *config = read_yaml(
        one("scope: player, write: propose, read: server, resolve: owner, format: json, strategy: "
            "keep_old, locking: optional, lww_order: action_time, durability: sync, history: { "
            "versions: 3, ms: 40 }, ttl: 30s, session: true, fields: { /gold: sum, /bag: union }, "
            "bounds: { /hp: [0, 100.5] }, monotone: [/xp], max_speed: 12.5, spatial: {x: x, y: /y, "
            "z: pos/z}, audit: 2d, state_bytes: 777"));
    const struct category *c = named(config, "c");
    assert_int_equal(c->write, ACCESS_PROPOSE);
    assert_int_equal(c->read, ACCESS_SERVER);
    assert_int_equal(c->resolve, ACCESS_OWNER);
    assert_int_equal(c->strategy, STRATEGY_KEEP_OLD);
    assert_int_equal(c->locking, LOCKING_OPTIONAL);
    assert_int_equal(c->lww_order, LWW_ACTION_TIME);
    assert_int_equal(c->durability, DURABILITY_SYNC);
    assert_int_equal(c->history_versions, 3);
    assert_int_equal(c->history_span, 40 * SS_MILLISECOND);
    assert_int_equal(c->ttl, 30 * SS_SECOND);
    assert_true(c->session);
    assert_true(c->spatial);
    assert_int_equal(c->state_max, 777);
    assert_null(config->fallback);
    float at[3];
    assert_int_equal(
        c->format->locate(c->rules, bytes_of("{\"x\":1,\"y\":2,\"pos\":{\"z\":3}}"), at), SS_OK);
    assert_true(at[0] == 1 && at[1] == 2 && at[2] == 3);
    struct reason why;
    assert_int_equal(c->format->check(c->rules, NULL, bytes_of("{\"hp\":101}"), 0, &why),
                     SS_ERR_INVALID);
    assert_int_equal(c->format->check(c->rules, NULL, bytes_of("{\"hp\":100}"), 0, &why), SS_OK);
    config_free(config);
}

static void test_fallback(void **state) {
    (void)state;
    struct config *config = read_yaml("categories:\n");
    assert_non_null(config->fallback);
    config_free(config);
    config = read_yaml(one("scope: player"));
    assert_null(config->fallback);
    config_free(config);
    config = read_yaml("categories: { default: { format: json, state_bytes: 99 } }\n");
    assert_int_equal(config->category_count, 0);
    assert_ptr_equal(config->fallback->format, &format_json);
    assert_int_equal(config->fallback->state_max, 99);
    config_free(config);
    config = read_yaml("limits: { state_bytes: 1000 }\ncategories: { a: , b: {} }\n");
    assert_int_equal(config->category_count, 2);
    assert_int_equal(named(config, "a")->state_max, 1000);
    config_free(config);
}

static void test_doors(void **state) {
    (void)state;
    struct config *config = read_yaml("listen: { grpc: '[::1]:9000' }\n");
    assert_string_equal(config->listen_grpc, "[::1]:9000");
    assert_null(config->listen_udp);
    assert_null(config->listen_http);
    config_free(config);
    const char *settings[] = {"listen.grpc=:0", NULL};
    struct attempt a = attempt("", NULL, settings);
    assert_string_equal(a.config->listen_grpc, ":0");
    assert_string_equal(a.config->listen_http, "127.0.0.1:7352");
    config_free(a.config);
    const char *shut[] = {"listen.http=none", NULL};
    a = attempt("listen: { grpc: ':0', http: ':0' }\n", NULL, shut);
    assert_string_equal(a.config->listen_grpc, ":0");
    assert_null(a.config->listen_http);
    config_free(a.config);
}

/* ---- sources ------------------------------------------------------------------------------- */

static void test_precedence(void **state) {
    (void)state;
    char tick[] = "STATESYNC_WORLDS_TICK_HZ=30", burst[] = "STATESYNC_LIMITS_BURST=7",
         empty[] = "STATESYNC_DATA=", other[] = "STATESYNC_SERVICE_HOST=10.0.0.1",
         client[] = "STATESYNC_SERVER=127.0.0.1:1", far[] = "HOME=/";
    char *environment[] = {tick, burst, empty, other, client, far, NULL};
    const char *settings[] = {"worlds.tick_hz=20", "worlds.names=a,b,c", NULL};
    struct attempt a =
        attempt("worlds: { tick_hz: 100, max_rewind_ms: 99, names: [x] }\n", environment, settings);
    assert_int_equal(a.status, SS_OK);
    assert_int_equal(a.config->tick_hz, 20);
    assert_int_equal(a.config->max_rewind_ms, 99);
    assert_int_equal(a.config->limits.burst, 7);
    assert_string_equal(a.config->data, "./statesync-data");
    assert_int_equal(a.config->world_count, 3);
    assert_string_equal(a.config->world_names[2], "c");
    config_free(a.config);
}

static void test_category_settings(void **state) {
    (void)state;
    const char *settings[] = {"categories.c.strategy=merge",     "categories.c.fields={/gold: sum}",
                              "categories.c.history.versions=5", "categories.new.durability=memory",
                              "categories.c.monotone=[/xp]",     NULL};
    struct attempt a = attempt(one("format: json, strategy: manual"), NULL, settings);
    assert_int_equal(a.status, SS_OK);
    assert_int_equal(named(a.config, "c")->strategy, STRATEGY_MERGE);
    assert_int_equal(named(a.config, "c")->history_versions, 5);
    assert_int_equal(named(a.config, "new")->durability, DURABILITY_MEMORY);
    config_free(a.config);
}

static void bad_setting(const char *setting, const char *why) {
    const char *settings[] = {setting, NULL};
    struct attempt a = attempt("data: none\n", NULL, settings);
    if (a.status != SS_ERR_INVALID || !strstr(a.why, why))
        fail_msg("%s gave %d \"%s\", want \"%s\"", setting, a.status, a.why, why);
}

static void test_bad_sources(void **state) {
    (void)state;
    bad_setting("listen.grpc", "want PATH=VALUE");
    bad_setting("=x", "want PATH=VALUE");
    bad_setting("listen.grcp=:1",
                "listen.grcp: listen.grcp is not a setting; did you mean listen.grpc?");
    bad_setting("worlds.tick_hz=fast", "worlds.tick_hz: worlds.tick_hz \"fast\" is out of range; "
                                       "want a number from 1 to 128");
    bad_setting("data.x=1", "data.x is given, but this is no map");
    bad_setting("data.x=1", "game.yaml:1: ");
    bad_setting("categories.c.fields={/gold", "categories.c.fields: not YAML");
    bad_setting("categories.c={scope: x}", "\"x\" is not known; want player|shared");
    bad_setting("categories..scope=player", "1 to 64 bytes");
    bad_setting("..=", "is not a setting");
    char variable[] = "STATESYNC_LISTEN_GRPC=somewhere", unknown[] = "STATESYNC_LIMITS_BRUST=1";
    char *one_bad[] = {variable, NULL}, *other_bad[] = {unknown, NULL};
    struct attempt a = attempt("", one_bad, NULL);
    assert_non_null(
        strstr(a.why, "STATESYNC_LISTEN_GRPC: listen.grpc \"somewhere\" is no address"));
    a = attempt("", other_bad, NULL);
    assert_non_null(strstr(a.why, "STATESYNC_LIMITS_BRUST: names no setting"));
}

static void test_file(void **state) {
    (void)state;
    char why[256], name[] = "/tmp/test_config_XXXXXX";
    struct config *config;
    assert_int_equal(config_read(&config, &memory_heap, "/nonexistent/game.yaml", NULL, NULL, NULL,
                                 why, sizeof why),
                     SS_ERR_NOT_FOUND);
    assert_string_equal(why, "/nonexistent/game.yaml: cannot be opened: No such file or directory");
    assert_int_equal(config_read(&config, &memory_heap, "/", NULL, NULL, NULL, why, sizeof why),
                     SS_ERR_INVALID);
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "data: none\n", 11), 11);
    assert_int_equal(config_read(&config, &memory_heap, name, NULL, NULL, NULL, why, sizeof why),
                     SS_OK);
    assert_string_equal(config->file, name);
    config_free(config);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    assert_int_equal(config_read(&config, &memory_heap, name, NULL, NULL, NULL, why, sizeof why),
                     SS_ERR_INVALID);
    assert_non_null(strstr(why, "longer than 1 MiB"));
    close(fd);
    unlink(name);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void test_unknown_keys(void **state) {
    (void)state;
    refused("data: none\nlimts: { burst: 1 }\n",
            "game.yaml:2: limts is not a setting; did you mean limits?");
    refused("listen:\n  grpc: :1\n  htp: :2\n",
            "game.yaml:3: listen.htp is not a setting; did you mean listen.http?");
    refused("tick_hz: 60\n", "did you mean worlds.tick_hz?");
    refused("auth: { jwt_key: a }\n", "did you mean auth.jwt_keys?");
    refused("worlds: { burst: 3 }\n", "did you mean limits.burst?");
    refused("wombat: 60\n", "wombat is not a setting; see");
    refused(one("scoop: player"),
            "game.yaml:2: categories.c: \"scoop\" is no key of a category; did you mean scope?");
    refused(one("durabilty: sync"), "did you mean durability?");
    refused(one("quux_zork: sync"), "want scope, write");
    refused("categories:\n  c:\n    scope: player\n    <<: {a: b}\n", "game.yaml:4: ");
}

static void test_wrong_types(void **state) {
    (void)state;
    refused("listen: 7350\n", "game.yaml:1: listen holds keys");
    refused("listen: { grpc: 7350 }\n", "listen.grpc \"7350\" is no address; want HOST:PORT");
    refused("listen: { grpc: 'a b:1' }\n", "is no address");
    refused("listen: { grpc: '127.0.0.1:65536' }\n", "is no address");
    refused("listen: { grpc: '[::1:7350' }\n", "is no address");
    refused("listen: { grpc: '[]:7350' }\n", "is no address");
    refused("listen: { grpc: }\n", "listen.grpc has no value");
    refused("data: { path: x }\n", "data is a map; want path");
    refused("data: [x]\n", "data is a list; want path");
    refused("auth: { anonymous: always }\n", "want one of loopback|never");
    refused("worlds: { tick_hz: 0 }\n", "want a number from 1 to 128");
    refused("worlds: { tick_hz: -1 }\n", "want a number from 1 to 128");
    refused("worlds: { tick_hz: 6e1 }\n", "want a number from 1 to 128");
    refused("worlds: { tick_hz: 99999999999999999999999 }\n", "out of range");
    refused("worlds: { names: [a, a] }\n", "world a is named twice");
    refused("worlds: { names: ['a b'] }\n", "cannot name a world");
    refused("worlds: { names: [[a]] }\n", "want a list of names");
    refused("log: { level: loud }\n", "want one of debug|info|warn|error");
    refused("[a, b]\n", "want keys at the top");
    refused("categories: [a]\n", "categories holds names");
    refused("categories: { a: player }\n", "categories.a holds keys");
    refused(one("scope: [player]"), "want player|shared");
    refused(one("ttl: 30"), "categories.c.ttl: \"30\" is not known; want duration");
    refused(one("ttl: 0s"), "want duration");
    refused(one("ttl: 99999999999999999999d"), "want duration");
    refused(one("ttl: 9999999999999d"), "want duration");
    refused(one("session: yes"), "want true|false");
    refused(one("state_bytes: 0"), "want number");
    refused(one("history: 5"), "history wants");
    refused(one("history: { versions: 0 }"), "want versions (1 to 65535)");
    refused(one("history: { seconds: 1 }"), "want versions (1 to 65535)");
    refused(one("audit: 12h"), "whole days");
    refused(one("format: json, fields: { /a: add }"), "want one of lww, keep");
    refused(one("format: json, fields: [/a]"), "fields wants");
    refused(one("format: json, bounds: { /a: [5, 1] }"), "the lower one first");
    refused(one("format: json, bounds: { /a: [1, 2, 3] }"), "two numbers");
    refused(one("format: json, bounds: { /a: [1, x] }"), "two numbers");
    refused(one("format: json, monotone: { a: b }"), "monotone wants");
    refused(one("format: json, spatial: { w: x }"), "the axes are x, y and z");
    refused(one("format: json, spatial: {}"), "spatial wants");
    refused(one("format: json, spatial: {x: x}, max_speed: -1"), "more than 0");
    refused(one("format: json, spatial: {x: x}, max_speed: inf"), "more than 0");
}

static void test_contradictions(void **state) {
    (void)state;
    refused(one("strategy: merge"), "game.yaml:2: categories.c: opaque bytes cannot be merged");
    refused(one("format: json, max_speed: 5"), "max_speed needs spatial");
    refused(one("scope: shared, write: owner"), "nobody owns a shared cell");
    refused(one("scope: shared"), "want write: any, server or propose");
    refused(one("scope: shared, write: any, resolve: owner"), "want resolve: writer or server");
    refused(one("scope: shared, write: any, session: true"), "no owner whose session");
    refused(one("format: json, message: a.B"), "needs format: protobuf");
    refused(one("format: protobuf, message: a.B"), "needs `schema: FILE`");
    refused(one("format: protobuf, spatial: { x: x }"), "fields have names only with `message: ");
    refused(one("follows: d"), "game.yaml:2: categories.c follows d, but there is no such category");
    refused(one("follows: c"), "that one follows another itself");
    refused(one("follows: [d]"), "want category");
    refused("categories:\n  c: { follows: d }\n  d: {}\n", "that one has no position");
    refused("categories:\n  c: { format: json, spatial: { x: x }, follows: d }\n"
            "  d: { format: json, spatial: { x: x } }\n",
            "it has a position of its own");
    refused("categories: { default: { follows: d } }\n", "undeclared categories cannot follow d");
    refused(one("durability: memory, audit: 3d"), "nothing on disk to audit");
    refused(one("state_bytes: 300000"), "fits in no request");
    refused(one("fields: { /a: sum }"), "game.yaml:2: categories.c: ");
    refused("categories:\n  c:\n    format: json\n    fields:\n      /a: sum\n      /b~: sum\n",
            "game.yaml:6: categories.c: ");
    refused("data: none\ntls:\n  key: k\n", "game.yaml:3: tls.key without tls.cert");
    refused("tls: { cert: k }\n", "tls.cert without tls.key");
    refused("tls: { client_ca: k }\n", "tls.client_ca without");
    refused("listen: { grpc: ':1', http: ':1' }\n", "are both :1");
    refused("auth: { anonymous: never }\n", "nobody could come in");
    refused("limits: { worlds: 1 }\nworlds: { names: [a, b] }\n", "2 worlds are named");
    refused("limits: { state_bytes: 300000 }\n",
            "game.yaml:1: limits.state_bytes (300000) fits in no request");
    refused("limits: { request_bytes: 2000 }\n", "fits in no request");
    refused("limits: { category_bytes: 2 }\ncategories: { abc: }\n", "1 to 2 bytes");
    refused("categories: { \"a\\tb\": }\n", "no control characters");
}

static void test_hostile_yaml(void **state) {
    (void)state;
    refused("a: &x 1\n", "game.yaml:1: anchors");
    refused("a: *x\n", "anchors");
    refused("a: !!int 1\n", "tags");
    refused("a: !foo {b: c}\n", "tags");
    refused("data: a\ndata: b\n", "game.yaml:2: \"data\" is given twice");
    refused("data: a\n---\ndata: b\n", "second document");
    refused("{a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}\n", "nested too deeply");
    refused("[[[[[[[[[[[[[[[[[[[[\n", "nested too deeply");
    refused("{[a]: b}\n", "a key must be");
    refused("? {a: b}\n: c\n", "a key must be");
    refused("data: \"a\\0b\"\n", "NUL");
    refused("data: [\n", "game.yaml:2: not YAML");
    refused("data: 'x\n", "not YAML");
    refused("\xff\xfe\n", "not YAML");
    refused("a: \"\xc0\xaf\"\n", "not YAML");
    char *wide = malloc(40000);
    strcpy(wide, "worlds: { names: [");
    for (int i = 0; i < 3000; i++)
        sprintf(wide + strlen(wide), "w%d,", i);
    strcat(wide, "] }\n");
    refused(wide, "more than 2048 entries");
    strcpy(wide, "categories: {");
    for (int i = 0; i < 1025; i++)
        sprintf(wide + strlen(wide), "c%d: ,", i);
    strcat(wide, "}\n");
    refused(wide, "more than 1024 categories");
    free(wide);
    char *many = malloc(400000), *end = many + sprintf(many, "categories: {");
    for (int i = 0; i < 1000; i++) {
        end += sprintf(end, "c%d: { monotone: [", i);
        for (int j = 0; j < 70; j++)
            end += sprintf(end, "/a,");
        end += sprintf(end, "] },");
    }
    sprintf(end, "}\n");
    refused(many, "too many entries");
    free(many);
}

/* ---- what is told -------------------------------------------------------------------------- */

static void test_notices(void **state) {
    (void)state;
    told("data: none\ncategories: { a: { durability: sync } }\n", "data: none keeps nothing");
    told("listen: { grpc: ':1', udp: ':1' }\n", "listen.udp: datagrams are not built yet");
    told("advertise: { udp: 10.0.0.1:1 }\n", "advertise.udp: datagrams are not built yet");
    told(one("durability: replicated"), "replicated is not built yet");
    told(one("audit: 3d"), "audit: is not built yet");
    told(contract, "categories.position: the schema was not read, so 3 rules");
    told("listen: { grpc: 0.0.0.0:1 }\n", "other machines will be refused");
    told("listen: { grpc: 0.0.0.0:1 }\nauth: { jwt_keys: k }\n", "WITHOUT TLS");
    told("listen: { udp: 127.0.0.1:1 }\n", "no door is open");
    struct attempt a = attempt("data: none\n", NULL, NULL);
    assert_string_equal(a.heard.text, "");
    config_free(a.config);
    a = attempt(one("durability: memory"), NULL, NULL);
    assert_string_equal(a.heard.text, "");
    config_free(a.config);
    a = attempt("data: none\nlisten: { grpc: 0.0.0.0:1 }\nauth: { jwt_keys: k }\ntls: { cert: c, "
                "key: k }\n",
                NULL, NULL);
    assert_string_equal(a.heard.text, "");
    config_free(a.config);
    a = attempt("", NULL, NULL);
    assert_int_equal(a.heard.lines, 0);
    config_free(a.config);
}

static void test_differences(void **state) {
    (void)state;
    struct heard heard = {.text = ""};
    struct log_sink log = {hear, &heard, LOG_LEVEL_DEBUG};
    struct config *running = read_yaml(contract), *same = read_yaml(contract);
    assert_int_equal(config_differences(running, same, &log), 0);
    struct config *wanted = read_yaml(
        "listen: { grpc: ':9' }\nlimits: { burst: 9 }\nworlds: { names: [default, two] }\n"
        "advertise: { udp: 127.0.0.1:7351 }\nschema: game.desc\n"
        "categories:\n  inventory: { format: opaque }\n  profile: { format: json, write: server }\n"
        "  trade: { scope: player }\n  fresh: { }\n");
    /* grpc, udp, http; position gone, inventory, trade scope (and format told once), default
     * gone */
    assert_int_equal(config_differences(running, wanted, &log), 7);
    assert_non_null(strstr(heard.text, "listen.grpc: 127.0.0.1:7350 -> :9 needs a restart"));
    assert_non_null(strstr(heard.text, "listen.udp: 127.0.0.1:7351 -> none"));
    assert_null(strstr(heard.text, "worlds.names"));
    assert_non_null(strstr(heard.text, "categories.position: is gone"));
    assert_non_null(strstr(heard.text, "categories.inventory: has another format"));
    assert_non_null(strstr(heard.text, "categories.trade: has another scope"));
    assert_null(strstr(heard.text, "profile"));
    assert_null(strstr(heard.text, "burst"));
    config_free(wanted);
    config_free(same);
    config_free(running);
}

/* ---- the table and its values -------------------------------------------------------------- */

/* Every default is taken by its own reader, and every row says what it is. */
static void test_table(void **state) {
    (void)state;
    size_t rows = 0;
    const struct config_setting *setting;
    for (; (setting = config_setting_at(rows)) != NULL; rows++) {
        assert_true(*setting->path && *setting->type && *setting->help);
        assert_true(strlen(setting->help) < 100);
        for (size_t i = 0; i < rows; i++)
            assert_string_not_equal(setting->path, config_setting_at(i)->path);
        if (!*setting->value || strncmp(setting->path, "categories.", 11) == 0) continue;
        char text[256];
        snprintf(text, sizeof text, "%s=%s", setting->path, setting->value);
        const char *settings[] = {text, NULL};
        struct attempt a = attempt("data: none\n", NULL, settings);
        if (a.status != SS_OK) fail_msg("%s: %s", text, a.why);
        config_free(a.config);
    }
    assert_int_equal(rows, 59);
    assert_null(config_setting_at(rows + 1));
    assert_null(config_setting_at(SIZE_MAX));
}

static void test_values(void **state) {
    (void)state;
    uint64_t number = 1;
    assert_true(value_number("18446744073709551615", &number) && number == UINT64_MAX);
    assert_false(value_number("18446744073709551616", &number));
    assert_false(value_number("", &number) || value_number("+1", &number) ||
                 value_number("1 ", &number));
    double decimal = 0;
    assert_true(value_decimal("12.5", &decimal) && decimal == 12.5);
    assert_true(value_decimal("-0.1", &decimal) && decimal == -0.1);
    assert_true(value_decimal(".5", &decimal) && decimal == .5);
    assert_false(value_decimal("", &decimal) || value_decimal("-", &decimal) ||
                 value_decimal(".", &decimal) || value_decimal("1.", &decimal) ||
                 value_decimal("1.2.3", &decimal) || value_decimal("nan", &decimal) ||
                 value_decimal("0x1", &decimal) || value_decimal("1234567890123456", &decimal));
    ss_time span = 0;
    assert_true(value_duration("500ms", &span) && span == 500 * SS_MILLISECOND);
    assert_true(value_duration("10m", &span) && span == 600 * SS_SECOND);
    assert_true(value_duration("2h", &span) && span == 7200 * SS_SECOND);
    assert_false(value_duration("s", &span) || value_duration("1 s", &span) ||
                 value_duration("1S", &span));
    assert_int_equal(value_distance("", ""), 0);
    assert_int_equal(value_distance("kitten", "sitting"), 3);
    assert_int_equal(value_distance("abc", ""), 3);
    assert_true(value_address(":1") && value_address("localhost:80") && value_address("[::1]:0"));
    assert_false(value_address("") || value_address(":") || value_address("a:b") ||
                 value_address("::1:80") || value_address("[x]:1"));
}

static void test_allocation_failure(void **state) {
    (void)state;
    char variable[] = "STATESYNC_LIMITS_BURST=7";
    char *environment[] = {variable, NULL};
    const char *settings[] = {"worlds.names=a,b", "categories.profile.fields={/xp: max}", NULL};
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct config *config;
        char why[256] = "";
        int status = config_read_text(&config, &memory, "game.yaml", bytes_of(contract),
                                      environment, settings, NULL, why, sizeof why);
        if (status != SS_OK) {
            assert_int_equal(status, SS_ERR_NOMEM);
            assert_non_null(strstr(why, "out of memory"));
        }
        config_free(config);
        assert_int_equal(failing.live, 0);
        if (status == SS_OK) break;
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_category_keys),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_doors),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_category_settings),
        cmocka_unit_test(test_bad_sources),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_hostile_yaml),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_allocation_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
