/* SPDX-License-Identifier: Apache-2.0 */
/* A cell is three dependent misses away: slot, cell, then ring and neighbours in the order of change at
 * once. Updates go through these stages like through a pipe, AHEAD of each other, so that memory works
 * while the processor applies the updates in front:
 *
 *     applied | AHEAD: ring, neighbours asked for | AHEAD: cell | AHEAD: slot | not looked at yet
 *
 * Only hashes are compared: a wrong guess fetches lines for nothing. What was found is noted in the
 * updates, so that nothing is hashed twice. */
#include "world/cell.h"

#define AHEAD WORLD_PREFETCH_AHEAD
#define LINES_MAX 4
#define BURST 4 /* updates are moved on so many at a time */
_Static_assert(AHEAD % BURST == 0, "stages begin with a burst");

static bool any(const void *context, uint32_t handle) {
    (void)context, (void)handle;
    return true;
}

/* Where admission will refuse anyway there is nothing to fetch. */
static void fetch_slot(struct prefetch *prefetch, size_t place) {
    const struct world *world = prefetch->world;
    struct update *update = &prefetch->updates[place];
    const struct update *before = &prefetch->updates[place ? place - 1 : 0];
    uint32_t space = space_seen(world, before->seen, update->category); /* they are alike, mostly */
    update->seen = (struct seen){0};
    if (space == SPACE_NONE || !world->spaces[space].policy) return;
    uint64_t owner = update_owner(update, world->spaces[space].policy);
    uint64_t hash = cell_hash(world, owner, space, update->key);
    update->seen.space = space + 1;
    prefetch->hashes[place % AHEAD] = hash;
    table_prefetch(&world->cell_index, hash);
}

static void fetch_cell(struct prefetch *prefetch, size_t place) {
    const struct world *world = prefetch->world;
    struct update *update = &prefetch->updates[place];
    if (!update->seen.space) return;
    uint64_t hash = prefetch->hashes[place % AHEAD];
    uint32_t handle = table_find(&world->cell_index, hash, any, NULL);
    if (handle == TABLE_NONE) return;
    const struct cell *cell = slab_at(&world->cells, handle);
    update->seen.cell = handle + 1;
    memory_prefetch(&cell->owner);
    memory_prefetch(&cell->live);
    memory_prefetch(&world->changed.links[handle + 1]);
}

/* The lines of the next record; a long one is written in order, and the processor sees that by itself. */
static void fetch_record(const uint8_t *at, size_t size) {
    size_t lines = size < LINES_MAX * SLAB_LINE ? size : LINES_MAX * SLAB_LINE;
    for (size_t i = 0; i < lines; i += SLAB_LINE)
        memory_prefetch(at + i);
    memory_prefetch(at + lines - 1);
}

/* Where the next record goes, behind the newest or to the front; the one to forget, if that is another;
 * the neighbours. */
static void fetch_ring(struct prefetch *prefetch, size_t place) {
    const struct order *changed = &prefetch->world->changed;
    const struct update *update = &prefetch->updates[place];
    if (!update->seen.cell) return;
    uint32_t handle = update->seen.cell - 1;
    const struct cell *cell = slab_at(&prefetch->world->cells, handle);
    const struct history *history = &cell->history;
    uint32_t end = history->end < history->capacity ? history->end : 0;
    fetch_record(history->ring + end, history_space(update->state.size));
    if (history->first != end) memory_prefetch(history->ring + history->first);
    memory_prefetch(&changed->links[order_next(changed, handle) + 1]);
    memory_prefetch(&changed->links[order_prev(changed, handle) + 1]);
    if (cell->key_size > CELL_NEAR_KEY) memory_prefetch(cell->far_key);
}

/* In bursts, so that also the walks through the page tables overlap. */
static void stage(struct prefetch *prefetch, size_t step, size_t ahead,
                  void (*fetch)(struct prefetch *, size_t)) {
    if (step < ahead) return;
    size_t first = step - ahead, left = prefetch->count - first;
    if (first >= prefetch->count) return;
    for (size_t i = 0; i < BURST && i < left; i++)
        fetch(prefetch, first + i);
}

void world_prefetch_next(struct prefetch *prefetch) {
    size_t step = prefetch->step++;
    if (step % BURST != 0) return;
    stage(prefetch, step, 2 * AHEAD, fetch_ring);
    stage(prefetch, step, AHEAD, fetch_cell);
    stage(prefetch, step, 0, fetch_slot);
}

struct prefetch world_prefetch(const struct world *world, struct update *updates, size_t count) {
    struct prefetch prefetch = {.world = world, .updates = updates, .count = count};
    while (prefetch.step < 3 * AHEAD)
        world_prefetch_next(&prefetch);
    return prefetch;
}
