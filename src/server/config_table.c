/* SPDX-License-Identifier: Apache-2.0 */
/* One table, walked by everybody: defaults are texts that go through the same door as the file's,
 * so a row cannot have a default that its own reader would refuse. */
#include "server/config_table.h"

#include <stddef.h>
#include <string.h>

static const struct word anonymous_words[] = {
    {"loopback", ANONYMOUS_LOOPBACK}, {"never", ANONYMOUS_NEVER}, {NULL, 0}};
static const struct word tick_words[] = {
    {"free", TICK_FREE}, {"external", TICK_EXTERNAL}, {NULL, 0}};
static const struct word level_words[] = {
    {"debug", 0}, {"info", 0}, {"warn", 0}, {"error", 0}, {NULL, 0}};

_Static_assert(sizeof(enum anonymous) == sizeof(int), "words are kept as int");
_Static_assert(sizeof(enum tick_mode) == sizeof(int), "words are kept as int");

#define AT(field) offsetof(struct config, field)
#define KIB       1024u
#define MIB       (1024u * KIB)

/* clang-format off */
const struct setting settings_table[] = {
    /* path, type, default, help, reloadable,  kind, where, low, high, words */
    {{"listen.grpc", "address", "127.0.0.1:7350", "gRPC, health and metrics; none closes the door", false},
     SETTING_DOOR, AT(listen_grpc), 0, 0, NULL},
    {{"listen.udp", "address", "127.0.0.1:7351", "datagrams; none closes the door", false},
     SETTING_DOOR, AT(listen_udp), 0, 0, NULL},
    {{"listen.http", "address", "127.0.0.1:7352", "browsers: the inspector and WebSocket; none closes the door", false},
     SETTING_DOOR, AT(listen_http), 0, 0, NULL},
    {{"advertise.udp", "address", "", "the address that clients are told to send datagrams to", false},
     SETTING_DOOR, AT(advertise_udp), 0, 0, NULL},
    {{"data", "path", "./statesync-data", "folder of the journal; none keeps everything in memory", false},
     SETTING_TEXT, AT(data), 0, 0, NULL},
    {{"journal.checkpoint_bytes", "number", "67108864", "of groups, before the newest versions move into tables", false},
     SETTING_LARGE, AT(journal.checkpoint_bytes), 4 * KIB, UINT64_MAX, NULL},
    {{"journal.log_pages", "number", "2000", "of 4 KiB in the write-ahead log, before they move into the database", false},
     SETTING_NUMBER, AT(journal.log_pages), 1, 1000000, NULL},
    {{"journal.ballast_bytes", "number", "16777216", "kept to be given back on a full disk; 0: none", false},
     SETTING_LARGE, AT(journal.ballast_bytes), 0, UINT64_MAX, NULL},
    {{"tls.cert", "path", "", "certificate chain of the server (PEM)", true},
     SETTING_OPTIONAL, AT(tls_cert), 0, 0, NULL},
    {{"tls.key", "path", "", "its private key (PEM)", true},
     SETTING_OPTIONAL, AT(tls_key), 0, 0, NULL},
    {{"tls.client_ca", "path", "", "who signs the certificates of trusted game servers (PEM)", true},
     SETTING_OPTIONAL, AT(tls_client_ca), 0, 0, NULL},
    {{"auth.jwt_keys", "path", "", "public keys that sign tokens (JWKS: ES256, RS256); none: no tokens", true},
     SETTING_OPTIONAL, AT(auth_jwt_keys), 0, 0, NULL},
    {{"auth.audience", "text", "statesync", "must be among a token's aud; none: not checked", true},
     SETTING_OPTIONAL, AT(auth_audience), 0, 0, NULL},
    {{"auth.anonymous", "loopback|never", "loopback", "who may come without a token, as a server", true},
     SETTING_WORD, AT(anonymous), 0, 0, anonymous_words},
    {{"worlds.names", "list of names", "default", "worlds that are open from the start; a reload opens new ones", true},
     SETTING_WORLDS, AT(world_names), 0, 0, NULL},
    {{"worlds.tick_hz", "number", "60", "ticks a second, 1 to 128", false},
     SETTING_NUMBER, AT(tick_hz), 1, 128, NULL},
    {{"worlds.tick", "free|external", "free", "who closes a tick: the clock, or the game", false},
     SETTING_WORD, AT(tick_mode), 0, 0, tick_words},
    {{"worlds.max_rewind_ms", "number", "250", "most that lag compensation looks back, ms", false},
     SETTING_NUMBER, AT(max_rewind_ms), 0, 1000, NULL},
    {{"limits.updates_per_second", "number", "2000", "updates a second, per player", true},
     SETTING_NUMBER, AT(limits.updates_per_second), 1, 10000000, NULL},
    {{"limits.burst", "number", "4000", "updates at once after a pause, per player", true},
     SETTING_NUMBER, AT(limits.burst), 1, 10000000, NULL},
    {{"limits.request_bytes", "number", "262144", "size of one request", false},
     SETTING_NUMBER, AT(limits.request_bytes), 1 * KIB, 64 * MIB, NULL},
    {{"limits.state_bytes", "number", "65536", "size of one state, unless its category says", false},
     SETTING_NUMBER, AT(limits.state_bytes), 1, 64 * MIB, NULL},
    {{"limits.category_bytes", "number", "64", "length of a category's name", false},
     SETTING_NUMBER, AT(limits.category_bytes), 1, 255, NULL},
    {{"limits.key_bytes", "number", "256", "length of a key", false},
     SETTING_NUMBER, AT(limits.key_bytes), 1, 4096, NULL},
    {{"limits.cells_per_player", "number", "4096", "cells that one player may own", false},
     SETTING_NUMBER, AT(limits.cells_per_player), 1, UINT32_MAX, NULL},
    {{"limits.bytes_per_player", "number", "16777216", "bytes of one player's cells with their history", false},
     SETTING_LARGE, AT(limits.bytes_per_player), 1 * KIB, UINT64_MAX, NULL},
    {{"limits.cells_per_world", "number", "4000000", "cells of one world", false},
     SETTING_LARGE, AT(limits.cells_per_world), 1, UINT32_MAX, NULL},
    {{"limits.worlds", "number", "64", "worlds open at once", false},
     SETTING_NUMBER, AT(limits.worlds), 1, 65536, NULL},
    {{"limits.connections", "number", "10000", "connections at once", true},
     SETTING_NUMBER, AT(limits.connections), 1, 1000000, NULL},
    {{"limits.connections_per_player", "number", "16", "connections at once, per player", true},
     SETTING_NUMBER, AT(limits.connections_per_player), 1, 1000000, NULL},
    {{"limits.streams_per_connection", "number", "100", "calls at once on one connection", false},
     SETTING_NUMBER, AT(limits.streams_per_connection), 1, 10000, NULL},
    {{"limits.subscriptions", "number", "256", "subscriptions at once, per player", false},
     SETTING_NUMBER, AT(limits.subscriptions), 1, 65536, NULL},
    {{"limits.snapshot_bytes", "number", "4194304", "a larger snapshot must be asked for in pages", false},
     SETTING_NUMBER, AT(limits.snapshot_bytes), 4 * KIB, 1024 * MIB, NULL},
    {{"limits.parked", "number", "1024", "conflicts waiting for a decision, per world", false},
     SETTING_NUMBER, AT(limits.parked), 1, 65536, NULL},
    {{"limits.parked_per_player", "number", "64", "conflicts waiting for a decision, per player", false},
     SETTING_NUMBER, AT(limits.parked_per_player), 1, 65536, NULL},
    {{"schema", "path", "", "descriptor set for categories with format protobuf", true},
     SETTING_OPTIONAL, AT(schema), 0, 0, NULL},
    {{"log.level", "debug|info|warn|error", "info", "least important line that is written", true},
     SETTING_NAME, AT(log_level), 0, 0, level_words},
    {{NULL, NULL, NULL, NULL, false}, SETTING_TEXT, 0, 0, 0, NULL},
};
/* clang-format on */

static const char *const sections[] = {"listen", "advertise", "journal",    "tls", "auth", "worlds",
                                       "limits", "log",       "categories", NULL};

const struct setting *settings_find(const char *path) {
    for (const struct setting *row = settings_table; row->shown.path; row++)
        if (strcmp(row->shown.path, path) == 0) return row;
    return NULL;
}

bool settings_has_section(const char *name) {
    for (const char *const *section = sections; *section; section++)
        if (strcmp(*section, name) == 0) return true;
    return false;
}

const struct setting *settings_by_variable(const char *name) {
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        const char *path = row->shown.path;
        size_t i = 0;
        while (path[i] && name[i] == (path[i] == '.' ? '_' : path[i]))
            i++;
        if (!path[i] && !name[i]) return row;
    }
    return NULL;
}

const char *settings_nearest(const char *path) {
    const char *dot = strchr(path, '.');
    const char *nearest = "";
    size_t best = SIZE_MAX;
    for (const char *const *section = sections; *section && !dot; section++) {
        size_t distance = value_distance(path, *section);
        if (distance >= best) continue;
        best = distance;
        nearest = *section;
    }
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        const char *leaf = strchr(row->shown.path, '.');
        size_t distance = value_distance(path, row->shown.path);
        if (leaf) { /* the right key in the wrong place, or without its section */
            size_t moved = value_distance(dot ? dot + 1 : path, leaf + 1) + 1;
            if (moved < distance) distance = moved;
        }
        if (distance >= best) continue;
        best = distance;
        nearest = row->shown.path;
    }
    return value_resembles(path, best) ? nearest : "";
}
