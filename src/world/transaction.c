/* SPDX-License-Identifier: Apache-2.0 */
/* Undoing runs backwards, so each link is put back behind the one that stood before it then. */
#include "world/transaction.h"

#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/proposal.h"
#include "world/unique.h"

int transaction_begin(struct transaction *transaction, struct world *world, size_t capacity) {
    *transaction = (struct transaction){.world = world,
                                        .capacity = capacity,
                                        .bracket = world->effects.size,
                                        .strongest = world->effects_durability,
                                        .seq = world->seq,
                                        .stats = world->stats};
    transaction->log = arena_alloc(&world->scratch, capacity * sizeof *transaction->log);
    if (!transaction->log || effects_reserve(world, EFFECT_BATCH_SIZE) != SS_OK)
        return SS_ERR_NOMEM;
    if (world->config.keep_effects) effect_batch_open(world, world->seq + 1);
    return SS_OK;
}

struct undo *transaction_next(struct transaction *transaction) {
    assert(transaction->count < transaction->capacity);
    struct undo *undo = &transaction->log[transaction->count];
    *undo = (struct undo){0};
    return undo;
}

void transaction_commit(struct transaction *transaction) {
    struct world *world = transaction->world;
    for (size_t i = 0; i < transaction->count; i++) {
        struct cell *cell = transaction->log[i].cell;
        if (!cell) continue;
        const struct category *policy = cell_policy(world, cell);
        history_trim(&cell->history, policy->history_versions,
                     time_add(history_newest(&cell->history)->time, -policy->history_span));
    }
    if (world->config.keep_effects)
        effect_batch_close(world, transaction->bracket,
                           world->stats.effects - transaction->stats.effects);
}

static void expiry_restore(struct cell *cell, struct list *before) {
    list_remove(&cell->expiry);
    cell->expires = before != NULL;
    if (before) list_push(before->next, &cell->expiry);
}

static void undo_write(struct world *world, const struct undo *undo) {
    struct cell *cell = undo->cell;
    struct claims claims = claims_of_cell(world, cell);
    claims_drop(world, cell, &claims);
    world->spaces[cell->space].reserved = undo->reserved;
    if (undo->created) {
        cell_forget(world, cell);
        return;
    }
    history_undo(&cell->history, undo->count);
    if (undo->counter) {
        clock_set(&cell->clock, world->memory, undo->node, undo->counter);
    } else {
        clock_remove(&cell->clock, undo->node);
    }
    cell->version = undo->version;
    cell->origin = undo->origin;
    cell->live = undo->live;
    claims = claims_of_cell(world, cell);
    int status = claims_put(world, cell, &claims);
    assert(status == SS_OK);
    (void)status;
    order_remove(&world->changed, cell->handle);
    order_put(&world->changed, cell->handle, undo->changed);
    expiry_restore(cell, undo->expiry);
    assert(history_newest(&cell->history)->version == (uint32_t)cell->version);
}

void transaction_rollback(struct transaction *transaction) {
    struct world *world = transaction->world;
    while (transaction->count > 0) {
        const struct undo *undo = &transaction->log[--transaction->count];
        if (undo->cell) undo_write(world, undo);
        if (undo->parked) conflict_remove(world, undo->parked);
        if (undo->proposal) proposal_remove(world, undo->proposal);
        if (!undo->floor_raised) continue;
        world->spaces[undo->space].floor = undo->floor;
        world->spaces[undo->space].reserved = undo->reserved;
    }
    /* Rings that grew stay grown, and are counted. */
    uint64_t bytes = world->stats.bytes;
    world->stats = transaction->stats;
    world->stats.bytes = bytes;
    world->seq = transaction->seq;
    world->effects.size = transaction->bracket;
    world->effects_durability = transaction->strongest;
}
