/* SPDX-License-Identifier: Apache-2.0 */
/* held.h - which version of a cell a reader surely holds, without remembering any. Internal to
 * world/.
 *
 * A round meets every cell that changed in it, in the version that stands then. So when a round
 * closes at effect `told`, with the world at effect `closed`, the reader holds each version of
 * which seq <= told that is still the newest at `closed`: had it not been met, it would have to
 * have changed since. Of a cell that changed in between nobody knows which version was met.
 *
 *       ...... r ........ told ..... closed ........ next of r ....     r is held
 *       ...... r .. next of r .. told ..... closed ................     it is not the newest told
 *       ...... r ........ told .. next of r .. closed .............     unknown
 */
#ifndef WORLD_HELD_H
#define WORLD_HELD_H

#include "world/cell.h"

struct held {
    bool known; /* a round has closed */
    uint64_t told, closed;
    uint64_t floor;  /* versions up to here were not told, or perhaps not: never a base */
    uint64_t origin; /* of the reader's own stream, whose writes it is not told */
    uint64_t player; /* as whom that stream writes; 0: as anybody */
};

/* All that changed up to `told` has been met, the world being at `seq`. */
static inline void held_close(struct held *held, uint64_t told, uint64_t seq) {
    held->known = true;
    held->told = told;
    held->closed = seq;
}
/* What was told until now may not have arrived. */
static inline void held_doubt(struct held *held, uint64_t seq) {
    held->floor = seq;
}

/* The version of `cell` that the reader holds by what it was told and has not overwritten itself;
 * NULL when that is unknown, nothing, or no longer kept. */
const struct record *held_find(const struct held *held, const struct world *world,
                               const struct cell *cell);

#endif
