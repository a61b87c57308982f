/* SPDX-License-Identifier: Apache-2.0 */
/* census.h - what is coded, counted by context, and what it cost: for the distance to the bound. */
#ifndef DELTA_CENSUS_H
#define DELTA_CENSUS_H

#include "delta/chunk.h"

/* Lanes, then flags. */
enum { CENSUS_FLAGS = DELTA_LANES_MAX, CENSUS_PARTS = DELTA_LANES_MAX + MODEL_FLAGS };

struct census {
    const struct delta_model *model; /* its contexts and, as they stand, its chances */
    uint32_t size[DELTA_LANES_MAX][MODEL_LEAVES][MODEL_STEPS];
    uint32_t sign[DELTA_LANES_MAX][MODEL_LEAVES][3][2];
    uint32_t digit[DELTA_LANES_MAX][2][MODEL_STEPS][3][2];
    uint32_t flag[MODEL_FLAGS][MODEL_LEAVES][2];
    uint32_t lattice[DELTA_LANES_MAX][2][2];
    uint64_t direct[DELTA_LANES_MAX]; /* bits that are even, whatever is done */
    double spent[CENSUS_PARTS];       /* bits, by the model's chances */
};

/* An observer that fills `census`. */
struct delta_observer census_observer(struct census *census);

/* Bits of a lane or flag, had each context had the chances that turned out. */
double census_bound(const struct census *census, unsigned part);

#endif
