/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h - the layout of the data compression challenge of 2015 (901 cubes, 60 Hz), as a
 * trace.
 *
 *   frame   901 x 8 x i32: largest | a, b, c (0-511, 256 is 0) | x, y, z (1/512 m) | interacting
 *
 * Those are the very integers of PROFILE_CUBES, so nothing is lost on the way. */
#ifndef DELTA_CHALLENGE_H
#define DELTA_CHALLENGE_H

#include "delta/trace.h"

#define CHALLENGE_CUBES 901
#define CHALLENGE_FRAME (CHALLENGE_CUBES * 32)

/* No magic marks it: whole frames, of which the first cube's first numbers are possible. */
bool challenge_is(struct bytes from);
/* SS_OK, SS_ERR_MALFORMED, SS_ERR_TOO_LARGE (the trace is over `size_max`), SS_ERR_NOMEM. */
int challenge_parse(struct trace *trace, const struct memory *memory, struct bytes from,
                    size_t size_max);

#endif
