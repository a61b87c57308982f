/* SPDX-License-Identifier: Apache-2.0 */
/* holding.h - which version of a cell a reader surely holds, without remembering any. Internal to
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
#ifndef WORLD_HOLDING_H
#define WORLD_HOLDING_H

#include "world/cell.h"

struct holding {
    bool known; /* a round has closed */
    uint64_t told, closed;
    uint64_t floor;  /* versions up to here were not told, or perhaps not: never a base */
    uint64_t origin; /* of the reader's own stream, whose writes it is not told */
    uint64_t player; /* as whom that stream writes; 0: as anybody */
};

/* All that changed up to `told` has been met, the world being at `seq`. */
static inline void holding_close(struct holding *holding, uint64_t told, uint64_t seq) {
    holding->known = true;
    holding->told = told;
    holding->closed = seq;
}
/* What was told until now may not have arrived. */
static inline void holding_doubt(struct holding *holding, uint64_t seq) {
    holding->floor = seq;
}

/* Readers keep pace with the world, so what one of them holds of a cell was newest when the cell
 * was last looked at, or before that: those two places in its ring are remembered for all readers,
 * because a ring is only walked from its oldest record on. 40 bytes a cell, once a reader asks for
 * bases. */
struct holding_mark {
    const uint8_t *ring;
    uint32_t capacity;
    uint32_t offset[2];
    uint64_t seq[2]; /* 0: none */
};
struct holding_marks {
    struct holding_mark *items; /* by handle */
    size_t capacity;
};

/* The world's marks, made now at the latest. SS_OK or SS_ERR_NOMEM. */
int holding_open(struct world *world);
void holding_free(struct world *world);

/* The version of `cell` that the reader holds by what it was told and has not overwritten itself;
 * NULL when that is unknown, nothing, or no longer kept. */
const struct record *holding_find(const struct holding *holding, const struct world *world,
                                  const struct cell *cell);

#endif
