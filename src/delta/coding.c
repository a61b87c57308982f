/* SPDX-License-Identifier: Apache-2.0 */
/* coding.c - a number is the distance of a value from its guess: in steps, round the turn for
 * angles, in floats for floats off their lattice, in rank for the largest component of a
 * quaternion. */
#include "delta/coding.h"

#include "delta/fixed.h"
#include "delta/lattice.h"
#include "delta/quantum.h"

static void float_coding(struct predictor *p, unsigned lane, struct coding *coding) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    if (coding->lattice) {
        coding->center = (p->guess + (1 << 19)) >> 20;
        p->clue[10] = -1;
        return;
    }
    int32_t bits = lattice_float(info, p->guess);
    if (p->guess == p->fine[TICK_BASE][lane] && p->rows[TICK_BASE])
        bits = delta_row_get(info, p->rows[TICK_BASE]);
    int exponent = (bits >> 23) & 255;
    coding->center = lattice_order(bits);
    coding->ordered = true;
    p->clue[1] = 0;
    p->clue[10] = (int16_t)exponent;
    p->clue[0] = (int16_t)(p->clue[0] + 16 * (150 - exponent) - (fixed_log2(info->scale) - 384));
}

struct coding coding_start(struct predictor *p, unsigned lane, bool lattice) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    struct coding coding = {.lattice = lattice};
    int fraction = p->fraction;
    int64_t part = 0;
    if (fraction) {
        int64_t half = (int64_t)1 << (fraction - 1);
        coding.center = (p->guess + half) >> fraction;
        part = p->guess - coding.center * ((int64_t)1 << fraction);
    } else {
        coding.center = p->base;
    }
    bool wide = p->clue[0] > 160; /* off by several steps: the side is told by the motion instead */
    coding.mirrored = wide ? p->mean[0] < 0 : part < 0;
    int64_t size = part < 0 ? -part : part;
    p->clue[1] = (int16_t)(fraction ? size << 8 >> fraction : 0);
    p->clue[14] = (int16_t)((part < 0) == (p->mean[0] < 0) ? 0 : 1);
    if (info->kind == DELTA_FLOAT) float_coding(p, lane, &coding);
    return coding;
}

int64_t coding_number(const struct coding *coding, const struct predictor *p, unsigned lane,
                      int32_t value) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    switch (info->kind) {
    case DELTA_FLOAT:
        if (coding->ordered) return (int64_t)lattice_order(value) - coding->center;
        return ((lattice_fine(info, value) + (1 << 19)) >> 20) - coding->center;
    case DELTA_ANGLE:
        if (value >= 0 && value < 65536)
            return (int16_t)((uint32_t)value - (uint32_t)coding->center);
        return value + ((int64_t)1 << 20); /* escaped: beyond any turn */
    case DELTA_QUATERNION:
        if (info->axis == 0)
            for (int rank = 0; rank < 4; rank++)
                if (p->order[rank] == value) return rank;
        return value - coding->center;
    default: return value - coding->center;
    }
}

static int32_t angle_value(int64_t center, int64_t number) {
    if (number >= 1 << 16) return (int32_t)((number - (1 << 20)) & INT32_MAX);
    return (int32_t)((center + number) & 65535);
}

bool coding_value(const struct coding *coding, const struct predictor *p, unsigned lane,
                  int64_t number, int32_t *value) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    int64_t sum = coding->center + number;
    if (info->kind == DELTA_FLOAT && coding->lattice) {
        if (sum <= -(1 << 20) || sum >= 1 << 20) return false;
        *value = lattice_float(info, sum * (1 << 20));
    } else if (info->kind == DELTA_FLOAT) {
        *value = lattice_order((int32_t)(uint32_t)(uint64_t)sum);
    } else if (info->kind == DELTA_ANGLE) {
        *value = angle_value(coding->center, number);
    } else if (info->kind == DELTA_QUATERNION && info->axis == 0) {
        *value = p->order[number & 3];
    } else {
        *value = (int32_t)(uint32_t)(uint64_t)sum;
    }
    return true;
}
