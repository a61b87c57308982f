/* SPDX-License-Identifier: Apache-2.0 */
/* A block is a 16-byte header (its size, or the next spare block) and the piece handed out behind
 * it. */
#include "transport/pool.h"

#include <stdint.h>
#include <string.h>

struct pool_block {
    size_t size; /* of the piece: a class size, or any above the largest class */
    struct pool_block *next;
};

_Static_assert(sizeof(struct pool_block) == 16, "pieces would not be aligned");

enum { SMALLEST = 32, LARGEST = SMALLEST << (POOL_CLASSES - 1) };

static unsigned class_of(size_t size) {
    return size <= SMALLEST ? 0 : (unsigned)(59 - __builtin_clzll((unsigned long long)size - 1));
}

static struct pool_block *block_of(void *piece) {
    return (struct pool_block *)piece - 1;
}

struct pool pool_of(const struct memory *memory, size_t spare_max) {
    return (struct pool){.memory = memory, .spare_max = spare_max};
}

void *pool_alloc(struct pool *pool, size_t size) {
    if (size == 0 || size > SIZE_MAX / 2) return NULL;
    if (size <= LARGEST) {
        unsigned class = class_of(size);
        struct pool_block *spare = pool->spare[class];
        size = (size_t)SMALLEST << class;
        if (spare) {
            pool->spare[class] = spare->next;
            pool->spare_bytes -= size;
            return spare + 1;
        }
    }
    struct pool_block *block = memory_alloc(pool->memory, sizeof *block + size);
    if (!block) return NULL;
    block->size = size;
    return block + 1;
}

void *pool_zeroed(struct pool *pool, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *piece = pool_alloc(pool, count * size);
    if (piece) memset(piece, 0, count * size);
    return piece;
}

void *pool_resize(struct pool *pool, void *piece, size_t size) {
    if (!piece) return pool_alloc(pool, size);
    if (size <= block_of(piece)->size) return piece;
    void *moved = pool_alloc(pool, size);
    if (!moved) return NULL;
    memcpy(moved, piece, block_of(piece)->size);
    pool_release(pool, piece);
    return moved;
}

static void block_free(struct pool *pool, struct pool_block *block) {
    memory_free(pool->memory, block, sizeof *block + block->size);
}

void pool_release(struct pool *pool, void *piece) {
    if (!piece) return;
    struct pool_block *block = block_of(piece);
    if (block->size > LARGEST || pool->spare_bytes + block->size > pool->spare_max) {
        block_free(pool, block);
        return;
    }
    unsigned class = class_of(block->size);
    block->next = pool->spare[class];
    pool->spare[class] = block;
    pool->spare_bytes += block->size;
}

void pool_free(struct pool *pool) {
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        while (pool->spare[class]) {
            struct pool_block *block = pool->spare[class];
            pool->spare[class] = block->next;
            block_free(pool, block);
        }
    }
    pool->spare_bytes = 0;
}
