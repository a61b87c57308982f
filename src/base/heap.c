/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/status.h"

static void heap_place(struct heap *heap, size_t index, struct heap_entry *entry) {
    heap->entries[index] = entry;
    entry->place = index + 1;
}

static void heap_up(struct heap *heap, size_t index) {
    struct heap_entry *entry = heap->entries[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->entries[parent]->deadline <= entry->deadline) break;
        heap_place(heap, index, heap->entries[parent]);
        index = parent;
    }
    heap_place(heap, index, entry);
}

static void heap_down(struct heap *heap, size_t index) {
    struct heap_entry *entry = heap->entries[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count &&
            heap->entries[child + 1]->deadline < heap->entries[child]->deadline)
            child++;
        if (entry->deadline <= heap->entries[child]->deadline) break;
        heap_place(heap, index, heap->entries[child]);
        index = child;
    }
    heap_place(heap, index, entry);
}

static void heap_take_out(struct heap *heap, struct heap_entry *entry) {
    size_t index = entry->place - 1;
    struct heap_entry *last = heap->entries[--heap->count];
    entry->place = 0;
    if (last == entry) return;
    heap_place(heap, index, last);
    heap_up(heap, index);
    heap_down(heap, last->place - 1);
}

int heap_set(struct heap *heap, struct heap_entry *entry, ss_time deadline) {
    if (entry->place == 0) {
        entry->deadline = deadline;
        if (deadline == SS_NEVER) return SS_OK;
        void *entries = heap->entries;
        int status = memory_grow(heap->memory, &entries, &heap->capacity, heap->count + 1,
                                 sizeof *heap->entries);
        heap->entries = entries;
        if (status != SS_OK) return status;
        heap_place(heap, heap->count++, entry);
        heap_up(heap, heap->count - 1);
        return SS_OK;
    }
    entry->deadline = deadline;
    if (deadline == SS_NEVER) {
        heap_take_out(heap, entry);
        return SS_OK;
    }
    heap_up(heap, entry->place - 1);
    heap_down(heap, entry->place - 1);
    return SS_OK;
}

void heap_free(struct heap *heap) {
    memory_free(heap->memory, heap->entries, heap->capacity * sizeof *heap->entries);
    *heap = heap_of(heap->memory);
}
