/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - a binary heap of deadlines: whose turn is next, and changing one in O(log n).
 *
 * Intrusive: an entry lies in its owner and knows its place. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/memory.h"
#include "base/time.h"

struct heap_entry {
    ss_time deadline; /* SS_NEVER: not in the heap */
    size_t place;     /* index + 1, 0: not in the heap */
};

struct heap {
    const struct memory *memory;
    struct heap_entry **entries;
    size_t count, capacity;
};

static inline struct heap heap_of(const struct memory *memory) {
    return (struct heap){memory, NULL, 0, 0};
}
/* Puts the entry in, moves it, or (SS_NEVER) takes it out. SS_ERR_NOMEM only when it was not in. */
int heap_set(struct heap *heap, struct heap_entry *entry, ss_time deadline);
static inline void heap_remove(struct heap *heap, struct heap_entry *entry) {
    (void)heap_set(heap, entry, SS_NEVER);
}
/* The entry with the earliest deadline, NULL when empty. */
static inline struct heap_entry *heap_first(const struct heap *heap) {
    return heap->count ? heap->entries[0] : NULL;
}
void heap_free(struct heap *heap);

#endif
