/* SPDX-License-Identifier: Apache-2.0 */
/* failing.h - a heap for tests: counts what is live and lets allocation number `fail_at` fail.
 *
 * Run a scenario with fail_at = 1, 2, 3 ... until it passes; each time `live` must end at 0. */
#ifndef BASE_FAILING_H
#define BASE_FAILING_H

#include <stdlib.h>

#include "base/memory.h"

struct failing {
    size_t calls;   /* allocations and growths so far */
    size_t fail_at; /* the call that fails, 0: none */
    size_t live;    /* bytes held */
};

static inline void *failing_resize(void *context, void *block, size_t old_size, size_t new_size) {
    struct failing *failing = context;
    if (new_size == 0) {
        failing->live -= old_size;
        free(block);
        return NULL;
    }
    if (++failing->calls == failing->fail_at) return NULL;
    void *moved = realloc(block, new_size);
    if (moved) failing->live += new_size - old_size;
    return moved;
}

static inline struct memory failing_memory(struct failing *failing) {
    return (struct memory){failing_resize, failing};
}

#endif
