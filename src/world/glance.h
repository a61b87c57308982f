/* SPDX-License-Identifier: Apache-2.0 */
/* glance.h - looking at effects that are about to be replayed. Internal to world/. */
#ifndef WORLD_GLANCE_H
#define WORLD_GLANCE_H

#include "world/cell.h"

/* One write, as far as it was looked at. */
struct glance {
    const uint8_t *at; /* its frame */
    uint64_t hash, owner, owner_hash;
    uint32_t space; /* SPACE_NONE: nothing is known */
};

#define GLANCES 16 /* a power of two */

struct glances {
    const struct world *world;
    struct reader ahead; /* not looked at yet */
    struct glance list[GLANCES];
    uint32_t first, fetched, end; /* counts; first <= fetched <= end */
};

struct glances glances_of(const struct world *world, struct bytes effects);
/* Looks further ahead, and asks memory for what those effects will touch. What is known of the write at
 * `at`, the next to be replayed; NULL: nothing. Borrowed until the next call. */
const struct glance *glances_next(struct glances *glances, const uint8_t *at);

#endif
