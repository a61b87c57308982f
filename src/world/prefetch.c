/* SPDX-License-Identifier: Apache-2.0 */
/* A cell is three dependent misses away: slot, cell, then ring and list neighbours at once.
 * Each stage is asked for all updates before the next one begins, so a stage costs one miss, not
 * one a cell. Only hashes are compared: a wrong guess fetches a line for nothing. */
#include "world/cell.h"

static bool any(const void *context, uint32_t handle) {
    (void)context, (void)handle;
    return true;
}

static void fetch(const void *at) {
    __builtin_prefetch(at, 1);
}

/* The hash of the cell; false where admission will refuse anyway. */
static bool guess(const struct world *world, const struct update *update, uint64_t *hash) {
    uint32_t space = space_find(world, update->category);
    if (space == SPACE_NONE) return false;
    uint64_t owner = update->owner ? update->owner : update->player;
    if (world->spaces[space].policy->scope == SCOPE_SHARED) owner = 0;
    *hash = cell_hash(world, owner, space, update->key);
    return true;
}

static void fetch_cell(const struct cell *cell) {
    const uint8_t *at = (const uint8_t *)cell;
    for (size_t line = 0; line < sizeof *cell; line += 64)
        fetch(at + line);
    fetch(at + sizeof *cell - 1);
}

static void fetch_lines(const struct history *history, uint32_t offset, uint32_t lines) {
    for (; lines > 0 && offset < history->capacity; lines--, offset += 64)
        fetch(history->ring + offset);
}

static void fetch_around(const struct cell *cell) {
    const struct history *history = &cell->history;
    if (cell->key != cell->near_key) fetch(cell->key);
    fetch(cell->changed.prev);
    fetch(cell->changed.next);
    if (!history->ring) return;
    fetch_lines(history, history->first, 1); /* the one to forget */
    /* The next record goes behind the newest, or to the front. */
    fetch_lines(history, history->end < history->capacity ? history->end : 0, 2);
}

void world_prefetch(const struct world *world, const struct update *updates, size_t count) {
    uint64_t hashes[WORLD_PREFETCH_MAX];
    const struct cell *cells[WORLD_PREFETCH_MAX];
    size_t hashed = 0, found = 0;
    if (count > WORLD_PREFETCH_MAX) count = WORLD_PREFETCH_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!guess(world, &updates[i], &hashes[hashed])) continue;
        table_prefetch(&world->cell_index, hashes[hashed++]);
    }
    for (size_t i = 0; i < hashed; i++) {
        uint32_t handle = table_find(&world->cell_index, hashes[i], any, NULL);
        if (handle == TABLE_NONE) continue;
        cells[found] = slab_at(&world->cells, handle);
        fetch_cell(cells[found++]);
    }
    for (size_t i = 0; i < found; i++)
        fetch_around(cells[i]);
}
