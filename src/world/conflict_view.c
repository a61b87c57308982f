/* SPDX-License-Identifier: Apache-2.0 */
/* Parked and decided conflicts as they are shown: to who may see them, and to the writer in the
 * end. */
#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/version.h"

bool conflict_may_resolve(const struct world *world, const struct parked *parked, uint64_t player,
                          bool server) {
    if (server) return true;
    switch (world->spaces[parked->space].policy->resolve) {
    case ACCESS_WRITER: return player == parked->writer;
    case ACCESS_OWNER: return player == parked->owner && player != 0;
    case ACCESS_ANY: return true;
    default: return false;
    }
}

struct conflict_view conflict_view_of(const struct parked *parked) {
    struct conflict_view view = {
        .type = parked->type,
        .strategy = parked->decided ? parked->strategy : STRATEGY_MANUAL,
        .parked = true,
        .requires_manual = !parked->decided,
        .old_state = parked->old,
        .new_state = parked->incoming,
        .resolved_state = parked->resolved,
        .old_version = version_wire(parked->old_version),
        .base_version = version_wire(parked->base_version),
    };
    memcpy(view.id, parked->id, sizeof view.id);
    return view;
}

struct cell_view conflict_cell(const struct world *world, const struct parked *parked) {
    struct bytes category = world->spaces[parked->space].name;
    struct cell_view view;
    if (!world_get(world, parked->owner, category, parked->key, &view))
        view = (struct cell_view){.owner = parked->owner, .category = category, .deleted = true};
    view.key = parked->key;
    return view;
}

void conflict_report(const struct world *world, const struct parked *parked,
                     struct resolved *resolved) {
    assert(parked->decided);
    *resolved = (struct resolved){.status = SS_OK,
                                  .success = true,
                                  .version = parked->version,
                                  .state = parked->resolved,
                                  .seq = parked->seq,
                                  .cell = conflict_cell(world, parked),
                                  .writer = parked->writer};
}

static bool names(const struct list *head, uint32_t space) {
    for (const struct list *link = head->next; link != head; link = link->next)
        if (LIST_ENTRY(link, struct parked, link)->space == space) return true;
    return false;
}

bool conflicts_name(const struct world *world, uint32_t space) {
    return names(&world->conflicts->open, space) || names(&world->conflicts->decided, space);
}

static struct parked_view show(const struct world *world, const struct parked *parked) {
    return (struct parked_view){
        .conflict = conflict_view_of(parked),
        .cell = conflict_cell(world, parked),
        .base = parked->base,
        .writer = parked->writer,
        .detected = parked->detected,
        .expires = parked->decided ? time_add(parked->decided_at, world->config.decided_life)
                                   : time_add(parked->detected, world->config.parked_life),
        .decided = parked->decided,
        .decided_version = parked->version,
    };
}

static bool may_see(const struct world *world, const struct parked *parked, uint64_t player,
                    bool server) {
    return player == parked->writer || conflict_may_resolve(world, parked, player, server);
}

size_t world_conflicts(const struct world *world, uint64_t player, bool server,
                       struct bytes category, size_t offset, struct parked_view *views, size_t max,
                       size_t *total) {
    const struct list *open = &world->conflicts->open;
    size_t count = 0, written = 0;
    for (const struct list *link = open->next; link != open; link = link->next) {
        const struct parked *parked = LIST_ENTRY(link, struct parked, link);
        if (category.size && !bytes_equal(category, world->spaces[parked->space].name)) continue;
        if (!may_see(world, parked, player, server)) continue;
        if (count++ >= offset && written < max) views[written++] = show(world, parked);
    }
    *total = count;
    return written;
}

int world_conflict(const struct world *world, const uint8_t id[CONFLICT_ID_SIZE], uint64_t player,
                   bool server, struct parked_view *view) {
    const struct parked *parked = conflict_find(world, id);
    if (!parked) return SS_ERR_NOT_FOUND;
    if (!may_see(world, parked, player, server)) return SS_ERR_DENIED;
    *view = show(world, parked);
    return SS_OK;
}

/* Expired ones stand among the decided ones, in order; the first that was not told is told. */
bool world_expired(struct world *world, struct resolved *expired) {
    struct list *decided = &world->conflicts->decided;
    if (world->conflicts->unreported == 0) return false;
    for (struct list *link = decided->next; link != decided; link = link->next) {
        struct parked *parked = LIST_ENTRY(link, struct parked, link);
        if (!parked->unreported) continue;
        parked->unreported = false;
        world->conflicts->unreported--;
        conflict_report(world, parked, expired);
        expired->conflict = conflict_view_of(parked);
        return true;
    }
    assert(false);
    return false;
}
