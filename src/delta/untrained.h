/* SPDX-License-Identifier: Apache-2.0 */
/* untrained.h - a model for any schema that nothing was learned about: what moves goes on moving,
 * and the farther two ticks disagree about where it goes, the farther off the guess may be. */
#ifndef DELTA_UNTRAINED_H
#define DELTA_UNTRAINED_H

#include "delta/model.h"
#include "delta/profile.h"

/* All of `model`: for baselines of 100 ms, or for streams, where it adapts. Integers alone decide,
 * so it is the same on every machine. */
void delta_model_untrained(struct delta_model *model, const struct delta_schema *schema,
                           enum delta_mode mode);

#endif
