/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a category that hold one word, number, duration or flag are rows with the place where
 * they go; the few with a shape of their own are read by hand: history and audit here, the rules in
 * config_rules. */
#include "server/config_key.h"

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "server/config_value.h"

static const struct word scopes[] = {{"player", SCOPE_PLAYER}, {"shared", SCOPE_SHARED}, {NULL, 0}};
static const struct word writers[] = {{"owner", ACCESS_OWNER},
                                      {"any", ACCESS_ANY},
                                      {"server", ACCESS_SERVER},
                                      {"propose", ACCESS_PROPOSE},
                                      {NULL, 0}};
static const struct word readers[] = {
    {"owner", ACCESS_OWNER}, {"any", ACCESS_ANY}, {"server", ACCESS_SERVER}, {NULL, 0}};
static const struct word resolvers[] = {
    {"writer", ACCESS_WRITER}, {"owner", ACCESS_OWNER}, {"server", ACCESS_SERVER}, {NULL, 0}};
static const struct word strategies[] = {{"last_write_wins", STRATEGY_LAST_WRITE_WINS},
                                         {"merge", STRATEGY_MERGE},
                                         {"keep_old", STRATEGY_KEEP_OLD},
                                         {"manual", STRATEGY_MANUAL},
                                         {NULL, 0}};
static const struct word lockings[] = {
    {"optional", LOCKING_OPTIONAL}, {"required", LOCKING_REQUIRED}, {NULL, 0}};
static const struct word orders[] = {
    {"arrival", LWW_ARRIVAL}, {"action_time", LWW_ACTION_TIME}, {NULL, 0}};
static const struct word durabilities[] = {{"memory", DURABILITY_MEMORY},
                                           {"async", DURABILITY_ASYNC},
                                           {"sync", DURABILITY_SYNC},
                                           {"replicated", DURABILITY_SYNC},
                                           {NULL, 0}};

_Static_assert(sizeof(enum scope) == sizeof(int) && sizeof(enum access_rule) == sizeof(int) &&
                   sizeof(enum strategy) == sizeof(int) && sizeof(enum locking) == sizeof(int) &&
                   sizeof(enum lww_order) == sizeof(int) && sizeof(enum durability) == sizeof(int),
               "words are kept as int");

enum key_kind {
    KEY_WORD,
    KEY_FORMAT,
    KEY_NUMBER,
    KEY_DURATION,
    KEY_FLAG,
    KEY_TEXT, /* any text; nothing is kept */
    KEY_SHAPED
};

struct category_key {
    struct config_setting shown;
    enum key_kind kind;
    size_t offset; /* in struct category */
    const struct word *words;
};

#define PATH(key) "categories.NAME." key
#define KEY(row)  ((row)->shown.path + sizeof(PATH("")) - 1)
#define AT(field) offsetof(struct category, field)

/* clang-format off */
static const struct category_key keys[] = {
    {{PATH("scope"), "player|shared", "player", "who owns its cells: a player, or nobody", false}, KEY_WORD, AT(scope), scopes},
    {{PATH("write"), "owner|any|server|propose", "owner", "who may write; propose: the game decides", true}, KEY_WORD, AT(write), writers},
    {{PATH("read"), "owner|any|server", "owner", "who may read; shared cells are read by all but for server", true}, KEY_WORD, AT(read), readers},
    {{PATH("resolve"), "writer|owner|server", "writer", "who may decide a parked conflict", true}, KEY_WORD, AT(resolve), resolvers},
    {{PATH("format"), "opaque|json|protobuf", "opaque", "what the bytes of a state are", false}, KEY_FORMAT, 0, NULL},
    {{PATH("message"), "text", "", "protobuf message in the schema, like game.Position", true}, KEY_TEXT, 0, NULL},
    {{PATH("strategy"), "last_write_wins|merge|keep_old|manual", "last_write_wins", "what a conflict leads to", true}, KEY_WORD, AT(strategy), strategies},
    {{PATH("locking"), "optional|required", "by strategy", "whether a write must name the version it saw; optional by default with last_write_wins only", true}, KEY_WORD, AT(locking), lockings},
    {{PATH("lww_order"), "arrival|action_time", "arrival", "which write is last: by arrival, or that minus measured latency", true}, KEY_WORD, AT(lww_order), orders},
    {{PATH("durability"), "memory|async|sync|replicated", "async", "what an answer promises to survive", true}, KEY_WORD, AT(durability), durabilities},
    {{PATH("history"), "{ versions: number, ms: number }", "{ versions: 64, ms: 10000 }", "past versions that are kept, whichever is fewer", true}, KEY_SHAPED, 0, NULL},
    {{PATH("ttl"), "duration", "none", "cells vanish so long after their last write (500ms, 30s, 10m, 2h, 7d)", true}, KEY_DURATION, AT(ttl), NULL},
    {{PATH("session"), "true|false", "false", "cells vanish with their owner's last session", true}, KEY_FLAG, AT(session), NULL},
    {{PATH("fields"), "{ /path: policy }", "", "merge policies: lww, keep, max, min, sum, union, manual, reject", true}, KEY_SHAPED, 0, NULL},
    {{PATH("bounds"), "{ /path: [low, high] }", "", "numbers that a write may not leave", true}, KEY_SHAPED, 0, NULL},
    {{PATH("monotone"), "[/path]", "", "numbers that never fall", true}, KEY_SHAPED, 0, NULL},
    {{PATH("max_speed"), "number", "", "most metres a second that the position may move", true}, KEY_SHAPED, 0, NULL},
    {{PATH("spatial"), "{ x: path, y: path, z: path }", "", "where in a state its position is, in metres", true}, KEY_SHAPED, 0, NULL},
    {{PATH("follows"), "category", "none", "for areas its cells are where that category's cells with the same owner and key are", true}, KEY_TEXT, 0, NULL},
    {{PATH("audit"), "days", "none", "how long every version is kept on disk, like 30d", true}, KEY_SHAPED, 0, NULL},
    {{PATH("dictionary"), "path", "none", "zstd dictionary for its snapshots, made by `zstd --train`", true}, KEY_TEXT, 0, NULL},
    {{PATH("state_bytes"), "number", "limits.state_bytes", "size of one state", true}, KEY_NUMBER, AT(state_max), NULL},
    {{NULL, NULL, NULL, NULL, false}, KEY_TEXT, 0, NULL},
};
/* clang-format on */

const struct config_setting *category_setting_at(size_t index) {
    return index < sizeof keys / sizeof *keys - 1 ? &keys[index].shown : NULL;
}

/* ---- one value ----------------------------------------------------------------------------- */

static int wrong(struct reading *reading, const struct category_key *key,
                 const struct category *category, const struct node *node) {
    const char *found = node->kind == NODE_MAP    ? "a map"
                        : node->kind == NODE_LIST ? "a list"
                                                  : node->text;
    return reading_refuse(reading, node, "categories.%s.%s: \"%.64s\" is not known; want %s",
                          category->name, KEY(key), found, key->shown.type);
}

/* Puts the value in its place; false when it is none of this kind. */
static bool take_value(const struct category_key *key, struct category *category,
                       const char *text) {
    char *place = (char *)category + key->offset;
    int word;
    uint64_t number;
    ss_time span = 0;
    switch (key->kind) {
    case KEY_WORD:
        if (!value_word(key->words, text, &word)) return false;
        memcpy(place, &word, sizeof word);
        return true;
    case KEY_FORMAT:
        if (!format_find(text)) return false;
        category->format = format_find(text);
        return true;
    case KEY_NUMBER:
        if (!value_number(text, &number) || number == 0 || number > UINT32_MAX) return false;
        memcpy(place, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
        return true;
    case KEY_DURATION:
        if (strcmp(text, "none") != 0 && (!value_duration(text, &span) || span == 0)) return false;
        memcpy(place, &span, sizeof span);
        return true;
    case KEY_FLAG: return value_flag(text, (bool *)place);
    default: return true;
    }
}

static int read_key(struct reading *reading, const struct category_key *key,
                    struct category *category, const struct node *node) {
    if (node_is_empty(node))
        return reading_refuse(reading, node,
                              "categories.%s.%s has no value; want %s, or leave the key out",
                              category->name, KEY(key), key->shown.type);
    if (key->kind == KEY_SHAPED) return SS_OK;
    if (node->kind != NODE_TEXT || !take_value(key, category, node->text))
        return wrong(reading, key, category, node);
    return SS_OK;
}

static const struct category_key *find_key(const char *name) {
    for (const struct category_key *key = keys; key->shown.path; key++)
        if (strcmp(KEY(key), name) == 0) return key;
    return NULL;
}

static int unknown_key(struct reading *reading, const char *category, const struct node *node) {
    const char *near = "";
    size_t best = SIZE_MAX;
    for (const struct category_key *key = keys; key->shown.path; key++) {
        size_t distance = value_distance(node->key, KEY(key));
        if (distance >= best) continue;
        best = distance;
        near = KEY(key);
    }
    if (value_resembles(node->key, best))
        return reading_refuse(reading, node,
                              "categories.%s: \"%.64s\" is no key of a category; did you mean %s?",
                              category, node->key, near);
    return reading_refuse(
        reading, node,
        "categories.%s: \"%.64s\" is no key of a category; want scope, write, read, "
        "format, strategy, durability, ...",
        category, node->key);
}

/* ---- keys with a shape --------------------------------------------------------------------- */

static bool in_range(const struct node *node, uint64_t low, uint64_t high, uint64_t *value) {
    return node->kind == NODE_TEXT && value_number(node->text, value) && *value >= low &&
           *value <= high;
}

static int read_history(struct reading *reading, const struct node *history,
                        struct category *category) {
    if (history->kind != NODE_MAP)
        return reading_refuse(reading, history,
                              "categories.%s.history wants { versions: 64, ms: 10000 }",
                              category->name);
    for (const struct node *entry = history->first; entry; entry = entry->next) {
        uint64_t value;
        if (strcmp(entry->key, "versions") == 0 && in_range(entry, 1, 65535, &value)) {
            category->history_versions = (uint32_t)value;
        } else if (strcmp(entry->key, "ms") == 0 && in_range(entry, 0, 3600000, &value)) {
            category->history_span = (ss_time)value * SS_MILLISECOND;
        } else {
            return reading_refuse(
                reading, entry,
                "categories.%s.history: want versions (1 to 65535) and ms (0 to 3600000)",
                category->name);
        }
    }
    return SS_OK;
}

static int read_audit(struct reading *reading, const struct node *audit, struct category *category,
                      uint32_t *days) {
    const ss_time day = 86400 * SS_SECOND;
    ss_time span = 0;
    if (audit->kind == NODE_TEXT && strcmp(audit->text, "none") == 0) return SS_OK;
    if (audit->kind != NODE_TEXT || !value_duration(audit->text, &span) || span < day ||
        span % day != 0 || span / day > 36500)
        return reading_refuse(reading, audit, "categories.%s.audit wants whole days, like 30d",
                              category->name);
    *days = (uint32_t)(span / day);
    return SS_OK;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int read_plain(struct reading *reading, const struct node *node, struct category *category) {
    for (const struct node *entry = node->first; entry; entry = entry->next) {
        const struct category_key *key = find_key(entry->key);
        int status = key ? read_key(reading, key, category, entry)
                         : unknown_key(reading, category->name, entry);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

int keys_read(struct reading *reading, const struct node *node, struct category *category,
              uint32_t *audit_days) {
    int status = read_plain(reading, node, category);
    const struct node *history = node_child(node, "history");
    if (status == SS_OK && history) status = read_history(reading, history, category);
    const struct node *audit = node_child(node, "audit");
    if (status == SS_OK && audit) status = read_audit(reading, audit, category, audit_days);
    return status;
}
