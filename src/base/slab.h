/* SPDX-License-Identifier: Apache-2.0 */
/* slab.h - objects of one size that never move, named by 32-bit handles.
 *
 * Chunks of 2^chunk_bits objects are allocated whole and begin at a cache line, so objects of a multiple
 * of 64 bytes share no line; a free object is chained through its first four bytes. A handle stays valid, and its slot is reused last in, first out, until the slab is freed. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stdint.h>

#include "base/memory.h"

#define SLAB_NONE UINT32_MAX
#define SLAB_LINE 64 /* bytes of a cache line */

struct slab_chunk {
    uint8_t *objects; /* the first one */
    void *block;      /* as it was allocated */
};

struct slab {
    const struct memory *memory;
    struct slab_chunk *chunks;
    size_t chunk_count, chunk_capacity;
    size_t object_size;
    uint32_t chunk_bits;
    uint32_t used;  /* handles handed out at least once: 0 .. used - 1 */
    uint32_t free;  /* first free handle below `used`, or SLAB_NONE */
    uint32_t count; /* objects live now */
};

/* object_size >= 4. Allocates nothing. */
struct slab slab_of(const struct memory *memory, size_t object_size, uint32_t chunk_bits);
/* A zeroed object's handle, or SLAB_NONE when out of memory. */
uint32_t slab_alloc(struct slab *slab);
/* Gives the object back. The caller knows that it is live. */
void slab_release(struct slab *slab, uint32_t handle);
void slab_free(struct slab *slab);

static inline void *slab_at(const struct slab *slab, uint32_t handle) {
    uint32_t mask = ((uint32_t)1 << slab->chunk_bits) - 1;
    return slab->chunks[handle >> slab->chunk_bits].objects +
           (size_t)(handle & mask) * slab->object_size;
}

#endif
