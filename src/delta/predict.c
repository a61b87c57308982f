/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c - the life of a predictor: a cell is started from retained rows, each lane is guessed
 * from its features (features.c), and what it turned out to be is noted for the lanes after it. */
#include "delta/predict.h"

#include <string.h>

#include "delta/fixed.h"
#include "delta/lattice.h"
#include "delta/quantum.h"

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

static void sort_components(struct predictor *p) {
    for (unsigned i = 0; i < 4; i++)
        p->order[i] = (uint8_t)i;
    for (unsigned i = 1; i < 4; i++)
        for (unsigned j = i; j > 0; j--) {
            uint8_t a = p->order[j - 1], b = p->order[j];
            if (fixed_size(p->quaternion[0][a]) >= fixed_size(p->quaternion[0][b])) break;
            p->order[j - 1] = b;
            p->order[j] = a;
        }
}

static void start_quaternion(struct predictor *p, const uint8_t *base) {
    const struct delta_lane *lane = &p->schema->lanes[p->schema->rotation];
    if (base == NULL) {
        memset(p->facing, 0, sizeof p->facing);
        p->facing[3] = FIXED_Q30;
    } else {
        rotation_of_row(lane, base, p->facing);
    }
    for (int i = 0; i < 3; i++) {
        const uint8_t *row = p->rows[TICK_BASE] ? p->rows[TICK_OLD1 + i] : NULL;
        if (row == NULL) {
            memcpy(p->quaternion[i], i ? p->quaternion[i - 1] : p->facing, sizeof p->facing);
            continue;
        }
        int64_t old[4];
        rotation_of_row(lane, row, old);
        if (rotation_dot(old, p->facing) < 0)
            for (int j = 0; j < 4; j++)
                old[j] = -old[j];
        rotation_continue(old, p->facing, p->times->rotate[i], p->quaternion[i]);
    }
    sort_components(p);
}

static int64_t fine_of(const struct predictor *p, const struct delta_lane *lane, int32_t value,
                       int64_t base) {
    switch (lane->kind) {
    case DELTA_ANGLE: /* the short way round */
        return base + (int64_t)(int16_t)((uint32_t)value - (uint32_t)(base >> 8)) * 256;
    case DELTA_FLOAT: return lattice_fine(lane, value);
    case DELTA_BYTE: return value;
    default: return (int64_t)value * 256;
    }
    (void)p;
}

static void start_lane(struct predictor *p, unsigned i, const uint8_t *base) {
    const struct delta_lane *lane = &p->schema->lanes[i];
    int64_t origin = 0;
    if (base) {
        int32_t value = delta_row_get(lane, base);
        origin = lane->kind == DELTA_ANGLE ? (int64_t)value * 256 : fine_of(p, lane, value, 0);
    }
    p->fine[TICK_BASE][i] = origin;
    if (lane->width == 1) {
        for (int t = TICK_OLD1; t < TICK_OLD3; t++)
            p->fine[t][i] = p->rows[t] ? p->rows[t][lane->row] : p->fine[t - 1][i];
        return;
    }
    if (lane->kind == DELTA_QUATERNION) return;
    for (int t = TICK_OLD1; t < TICKS; t++) {
        const uint8_t *row = p->rows[TICK_BASE] ? p->rows[t] : NULL;
        int64_t before = p->fine[t - 1][i];
        if (row) {
            p->fine[t][i] = fine_of(p, lane, delta_row_get(lane, row), before);
            p->ahead[t - TICK_OLD1][i] = fixed_scale(fixed_clamp(before - p->fine[t][i], FIXED_MAX),
                                                     p->times->extrapolate[t - TICK_OLD1]);
        } else {
            p->fine[t][i] = before;
            p->ahead[t - TICK_OLD1][i] = t == TICK_OLD1 ? 0 : p->ahead[t - TICK_OLD2][i];
        }
    }
}

/* 0 birth, 1 no past; a walker: 2 on level ground, 3 not; else 4 in steady motion, 5 not. */
static unsigned class_of(const struct predictor *p) {
    const struct delta_schema *schema = p->schema;
    if (p->rows[TICK_BASE] == NULL || p->rows[TICK_OLD1] == NULL) return p->rows[TICK_BASE] ? 1 : 0;
    if (schema->position == DELTA_NO_LANE) return 4;
    unsigned lane = schema->position;
    if (schema->kind_lane != DELTA_NO_LANE &&
        delta_row_get(&schema->lanes[schema->kind_lane], p->rows[TICK_BASE]) == schema->walker)
        return p->ahead[0][lane + 2] || p->ahead[1][lane + 2] ? 3 : 2;
    int64_t limit = (int64_t)2 << predict_fraction(&schema->lanes[lane]);
    for (unsigned axis = 0; axis < 3; axis++)
        if (fixed_size(p->ahead[0][lane + axis] - p->ahead[1][lane + axis]) > limit) return 5;
    return 4;
}

void predictor_start(struct predictor *p, const struct delta_schema *schema,
                     const struct delta_times *times, const uint8_t *like) {
    const uint8_t *base = p->rows[TICK_BASE] ? p->rows[TICK_BASE] : like;
    p->schema = schema;
    p->times = times;
    p->quiet = true;
    p->sine = 0;
    p->cosine = 16384;
    p->turn_miss = 0;
    p->heading_x = p->heading_y = 0;
    for (unsigned i = 0; i < schema->lane_count; i++) {
        start_lane(p, i, base);
        p->miss[i] = 0;
        p->size[i] = 0;
    }
    if (schema->rotation != DELTA_NO_LANE) start_quaternion(p, base);
    p->class = class_of(p);
    memset(p->clue, 0, sizeof p->clue);
    p->clue[2] = (int16_t)p->class;
    p->clue[9] = (int16_t)times->dt_ms;
    int live = 0;
    for (int t = TICK_BASE; t < TICKS; t++)
        live += p->rows[t] != NULL;
    p->clue[12] = (int16_t)live;
    if (schema->position != DELTA_NO_LANE) {
        int64_t speed = 0;
        for (unsigned axis = 0; axis < 3; axis++)
            speed += fixed_size(p->ahead[0][schema->position + axis]);
        p->clue[13] = fixed_log2(speed >> (predict_fraction(&schema->lanes[schema->position]) - 4));
    }
}

void predictor_guess(struct predictor *p, const struct model_lane *model) {
    if (p->plain) { /* a byte: no features */
        p->guess = p->base;
        p->clue[0] = 0;
        return;
    }
    const int32_t *weight = model->mean[p->class], *width = model->spread[p->class];
    int64_t sum = 0, spread = 0; /* 16 x 2^38 x 2^20 < 2^63 */
    for (int i = 0; i < MODEL_MEANS; i++)
        sum += weight[i] * p->mean[i];
    p->guess = p->base + fixed_clamp(sum >> 16, FIXED_MAX);
    for (int i = 0; i < MODEL_SPREADS; i++)
        spread += (p->spread[i] * width[i]) >> 16;
    p->clue[0] = (int16_t)(fixed_log2(spread << 8 >> p->fraction));
}

static void note_yaw(struct predictor *p, unsigned lane) {
    int64_t now = p->fine[TICK_NOW][lane], base = p->fine[TICK_BASE][lane];
    int shift = p->fraction;
    uint32_t angle = (uint32_t)(now >> shift), turn = (uint32_t)((now - base) >> shift);
    p->sine = fixed_sine(turn & 65535);
    p->cosine = fixed_sine((turn + 16384) & 65535);
    p->heading_x = fixed_sine((angle + 16384) & 65535);
    p->heading_y = fixed_sine(angle & 65535);
    p->turn_miss = (int32_t)(fixed_clamp(fixed_size(p->miss[lane]) >> shift, 16384));
}

int64_t predictor_fine(const struct predictor *p, unsigned lane, int32_t value) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    if (info->kind == DELTA_QUATERNION) return info->axis > 0 ? (int64_t)value * 256 : value;
    return fine_of(p, info, value, p->base);
}

void predictor_note(struct predictor *p, unsigned lane, int32_t value, int64_t coded) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    p->now[lane] = value;
    int64_t now = predictor_fine(p, lane, value);
    p->fine[TICK_NOW][lane] = now;
    p->miss[lane] = fixed_clamp(now - p->guess, FIXED_MAX);
    int64_t code = fixed_size(coded);
    uint8_t size = (uint8_t)(code ? 64 - __builtin_clzll((uint64_t)code) : 0);
    p->size[lane] = size;
    const uint8_t *base = p->rows[TICK_BASE];
    if (base == NULL || value != delta_row_get(info, base)) p->quiet = false;
    if (info->kind == DELTA_BYTE) {
        if (info->clue < MODEL_CLUES) p->clue[info->clue] = (int16_t)value;
    } else {
        p->clue[4] = p->clue[3];
        p->clue[3] = size;
    }
    if (info->role == DELTA_YAW) note_yaw(p, lane);
}
