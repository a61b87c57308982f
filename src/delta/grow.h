/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - the tree that picks chances, and the chances, from samples. */
#ifndef DELTA_GROW_H
#define DELTA_GROW_H

#include "delta/samples.h"

/* `scratch` has room for SAMPLES_MAX. */
void grow_tree(struct set *set, struct model_lane *lane, int16_t *scratch);
void grow_leaves(struct set *set, struct model_lane *lane);
/* The leaves of a flag. */
void grow_flag(struct set *set, struct model_lane *lane);

#endif
