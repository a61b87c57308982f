/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - an index from a 64-bit hash to a 32-bit handle (usually a slot of a slab).
 *
 * Open addressing with linear probing at a load of at most 3/4, removal by shifting back, so there are
 * no graves. Keys live with the caller: a lookup is given the hash and a test for equality. A slot is 8
 * bytes: the handle and the lower half of the hash, which chooses the slot's home, lets the table grow
 * without asking anybody, and makes the test for equality nearly always the answer. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

#define TABLE_NONE UINT32_MAX

struct table_slot {
    uint32_t hash;   /* lower half; its low bits are the slot's home */
    uint32_t handle; /* TABLE_NONE: free */
};

struct table {
    const struct memory *memory;
    struct table_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

typedef bool table_equal(const void *context, uint32_t handle);

static inline struct table table_of(const struct memory *memory) {
    return (struct table){memory, NULL, 0, 0};
}

/* Asks the processor for the slot that a later table_find will read first. */
static inline void table_prefetch(const struct table *table, uint64_t hash) {
    if (table->capacity) memory_prefetch(&table->slots[(uint32_t)hash & (table->capacity - 1)]);
}

/* The handle stored under `hash` for which equal(context, handle), or TABLE_NONE. */
static inline uint32_t table_find(const struct table *table, uint64_t hash, table_equal *equal,
                                  const void *context) {
    if (table->count == 0) return TABLE_NONE;
    size_t mask = table->capacity - 1;
    for (size_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        const struct table_slot *slot = &table->slots[i];
        if (slot->handle == TABLE_NONE) return TABLE_NONE;
        if (slot->hash == (uint32_t)hash && equal(context, slot->handle)) return slot->handle;
    }
}

/* Adds `handle` (not TABLE_NONE) under `hash`; it may stand under several. SS_ERR_NOMEM leaves the table
 * as it was, and cannot be where as many entries fitted before: a table never shrinks. */
int table_add(struct table *table, uint64_t hash, uint32_t handle);
/* Makes room for `count` entries in all, so that the next table_add calls cannot fail. */
int table_reserve(struct table *table, size_t count);
/* Removes the entry with this hash and handle; true when it was there. */
bool table_remove(struct table *table, uint64_t hash, uint32_t handle);
void table_free(struct table *table);

#endif
