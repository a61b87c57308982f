/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static void *heap_resize(void *context, void *block, size_t old_size, size_t new_size) {
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

const struct memory memory_heap = {heap_resize, NULL};

void *memory_alloc(const struct memory *memory, size_t size) {
    return size == 0 ? NULL : memory->resize(memory->context, NULL, 0, size);
}

void *memory_zeroed(const struct memory *memory, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *block = memory_alloc(memory, count * size);
    if (block) memset(block, 0, count * size);
    return block;
}

void memory_free(const struct memory *memory, void *block, size_t size) {
    if (block) memory->resize(memory->context, block, size, 0);
}

int memory_grow(const struct memory *memory, void **items, size_t *capacity, size_t needed,
                size_t size) {
    if (needed <= *capacity) return SS_OK;
    size_t grown = *capacity < 8 ? 8 : *capacity * 2;
    if (grown < needed) grown = needed;
    if (grown > SIZE_MAX / 2 / size) return SS_ERR_NOMEM;
    void *block = memory->resize(memory->context, *items, *capacity * size, grown * size);
    if (!block) return SS_ERR_NOMEM;
    *items = block;
    *capacity = grown;
    return SS_OK;
}
