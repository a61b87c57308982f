/* SPDX-License-Identifier: Apache-2.0 */
/* fit.h - the predictor of a lane and the estimate of its error, from samples. */
#ifndef DELTA_FIT_H
#define DELTA_FIT_H

#include "delta/samples.h"

/* Sets the coefficients of `class`; with too few samples, plain ones. */
void fit_class(struct set *set, struct model_lane *lane, int class);

#endif
