/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - the tree that picks chances, and the chances, from samples. */
#ifndef DELTA_GROW_H
#define DELTA_GROW_H

#include "delta/samples.h"

#define GROW_SYMBOLS (MODEL_STEPS + 6) /* magnitude classes, then signs of classes 1, 2, more */

/* What growing needs while it grows. */
struct grow {
    int16_t sorted[SAMPLES_MAX];
    int16_t edge[MODEL_CLUES][SAMPLE_BINS]; /* the last value of each bin */
    uint32_t bin[MODEL_CLUES][SAMPLE_BINS][GROW_SYMBOLS];
    uint32_t leaf[MODEL_LEAVES + 1][GROW_SYMBOLS];
};

void grow_tree(struct grow *grow, struct set *set, struct model_lane *lane);
void grow_leaves(struct grow *grow, struct set *set, struct model_lane *lane);
/* The leaves of a flag. */
void grow_flag(struct set *set, struct model_lane *lane);

#endif
