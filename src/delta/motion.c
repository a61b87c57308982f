/* SPDX-License-Identifier: Apache-2.0 */
/* motion.c - what is known about a number of a walker, or of a cell with a velocity. */
#include "delta/motion.h"

#include "delta/fixed.h"

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

static void turn_features(struct predictor *p, const struct predictor_lane *first, unsigned axis,
                          int64_t x, int64_t y, int64_t dt) {
    int64_t dx = first[0].ahead[0] - first[0].ahead[1];
    int64_t dy = first[1].ahead[0] - first[1].ahead[1];
    p->mean[3] = turned(p, x, y, axis);
    p->mean[4] = ((axis ? p->heading_y : p->heading_x) * dt) >> 14;
    p->mean[5] = ((axis ? p->heading_x : -p->heading_y) * dt) >> 14;
    p->mean[12] = fixed_clamp((axis ? dy : dx) + turned(p, dx, dy, axis), FIXED_MAX);
}

/* A position of which the velocity is known. */
static void travel_features(struct predictor *p, const struct predictor_lane *velocity) {
    int64_t travel = p->times->travel;
    p->mean[13] = fixed_scale(velocity->now, travel);
    p->mean[14] = fixed_scale(velocity->base, travel);
    p->mean[15] = fixed_scale(velocity->old, travel);
    p->spread[9] = fixed_size(p->mean[13] - p->mean[14]);
    p->spread[10] = fixed_size(fixed_scale(velocity->miss, travel));
}

/* A velocity, and what the position says of it. */
static void velocity_features(struct predictor *p, int64_t before, unsigned axis) {
    const struct delta_schema *schema = p->schema;
    p->mean[13] = fixed_scale(before, RATIO_ONE * p->times->dt_ms >> 7);
    if (schema->position == DELTA_NO_LANE) return;
    const struct predictor_lane *position = &p->lane[schema->position + axis];
    if (p->rows[TICK_OLD1])
        p->mean[14] = fixed_clamp(
            fixed_scale(position->base - position->old, p->times->slow) - before, FIXED_MAX);
    if (schema->position < schema->velocity) {
        int64_t moved = position->now - position->base;
        p->mean[15] = fixed_clamp(fixed_scale(moved, p->times->slow_now) - before, FIXED_MAX);
        p->spread[10] = fixed_size(fixed_scale(position->miss, p->times->slow_now));
    }
    p->spread[9] = fixed_size(p->mean[14]);
}

void features_more(struct predictor *p, const struct predictor_lane *lane,
                   const struct delta_lane *info, uint32_t uses, int64_t dt) {
    const struct delta_schema *schema = p->schema;
    unsigned axis = info->axis;
    const struct predictor_lane *first = lane - axis;
    bool position = info->role == DELTA_POSITION;
    int64_t *mean = p->mean;
    int64_t x = fixed_clamp(position ? first[0].ahead[0] : first[0].base, FIXED_MAX);
    int64_t y = fixed_clamp(position ? first[1].ahead[0] : first[1].base, FIXED_MAX);
    mean[3] = mean[4] = mean[5] = mean[8] = mean[9] = 0;
    mean[12] = mean[13] = mean[14] = mean[15] = 0;
    if (axis < 2 && uses & USES_TURN) turn_features(p, first, axis, x, y, dt);
    if (axis == 1 && uses & USES_LENGTH) {
        int64_t moved = position ? first->now - first->base : first->now;
        mean[8] = fixed_clamp(length_kept(x, y, moved), FIXED_MAX);
    }
    if (axis == 1 && uses & USES_SHARE)
        mean[9] = fixed_clamp(in_proportion(x, y, first->miss), FIXED_MAX);
    if (schema->velocity == DELTA_NO_LANE) return;
    if (!position)
        velocity_features(p, lane->base, axis);
    else if (schema->velocity < schema->position)
        travel_features(p, &p->lane[schema->velocity + axis]);
}
