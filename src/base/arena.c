/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

_Static_assert(sizeof(struct arena_block) % 16 == 0, "pieces would not be aligned");

struct arena arena_of(const struct memory *memory, size_t block_size) {
    return (struct arena){memory, NULL, NULL, 0, 0, block_size};
}

static struct arena_block *arena_grow(struct arena *arena, size_t size) {
    if (size < arena->block_size) size = arena->block_size;
    struct arena_block *block = memory_alloc(arena->memory, sizeof *block + size);
    if (!block) return NULL;
    block->size = size;
    block->next = arena->current ? arena->current->next : arena->first;
    if (arena->current) {
        arena->current->next = block;
    } else {
        arena->first = block;
    }
    arena->held += size;
    return block;
}

void *arena_alloc_slow(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size = (size + 15) & ~(size_t)15;
    if (!arena->current || arena->current->size - arena->used < size) {
        struct arena_block *next = arena->current ? arena->current->next : arena->first;
        if (!next || next->size < size) next = arena_grow(arena, size);
        if (!next) return NULL;
        arena->current = next;
        arena->used = 0;
    }
    uint8_t *piece = (uint8_t *)(arena->current + 1) + arena->used;
    arena->used += size;
    return piece;
}

void arena_reset(struct arena *arena, size_t keep) {
    while (arena->first && arena->held > keep) {
        struct arena_block *block = arena->first;
        arena->first = block->next;
        arena->held -= block->size;
        memory_free(arena->memory, block, sizeof *block + block->size);
    }
    arena->current = arena->first;
    arena->used = 0;
}

void arena_free(struct arena *arena) { arena_reset(arena, 0); }
