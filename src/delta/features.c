/* SPDX-License-Identifier: Apache-2.0 */
/* features.c - what is known about a lane before it is coded. Three ideas carry most of the weight:
 * what moved goes on moving, at the rate that each pair of retained ticks shows; who turns, turns
 * his velocity too (yaw is coded first); and what was off on one axis tells how far the next will
 * be. */
#include <string.h>

#include "delta/fixed.h"
#include "delta/predict.h"

#define RATIO_ONE ((int64_t)1 << 24)

/* What axis 0 and 1 add up to, rotated by the turn since the base; the change of `axis`. */
static int64_t turned(const struct predictor *p, int64_t x, int64_t y, unsigned axis) {
    int64_t value =
        axis == 0 ? x * (p->cosine - 16384) - y * p->sine : x * p->sine + y * (p->cosine - 16384);
    return fixed_clamp(value >> 14, FIXED_MAX);
}

/* With the length of (x, y) kept and x having become `x_now`: what y is, less y. */
static int64_t length_kept(int64_t x, int64_t y, int64_t x_now) {
    while (fixed_size(x) >> 30 || fixed_size(y) >> 30 || fixed_size(x_now) >> 30)
        x /= 4, y /= 4, x_now /= 4; /* only escapes are so far off */
    int64_t square = x * x + y * y - x_now * x_now;
    if (square <= 0) return -y;
    int64_t root = (int64_t)fixed_root((uint64_t)square);
    return (y < 0 ? -root : root) - y;
}

/* y shrunk or grown as x was. */
static int64_t in_proportion(int64_t x, int64_t y, int64_t miss) {
    if (fixed_size(x) < 64) return 0;
    int64_t part = fixed_clamp(miss * 65536 / x, 2 << 16); /* |miss| <= 2^38 */
    return (y * part) >> 16;
}

static void vector_features(struct predictor *p, unsigned lane, int fraction) {
    const struct delta_schema *schema = p->schema;
    const struct delta_lane *info = &schema->lanes[lane];
    unsigned first = lane - info->axis, axis = info->axis;
    bool position = info->role == DELTA_POSITION;
    const int64_t *flow = position ? p->ahead[0] : p->fine[TICK_BASE];
    int64_t x = fixed_clamp(flow[first], FIXED_MAX), y = fixed_clamp(flow[first + 1], FIXED_MAX);
    int64_t dt = (int64_t)p->times->dt_ms << fraction >> 4, *mean = p->mean;
    if (axis < 2) {
        mean[3] = turned(p, x, y, axis);
        mean[4] = ((axis ? p->heading_y : p->heading_x) * dt) >> 14;
        mean[5] = ((axis ? p->heading_x : -p->heading_y) * dt) >> 14;
        int64_t dx = p->ahead[0][first] - p->ahead[1][first];
        int64_t dy = p->ahead[0][first + 1] - p->ahead[1][first + 1];
        mean[12] = fixed_clamp((axis ? dy : dx) + turned(p, dx, dy, axis), FIXED_MAX);
    }
    mean[6] = dt;
    mean[7] = dt * p->times->dt_ms >> 5;
    if (axis == 1) {
        int64_t moved = position ? p->fine[TICK_NOW][first] - p->fine[TICK_BASE][first]
                                 : p->fine[TICK_NOW][first];
        mean[8] = fixed_clamp(length_kept(x, y, moved), FIXED_MAX);
        mean[9] = fixed_clamp(in_proportion(x, y, p->miss[first]), FIXED_MAX);
    }
    if (schema->velocity == DELTA_NO_LANE) return;
    unsigned v = schema->velocity + axis, s = schema->position + axis;
    if (position && schema->velocity < schema->position) {
        mean[13] = fixed_scale(p->fine[TICK_NOW][v], p->times->travel);
        mean[14] = fixed_scale(p->fine[TICK_BASE][v], p->times->travel);
        mean[15] = fixed_scale(p->fine[TICK_OLD1][v], p->times->travel);
        p->spread[9] = fixed_size(mean[13] - mean[14]);
        p->spread[10] = fixed_size(fixed_scale(p->miss[v], p->times->travel));
    } else if (!position) {
        int64_t before = p->fine[TICK_BASE][v];
        mean[13] = fixed_scale(before, RATIO_ONE * p->times->dt_ms >> 7);
        if (schema->position == DELTA_NO_LANE) return;
        int64_t moved = p->fine[TICK_BASE][s] - p->fine[TICK_OLD1][s];
        if (p->rows[TICK_OLD1])
            mean[14] = fixed_clamp(fixed_scale(moved, p->times->slow) - before, FIXED_MAX);
        if (schema->position < schema->velocity) {
            moved = p->fine[TICK_NOW][s] - p->fine[TICK_BASE][s];
            mean[15] = fixed_clamp(fixed_scale(moved, p->times->slow_now) - before, FIXED_MAX);
            p->spread[10] = fixed_size(fixed_scale(p->miss[s], p->times->slow_now));
        }
        p->spread[9] = fixed_size(mean[14]);
    }
}

static void spread_features(struct predictor *p, unsigned lane, int fraction) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    unsigned first = lane - info->axis;
    unsigned count = p->schema->fields[info->field].count;
    int64_t bend = p->ahead[0][lane] - p->ahead[1][lane], others = 0, speed = 0;
    for (unsigned i = first; i < first + count; i++) {
        speed += fixed_size(p->ahead[0][i]);
        if (i != lane) others += fixed_size(p->ahead[0][i] - p->ahead[1][i]);
    }
    int64_t *spread = p->spread;
    spread[0] = (int64_t)1 << fraction;
    spread[1] = fixed_size(bend);
    spread[2] = fixed_size(p->ahead[1][lane] - p->ahead[2][lane]);
    spread[3] = fixed_size(p->ahead[0][lane]);
    spread[4] = others;
    spread[5] = speed;
    if (info->axis > 0) spread[6] = fixed_size(p->miss[lane - 1]);
    if (info->axis > 1) spread[7] = fixed_size(p->miss[lane - 2]);
    spread[8] = (fixed_clamp(speed, (int64_t)1 << 40) * p->turn_miss) >> 13;
    if (info->role == DELTA_PITCH && p->schema->yaw != DELTA_NO_LANE)
        spread[9] = fixed_size(p->miss[p->schema->yaw]);
    spread[11] = ((int64_t)p->times->dt_ms << fraction) >> 4;
    int16_t *clue = p->clue;
    clue[5] = fixed_log2(spread[3] << 4 >> fraction);
    clue[6] = fixed_log2(spread[1] << 4 >> fraction);
    clue[8] = fixed_log2(others << 4 >> fraction);
    clue[11] = fixed_log2(spread[2] << 4 >> fraction);
}

/* Q30 to levels, 8 bits fine. */
static int64_t levels_of(const struct delta_lane *lane, int64_t value) {
    return (value * lane->unit) >> 38;
}

/* Component lanes of a quaternion: fine level units relative to the corner of the cube. */
static void component_features(struct predictor *p, unsigned lane, int fraction) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    unsigned largest = (unsigned)p->now[p->schema->rotation] & 3;
    unsigned component = (unsigned)info->axis - 1;
    component += component >= largest;
    bool flip = p->quaternion[0][largest] < 0;
    int64_t half = (int64_t)(info->levels - 1) << (fraction - 1);
    int64_t value = levels_of(info, p->facing[component]);
    p->base = half + (flip ? -value : value);
    int64_t bend = 0;
    for (int i = 0; i < 3; i++) {
        int64_t ahead = levels_of(info, p->quaternion[i][component]) - value;
        p->mean[i] = flip ? -ahead : ahead;
    }
    bend = p->mean[0] - p->mean[1];
    p->spread[0] = (int64_t)1 << fraction;
    p->spread[1] = fixed_size(bend);
    p->spread[2] = fixed_size(p->mean[1] - p->mean[2]);
    p->spread[3] = fixed_size(p->mean[0]);
    for (unsigned i = 1; i < info->axis; i++) {
        p->spread[5 + i] = fixed_size(p->miss[lane - i]);
        p->mean[9 + i] = p->miss[lane - i];
    }
    if (p->schema->position < lane)
        for (unsigned i = 0; i < 3; i++)
            p->spread[8] += fixed_size(p->miss[p->schema->position + i]);
    p->spread[11] = ((int64_t)p->times->dt_ms << fraction) >> 4;
    p->clue[5] = fixed_log2(p->spread[3] << 4 >> fraction);
    p->clue[6] = fixed_log2(p->spread[1] << 4 >> fraction);
    p->clue[11] = fixed_log2(p->spread[2] << 4 >> fraction);
}

static void largest_clues(struct predictor *p) {
    int64_t first = fixed_size(p->quaternion[0][p->order[0]]);
    int64_t second = fixed_size(p->quaternion[0][p->order[1]]);
    p->clue[15] = fixed_log2((first - second) >> 14);
    p->clue[16] = fixed_log2((second - fixed_size(p->quaternion[0][p->order[2]])) >> 14);
}

/* In pieces that compilers turn into a few stores; for more they call or loop. */
static inline void wipe(int64_t *values, size_t size) {
    char *at = (char *)values;
    for (; size >= 32; size -= 32, at += 32)
        memset(at, 0, 32);
}

void predictor_features(struct predictor *p, unsigned lane) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    p->fraction = predict_fraction(info);
    p->base = p->fine[TICK_BASE][lane];
    p->clue[7] = p->quiet;
    p->plain = info->width == 1;
    if (p->plain) {
        p->mean[0] = 0;
        p->fraction = 0;
        p->base = 0;
        largest_clues(p);
        return;
    }
    wipe(p->mean, sizeof p->mean);
    wipe(p->spread, sizeof p->spread);
    if (info->kind == DELTA_QUATERNION) {
        component_features(p, lane, p->fraction);
        return;
    }
    for (int i = 0; i < 3; i++)
        p->mean[i] = p->ahead[i][lane];
    for (unsigned i = 0; i < 2 && i < info->axis; i++)
        p->mean[10 + i] = p->miss[lane - 1 - i];
    spread_features(p, lane, p->fraction);
    if (info->role == DELTA_VELOCITY || info->role == DELTA_POSITION) {
        vector_features(p, lane, p->fraction);
    } else if (info->role == DELTA_PITCH && p->schema->yaw != DELTA_NO_LANE) {
        p->mean[10] = p->miss[p->schema->yaw];
    }
}
