/* SPDX-License-Identifier: Apache-2.0 */
#include "world/cell.h"

#include <assert.h>

#include "base/status.h"

/* ---- finding ------------------------------------------------------------------------------- */

struct wanted {
    const struct world *world;
    uint64_t owner;
    uint32_t space;
    struct bytes key;
};

static bool is_wanted(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    const struct cell *cell = slab_at(&wanted->world->cells, handle);
    return cell->owner == wanted->owner && cell->space == wanted->space &&
           bytes_equal(cell_key(cell), wanted->key);
}

/* The secret key makes the hash; the seed only has to tell owners and categories apart. */
uint64_t cell_hash(const struct world *world, uint64_t owner, uint32_t space, struct bytes key) {
    return hash_seeded(world->config.key, owner ^ (space + 1) * 0x9e3779b97f4a7c15u, key);
}

struct cell *cell_lookup(const struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                         struct bytes key) {
    struct wanted wanted = {world, owner, space, key};
    uint32_t handle = table_find(&world->cell_index, hash, is_wanted, &wanted);
    return handle == TABLE_NONE ? NULL : slab_at(&world->cells, handle);
}

struct cell *cell_find(const struct world *world, uint64_t owner, struct bytes category,
                       struct bytes key) {
    uint32_t space = space_find(world, category);
    if (space == SPACE_NONE) return NULL;
    return cell_lookup(world, cell_hash(world, owner, space, key), owner, space, key);
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool set_key(const struct world *world, struct cell *cell, struct bytes key) {
    uint8_t *to = cell->near_key;
    if (key.size > CELL_NEAR_KEY) {
        to = memory_alloc(world->memory, key.size);
        if (!to) return false;
        cell->far_key = to;
    }
    memcpy(to, key.data, key.size);
    cell->key_size = (uint16_t)key.size;
    return true;
}

void cell_key_free(const struct world *world, struct cell *cell) {
    if (cell->key_size > CELL_NEAR_KEY) memory_free(world->memory, cell->far_key, cell->key_size);
    cell->key_size = 0;
}

static void cell_init(struct cell *cell, uint64_t hash, uint64_t owner, uint32_t space,
                      uint32_t handle) {
    cell->hash = hash;
    cell->owner = owner;
    cell->space = (uint16_t)space;
    cell->handle = handle;
    list_init(&cell->owned);
    list_init(&cell->expiry);
}

struct cell *cell_create(struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                         struct bytes key) {
    assert(space < world->space_count && key.size > 0 && key.size <= UINT16_MAX);
    struct owner *holder = owner_obtain(world, owner);
    if (!holder) return NULL;
    uint32_t handle = slab_alloc(&world->cells);
    struct cell *cell = handle == SLAB_NONE ? NULL : slab_at(&world->cells, handle);
    if (!cell || order_reserve(&world->changed, handle) != SS_OK || !set_key(world, cell, key) ||
        table_add(&world->cell_index, hash, handle) != SS_OK) {
        if (cell) cell_key_free(world, cell);
        if (cell) slab_release(&world->cells, handle);
        owner_release(world, holder);
        return NULL;
    }
    cell_init(cell, hash, owner, space, handle);
    list_push(&holder->cells, &cell->owned);
    holder->cell_count++;
    holder->bytes += key.size;
    world->stats.bytes += key.size;
    world->spaces[space].cells++;
    return cell;
}

void cell_forget(struct world *world, struct cell *cell) {
    struct owner *holder = owner_find(world, cell->owner);
    uint64_t bytes = (uint64_t)cell->history.capacity + cell->key_size;
    assert(holder && holder->cell_count > 0 && holder->bytes >= bytes);
    assert(world->spaces[cell->space].cells > 0);
    order_remove(&world->changed, cell->handle);
    list_remove(&cell->owned);
    list_remove(&cell->expiry);
    world->spaces[cell->space].cells--;
    world->stats.bytes -= bytes;
    holder->bytes -= bytes;
    holder->cell_count--;
    history_free(&cell->history, world->memory);
    clock_free(&cell->clock, world->memory);
    cell_key_free(world, cell);
    table_remove(&world->cell_index, cell->hash, cell->handle);
    slab_release(&world->cells, cell->handle);
    owner_release(world, holder);
}

/* ---- showing ------------------------------------------------------------------------------- */

struct cell_view cell_view_of(const struct world *world, const struct cell *cell,
                              const struct record *record) {
    assert(record->node < world->node_count);
    return (struct cell_view){
        .owner = cell->owner,
        .category = world->spaces[cell->space].name,
        .key = cell_key(cell),
        .version = record->version,
        .deleted = record_deleted(record),
        .state = record_state(record),
        .time = record->time,
        .tick = record->tick,
        .writer = record->writer,
        .node = world->nodes[record->node],
        .seq = record->seq,
        .clock = record == history_newest(&cell->history) ? &cell->clock : NULL,
    };
}

bool world_get(const struct world *world, uint64_t owner, struct bytes category, struct bytes key,
               struct cell_view *view) {
    const struct cell *cell = cell_find(world, owner, category, key);
    if (!cell) return false;
    *view = cell_view_of(world, cell, history_newest(&cell->history));
    return true;
}

bool world_version(const struct world *world, uint64_t owner, struct bytes category,
                   struct bytes key, uint32_t version, struct cell_view *view) {
    const struct cell *cell = cell_find(world, owner, category, key);
    const struct record *record = cell ? history_find(&cell->history, version) : NULL;
    if (!record || record_deleted(record)) return false;
    *view = cell_view_of(world, cell, record);
    return true;
}

/* Records are met from the oldest on: the place of each is known from the count. */
size_t world_history(const struct world *world, uint64_t owner, struct bytes category,
                     struct bytes key, struct cell_view *views, size_t max) {
    const struct cell *cell = cell_find(world, owner, category, key);
    if (!cell) return 0;
    size_t place = cell->history.count, written = 0;
    for (const struct record *record = history_oldest(&cell->history); record;
         record = history_newer(&cell->history, record)) {
        if (--place >= max) continue;
        views[place] = cell_view_of(world, cell, record);
        written++;
    }
    assert(place == 0 && written <= max);
    return written;
}
