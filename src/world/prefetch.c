/* SPDX-License-Identifier: Apache-2.0 */
/* A cell is three dependent misses away: slot, cell, then ring and neighbours in the order of change at
 * once. Each stage is gone through for all updates before the next one begins, so their misses overlap.
 *
 * Lines are read, not prefetched: a prefetch whose page is not in the TLB is dropped by some
 * processors (3 times slower here over 500 MB of cells). Only hashes are compared: a wrong guess reads
 * a line for nothing. What was found is noted in the updates, so that nothing is hashed twice. */
#include <assert.h>

#include "world/cell.h"

struct group {
    const struct world *world;
    struct update *updates;
    size_t count;
    uint64_t hashes[WORLD_PREFETCH_MAX];
    const struct cell *cells[WORLD_PREFETCH_MAX]; /* those found */
    size_t found;
};

static inline void read_line(const void *at) {
    (void)*(const volatile uint8_t *)at;
}

static bool any(const void *context, uint32_t handle) {
    (void)context, (void)handle;
    return true;
}

/* The hash of the cell; space SPACE_NONE where admission will refuse anyway. */
static void guess(struct group *group, size_t place) {
    const struct world *world = group->world;
    struct update *update = &group->updates[place];
    uint32_t space = space_find(world, update->category);
    update->seen = (struct seen){0};
    if (space == SPACE_NONE || !world->spaces[space].policy) return;
    uint64_t owner = update->owner ? update->owner : update->player;
    if (world->spaces[space].policy->scope == SCOPE_SHARED) owner = 0;
    group->hashes[place] = cell_hash(world, owner, space, update->key);
    update->seen.space = space + 1;
    table_prefetch(&world->cell_index, group->hashes[place]);
}

static void find(struct group *group, size_t place) {
    const struct world *world = group->world;
    struct update *update = &group->updates[place];
    if (!update->seen.space) return;
    uint32_t handle = table_find(&world->cell_index, group->hashes[place], any, NULL);
    if (handle == TABLE_NONE) return;
    update->seen.cell = handle + 1;
    group->cells[group->found++] = slab_at(&world->cells, handle);
}

static void read_cell(const struct world *world, const struct cell *cell) {
    read_line(&cell->owner);
    read_line(&cell->live);
    (void)world;
}

/* The record to forget and the place of the next one, behind the newest or at the front. */
static void read_around(const struct world *world, const struct cell *cell) {
    const struct history *history = &cell->history;
    uint32_t end = history->end < history->capacity ? history->end : 0;
    read_line(&world->changed.links[order_next(&world->changed, cell->handle) + 1]);
    read_line(&world->changed.links[order_prev(&world->changed, cell->handle) + 1]);
    read_line(history->ring + history->first);
    read_line(history->ring + end);
    if (history->capacity - end > SLAB_LINE) read_line(history->ring + end + SLAB_LINE);
    if (cell->key_size > CELL_NEAR_KEY) read_line(cell->far_key);
}

void world_prefetch(const struct world *world, struct update *updates, size_t count) {
    struct group group = {.world = world, .updates = updates};
    if (count > WORLD_PREFETCH_MAX) count = WORLD_PREFETCH_MAX;
    for (size_t i = 0; i < count; i++)
        guess(&group, i);
    for (size_t i = 0; i < count; i++)
        find(&group, i);
    for (size_t i = 0; i < group.found; i++)
        read_cell(world, group.cells[i]);
    for (size_t i = 0; i < group.found; i++)
        read_around(world, group.cells[i]);
}
