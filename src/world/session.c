/* SPDX-License-Identifier: Apache-2.0 */
/* An owner whose last session ended stands in world.leaving until its session cells are gone:
 * usually for the length of one call, for longer only when memory or a tick's budget runs out. */
#include "world/session.h"

#include <assert.h>

#include "base/status.h"
#include "world/outcome.h"
#include "world/write.h"

static bool goes(const struct world *world, const struct cell *cell) {
    return cell->live && cell_policy(world, cell)->session;
}

/* False when something is left to do. */
static bool leave(struct world *world, struct owner *owner, size_t *budget) {
    for (struct list *link = owner->cells.next; link != &owner->cells; link = link->next) {
        struct cell *cell = LIST_ENTRY(link, struct cell, owned);
        if (!goes(world, cell)) continue;
        if (*budget == 0 || cell_bury(world, cell) != SS_OK) return false;
        --*budget;
    }
    list_remove(&owner->leaving);
    return true;
}

void session_expire(struct world *world, size_t *budget) {
    while (!list_empty(&world->leaving)) {
        struct owner *owner = LIST_ENTRY(world->leaving.next, struct owner, leaving);
        assert(owner->sessions == 0);
        if (!leave(world, owner, budget)) return;
        owner_release(world, owner);
    }
}

void session_recover(struct world *world) {
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        if (!goes(world, cell)) continue;
        struct owner *owner = owner_find(world, cell->owner);
        if (owner->sessions || !list_empty(&owner->leaving)) continue;
        list_push(&world->leaving, &owner->leaving);
    }
}

int world_session_open(struct world *world, uint64_t player, ss_time now) {
    world_begin(world, now);
    struct owner *owner = owner_obtain(world, player);
    if (!owner) return SS_ERR_NOMEM;
    list_remove(&owner->leaving);
    if (owner->sessions++ == 0) world->stats.players++;
    world->stats.sessions++;
    return SS_OK;
}

void world_session_close(struct world *world, uint64_t player, ss_time now) {
    world_begin(world, now);
    struct owner *owner = owner_find(world, player);
    if (!owner || owner->sessions == 0) return;
    assert(world->stats.sessions > 0 && world->stats.players > 0);
    world->stats.sessions--;
    if (--owner->sessions > 0) return;
    world->stats.players--;
    list_push(&world->leaving, &owner->leaving);
    size_t budget = SIZE_MAX;
    if (leave(world, owner, &budget)) owner_release(world, owner);
}
