/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - for tests: a world with a category of each kind, and short ways to speak to it. */
#ifndef WORLD_FIXTURE_H
#define WORLD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/status.h"
#include "world/effect.h"
#include "world/world.h"

enum kind {
    KIND_POS,    /* last write wins, opaque */
    KIND_ACTION, /* the same by action time */
    KIND_STRICT, /* the same with locking required */
    KIND_KEEP,
    KIND_MERGE, /* json, /gold is a sum, /name must be decided, /id is refused, 0 <= /hp <= 100 */
    KIND_TRADE, /* shared, manual, json */
    KIND_MANUAL,
    KIND_PROPOSE,
    KIND_SERVER,
    KIND_TTL,
    KIND_SESSION,
    KIND_MEMORY,
    KIND_HP, /* last write wins, json, 0 <= /hp <= 100 */
    KIND_COUNT
};

struct fixture {
    struct category categories[KIND_COUNT];
    const struct category *list[KIND_COUNT];
    struct category fallback;
    struct format_rules *merge_rules, *hp_rules;
    struct world_config config;
    struct world *world;
    ss_time now;
    struct outcome out;
    struct resolved resolved;
};

#define EPOCH (1000000 * SS_SECOND)

static inline void fixture_rules(struct fixture *f) {
    const struct format_rule merge[] = {
        {.kind = RULE_POLICY, .path = "/gold", .policy = MERGE_SUM},
        {.kind = RULE_POLICY, .path = "/name", .policy = MERGE_MANUAL},
        {.kind = RULE_POLICY, .path = "/id", .policy = MERGE_REJECT},
        {.kind = RULE_BOUNDS, .path = "/hp", .low = 0, .high = 100},
        {.kind = RULE_POLICY, .path = "/hp", .policy = MERGE_SUM},
    };
    struct reason why;
    assert_int_equal(
        format_rules_create(&f->merge_rules, &memory_heap, &format_json, merge, 5, &why), SS_OK);
    assert_int_equal(
        format_rules_create(&f->hp_rules, &memory_heap, &format_json, merge + 3, 1, &why), SS_OK);
}

static inline void fixture_categories(struct fixture *f) {
    static const char *const names[KIND_COUNT] = {"pos",     "action", "strict",  "keep",   "merge",
                                                  "trade",   "manual", "propose", "server", "ttl",
                                                  "session", "memory", "hp"};
    struct category *c = f->categories;
    for (int i = 0; i < KIND_COUNT; i++) {
        c[i] = category_default(names[i]);
        f->list[i] = &c[i];
    }
    c[KIND_POS].write = ACCESS_ANY;
    c[KIND_ACTION].lww_order = LWW_ACTION_TIME;
    c[KIND_ACTION].write = c[KIND_ACTION].read = ACCESS_ANY;
    c[KIND_STRICT].locking = LOCKING_REQUIRED;
    c[KIND_KEEP].strategy = STRATEGY_KEEP_OLD;
    c[KIND_KEEP].durability = DURABILITY_SYNC;
    c[KIND_MERGE].strategy = STRATEGY_MERGE;
    c[KIND_MERGE].format = &format_json;
    c[KIND_MERGE].rules = f->merge_rules;
    c[KIND_TRADE].scope = SCOPE_SHARED;
    c[KIND_TRADE].write = ACCESS_ANY;
    c[KIND_TRADE].strategy = STRATEGY_MANUAL;
    c[KIND_TRADE].format = &format_json;
    c[KIND_TRADE].durability = DURABILITY_SYNC;
    c[KIND_MANUAL].strategy = STRATEGY_MANUAL;
    c[KIND_MANUAL].write = ACCESS_ANY;
    c[KIND_MANUAL].resolve = ACCESS_OWNER;
    c[KIND_PROPOSE].write = ACCESS_PROPOSE;
    c[KIND_SERVER].write = ACCESS_SERVER;
    c[KIND_TTL].ttl = SS_SECOND;
    c[KIND_SESSION].session = true;
    c[KIND_MEMORY].durability = DURABILITY_MEMORY;
    c[KIND_HP].format = &format_json;
    c[KIND_HP].rules = f->hp_rules;
}

/* Everything but the world itself. */
static inline void fixture_prepare(struct fixture *f) {
    *f = (struct fixture){.now = EPOCH};
    fixture_rules(f);
    fixture_categories(f);
    f->fallback = category_default("default");
    f->config = world_config_default();
    f->config.key = (struct hash_key){0x0123456789abcdefu, 0xfedcba9876543210u};
    f->config.node = 0xabc;
    f->config.categories = f->list;
    f->config.category_count = KIND_COUNT;
    f->config.fallback = &f->fallback;
}

static inline void fixture_open(struct fixture *f) {
    fixture_prepare(f);
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
}

static inline void fixture_close(struct fixture *f) {
    world_destroy(f->world);
    format_rules_destroy(f->merge_rules);
    format_rules_destroy(f->hp_rules);
}

static inline struct update update_of(uint64_t player, const char *category, const char *key,
                                      const char *state, uint32_t expected) {
    return (struct update){.player = player,
                           .category = bytes_of(category),
                           .key = bytes_of(key),
                           .state = bytes_of(state ? state : ""),
                           .delete = state == NULL,
                           .expected_version = expected};
}

static inline enum result send(struct fixture *f, const struct update *update) {
    world_update(f->world, update, f->now, &f->out);
    return f->out.result;
}

/* `state` NULL deletes. Gives the result; the answer is in f->out. */
static inline enum result put(struct fixture *f, uint64_t player, const char *category,
                              const char *key, const char *state, uint32_t expected) {
    struct update update = update_of(player, category, key, state, expected);
    return send(f, &update);
}

static inline void expect_bytes(struct bytes bytes, const char *text) {
    struct bytes wanted = bytes_of(text);
    if (!bytes_equal(bytes, wanted))
        print_error("got '%.*s', wanted '%s'\n", (int)bytes.size, (const char *)bytes.data, text);
    assert_true(bytes_equal(bytes, wanted));
}

/* What stands is `state` (NULL: nothing) at `version`. */
static inline void expect_cell(struct fixture *f, uint64_t owner, const char *category,
                               const char *key, const char *state, uint32_t version) {
    struct cell_view view;
    assert_true(world_get(f->world, owner, bytes_of(category), bytes_of(key), &view));
    assert_int_equal(view.version, version);
    assert_int_equal(view.deleted, state == NULL);
    if (state) expect_bytes(view.state, state);
}

static inline int resolve(struct fixture *f, const uint8_t *id, enum strategy strategy,
                          const char *custom, uint64_t player, bool server) {
    struct resolution resolution = {.strategy = strategy,
                                    .custom = bytes_of(custom ? custom : ""),
                                    .player = player,
                                    .server = server};
    memcpy(resolution.id, id, sizeof resolution.id);
    world_resolve(f->world, &resolution, f->now, &f->resolved);
    return f->resolved.status;
}

#endif
