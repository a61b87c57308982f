/* SPDX-License-Identifier: Apache-2.0 */
/* motion.h - what is known about a lane before it is coded. Three ideas carry most of the weight:
 * what moved goes on moving, at the rate that each pair of retained ticks shows; who turns, turns
 * his velocity too (yaw is coded first); and what was off on one axis tells how far the next will
 * be.
 *
 * All of it is inlined into the walk over a cell's lanes (chunk.c): it is where the time goes. */
#ifndef DELTA_MOTION_H
#define DELTA_MOTION_H

#include "delta/fixed.h"
#include "delta/predict.h"

/* Means that need work of their own: direction and heading, length, proportion, velocity. */
#define USES_TURN   (1u << 3 | 1u << 4 | 1u << 5 | 1u << 12)
#define USES_LENGTH (1u << 8)
#define USES_SHARE  (1u << 9)
#define USES_MORE   (USES_TURN | USES_LENGTH | USES_SHARE | 7u << 13)

/* Fills the means in USES_MORE, of those in `uses`, and spreads 9 and 10. `dt`: 1/16 ms, fine. */
void features_more(struct predictor *predictor, const struct predictor_lane *lane,
                   const struct delta_lane *info, uint32_t uses, int64_t dt);

/* How far the axes of a field move and bend together. */
INLINE void field_sums(struct predictor *p, const struct predictor_lane *first, unsigned count) {
    p->speed = p->bends = 0;
    for (unsigned i = 0; i < count; i++) {
        p->speed += fixed_size(first[i].ahead[0]);
        p->bends += first[i].bend[0];
    }
}

/* The three clues of how it moves, in 1/16 of a step. */
INLINE void motion_clues(struct predictor *p, int fraction) {
    p->clue[5] = fixed_log2(p->spread[3] << 4 >> fraction);
    p->clue[6] = fixed_log2(p->spread[1] << 4 >> fraction);
    p->clue[11] = fixed_log2(p->spread[2] << 4 >> fraction);
}

INLINE void guess(struct predictor *p, int64_t sum, int64_t spread, int fraction) {
    p->fraction = fraction;
    p->guess = p->base + fixed_clamp(sum >> 16, FIXED_MAX);
    p->clue[0] = fixed_log2(spread << 8 >> fraction);
}

/* Sums of 16 products stay below 16 x 2^38 x 2^20 < 2^63. */
INLINE int64_t weigh(const struct predictor *p, const int32_t *weight, int from, int to) {
    int64_t sum = 0;
    for (int i = from; i < to; i++)
        sum += weight[i] * p->mean[i];
    return sum;
}

INLINE int64_t widen(const struct predictor *p, const int32_t *width, int from, int to) {
    int64_t sum = 0;
    for (int i = from; i < to; i++)
        sum += (width[i] * p->spread[i]) >> 16;
    return sum;
}

/* A number: its own motion, and what a vector knows from its other axes. */
INLINE void features_of_number(struct predictor *p, const struct predictor_lane *lane,
                               const struct delta_lane *info, const struct model_lane *model,
                               uint32_t uses, int fraction) {
    const int32_t *weight = model->mean[p->class], *width = model->spread[p->class];
    int64_t dt = (int64_t)p->times->dt_ms << fraction >> 4, *mean = p->mean, *spread = p->spread;
    bool vector = info->role == DELTA_VELOCITY || info->role == DELTA_POSITION;
    if (info->axis == 0) field_sums(p, lane, p->schema->fields[info->field].count);
    p->base = lane->base;
    mean[0] = lane->ahead[0];
    mean[1] = lane->ahead[1];
    mean[2] = lane->ahead[2];
    mean[6] = vector ? dt : 0;
    mean[7] = vector ? dt * p->times->dt_ms >> 5 : 0;
    mean[10] = info->axis > 0 ? lane[-1].miss : 0;
    mean[11] = info->axis > 1 ? lane[-2].miss : 0;
    spread[0] = (int64_t)1 << fraction;
    spread[1] = lane->bend[0];
    spread[2] = lane->bend[1];
    spread[3] = fixed_size(lane->ahead[0]);
    spread[4] = p->bends - lane->bend[0];
    spread[5] = p->speed;
    spread[6] = fixed_size(mean[10]);
    spread[7] = fixed_size(mean[11]);
    spread[8] = (fixed_clamp(p->speed, (int64_t)1 << 40) * p->turn_miss) >> 13;
    spread[9] = spread[10] = 0;
    spread[11] = dt;
    if (info->role == DELTA_PITCH && p->schema->yaw != DELTA_NO_LANE) {
        mean[10] = p->lane[p->schema->yaw].miss;
        spread[9] = fixed_size(mean[10]);
    }
    int64_t sum = 0;
    bool steered = p->schema->yaw != DELTA_NO_LANE || p->schema->velocity != DELTA_NO_LANE;
    if (vector && steered && (uses & USES_MORE || p->schema->velocity != DELTA_NO_LANE)) {
        features_more(p, lane, info, uses, dt);
        sum = weigh(p, weight, 3, 6) + weigh(p, weight, 8, 10) + weigh(p, weight, 12, 16);
    }
    sum += weigh(p, weight, 0, 3) + weigh(p, weight, 6, 8) + weigh(p, weight, 10, 12);
    guess(p, sum, widen(p, width, 0, MODEL_SPREADS), fraction);
    motion_clues(p, fraction);
    p->clue[8] = fixed_log2(spread[4] << 4 >> fraction);
}

/* Q30 to levels, 8 bits fine. */
INLINE int64_t levels_of(const struct delta_lane *lane, int64_t value) {
    return (value * lane->unit) >> 38;
}

/* A component of a quaternion: fine level units relative to the corner of the cube. */
INLINE void features_of_component(struct predictor *p, unsigned index,
                                  const struct delta_lane *info, const struct model_lane *model) {
    enum { fraction = 8 };
    const int32_t *weight = model->mean[p->class], *width = model->spread[p->class];
    const struct predictor_lane *lane = &p->lane[index];
    unsigned component = info->axis - 1u;
    component += component >= p->largest;
    int64_t sign = p->quaternion[0][p->largest] < 0 ? -1 : 1;
    int64_t half = (int64_t)(info->levels - 1) << (fraction - 1);
    int64_t value = levels_of(info, p->facing[component]), *mean = p->mean, *spread = p->spread;
    p->base = half + sign * value;
    for (int i = 0; i < 3; i++)
        mean[i] = sign * (levels_of(info, p->quaternion[i][component]) - value);
    mean[10] = info->axis > 1 ? lane[-1].miss : 0;
    mean[11] = info->axis > 2 ? lane[-2].miss : 0;
    spread[0] = (int64_t)1 << fraction;
    spread[1] = fixed_size(mean[0] - mean[1]);
    spread[2] = fixed_size(mean[1] - mean[2]);
    spread[3] = fixed_size(mean[0]);
    spread[6] = fixed_size(mean[10]);
    spread[7] = fixed_size(mean[11]);
    spread[8] = 0;
    if (p->schema->position < index)
        for (unsigned i = 0; i < 3; i++)
            spread[8] += fixed_size(p->lane[p->schema->position + i].miss);
    spread[11] = ((int64_t)p->times->dt_ms << fraction) >> 4;
    guess(p, weigh(p, weight, 0, 3) + weigh(p, weight, 10, 12),
          widen(p, width, 0, 4) + widen(p, width, 6, 9) + widen(p, width, 11, 12), fraction);
    motion_clues(p, fraction);
}

/* The byte that says which component of a quaternion is left out. */
INLINE void features_of_largest(struct predictor *p) {
    p->clue[0] = p->clue[1] = p->clue[14] = 0;
    p->clue[7] = p->quiet;
    p->clue[15] = fixed_log2(p->lead[0] >> 14);
    p->clue[16] = fixed_log2(p->lead[1] >> 14);
}

/* A DELTA_BYTE, which is guessed to stay: the value it had. */
INLINE int32_t features_of_byte(struct predictor *p, unsigned index) {
    unsigned at = p->schema->lanes[index].row;
    int base = p->origin ? p->origin[at] : 0;
    int old = p->rows[TICK_OLD1] ? p->rows[TICK_OLD1][at] : base;
    int older = p->rows[TICK_OLD2] ? p->rows[TICK_OLD2][at] : old;
    p->clue[0] = p->clue[1] = p->clue[14] = 0;
    p->clue[7] = p->quiet;
    p->clue[15] = (int16_t)base;
    p->clue[16] = (int16_t)(base - old);
    p->clue[17] = (int16_t)(old - older);
    return base;
}

#endif
