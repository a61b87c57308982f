/* SPDX-License-Identifier: Apache-2.0 */
/* An owner is known as long as something of it is: a cell, a session, a parked write, a remembered
 * key. */
#include <assert.h>

#include "base/status.h"
#include "world/cell.h"

struct wanted {
    const struct world *world;
    uint64_t id;
};

static bool is_wanted(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    const struct owner *owner = slab_at(&wanted->world->owners, handle);
    return owner->id == wanted->id;
}

uint64_t owner_index_hash(const struct world *world, uint64_t id) {
    return hash_seeded(world->config.key, id, (struct bytes){NULL, 0});
}

struct owner *owner_find(const struct world *world, uint64_t id) {
    struct wanted wanted = {world, id};
    uint32_t handle = table_find(&world->owner_index, owner_index_hash(world, id), is_wanted, &wanted);
    return handle == TABLE_NONE ? NULL : slab_at(&world->owners, handle);
}

struct owner *owner_obtain(struct world *world, uint64_t id) {
    struct owner *owner = owner_find(world, id);
    if (owner) return owner;
    uint32_t handle = slab_alloc(&world->owners);
    if (handle == SLAB_NONE) return NULL;
    if (table_add(&world->owner_index, owner_index_hash(world, id), handle) != SS_OK) {
        slab_release(&world->owners, handle);
        return NULL;
    }
    owner = slab_at(&world->owners, handle);
    owner->id = id;
    owner->handle = handle;
    list_init(&owner->cells);
    list_init(&owner->keys);
    list_init(&owner->leaving);
    return owner;
}

void owner_release(struct world *world, struct owner *owner) {
    assert(list_empty(&owner->cells) == (owner->cell_count == 0));
    assert(list_empty(&owner->keys) == (owner->key_count == 0));
    if (owner->cell_count || owner->key_count || owner->sessions || owner->parked) return;
    assert(owner->bytes == 0 && owner->key_bytes == 0);
    list_remove(&owner->leaving);
    table_remove(&world->owner_index, owner_index_hash(world, owner->id), owner->handle);
    slab_release(&world->owners, owner->handle);
}
