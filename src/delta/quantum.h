/* SPDX-License-Identifier: Apache-2.0 */
/* quantum.h - states to rows and back: what precision is kept, and that nothing is ever clamped.
 *
 * DELTA_STEPS: floor(x * steps + 1/2), within half a step of x. Values of 2^30 steps and more,
 * infinite and NaN, escape: their float bits, counted from those of 2^30 steps, follow on in the
 * same int32, so they come back bit for bit and the order is kept. DELTA_ANGLE: degrees to 1/65536
 * of a turn, modulo a turn; non-finite angles escape above 65535. DELTA_QUATERNION: normalized,
 * sign dropped; the three smaller components on a grid of `levels` over
 * +-1/sqrt 2. DELTA_FLOAT, DELTA_BYTE: the bits. */
#ifndef DELTA_QUANTUM_H
#define DELTA_QUANTUM_H

#include "delta/schema.h"

/* SS_ERR_INVALID when a quaternion is not finite or zero (it has no direction); else SS_OK. `row`
 * has schema->row_size bytes, its padding is none. */
int delta_quantize(const struct delta_schema *schema, const void *state, uint8_t *row);

/* Writes the fields of the schema into `state` and leaves its other bytes alone. Any row is valid.
 */
void delta_dequantize(const struct delta_schema *schema, const uint8_t *row, void *state);

/* One value of a DELTA_STEPS, DELTA_ANGLE or DELTA_FLOAT lane, and back. */
int32_t delta_lane_of(const struct delta_lane *lane, float value);
float delta_lane_to(const struct delta_lane *lane, int32_t value);
/* A quaternion x, y, z, w into the four lanes from `lane` on, and back. Errors as delta_quantize.
 */
int delta_rotation_of(const struct delta_lane *lane, const float value[4], uint8_t *row);
void delta_rotation_to(const struct delta_lane *lane, const uint8_t *row, float value[4]);

/* A lane of a row, and back. */
static inline int32_t delta_row_number(const struct delta_lane *lane, const uint8_t *row) {
    const uint8_t *at = row + lane->row; /* width 4 */
    return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                     (uint32_t)at[3] << 24);
}
static inline int32_t delta_row_get(const struct delta_lane *lane, const uint8_t *row) {
    return lane->width == 1 ? row[lane->row] : delta_row_number(lane, row);
}
static inline void delta_row_set(const struct delta_lane *lane, uint8_t *row, int32_t value) {
    uint8_t *at = row + lane->row;
    at[0] = (uint8_t)value;
    if (lane->width == 1) return;
    at[1] = (uint8_t)((uint32_t)value >> 8);
    at[2] = (uint8_t)((uint32_t)value >> 16);
    at[3] = (uint8_t)((uint32_t)value >> 24);
}

#endif
