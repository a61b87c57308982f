/* SPDX-License-Identifier: Apache-2.0 */
/* sort.h - heapsort of 64-bit keys: in place, no recursion, n log n whatever a peer sends. */
#ifndef PAYLOAD_SORT_H
#define PAYLOAD_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef bool sort_less(const void *context, uint64_t a, uint64_t b);

static inline void sort_sink(uint64_t *keys, size_t root, size_t count, sort_less *less,
                             const void *context) {
    uint64_t key = keys[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && less(context, keys[child], keys[child + 1])) child++;
        if (!less(context, key, keys[child])) break;
        keys[root] = keys[child];
    }
    keys[root] = key;
}

/* Ascending by `less`, a strict order. */
static inline void sort_keys(uint64_t *keys, size_t count, sort_less *less, const void *context) {
    for (size_t i = count / 2; i-- > 0;)
        sort_sink(keys, i, count, less, context);
    for (size_t left = count; left-- > 1;) {
        uint64_t last = keys[left];
        keys[left] = keys[0];
        keys[0] = last;
        sort_sink(keys, 0, left, less, context);
    }
}

#endif
