/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slab.h"

#include <string.h>

#include "base/status.h"

struct slab slab_of(const struct memory *memory, size_t object_size, uint32_t chunk_bits) {
    return (struct slab){.memory = memory,
                         .object_size = object_size,
                         .chunk_bits = chunk_bits,
                         .free = SLAB_NONE};
}

static size_t chunk_size(const struct slab *slab) {
    return (slab->object_size << slab->chunk_bits) + SLAB_LINE - 1;
}

static int slab_grow(struct slab *slab) {
    void *chunks = slab->chunks;
    int status = memory_grow(slab->memory, &chunks, &slab->chunk_capacity, slab->chunk_count + 1,
                             sizeof *slab->chunks);
    slab->chunks = chunks;
    if (status != SS_OK) return status;
    uint8_t *block = memory_alloc(slab->memory, chunk_size(slab));
    if (!block) return SS_ERR_NOMEM;
    uint8_t *objects = block + (SLAB_LINE - (uintptr_t)block % SLAB_LINE) % SLAB_LINE;
    slab->chunks[slab->chunk_count++] = (struct slab_chunk){objects, block};
    return SS_OK;
}

uint32_t slab_alloc(struct slab *slab) {
    uint32_t handle = slab->free;
    if (handle != SLAB_NONE) {
        memcpy(&slab->free, slab_at(slab, handle), sizeof slab->free);
    } else {
        if (slab->used == SLAB_NONE) return SLAB_NONE;
        if (slab->used >> slab->chunk_bits == slab->chunk_count && slab_grow(slab) != SS_OK)
            return SLAB_NONE;
        handle = slab->used++;
    }
    memset(slab_at(slab, handle), 0, slab->object_size);
    slab->count++;
    return handle;
}

void slab_release(struct slab *slab, uint32_t handle) {
    memcpy(slab_at(slab, handle), &slab->free, sizeof slab->free);
    slab->free = handle;
    slab->count--;
}

void slab_free(struct slab *slab) {
    for (size_t i = 0; i < slab->chunk_count; i++)
        memory_free(slab->memory, slab->chunks[i].block, chunk_size(slab));
    memory_free(slab->memory, slab->chunks, slab->chunk_capacity * sizeof *slab->chunks);
    *slab = slab_of(slab->memory, slab->object_size, slab->chunk_bits);
}
