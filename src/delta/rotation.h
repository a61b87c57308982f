/* SPDX-License-Identifier: Apache-2.0 */
/* rotation.h - where a steady rotation leads: quaternions in Q30. */
#ifndef DELTA_ROTATION_H
#define DELTA_ROTATION_H

#include "delta/schema.h"

/* sin(rho a) / sin a = rho (1 + second a^2 + fourth a^4 ...), in Q24. */
struct rotation_series {
    int64_t rho, second, fourth;
};

/* rho in Q30, at most 8. */
void rotation_series_init(struct rotation_series *series, int64_t rho);

/* The quaternion kept in the four lanes from `lane` on. */
void rotation_of_row(const struct delta_lane *lane, const uint8_t *row, int64_t out[4]);

/* The rotation that led from `from` (or its negative, the same orientation, where that is nearer)
 * to `to`, continued rho times as far; series: of rho and 1 + rho. */
void rotation_continue(const int64_t from[4], const int64_t to[4],
                       const struct rotation_series series[2], int64_t out[4]);

#endif
