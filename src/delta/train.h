/* SPDX-License-Identifier: Apache-2.0 */
/* train.h - learns a model from traces: offline, with floats; what comes out is integers. */
#ifndef DELTA_TRAIN_H
#define DELTA_TRAIN_H

#include "delta/course.h"
#include "delta/model.h"

/* Learns `model`, of which retention and adaptation are given (profile.h, profile_retention), from
 * all ticks of `traces`. `quick`: with smaller trees, which take less time and some 2 % more bytes:
 * for bodies, of which there are many. SS_OK, SS_ERR_INVALID, SS_ERR_NOMEM. Deterministic for one compiler. */
int delta_train(struct delta_model *model, const struct course_source *source,
                const struct trace *traces, size_t count, bool quick,
                const struct memory *memory);

#endif
