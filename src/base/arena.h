/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory for one turn of the loop: many small pieces, given back all at once.
 *
 * Blocks are kept by arena_reset, so a steady load allocates nothing. Pieces never move. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena_block;

struct arena {
    const struct memory *memory;
    struct arena_block *first, *current;
    size_t used;      /* of the current block */
    size_t held;      /* bytes in all blocks */
    size_t block_size;
};

/* `block_size`: bytes of a usual block; a larger piece gets a block of its own. Allocates nothing. */
struct arena arena_of(const struct memory *memory, size_t block_size);
/* `size` bytes aligned to 16, or NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of `from`; on failure a view with data NULL and size 0 while from.size > 0. */
struct bytes arena_copy(struct arena *arena, struct bytes from);
/* Forgets every piece; keeps at most `keep` bytes of blocks. */
void arena_reset(struct arena *arena, size_t keep);
void arena_free(struct arena *arena);

#endif
