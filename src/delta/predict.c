/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c - the life of a predictor: a cell is started from retained rows, each lane is guessed
 * from its features (motion.h), and what it turned out to be is noted for the lanes after it. */
#include "delta/predict.h"

#include <string.h>

#define RATIO_ONE ((int64_t)1 << 24)

/* ---- time ---- */

static int64_t ratio(uint32_t over, uint32_t under) {
    int64_t value = under ? ((int64_t)over << 24) / under : 0;
    return fixed_clamp(value, 64 * RATIO_ONE);
}

void delta_times_init(struct delta_times *times, const struct delta_schema *schema,
                      const uint32_t ms[TICKS]) {
    uint32_t dt = ms[TICK_NOW] - ms[TICK_BASE];
    *times = (struct delta_times){.dt_ms = (int32_t)(dt > 4000 ? 4000 : dt)};
    for (int i = 0; i < 3; i++) {
        times->extrapolate[i] = ratio(dt, ms[TICK_BASE + i] - ms[TICK_OLD1 + i]);
        int64_t rho = ratio(dt, ms[TICK_BASE] - ms[TICK_OLD1 + i]) << 6;
        rotation_series_init(&times->rotate[i][0], rho);
        rotation_series_init(&times->rotate[i][1], rho + FIXED_Q30);
    }
    if (schema->velocity == DELTA_NO_LANE || schema->position == DELTA_NO_LANE) return;
    const struct delta_lane *velocity = &schema->lanes[schema->velocity];
    const struct delta_lane *position = &schema->lanes[schema->position];
    uint32_t gap = ms[TICK_BASE] - ms[TICK_OLD1];
    int shift = 24 + predict_fraction(position) - predict_fraction(velocity);
    times->travel = fixed_clamp((int64_t)(((__int128)position->scale * times->dt_ms << shift) /
                                          ((__int128)velocity->scale * 1000)),
                                (int64_t)1 << 34);
    shift = 24 + predict_fraction(velocity) - predict_fraction(position);
    if (gap)
        times->slow = fixed_clamp((int64_t)(((__int128)velocity->scale * 1000 << shift) /
                                            ((__int128)position->scale * gap)),
                                  (int64_t)1 << 34);
    if (dt)
        times->slow_now = fixed_clamp((int64_t)(((__int128)velocity->scale * 1000 << shift) /
                                                ((__int128)position->scale * dt)),
                                      (int64_t)1 << 34);
}

/* ---- a cell ---- */

/* Orders the components by size; of equal ones the first comes first. */
static void sort_components(struct predictor *p) {
    int64_t key[4];
    static const uint8_t pairs[5][2] = {{0, 1}, {2, 3}, {0, 2}, {1, 3}, {1, 2}};
    for (int i = 0; i < 4; i++)
        key[i] = fixed_size(p->quaternion[0][i]) * 4 + 3 - i;
    for (int i = 0; i < 5; i++) {
        int64_t a = key[pairs[i][0]], b = key[pairs[i][1]];
        key[pairs[i][0]] = a > b ? a : b;
        key[pairs[i][1]] = a > b ? b : a;
    }
    for (int i = 0; i < 4; i++)
        p->order[i] = (uint8_t)(3 - (key[i] & 3));
    p->lead[0] = (key[0] >> 2) - (key[1] >> 2);
    p->lead[1] = (key[1] >> 2) - (key[2] >> 2);
}

static void start_quaternion(struct predictor *p) {
    const struct delta_lane *lane = &p->schema->lanes[p->schema->rotation];
    if (p->origin == NULL) {
        memset(p->facing, 0, sizeof p->facing);
        p->facing[3] = FIXED_Q30;
    } else {
        rotation_of_row(lane, p->origin, p->facing);
    }
    for (int i = 0; i < 3; i++) {
        const uint8_t *row = p->rows[TICK_OLD1 + i];
        if (row == NULL) {
            memcpy(p->quaternion[i], i ? p->quaternion[i - 1] : p->facing, sizeof p->facing);
            continue;
        }
        int64_t old[4];
        rotation_of_row(lane, row, old);
        rotation_continue(old, p->facing, p->times->rotate[i], p->quaternion[i]);
    }
    sort_components(p);
}

INLINE int64_t fine_of(const struct delta_lane *lane, int kind, int32_t value, int64_t base) {
    if (kind == DELTA_STEPS) return (int64_t)value * 256;
    return predictor_fine(lane, value, base);
}

/* What moved so far in one gap moves in another; a ratio of gaps is at most 2^30. */
INLINE int64_t led(int64_t moved, int64_t ratio) {
    if (fixed_below(moved, 32)) return (moved * ratio) >> 24;
    return fixed_scale(fixed_clamp(moved, FIXED_MAX), ratio);
}

/* Where the older ticks lead; `before`: the base, fine. */
INLINE void start_ahead(struct predictor *p, const struct delta_lane *info,
                        struct predictor_lane *lane, int kind, int64_t before) {
    int64_t ahead = 0;
    for (int t = TICK_OLD1; t < TICKS; t++) {
        if (p->rows[t]) {
            int64_t fine = fine_of(info, kind, delta_row_number(info, p->rows[t]), before);
            ahead = led(before - fine, p->times->extrapolate[t - TICK_OLD1]);
            before = fine;
        }
        if (t == TICK_OLD1) lane->old = before;
        lane->ahead[t - TICK_OLD1] = ahead;
    }
    lane->bend[0] = fixed_size(lane->ahead[0] - lane->ahead[1]);
    lane->bend[1] = fixed_size(lane->ahead[1] - lane->ahead[2]);
}

INLINE void start_lane(struct predictor *p, const struct delta_lane *info,
                       struct predictor_lane *lane, int kind) {
    int64_t base = 0;
    if (p->origin) {
        int32_t value = delta_row_number(info, p->origin);
        base = kind == DELTA_FLOAT ? lattice_fine(info, value) : (int64_t)value * 256;
    }
    lane->base = base;
    lane->miss = 0;
    start_ahead(p, info, lane, kind, base);
}

static void start_lanes(struct predictor *p) {
    for (unsigned i = 0; i < p->schema->lane_count; i++) {
        const struct delta_lane *info = &p->schema->lanes[i];
        switch (info->kind) {
        case DELTA_STEPS: start_lane(p, info, &p->lane[i], DELTA_STEPS); break;
        case DELTA_ANGLE: start_lane(p, info, &p->lane[i], DELTA_ANGLE); break;
        case DELTA_FLOAT: start_lane(p, info, &p->lane[i], DELTA_FLOAT); break;
        default: break; /* bytes need nothing, quaternions are started as a whole */
        }
    }
}

/* 0 birth, 1 no past; a walker: 2 on level ground, 3 not; else 4 in steady motion, 5 not. */
static unsigned class_of(const struct predictor *p) {
    const struct delta_schema *schema = p->schema;
    if (p->rows[TICK_BASE] == NULL || p->rows[TICK_OLD1] == NULL) return p->rows[TICK_BASE] ? 1 : 0;
    if (schema->position == DELTA_NO_LANE) return 4;
    const struct predictor_lane *position = &p->lane[schema->position];
    if (schema->kind_lane != DELTA_NO_LANE &&
        delta_row_get(&schema->lanes[schema->kind_lane], p->rows[TICK_BASE]) == schema->walker)
        return position[2].ahead[0] || position[2].ahead[1] ? 3 : 2;
    int64_t limit = (int64_t)2 << predict_fraction(&schema->lanes[schema->position]);
    for (unsigned axis = 0; axis < 3; axis++)
        if (position[axis].bend[0] > limit) return 5;
    return 4;
}

static void start_clues(struct predictor *p) {
    const struct delta_schema *schema = p->schema;
    memset(p->clue, 0, sizeof p->clue);
    p->clue[2] = (int16_t)p->class;
    p->clue[9] = (int16_t)p->times->dt_ms;
    int live = 0;
    for (int t = TICK_BASE; t < TICKS; t++)
        live += p->rows[t] != NULL;
    p->clue[12] = (int16_t)live;
    if (schema->position == DELTA_NO_LANE) return;
    const struct predictor_lane *position = &p->lane[schema->position];
    int64_t speed = 0;
    for (unsigned axis = 0; axis < 3; axis++)
        speed += fixed_size(position[axis].ahead[0]);
    p->clue[13] = fixed_log2(speed >> (predict_fraction(&schema->lanes[schema->position]) - 4));
}

void predictor_start(struct predictor *p, const struct delta_schema *schema,
                     const struct delta_times *times, const uint8_t *like) {
    p->schema = schema;
    p->times = times;
    p->origin = p->rows[TICK_BASE] ? p->rows[TICK_BASE] : like;
    p->quiet = p->rows[TICK_BASE] != NULL;
    p->sine = 0;
    p->cosine = 16384;
    p->turn_miss = 0;
    p->heading_x = p->heading_y = 0;
    start_lanes(p);
    if (schema->rotation != DELTA_NO_LANE) start_quaternion(p);
    p->class = class_of(p);
    start_clues(p);
}

void predictor_note_yaw(struct predictor *p, const struct predictor_lane *lane) {
    int shift = p->fraction;
    uint32_t angle = (uint32_t)(lane->now >> shift);
    uint32_t turn = (uint32_t)((lane->now - lane->base) >> shift);
    p->sine = fixed_sine(turn & 65535);
    p->cosine = fixed_sine((turn + 16384) & 65535);
    p->heading_x = fixed_sine((angle + 16384) & 65535);
    p->heading_y = fixed_sine(angle & 65535);
    p->turn_miss = (int32_t)(fixed_clamp(fixed_size(lane->miss) >> shift, 16384));
}
