/* SPDX-License-Identifier: Apache-2.0 */
/* Category names become small numbers when a world meets them. A game has a handful, and comparing
 * a handful of short names is faster than hashing one; only beyond that the index is asked. */
#include <assert.h>

#include "base/status.h"
#include "world/cell.h"

#define HANDFUL 8

struct wanted {
    const struct world *world;
    struct bytes name;
};

static bool is_wanted(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    return bytes_equal(wanted->world->spaces[handle].name, wanted->name);
}

uint32_t space_find(const struct world *world, struct bytes name) {
    if (world->space_count > HANDFUL) {
        struct wanted wanted = {world, name};
        return table_find(&world->space_index, hash_bytes(world->config.key, name), is_wanted,
                          &wanted);
    }
    for (uint32_t i = 0; i < world->space_count; i++)
        if (bytes_equal(world->spaces[i].name, name)) return i;
    return SPACE_NONE;
}

/* Lists point at their heads, so heads that moved must be linked anew. */
static void list_moved(struct list *head, const struct list *old) {
    if (head->next == old) {
        list_init(head);
    } else {
        head->next->prev = head->prev->next = head;
    }
}

static int spaces_grow(struct world *world) {
    if (world->space_count < world->space_capacity) return SS_OK;
    size_t capacity = world->space_capacity ? world->space_capacity * 2 : HANDFUL;
    struct space *spaces = memory_zeroed(world->memory, capacity, sizeof *spaces);
    if (!spaces) return SS_ERR_NOMEM;
    for (size_t i = 0; i < world->space_count; i++) {
        spaces[i] = world->spaces[i];
        list_moved(&spaces[i].lives, &world->spaces[i].lives);
        list_moved(&spaces[i].graves, &world->spaces[i].graves);
    }
    memory_free(world->memory, world->spaces, world->space_capacity * sizeof *spaces);
    world->spaces = spaces;
    world->space_capacity = capacity;
    return SS_OK;
}

int space_intern(struct world *world, struct bytes name, const struct category *policy,
                 uint32_t *space) {
    assert(policy && name.size > 0);
    *space = space_find(world, name);
    if (*space != SPACE_NONE) return SS_OK;
    if (world->space_count >= SPACES_MAX) return SS_ERR_TOO_LARGE;
    if (spaces_grow(world) != SS_OK) return SS_ERR_NOMEM;
    uint8_t *copy = memory_alloc(world->memory, name.size);
    uint32_t index = (uint32_t)world->space_count;
    if (!copy ||
        table_add(&world->space_index, hash_bytes(world->config.key, name), index) != SS_OK) {
        memory_free(world->memory, copy, name.size);
        return SS_ERR_NOMEM;
    }
    memcpy(copy, name.data, name.size);
    struct space *fresh = &world->spaces[index];
    *fresh = (struct space){.name = {copy, name.size},
                            .policy = policy,
                            .leader = SPACE_NONE,
                            .followers = SPACE_NONE,
                            .sibling = SPACE_NONE};
    list_init(&fresh->lives);
    list_init(&fresh->graves);
    world->space_count++;
    *space = index;
    return SS_OK;
}

void spaces_free(struct world *world) {
    for (size_t i = 0; i < world->space_count; i++) {
        struct bytes name = world->spaces[i].name;
        memory_free(world->memory, (void *)(uintptr_t)name.data, name.size);
    }
    memory_free(world->memory, world->spaces, world->space_capacity * sizeof *world->spaces);
    table_free(&world->space_index);
    world->spaces = NULL;
    world->space_count = world->space_capacity = 0;
}

const struct category *world_category(const struct world *world, struct bytes name) {
    uint32_t space = space_find(world, name);
    return space == SPACE_NONE ? world->config.fallback : world->spaces[space].policy;
}
