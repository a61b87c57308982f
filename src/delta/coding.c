/* SPDX-License-Identifier: Apache-2.0 */
/* coding.c - a number is the distance of a value from its guess: in steps, round the turn for
 * angles, in floats for floats off their lattice. */
#include "delta/coding.h"

void coding_float(struct coding *coding, struct predictor *p, const struct delta_lane *lane,
                  bool lattice) {
    coding->lattice = lattice;
    if (lattice) {
        coding->center = (p->guess + (1 << 19)) >> 20;
        p->clue[10] = -1;
        return;
    }
    int32_t bits = lattice_float(lane, p->guess);
    if (p->guess == p->base && p->rows[TICK_BASE]) bits = delta_row_get(lane, p->rows[TICK_BASE]);
    int exponent = (bits >> 23) & 255;
    coding->center = lattice_order(bits);
    coding->ordered = true;
    p->clue[1] = 0;
    p->clue[10] = (int16_t)exponent;
    p->clue[0] = (int16_t)(p->clue[0] + 16 * (150 - exponent) - (fixed_log2(lane->scale) - 384));
}

int64_t coding_float_number(const struct coding *coding, const struct delta_lane *lane,
                            int32_t value) {
    if (coding->ordered) return (int64_t)lattice_order(value) - coding->center;
    return ((lattice_fine(lane, value) + (1 << 19)) >> 20) - coding->center;
}

bool coding_float_value(const struct coding *coding, const struct delta_lane *lane, int64_t number,
                        int32_t *value) {
    int64_t sum = coding->center + number;
    if (coding->ordered) {
        *value = lattice_order((int32_t)(uint32_t)(uint64_t)sum);
        return true;
    }
    if (sum <= -(1 << 20) || sum >= 1 << 20) return false;
    *value = lattice_float(lane, sum * (1 << 20));
    return true;
}

int64_t coding_angle_number(const struct coding *coding, int32_t value) {
    if (value >= 0 && value < 65536) return (int16_t)((uint32_t)value - (uint32_t)coding->center);
    return value + ((int64_t)1 << 20); /* escaped: beyond any turn */
}

int32_t coding_angle_value(const struct coding *coding, int64_t number) {
    if (number >= 1 << 16) return (int32_t)((number - (1 << 20)) & INT32_MAX);
    return (int32_t)((coding->center + number) & 65535);
}
