/* SPDX-License-Identifier: Apache-2.0 */
/* readers.h - a world to read, for the tests of snapshots and subscribers. Header-only. */
#ifndef WORLD_READERS_H
#define WORLD_READERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "world/subscriber.h"

#define ALICE 11
#define BOB   22
#define CAROL 33

/* A format of three floats: where it is. Shorter states are nowhere. */
static inline int where_validate(const struct format_rules *rules, struct bytes state,
                                 struct reason *why) {
    (void)rules, (void)state, (void)why;
    return SS_OK;
}
static inline int where_check(const struct format_rules *rules, const struct bytes *previous,
                              struct bytes next, ss_time span, struct reason *why) {
    (void)rules, (void)previous, (void)next, (void)span, (void)why;
    return SS_OK;
}
static inline int where_diff(struct bytes from, struct bytes to, struct buffer *out) {
    (void)from, (void)to, (void)out;
    return SS_ERR_UNSUPPORTED;
}
static inline int where_locate(const struct format_rules *rules, struct bytes state,
                               float position[3]) {
    (void)rules;
    if (state.size < 12) return SS_ERR_NOT_FOUND;
    memcpy(position, state.data, 12);
    return SS_OK;
}

static const struct format format_where = {"where",     false,      where_validate, NULL,
                                           where_check, where_diff, where_locate};

enum { PROFILE, BAG, BOARD, SECRET, PLACE, CATEGORIES };
static const char *const category_names[] = {"profile", "bag", "board", "secret", "place"};

struct readers {
    struct failing failing;
    struct memory memory;
    struct category categories[CATEGORIES];
    struct world *world;
    ss_time now;
};

/* profile: anybody reads; bag: its owner; board: shared; secret: servers; place: anybody, spatial.
 */
static inline int readers_open(struct readers *readers) {
    const struct category *list[CATEGORIES];
    readers->memory = failing_memory(&readers->failing);
    readers->now = 1000 * SS_SECOND;
    for (int i = 0; i < CATEGORIES; i++) {
        readers->categories[i] = category_default(category_names[i]);
        readers->categories[i].history_versions = 8;
        list[i] = &readers->categories[i];
    }
    readers->categories[PROFILE].read = ACCESS_ANY;
    readers->categories[BOARD].read = ACCESS_ANY;
    readers->categories[BOARD].scope = SCOPE_SHARED;
    readers->categories[SECRET].read = ACCESS_SERVER;
    readers->categories[PLACE].read = ACCESS_ANY;
    readers->categories[PLACE].format = &format_where;
    readers->categories[PLACE].rules = (const struct format_rules *)(const void *)&format_where;
    readers->categories[PLACE].spatial = true;
    struct world_config config = world_config_default();
    config.name = "readers";
    config.node = 7;
    config.key = (struct hash_key){1, 2};
    config.categories = list;
    config.category_count = CATEGORIES;
    return world_create(&readers->world, &readers->memory, &config, readers->now);
}

static inline void readers_close(struct readers *readers) {
    world_destroy(readers->world);
    assert_int_equal(readers->failing.live, 0);
}

static inline struct outcome apply(struct readers *readers, const struct update *update) {
    struct outcome outcome;
    world_update(readers->world, update, readers->now += SS_MILLISECOND, &outcome);
    assert_int_equal(outcome.result, RESULT_SUCCESS);
    return outcome;
}

/* Whose cell it is follows from the category. */
static inline uint64_t owner_in(int category, uint64_t owner) {
    return category == BOARD ? 0 : owner;
}

/* A server writes: the state, on the stream `origin`. Returns the effect. */
static inline uint64_t put_from(struct readers *readers, uint64_t owner, int category,
                                const char *key, struct bytes state, uint64_t origin) {
    struct update update = {.player = owner,
                            .owner = owner_in(category, owner),
                            .server = true,
                            .category = bytes_of(category_names[category]),
                            .key = bytes_of(key),
                            .state = state,
                            .origin = origin};
    return apply(readers, &update).seq;
}
static inline uint64_t put(struct readers *readers, uint64_t owner, int category, const char *key,
                           const char *state) {
    return put_from(readers, owner, category, key, bytes_of(state), 0);
}
static inline uint64_t put_at(struct readers *readers, uint64_t owner, const char *key, float x) {
    float position[3] = {x, 0, 0};
    return put_from(readers, owner, PLACE, key, bytes_view(position, sizeof position), 0);
}
static inline uint64_t del(struct readers *readers, uint64_t owner, int category, const char *key) {
    struct update update = {.player = owner,
                            .owner = owner_in(category, owner),
                            .server = true,
                            .category = bytes_of(category_names[category]),
                            .key = bytes_of(key),
                            .delete = true};
    return apply(readers, &update).seq;
}
static inline uint32_t version_of(const struct readers *readers, uint64_t owner, int category,
                                  const char *key) {
    struct cell_view view;
    bool found = world_get(readers->world, owner_in(category, owner),
                           bytes_of(category_names[category]), bytes_of(key), &view);
    return found ? view.version : 0;
}

/* Long enough for every tombstone to be forgotten. */
static inline void forget(struct readers *readers) {
    world_tick(readers->world, readers->now += 60 * SS_SECOND, 1000000);
}

static inline struct known_version known(int category, const char *key, uint32_t version) {
    return (struct known_version){bytes_of(category_names[category]), bytes_of(key), version};
}

/* "owner category/key=version:state", "-" instead of the state when deleted. */
static inline void print_view(char *text, size_t size, const struct cell_view *view) {
    snprintf(text, size, "%llu %.*s/%.*s=%u:%.*s", (unsigned long long)view->owner,
             (int)view->category.size, (const char *)view->category.data, (int)view->key.size,
             (const char *)view->key.data, view->version, view->deleted ? 1 : (int)view->state.size,
             view->deleted ? "-" : (const char *)view->state.data);
}

#endif
