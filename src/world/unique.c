/* SPDX-License-Identifier: Apache-2.0 */
#include "world/unique.h"

#include <assert.h>
#include <stdio.h>

#include "base/status.h"

/* ---- claims -------------------------------------------------------------------------------- */

static uint64_t claim_hash(const struct world *world, uint32_t space,
                           const struct format_unique *value) {
    uint64_t seed = hash_mix((uint64_t)space << 32 | value->field) ^ value->bits;
    return hash_seeded(world->config.key, seed, value->text);
}

static void claims_read(const struct world *world, const struct category *policy, uint32_t space,
                        struct bytes state, struct claims *claims) {
    struct format_unique values[FORMAT_UNIQUES_MAX];
    claims->count = policy->format->uniques(policy->rules, state, values);
    assert(claims->count <= FORMAT_UNIQUES_MAX);
    for (size_t i = 0; i < claims->count; i++)
        claims->hashes[i] = claim_hash(world, space, &values[i]);
}

static struct bytes standing_state(const struct cell *cell) {
    return record_state(history_newest(&cell->history));
}

struct claims claims_of_cell(const struct world *world, const struct cell *cell) {
    const struct category *policy = cell_policy(world, cell);
    struct claims claims;
    claims.count = 0;
    if (policy->unique && cell->live)
        claims_read(world, policy, cell->space, standing_state(cell), &claims);
    return claims;
}

void claims_drop(struct world *world, const struct cell *cell, const struct claims *claims) {
    for (size_t i = 0; i < claims->count; i++) {
        bool there = table_remove(&world->claims, claims->hashes[i], cell->handle);
        assert(there);
        (void)there;
    }
}

static int room_for(struct world *world, const struct claims *claims) {
    if (claims->count == 0) return SS_OK;
    return table_reserve(&world->claims, world->claims.count + claims->count);
}

int claims_put(struct world *world, const struct cell *cell, const struct claims *claims) {
    int status = room_for(world, claims);
    for (size_t i = 0; i < claims->count && status == SS_OK; i++)
        status = table_add(&world->claims, claims->hashes[i], cell->handle);
    return status;
}

int claims_prepare(struct world *world, const struct cell *cell, struct bytes state, bool deleted,
                   struct claims_change *change) {
    const struct category *policy = cell_policy(world, cell);
    change->after.count = 0;
    change->before = claims_of_cell(world, cell);
    if (!deleted) claims_read(world, policy, cell->space, state, &change->after);
    return room_for(world, &change->after);
}

void claims_commit(struct world *world, const struct cell *cell,
                   const struct claims_change *change) {
    claims_drop(world, cell, &change->before);
    int status = claims_put(world, cell, &change->after);
    assert(status == SS_OK);
    (void)status;
}

/* ---- who has it ---------------------------------------------------------------------------- */

struct wanted {
    const struct world *world;
    const struct category *policy;
    const struct cell *except;
    uint32_t space;
    const struct format_unique *value;
};

static bool has_value(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    const struct cell *cell = slab_at(&wanted->world->cells, handle);
    struct format_unique values[FORMAT_UNIQUES_MAX];
    if (cell == wanted->except || cell->space != wanted->space) return false;
    size_t count =
        wanted->policy->format->uniques(wanted->policy->rules, standing_state(cell), values);
    for (size_t i = 0; i < count; i++)
        if (values[i].field == wanted->value->field && values[i].bits == wanted->value->bits &&
            bytes_equal(values[i].text, wanted->value->text))
            return true;
    return false;
}

static const struct cell *holder(const struct table *table, const struct wanted *wanted) {
    uint64_t hash = claim_hash(wanted->world, wanted->space, wanted->value);
    uint32_t handle = table_find(table, hash, has_value, wanted);
    return handle == TABLE_NONE ? NULL : slab_at(&wanted->world->cells, handle);
}

/* ---- judging ------------------------------------------------------------------------------- */

#define NAME_BYTES 320

/* "key k of player 7"; a key that is no text is left out. */
static const char *cell_text(const struct cell *cell, char text[NAME_BYTES]) {
    struct bytes key = cell_key(cell);
    int size = bytes_utf8(key) ? (int)key.size : 0;
    char owner[32] = "a shared cell";
    if (cell->owner) snprintf(owner, sizeof owner, "player %llu", (unsigned long long)cell->owner);
    snprintf(text, NAME_BYTES, "%s, key %.*s", owner, size, (const char *)key.data);
    return text;
}

static bool may_know(const struct category *policy, struct asker asker, const struct cell *cell,
                     enum format_reader least) {
    enum format_reader reader = asker.server                  ? READER_SERVER
                                : asker.player == cell->owner ? READER_OWNER
                                                              : READER_OTHER;
    return category_may_read(policy, asker.player, asker.server, cell->owner) && reader <= least;
}

int unique_check(struct world *world, const struct place *place, struct asker asker,
                 struct bytes state) {
    const struct category *policy = place->policy;
    struct format_unique values[FORMAT_UNIQUES_MAX];
    char field[FORMAT_PATH_BYTES], name[NAME_BYTES];
    if (!policy->unique || place->space == SPACE_NONE) return SS_OK;
    size_t count = policy->format->uniques(policy->rules, state, values);
    for (size_t i = 0; i < count; i++) {
        struct wanted wanted = {world, policy, place->cell, place->space, &values[i]};
        const struct cell *other = holder(&world->claims, &wanted);
        if (!other) continue;
        bool told = may_know(policy, asker, other, values[i].least);
        reason_set(&world->why, "%s is unique, and another cell has this value%s%s",
                   format_rules_field(policy->rules, values[i].field, field), told ? ": " : "",
                   told ? cell_text(other, name) : "");
        return SS_ERR_INVALID;
    }
    return SS_OK;
}

/* ---- other policies ------------------------------------------------------------------------ */

static int refuse_pair(const struct wanted *wanted, const struct cell *one,
                       const struct cell *other, struct reason *why) {
    char field[FORMAT_PATH_BYTES], first[NAME_BYTES], second[NAME_BYTES];
    struct bytes category = wanted->world->spaces[wanted->space].name;
    reason_set(why, "category %.*s: %s is unique, but cells have one value: %s and %s",
               (int)category.size, (const char *)category.data,
               format_rules_field(wanted->policy->rules, wanted->value->field, field),
               cell_text(one, first), cell_text(other, second));
    return SS_ERR_INVALID;
}

static int index_cell(const struct world *world, const struct category *policy,
                      const struct cell *cell, struct table *table, struct reason *why) {
    struct format_unique values[FORMAT_UNIQUES_MAX];
    size_t count = policy->format->uniques(policy->rules, standing_state(cell), values);
    int status = SS_OK;
    for (size_t i = 0; i < count && status == SS_OK; i++) {
        struct wanted wanted = {world, policy, cell, cell->space, &values[i]};
        const struct cell *other = holder(table, &wanted);
        status = other ? refuse_pair(&wanted, other, cell, why)
                       : table_add(table, claim_hash(world, cell->space, &values[i]), cell->handle);
    }
    return status;
}

int world_check(const struct world *world, struct reason *why) {
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        const struct category *policy = cell_policy(world, cell);
        struct format_unique values[FORMAT_UNIQUES_MAX];
        if (!cell->live || !policy->unique) continue;
        size_t count = policy->format->uniques(policy->rules, standing_state(cell), values);
        for (size_t i = 0; i < count; i++) {
            struct wanted wanted = {world, policy, cell, cell->space, &values[i]};
            const struct cell *other = holder(&world->claims, &wanted);
            if (other) return refuse_pair(&wanted, other, cell, why);
        }
    }
    return SS_OK;
}

int unique_index(const struct world *world, const struct category *const *policies,
                 struct table *table, struct reason *why) {
    int status = SS_OK;
    for (const struct cell *cell = cell_first_changed(world); cell && status == SS_OK;
         cell = cell_next_changed(world, cell)) {
        const struct category *policy = policies[cell->space];
        if (cell->live && policy->unique) status = index_cell(world, policy, cell, table, why);
    }
    return status;
}
