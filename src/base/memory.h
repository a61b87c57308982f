/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - memory is handed in: one function allocates, resizes and frees (the idea is Lua's).
 *
 * Everything that lives longer than a call takes a `struct memory *` at creation and keeps it, so that
 * a test can let allocation n fail, an embedder can bring a pool, and a limit can be enforced. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

struct memory {
    /* new_size 0 frees `block` (never fails); block NULL (old_size 0) allocates; otherwise resizes.
     * Returns NULL on failure and leaves `block` as it was. */
    void *(*resize)(void *context, void *block, size_t old_size, size_t new_size);
    void *context;
};

/* The process heap. A constant: it has no state of its own. */
extern const struct memory memory_heap;

/* `size` bytes, not cleared, or NULL. A size of 0 gives NULL. */
void *memory_alloc(const struct memory *memory, size_t size);

/* `count` objects of `size` bytes, all zero; NULL when out of memory or when the product overflows. */
void *memory_zeroed(const struct memory *memory, size_t count, size_t size);

/* Gives back what was allocated with exactly `size` bytes. NULL is allowed. */
void memory_free(const struct memory *memory, void *block, size_t size);

/* Asks the processor for the cache line at `at`, which may be anywhere. The empty statement is there
 * because gcc drops calls of functions that do nothing but prefetch. */
static inline void memory_prefetch(const void *at) {
    __builtin_prefetch(at);
    __asm__ volatile("" : : "r"(at));
}

/* Makes the array `*items` (of `*capacity` elements of `size` bytes) hold at least `needed`, at least
 * doubling. On SS_ERR_NOMEM nothing has changed. */
int memory_grow(const struct memory *memory, void **items, size_t *capacity, size_t needed,
                size_t size);

#endif
