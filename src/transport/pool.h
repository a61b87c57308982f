/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - malloc, realloc and free, as C libraries want them, over a `struct memory`.
 *
 * Every block knows its size, and small blocks wait in free lists by size, so a connection that
 * runs steadily asks its memory for nothing. Not for secrets: blocks are not cleared. */
#ifndef TRANSPORT_POOL_H
#define TRANSPORT_POOL_H

#include "base/memory.h"

enum { POOL_CLASSES = 8 }; /* 32, 64 ... 4096 bytes */

struct pool_block;

struct pool {
    const struct memory *memory;
    struct pool_block *spare[POOL_CLASSES];
    size_t spare_bytes;
    size_t spare_max; /* bytes kept in the free lists at most */
};

struct pool pool_of(const struct memory *memory, size_t spare_max);
/* Aligned to 16; NULL when out of memory or size is 0. */
void *pool_alloc(struct pool *pool, size_t size);
void *pool_zeroed(struct pool *pool, size_t count, size_t size);
void *pool_resize(struct pool *pool, void *piece, size_t size);
void pool_release(struct pool *pool, void *piece); /* NULL is allowed */
/* Frees what waits; every piece must have been released. */
void pool_free(struct pool *pool);

#endif
