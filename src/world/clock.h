/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the version vector of a cell: which write of which node it includes.
 *
 * Actors are nodes, never players, so a vector stays as short as the cluster is small. A node's counter
 * is the 64-bit version of its last write to the cell; the wire shows its low 32 bits. A client sends
 * a vector back as its causal context; it can prove divergence with it, but never extend ours.
 * Parker et al., "Detection of mutual inconsistency in distributed systems", 1983. */
#ifndef WORLD_CLOCK_H
#define WORLD_CLOCK_H

#include <assert.h>

#include "base/bytes.h"

#define CLOCK_ENTRIES_MAX 64
#define NODE_NAME_SIZE    16 /* hex digits of a node id, lower case */

struct clock_entry {
    uint64_t node;
    uint64_t counter;
};

/* A cell's own vector: one entry lies inside, more on the heap. Zero-initialised is empty. */
struct clock {
    uint32_t count, capacity;
    union {
        struct clock_entry one;
        struct clock_entry *many; /* capacity > 1 */
    };
};

const struct clock_entry *clock_entries(const struct clock *clock);
/* Sets `node`'s counter. SS_OK, SS_ERR_NOMEM, or SS_ERR_TOO_LARGE beyond CLOCK_ENTRIES_MAX. */
int clock_set(struct clock *clock, const struct memory *memory, uint64_t node, uint64_t counter);
/* Makes room, so that the next clock_set of `node` cannot fail. Same errors; a clock that fails is as it
 * was. */
int clock_reserve(struct clock *clock, const struct memory *memory, uint64_t node);
/* Takes `node` out again; an absent one is no error. */
void clock_remove(struct clock *clock, uint64_t node);
uint64_t clock_get(const struct clock *clock, uint64_t node); /* 0: absent */
void clock_free(struct clock *clock, const struct memory *memory);

/* Nearly every cell is written through one node, and then there is little to look for. */
static inline bool clock_holds_only(const struct clock *clock, uint64_t node) {
    return clock->count == 1 && clock->capacity <= 1 && clock->one.node == node;
}
/* clock_set for a clock that has room for `node`. */
static inline void clock_advance(struct clock *clock, const struct memory *memory, uint64_t node,
                                 uint64_t counter) {
    if (clock_holds_only(clock, node)) {
        clock->one.counter = counter;
    } else {
        int status = clock_set(clock, memory, node, counter);
        assert(status == 0);
        (void)status;
    }
}

/* What a client sent. `foreign`: it named an actor that cannot be a node of ours, with a counter. */
struct context_entry {
    uint64_t node;
    uint32_t counter; /* wire form; 0 says nothing */
};
struct context {
    const struct context_entry *entries;
    size_t count;
    bool foreign;
    bool present; /* a clock was sent at all */
};

enum clock_order {
    CLOCK_EQUAL,
    CLOCK_BEHIND,    /* the context lacks something that the cell has */
    CLOCK_AHEAD,     /* the context claims something that the cell has not */
    CLOCK_DIVERGED,  /* both */
};
enum clock_order clock_compare(const struct context *context, const struct clock *clock);
/* True when the context includes the write that `node` made with counter `counter`. */
bool context_covers(const struct context *context, uint64_t node, uint64_t counter);

/* 16 lower-case hex digits to a node id and back; false when `name` is no such text. */
bool node_parse(struct bytes name, uint64_t *node);
void node_print(uint64_t node, char name[NODE_NAME_SIZE + 1]);

#endif
