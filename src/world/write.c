/* SPDX-License-Identifier: Apache-2.0 */
/* First everything that can fail (cell, clock, room for the effect, place in the history), then
 * everything that cannot. So a write that fails leaves no trace but spare capacity. */
#include "world/write.h"

#include <assert.h>

#include "base/status.h"
#include "world/effect_log.h"
#include "world/unique.h"

static void note_undo(struct transaction *transaction, const struct world *world, struct cell *cell,
                      uint64_t node) {
    if (!transaction) return;
    struct undo *undo = transaction_next(transaction);
    undo->cell = cell;
    undo->created = cell->history.count == 0;
    undo->live = cell->live;
    undo->count = cell->history.count;
    undo->version = cell->version;
    undo->origin = cell->origin;
    undo->node = node;
    undo->counter = clock_get(&cell->clock, node);
    undo->reserved = world->spaces[cell->space].reserved;
    undo->changed = order_prev(&world->changed, cell->handle);
    undo->expiry = cell->expires ? cell->expiry.prev : NULL;
}

/* Room for the effects that the write will have: none in a category of class memory, mostly. */
static int reserve_effects(struct world *world, const struct cell *cell, const struct write *write,
                           uint64_t version) {
    const struct space *space = &world->spaces[cell->space];
    size_t size = 0;
    if (effects_wanted(world, space->policy->durability))
        size += effect_write_size(space->name, cell_key(cell), &cell->clock, write->state);
    if (reserves_versions(space, version)) size += effect_floor_size(space->name);
    return size ? effects_reserve(world, size) : SS_OK;
}

/* Everything fallible behind the cell itself. */
static int push(struct world *world, struct cell *cell, const struct write *write,
                const struct stamp *stamp, bool forgetful) {
    const struct category *policy = cell_policy(world, cell);
    int status = clock_holds_only(&cell->clock, stamp->node)
                     ? SS_OK
                     : clock_reserve(&cell->clock, world->memory, stamp->node);
    if (status != SS_OK) return status;
    if (world->config.keep_effects) {
        status = reserve_effects(world, cell, write, stamp->version);
        if (status != SS_OK) return status;
    }
    struct record *record = history_push(&cell->history, world->memory, write->state.size,
                                         forgetful ? policy->history_versions : UINT32_MAX,
                                         forgetful ? keep_since(policy, stamp->time) : INT64_MIN);
    if (!record) return SS_ERR_NOMEM;
    record_fill(record, write, stamp);
    return SS_OK;
}

static void link_cell(struct world *world, struct cell *cell, bool deleted) {
    struct space *space = &world->spaces[cell->space];
    bool expires = deleted || space->policy->ttl != 0;
    order_touch(&world->changed, cell->handle);
    if (!expires && !cell->expires) return;
    list_remove(&cell->expiry);
    if (expires) list_push(deleted ? &space->graves : &space->lives, &cell->expiry);
    cell->expires = expires;
}

/* Nothing here can fail. */
static void stand(struct world *world, struct cell *cell, const struct write *write,
                  const struct stamp *stamp, uint32_t ring_before) {
    bool was_grave = cell->version != 0 && !cell->live;
    if (cell->history.capacity != ring_before) {
        uint64_t grown = cell->history.capacity - ring_before;
        owner_find(world, cell->owner)->bytes += grown;
        world->stats.bytes += grown;
    }
    assert(stamp->version > cell->version);
    clock_advance(&cell->clock, world->memory, stamp->node, stamp->version);
    cell->version = stamp->version;
    cell->origin = write->origin;
    cell->live = !write->deleted;
    world->stats.tombstones += (uint64_t)write->deleted - (uint64_t)was_grave;
    link_cell(world, cell, write->deleted);
}

int cell_write(struct world *world, const struct write *write, const struct stamp *stamp,
               struct transaction *transaction, struct cell **out) {
    const struct place *place = write->place;
    assert(place->space < world->space_count && stamp->node_index < world->node_count);
    struct cell *cell = place->cell;
    if (!cell) cell = cell_create(world, place->hash, place->owner, place->space, place->key);
    if (!cell) return SS_ERR_NOMEM;
    note_undo(transaction, world, cell, stamp->node);
    uint32_t ring_before = cell->history.capacity;
    bool unique = cell_policy(world, cell)->unique;
    struct claims_change claims;
    int status =
        unique ? claims_prepare(world, cell, write->state, write->deleted, &claims) : SS_OK;
    if (status == SS_OK) status = push(world, cell, write, stamp, transaction == NULL);
    if (status != SS_OK) {
        if (!place->cell) cell_forget(world, cell);
        return status;
    }
    stand(world, cell, write, stamp, ring_before);
    if (unique) claims_commit(world, cell, &claims);
    if (transaction) transaction->count++;
    if (stamp->seq > world->seq) world->seq = stamp->seq;
    *out = cell;
    return SS_OK;
}

/* ---- under the world's limits -------------------------------------------------------------- */

/* Shared cells belong to nobody: only the world's own limit holds them. A tombstone always fits, so
 * that a player who is full can make room. */
static int limits(const struct world *world, const struct write *write, const char **text) {
    const struct place *place = write->place;
    const struct cell *cell = place->cell;
    const struct world_config *config = &world->config;
    if (!cell && config->cells_max && world->cells.count >= config->cells_max) {
        *text = "resource exhausted: the world is full";
        return SS_ERR_TOO_LARGE;
    }
    if (place->owner == 0 || write->deleted) return SS_OK;
    static const struct history none = {0};
    const struct history *history = cell ? &cell->history : &none;
    uint32_t needs = history_needs(history, write->state.size, place->policy->history_versions,
                                   keep_since(place->policy, world->now));
    if (cell && needs == history->capacity) return SS_OK;
    const struct owner *owner = owner_find(world, place->owner);
    if (!cell && owner && owner->cell_count >= config->cells_per_player) {
        *text = "resource exhausted: the owner has as many cells as are allowed";
        return SS_ERR_TOO_LARGE;
    }
    uint64_t more = needs - history->capacity + (cell ? 0 : place->key.size);
    if ((owner ? owner->bytes : 0) + more > config->bytes_per_player) {
        *text = "resource exhausted: the owner's cells and their history take all that is allowed";
        return SS_ERR_TOO_LARGE;
    }
    return SS_OK;
}

void reserve_versions(struct world *world, uint32_t index, uint64_t version) {
    struct space *space = &world->spaces[index];
    if (!world->config.keep_effects || !reserves_versions(space, version)) return;
    if (version >= space->reserved) world->effects_lot = true;
    space->reserved = version + RESERVE_AHEAD;
    effect_floor(world, index, ++world->seq);
}

int world_write(struct world *world, const struct write *write, struct transaction *transaction,
                struct cell **cell, const char **text) {
    struct place *place = write->place;
    int status = SS_OK;
    if (!place->cell || !history_fits(&place->cell->history, write->state.size,
                                      place->policy->history_versions))
        status = limits(world, write, text);
    if (status != SS_OK) return status;
    if (place->space == SPACE_NONE) {
        status = space_intern(world, place->category, place->policy, &place->space);
        *text = "resource exhausted: the world knows too many categories";
        if (status != SS_OK) return status;
        place->hash = cell_hash(world, place->owner, place->space, place->key);
        place->cell = cell_lookup(world, place->hash, place->owner, place->space, place->key);
    }
    uint64_t floor = world->spaces[place->space].floor;
    struct stamp stamp = {.version = version_next(place->cell ? place->cell->version : 0, floor),
                          .seq = world->seq + 1,
                          .node = world->nodes[0],
                          .time = world->now,
                          .tick = world->tick};
    status = cell_write(world, write, &stamp, transaction, cell);
    if (status != SS_OK) {
        *text = "the cell was written by too many nodes";
        return status;
    }
    world->stats.updates++;
    if (effects_wanted(world, place->policy->durability)) effect_write(world, *cell);
    reserve_versions(world, place->space, (*cell)->version);
    return SS_OK;
}

void cell_forget_grave(struct world *world, struct cell *cell) {
    struct space *space = &world->spaces[cell->space];
    uint64_t seq = history_newest(&cell->history)->seq;
    assert(!cell->live && world->stats.tombstones > 0);
    if (cell->version > space->floor) space->floor = cell->version;
    if (seq > world->forgotten) world->forgotten = seq;
    world->stats.tombstones--;
    cell_forget(world, cell);
}

int cell_bury(struct world *world, struct cell *cell) {
    assert(cell->live);
    struct place place = place_of(world, cell->owner, cell->space, cell_key(cell));
    struct write write = {.deleted = true, .place = &place};
    const char *text;
    assert(place.cell == cell);
    return world_write(world, &write, NULL, &cell, &text);
}
