/* SPDX-License-Identifier: Apache-2.0 */
/* train.h - learns a model from traces: offline, with floats; what comes out is integers. */
#ifndef DELTA_TRAIN_H
#define DELTA_TRAIN_H

#include "delta/profile.h"

/* Learns `model` for `mode` of `profile` from all ticks of `traces`. SS_OK, SS_ERR_INVALID,
 * SS_ERR_NOMEM. Deterministic for one compiler. */
int delta_train(struct delta_model *model, enum delta_profile profile, enum delta_mode mode,
                const struct trace *traces, size_t count, const struct memory *memory);

#endif
