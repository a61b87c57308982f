/* SPDX-License-Identifier: Apache-2.0 */
/* glitch.h - a token bucket of things that an honest peer does rarely and a flooding one all the
 * time: resets, bare PINGs, SETTINGS, empty frames. Empty bucket: the connection is cut. */
#ifndef TRANSPORT_GLITCH_H
#define TRANSPORT_GLITCH_H

#include <stdbool.h>

#include "base/time.h"

struct glitch {
    int64_t level;       /* millionths of a token */
    int64_t burst;       /* millionths of a token that the bucket holds */
    uint32_t per_second; /* tokens that flow in */
    ss_time at;          /* when `level` was right */
};

/* A full bucket. */
struct glitch glitch_of(uint32_t burst, uint32_t per_second, ss_time now);
/* Takes one token. False when there is none: too many glitches. `now` may stand still, not go back.
 */
bool glitch_charge(struct glitch *glitch, ss_time now);

#endif
