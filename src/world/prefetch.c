/* SPDX-License-Identifier: Apache-2.0 */
/* A cell is three dependent misses away: slot, cell, then ring and list neighbours at once. Each
 * stage is gone through for all updates before the next one begins, so their misses overlap.
 *
 * Addresses are gathered first and read in a loop of nothing else, which fills the processor's
 * window with misses. They are read, not prefetched: a prefetch whose page is not in the TLB is
 * dropped by some processors (3 times slower here over 500 MB of cells). Only hashes are compared:
 * a wrong guess reads a line for nothing. */
#include <assert.h>

#include "world/cell.h"

#define LINE      64
#define LINES_MAX (WORLD_PREFETCH_MAX * 8)

struct lines {
    const uint8_t *at[LINES_MAX];
    size_t count;
};

static void add(struct lines *lines, const void *at) {
    assert(lines->count < LINES_MAX);
    lines->at[lines->count++] = at;
}

static void read_all(struct lines *lines) {
    for (size_t i = 0; i < lines->count; i++)
        (void)*(const volatile uint8_t *)lines->at[i];
    lines->count = 0;
}

static bool any(const void *context, uint32_t handle) {
    (void)context, (void)handle;
    return true;
}

/* The hash of the cell; false where admission will refuse anyway. */
static bool guess(const struct world *world, const struct update *update, uint64_t *hash) {
    uint32_t space = space_find(world, update->category);
    if (space == SPACE_NONE || !world->spaces[space].policy) return false;
    uint64_t owner = update->owner ? update->owner : update->player;
    if (world->spaces[space].policy->scope == SCOPE_SHARED) owner = 0;
    *hash = cell_hash(world, owner, space, update->key);
    return true;
}

static void add_cell(struct lines *lines, const struct cell *cell) {
    const uint8_t *at = (const uint8_t *)cell;
    for (size_t offset = 0; offset < sizeof *cell; offset += LINE)
        add(lines, at + offset);
    add(lines, at + sizeof *cell - 1);
}

static void add_around(struct lines *lines, const struct cell *cell) {
    const struct history *history = &cell->history;
    add(lines, cell->key);
    add(lines, &cell->changed.prev->next);
    add(lines, &cell->changed.next->prev);
    add(lines, history->ring + history->first); /* the record to forget */
    /* The next record goes behind the newest, or to the front. */
    uint32_t end = history->end < history->capacity ? history->end : 0;
    add(lines, history->ring + end);
    if (history->capacity - end > LINE) add(lines, history->ring + end + LINE);
}

void world_prefetch(const struct world *world, const struct update *updates, size_t count) {
    uint64_t hashes[WORLD_PREFETCH_MAX];
    const struct cell *cells[WORLD_PREFETCH_MAX];
    struct lines lines;
    size_t hashed = 0, found = 0;
    if (count > WORLD_PREFETCH_MAX) count = WORLD_PREFETCH_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!guess(world, &updates[i], &hashes[hashed])) continue;
        table_prefetch(&world->cell_index, hashes[hashed++]);
    }
    lines.count = 0;
    for (size_t i = 0; i < hashed; i++) {
        uint32_t handle = table_find(&world->cell_index, hashes[i], any, NULL);
        if (handle == TABLE_NONE) continue;
        cells[found] = slab_at(&world->cells, handle);
        add_cell(&lines, cells[found++]);
    }
    read_all(&lines);
    for (size_t i = 0; i < found; i++)
        add_around(&lines, cells[i]);
    read_all(&lines);
}
