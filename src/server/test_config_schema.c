/* SPDX-License-Identifier: Apache-2.0 */
/* `schema` and `message` in the configuration, with the sets that protoc made of the samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/failing.h"
#include "base/status.h"
#include "server/config.h"
#include "server/hide.h"

struct attempt {
    struct config *config;
    char why[512], heard[4096];
    int status;
};

static void hear(void *context, enum log_level level, const char *line) {
    struct attempt *attempt = context;
    size_t used = strlen(attempt->heard);
    if (level < LOG_LEVEL_WARN) return;
    snprintf(attempt->heard + used, sizeof attempt->heard - used, "%s\n", line);
}

/* The categories beside a schema, as a file named game.yaml in a folder of its own. */
static void attempt_read(struct attempt *attempt, const struct memory *memory, const char *set,
                         const char *categories) {
    char name[] = "/tmp/test_config_schema_XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "data: none\nschema: %s/%s\ncategories:\n%s", SAMPLES, set, categories);
    fclose(file);
    struct log_sink log = {hear, attempt, LOG_LEVEL_DEBUG};
    attempt->why[0] = attempt->heard[0] = '\0';
    attempt->status = config_read(&attempt->config, memory, name, NULL, NULL, &log, attempt->why,
                                  sizeof attempt->why);
    unlink(name);
}

static struct config *config_of(const char *categories) {
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, "game.desc", categories);
    if (attempt.status != SS_OK) fail_msg("%s", attempt.why);
    return attempt.config;
}

static void refused(const char *set, const char *categories, const char *why) {
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, set, categories);
    if (attempt.status != SS_ERR_INVALID || !strstr(attempt.why, why))
        fail_msg("%s\n gave %d \"%s\"\n want \"%s\"", categories, attempt.status, attempt.why, why);
}

static const struct category *named(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->category_count; i++)
        if (strcmp(config->categories[i].name, name) == 0) return &config->categories[i];
    fail_msg("no category %s", name);
    return NULL;
}

static void test_messages_declare_categories(void **state) {
    (void)state;
    struct config *config = config_of("  profile: { format: json }\n");
    assert_int_equal(config->category_count, 4);
    assert_null(config->fallback);
    const struct category *position = named(config, "position");
    assert_ptr_equal(position->format, &format_protobuf);
    assert_int_equal(position->write, ACCESS_SERVER);
    assert_int_equal(position->read, ACCESS_ANY);
    assert_int_equal(position->durability, DURABILITY_MEMORY);
    assert_int_equal(position->history_versions, 128);
    assert_int_equal(position->history_span, 2 * SS_SECOND);
    assert_true(position->spatial);
    assert_int_equal(named(config, "match")->scope, SCOPE_SHARED);
    assert_int_equal(named(config, "inventory")->strategy, STRATEGY_MERGE);
    config_free(config);
}

static void test_the_configuration_wins(void **state) {
    (void)state;
    struct config *config =
        config_of("  position: { read: owner, history: { versions: 3 } }\n"
                  "  elsewhere: { format: protobuf, message: game.Position, spatial: { x: "
                  "velocity.x }, bounds: { pose: [0, 3] }, fields: { facing: keep } }\n");
    const struct category *position = named(config, "position");
    assert_int_equal(position->read, ACCESS_OWNER);
    assert_int_equal(position->write, ACCESS_SERVER);
    assert_int_equal(position->history_versions, 3);
    assert_int_equal(position->history_span, 10 * SS_SECOND);
    const struct category *elsewhere = named(config, "elsewhere");
    assert_int_equal(elsewhere->write, ACCESS_SERVER);
    struct reason why;
    assert_int_equal(format_protobuf.check(elsewhere->rules, NULL, bytes_of("\x28\x04"), 0, &why),
                     SS_ERR_INVALID);
    assert_string_equal(why.text, "/pose is 4, allowed is 0 to 3");
    config_free(config);
}

static void test_another_meaning_is_told(void **state) {
    (void)state;
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, "game.desc", "  position: { format: json }\n");
    assert_int_equal(attempt.status, SS_OK);
    assert_ptr_equal(named(attempt.config, "position")->format, &format_json);
    assert_non_null(strstr(attempt.heard, "game.Position of the schema is not its message"));
    config_free(attempt.config);
}

static void test_mistakes_have_a_place(void **state) {
    (void)state;
    refused("nothing.desc", "", ":2: schema ");
    refused("game.desc", "  c: { format: protobuf, message: game.Postion }\n",
            "4: the schema has no message game.Postion; did you mean game.Position?");
    refused("game.desc",
            "  c:\n    format: protobuf\n    message: game.Position\n    fields: { at.q: sum }\n",
            "7: categories.c: /at.q: game.Position has no such field");
    refused("game.desc",
            "  c: { format: protobuf, message: game.Position, fields: { facing: sum } }\n",
            "4: categories.c: /facing: sum, max and min are for numbers");
    refused("game.desc", "  inventory: { write: any }\n",
            "game.Inventory/gold: it is hidden from some who may write the cell");
    refused("game.desc", "  match: { scope: player, write: owner }\n",
            "game.Match/seed: the owner writes the cell but may not see it");
    refused("game.desc", "  inventory: { scope: shared, write: server }\n",
            "nobody owns a shared cell");
    refused("game.desc", "  inventory: { strategy: manual }\n",
            "a parked conflict shows whole states");
    refused("game.desc", "  inventory: { fields: { title: manual } }\n",
            "4: categories.inventory: a parked conflict shows whole states");
    refused("game.desc", "  inventory: { format: protobuf, strategy: keep }\n",
            "want last_write_wins");
}

static void test_mistakes_of_the_schema(void **state) {
    (void)state;
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, "mistakes.desc", "");
    assert_int_equal(attempt.status, SS_ERR_INVALID);
    assert_non_null(strstr(attempt.why, "category is a name of 1 to 255 bytes"));
    assert_non_null(strstr(attempt.why, "mistakes.proto:"));
}

static void test_unique_is_the_category_s(void **state) {
    (void)state;
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, "unique.desc",
                 "  c: { format: protobuf, message: sample.Unique }\n"
                 "  d: { format: protobuf, message: sample.Inner, fields: { life: sum } }\n"
                 "  e: { format: protobuf }\n");
    assert_int_equal(attempt.status, SS_OK);
    assert_true(named(attempt.config, "c")->unique);
    assert_true(named(attempt.config, "d")->unique);
    assert_false(named(attempt.config, "e")->unique);
    config_free(attempt.config);
}

static void test_who_follows_whom(void **state) {
    (void)state;
    struct attempt attempt;
    attempt_read(&attempt, &memory_heap, "follow.desc",
                 "  purse: { follows: position }\n  lone: { follows: none }\n");
    assert_int_equal(attempt.status, SS_OK);
    assert_string_equal(named(attempt.config, "life")->follows, "position");
    assert_string_equal(named(attempt.config, "purse")->follows, "position");
    assert_null(named(attempt.config, "lone")->follows);
    assert_null(named(attempt.config, "position")->follows);
    config_free(attempt.config);
    attempt_read(&attempt, &memory_heap, "follow.desc", /* the configuration wins */
                 "  life: { follows: nest }\n  nest: { format: json, spatial: { x: x } }\n");
    assert_int_equal(attempt.status, SS_OK);
    assert_string_equal(named(attempt.config, "life")->follows, "nest");
    config_free(attempt.config);
    refused("follow.desc", "  position: { scope: shared, write: any }\n",
            "categories.life follows position, but only one of them is shared");
    refused("follow.desc", "  position: { format: json }\n",
            "categories.life follows position, but that one has no position");
    refused("follow.desc", "  bag: { follows: life }\n",
            ":4: categories.bag follows life, but that one follows another itself");
}

/* ---- hide ---------------------------------------------------------------------------------- */

/* Inventory 7's with 50 gold and a title, as `viewer` sees it. */
static struct bytes seen_by(const struct category *inventory, struct viewer viewer,
                            struct arena *arena, bool *good) {
    struct cell_view view = {.owner = 7, .state = bytes_view("\x08\x32\x2a\x01t", 5)};
    *good = hide_fields(inventory, viewer, arena, &view);
    return view.state;
}

static void test_who_sees_what(void **state) {
    (void)state;
    struct config *config = config_of("  position: {}\n");
    const struct category *inventory = named(config, "inventory");
    struct arena arena = arena_of(&memory_heap, 1024);
    bool good;
    struct bytes whole = bytes_view("\x08\x32\x2a\x01t", 5), rest = bytes_of("\x2a\x01t");
    assert_true(bytes_equal(seen_by(inventory, (struct viewer){7, false}, &arena, &good), whole));
    assert_true(bytes_equal(seen_by(inventory, (struct viewer){8, true}, &arena, &good), whole));
    assert_true(bytes_equal(seen_by(inventory, (struct viewer){8, false}, &arena, &good), rest));
    assert_true(good);
    arena_free(&arena);
    config_free(config);
}

/* Rather no state than a state with what should be hidden. */
static void test_without_memory_nothing_is_shown(void **state) {
    (void)state;
    struct config *config = config_of("  position: {}\n");
    const struct category *inventory = named(config, "inventory");
    bool good = false;
    for (size_t n = 1; !good; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct arena arena = arena_of(&memory, 1024);
        struct bytes seen = seen_by(inventory, (struct viewer){8, false}, &arena, &good);
        assert_int_equal(seen.size, good ? 3 : 0);
        assert_true(n < 10);
        arena_free(&arena);
        assert_int_equal(failing.live, 0);
    }
    config_free(config);
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    int status = SS_ERR_NOMEM;
    for (size_t n = 1; status != SS_OK; n++) {
        struct attempt attempt;
        failing = (struct failing){.fail_at = n};
        attempt_read(&attempt, &memory, "game.desc",
                     "  position: { read: owner }\n  inventory: { follows: position }\n");
        status = attempt.status;
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        config_free(attempt.config);
        assert_int_equal(failing.live, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_declare_categories),
        cmocka_unit_test(test_the_configuration_wins),
        cmocka_unit_test(test_another_meaning_is_told),
        cmocka_unit_test(test_mistakes_have_a_place),
        cmocka_unit_test(test_mistakes_of_the_schema),
        cmocka_unit_test(test_unique_is_the_category_s),
        cmocka_unit_test(test_who_follows_whom),
        cmocka_unit_test(test_who_sees_what),
        cmocka_unit_test(test_without_memory_nothing_is_shown),
        cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
