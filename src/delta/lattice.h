/* SPDX-License-Identifier: Apache-2.0 */
/* lattice.h - floats whose every bit is kept (DELTA_FLOAT), as integers.
 *
 * Most floats of a game lie on a lattice: they were whole steps once. Those travel as steps; the
 * others as the distance, counted in floats, from the guess. */
#ifndef DELTA_LATTICE_H
#define DELTA_LATTICE_H

#include "delta/schema.h"

/* Bits to steps, 20 bits fine (at most FIXED_MAX), and the nearest float of such; 0 for what is not
 * finite. */
int64_t lattice_fine(const struct delta_lane *lane, int32_t bits);
int32_t lattice_float(const struct delta_lane *lane, int64_t fine);

/* Whether the bits are exactly those of whole steps, at most 2^18. */
bool lattice_on(const struct delta_lane *lane, int32_t bits);

/* Float bits as integers in the order of the floats, and back. */
static inline int32_t lattice_order(int32_t bits) {
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

#endif
