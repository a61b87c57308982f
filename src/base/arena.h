/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory for one turn of the loop: many small pieces, given back all at once.
 *
 * Blocks are kept by arena_reset, so a steady load allocates nothing. Pieces never move. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

/* Padded to 16 bytes, so pieces that follow it are aligned. */
struct arena_block {
    struct arena_block *next;
    size_t size; /* of the payload behind this header */
};

struct arena {
    const struct memory *memory;
    struct arena_block *first, *current;
    size_t used;      /* of the current block */
    size_t held;      /* bytes in all blocks */
    size_t block_size;
};

/* `block_size`: bytes of a usual block; a larger piece gets a block of its own. Allocates nothing. */
struct arena arena_of(const struct memory *memory, size_t block_size);
void *arena_alloc_slow(struct arena *arena, size_t size);
/* `size` bytes aligned to 16, or NULL when out of memory. */
static inline void *arena_alloc(struct arena *arena, size_t size) {
    struct arena_block *block = arena->current;
    size_t padded = (size + 15) & ~(size_t)15;
    if (!block || padded < size || block->size - arena->used < padded)
        return arena_alloc_slow(arena, size);
    uint8_t *piece = (uint8_t *)(block + 1) + arena->used;
    arena->used += padded;
    return piece;
}
/* A copy of `from`; on failure a view with data NULL and size 0 while from.size > 0. */
static inline struct bytes arena_copy(struct arena *arena, struct bytes from) {
    if (from.size == 0) return from;
    uint8_t *piece = (uint8_t *)arena_alloc(arena, from.size);
    if (!piece) return (struct bytes){NULL, 0};
    memcpy(piece, from.data, from.size);
    return (struct bytes){piece, from.size};
}
/* Forgets every piece; keeps at most `keep` bytes of blocks. */
void arena_reset(struct arena *arena, size_t keep);
void arena_free(struct arena *arena);

#endif
