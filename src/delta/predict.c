/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c - the features. Three ideas carry most of the weight: what moved goes on moving, at the rate
 * that each pair of retained ticks shows; who turns, turns his velocity too (yaw is coded first); and
 * what was off on one axis tells how far the next one will be. */
#include "delta/predict.h"

#include <math.h>
#include <string.h>

#include "delta/quantum.h"

#define FEATURE_MAX ((int64_t)1 << 38)
#define RATIO_ONE   ((int64_t)1 << 24)
#define Q30_ONE     ((int64_t)1 << 30)

/* A quarter of a sine in Q14. */
static const int16_t quarter[65] = {
    0, 402, 804, 1205, 1606, 2006, 2404, 2801, 3196, 3590, 3981, 4370,
    4756, 5139, 5520, 5897, 6270, 6639, 7005, 7366, 7723, 8076, 8423, 8765,
    9102, 9434, 9760, 10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406,
    12665, 12916, 13160, 13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978,
    15137, 15286, 15426, 15557, 15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261,
    16305, 16340, 16364, 16379, 16384,
};

static int64_t clamp(int64_t value, int64_t limit) {
    return value > limit ? limit : value < -limit ? -limit : value;
}

static int64_t magnitude(int64_t value) { return value < 0 ? -value : value; }

/* value * ratio / 2^24; ratio within +-2^34. */
static int64_t scaled(int64_t value, int64_t ratio) {
    int64_t product;
    if (__builtin_mul_overflow(value, ratio, &product))
        return clamp((int64_t)(((__int128)value * ratio) >> 24), FEATURE_MAX);
    return clamp(product >> 24, FEATURE_MAX);
}

/* Sine of 1/65536 turns in Q14, interpolated. */
static int32_t sine_of(uint32_t angle) {
    uint32_t at = angle & 0x3fff;
    if (angle & 0x4000)
        at = 0x4000 - at;
    uint32_t index = at >> 8, part = at & 255;
    int32_t value = quarter[index];
    if (part)
        value += ((quarter[index + 1] - value) * (int32_t)part) >> 8;
    return angle & 0x8000 ? -value : value;
}

/* floor(sqrt(value)), value < 2^62. The float is only a start: whatever it is, the result is exact. */
static uint64_t square_root(uint64_t value) {
    uint64_t root = (uint64_t)sqrt((double)value);
    while (root * root > value)
        root--;
    while ((root + 1) * (root + 1) <= value)
        root++;
    return root;
}

int16_t predict_log2(int64_t value) {
    uint64_t x = (uint64_t)magnitude(value) + 1;
    int top = 63 - __builtin_clzll(x);
    uint64_t part = top >= 4 ? x >> (top - 4) : x << (4 - top);
    return (int16_t)(top * 16 + (int)(part & 15));
}

/* ---- floats as integers ---- */

int64_t predict_float_fine(const struct delta_lane *lane, int32_t bits) {
    int exponent = (bits >> 23) & 255;
    if (exponent == 255)
        return 0; /* infinite, NaN: nothing to extrapolate */
    int64_t mantissa = (bits & 0x7fffff) | (exponent ? 1 << 23 : 0);
    int shift = (exponent ? exponent : 1) - 150 + 20 - 24; /* of a product in Q24 steps */
    __int128 product = (__int128)mantissa * lane->scale, fine;
    if (shift >= 0)
        fine = shift > 16 ? FEATURE_MAX : product << shift;
    else
        fine = shift < -100 ? 0 : (product + ((__int128)1 << (-shift - 1))) >> -shift;
    int64_t size = fine > FEATURE_MAX ? FEATURE_MAX : (int64_t)fine;
    return bits < 0 ? -size : size;
}

int32_t predict_fine_float(const struct delta_lane *lane, int64_t fine) {
    uint64_t size = (uint64_t)magnitude(fine);
    if (size == 0)
        return 0;
    unsigned __int128 product = (unsigned __int128)size * (uint64_t)lane->unit; /* 2^-60 units */
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int top = high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll(low);
    int shift = top - 23;
    uint64_t mantissa;
    if (shift > 0)
        mantissa = (uint64_t)((product + ((unsigned __int128)1 << (shift - 1))) >> shift);
    else
        mantissa = low << -shift;
    int exponent = top - 60 + 127; /* a carry out of the mantissa raises it by itself */
    if (exponent < 1 || exponent > 253)
        return 0;
    uint32_t bits = ((uint32_t)exponent << 23) + (uint32_t)(mantissa - (1u << 23));
    return (int32_t)(fine < 0 ? bits | 0x80000000u : bits);
}

bool predict_on_lattice(const struct delta_lane *lane, int32_t bits) {
    int64_t fine = predict_float_fine(lane, bits);
    int64_t steps = (fine + (1 << 19)) >> 20;
    return steps > -(1 << 20) && steps < 1 << 20 &&
           predict_fine_float(lane, steps * (1 << 20)) == bits;
}

/* ---- time ---- */

static int64_t ratio(uint32_t over, uint32_t under) {
    int64_t value = under ? ((int64_t)over << 24) / under : 0;
    return clamp(value, 64 * RATIO_ONE);
}

static int fraction_of(const struct delta_lane *lane) {
    return lane->kind == DELTA_FLOAT ? 20 : lane->kind == DELTA_BYTE ? 0 : 8;
}

/* sin(rho a) / sin a = rho (1 + second a^2 + fourth a^4 ...), for rho in Q30 up to 4. */
static void series_init(struct delta_series *series, int64_t rho) {
    rho = clamp(rho, 4 * Q30_ONE);
    int64_t rho2 = (int64_t)(((__int128)rho * rho) >> 30);
    int64_t rho4 = (int64_t)(((__int128)rho2 * rho2) >> 30);
    series->rho = rho;
    series->second = (Q30_ONE - rho2) / 6;
    series->fourth = (7 * Q30_ONE - 10 * rho2 + 3 * rho4) / 360;
}

void delta_times_init(struct delta_times *times, const struct delta_schema *schema,
                      const uint32_t ms[TICKS]) {
    uint32_t dt = ms[TICK_NOW] - ms[TICK_BASE];
    *times = (struct delta_times){.dt_ms = (int32_t)(dt > 4000 ? 4000 : dt)};
    for (int i = 0; i < 3; i++) {
        times->extrapolate[i] = ratio(dt, ms[TICK_BASE + i] - ms[TICK_OLD1 + i]);
        int64_t rho = ratio(dt, ms[TICK_BASE] - ms[TICK_OLD1 + i]) << 6;
        series_init(&times->rotate[i][0], rho);
        series_init(&times->rotate[i][1], rho + Q30_ONE);
    }
    if (schema->velocity == DELTA_NO_LANE || schema->position == DELTA_NO_LANE)
        return;
    const struct delta_lane *velocity = &schema->lanes[schema->velocity];
    const struct delta_lane *position = &schema->lanes[schema->position];
    uint32_t gap = ms[TICK_BASE] - ms[TICK_OLD1];
    int shift = 24 + fraction_of(position) - fraction_of(velocity);
    times->travel = clamp((int64_t)(((__int128)position->scale * times->dt_ms << shift) /
                                    ((__int128)velocity->scale * 1000)), (int64_t)1 << 34);
    shift = 24 + fraction_of(velocity) - fraction_of(position);
    if (gap)
        times->slow = clamp((int64_t)(((__int128)velocity->scale * 1000 << shift) /
                                      ((__int128)position->scale * gap)), (int64_t)1 << 34);
    if (dt)
        times->slow_now = clamp((int64_t)(((__int128)velocity->scale * 1000 << shift) /
                                          ((__int128)position->scale * dt)), (int64_t)1 << 34);
}

/* ---- quaternions ---- */

/* Components in Q30 of the four lanes from `lane` on. */
static void quaternion_of(const struct delta_lane *lane, const uint8_t *row, int64_t out[4]) {
    unsigned largest = (unsigned)delta_row_get(lane, row) & 3;
    int64_t rest = (int64_t)1 << 44;
    for (unsigned i = 0, in = 1; i < 4; i++) {
        if (i == largest)
            continue;
        int32_t level = delta_row_get(&lane[in++], row), top = lane->levels - 1;
        level = level < 0 ? 0 : level > top ? top : level;
        out[i] = (2 * level - top) * lane->scale / 2;
        int64_t q22 = out[i] >> 8;
        rest -= q22 * q22;
    }
    out[largest] = rest > 0 ? (int64_t)square_root((uint64_t)rest) << 8 : 0;
}

static int64_t dot(const int64_t a[4], const int64_t b[4]) {
    int64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (a[i] * b[i]) >> 30;
    return sum;
}

static int64_t times30(int64_t a, int64_t b) { return (a * b) >> 30; }

static int64_t series_at(const struct delta_series *series, int64_t square) {
    int64_t sum = Q30_ONE + times30(square, series->second + times30(square, series->fourth));
    return clamp((series->rho >> 4) * (sum >> 4) >> 22, 3 * Q30_ONE);
}

/* The rotation that led from `from` to `to`, continued rho times as far:
 * sin((1 + rho) a) / sin a * to - sin(rho a) / sin a * from. */
static void slerp_on(const int64_t from[4], const int64_t to[4],
                     const struct delta_series series[2], int64_t out[4]) {
    int64_t cosine = clamp(dot(from, to), Q30_ONE);
    int64_t sine2 = Q30_ONE - times30(cosine, cosine);
    int64_t sine4 = times30(sine2, sine2);
    int64_t square = sine2 + sine4 / 3 + times30(sine4, sine2) * 8 / 45;
    int64_t behind = series_at(&series[0], square), ahead = series_at(&series[1], square);
    for (int i = 0; i < 4; i++)
        out[i] = clamp((ahead * to[i] - behind * from[i]) >> 30, 2 * Q30_ONE);
}

static void sort_components(struct predictor *p) {
    for (unsigned i = 0; i < 4; i++)
        p->order[i] = (uint8_t)i;
    for (unsigned i = 1; i < 4; i++)
        for (unsigned j = i; j > 0; j--) {
            uint8_t a = p->order[j - 1], b = p->order[j];
            if (magnitude(p->quaternion[0][a]) >= magnitude(p->quaternion[0][b]))
                break;
            p->order[j - 1] = b;
            p->order[j] = a;
        }
}

static void start_quaternion(struct predictor *p, const uint8_t *base) {
    const struct delta_lane *lane = &p->schema->lanes[p->schema->rotation];
    if (base == NULL) {
        memset(p->facing, 0, sizeof p->facing);
        p->facing[3] = Q30_ONE;
    } else {
        quaternion_of(lane, base, p->facing);
    }
    for (int i = 0; i < 3; i++) {
        const uint8_t *row = p->rows[TICK_BASE] ? p->rows[TICK_OLD1 + i] : NULL;
        if (row == NULL) {
            memcpy(p->quaternion[i], i ? p->quaternion[i - 1] : p->facing, sizeof p->facing);
            continue;
        }
        int64_t old[4];
        quaternion_of(lane, row, old);
        if (dot(old, p->facing) < 0)
            for (int j = 0; j < 4; j++)
                old[j] = -old[j];
        slerp_on(old, p->facing, p->times->rotate[i], p->quaternion[i]);
    }
    sort_components(p);
}

/* ---- a cell ---- */

static int64_t fine_of(const struct predictor *p, const struct delta_lane *lane, int32_t value,
                       int64_t base) {
    switch (lane->kind) {
    case DELTA_ANGLE: /* the short way round */
        return base + (int64_t)(int16_t)((uint32_t)value - (uint32_t)(base >> 8)) * 256;
    case DELTA_FLOAT: return predict_float_fine(lane, value);
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
    if (lane->kind == DELTA_QUATERNION)
        return;
    for (int t = TICK_OLD1; t < TICKS; t++) {
        const uint8_t *row = p->rows[TICK_BASE] ? p->rows[t] : NULL;
        int64_t before = p->fine[t - 1][i];
        if (row) {
            p->fine[t][i] = fine_of(p, lane, delta_row_get(lane, row), before);
            p->ahead[t - TICK_OLD1][i] =
                scaled(clamp(before - p->fine[t][i], FEATURE_MAX),
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
    if (p->rows[TICK_BASE] == NULL || p->rows[TICK_OLD1] == NULL)
        return p->rows[TICK_BASE] ? 1 : 0;
    if (schema->position == DELTA_NO_LANE)
        return 4;
    unsigned lane = schema->position;
    if (schema->kind_lane != DELTA_NO_LANE &&
        delta_row_get(&schema->lanes[schema->kind_lane], p->rows[TICK_BASE]) == schema->walker)
        return p->ahead[0][lane + 2] || p->ahead[1][lane + 2] ? 3 : 2;
    int64_t limit = (int64_t)2 << fraction_of(&schema->lanes[lane]);
    for (unsigned axis = 0; axis < 3; axis++)
        if (magnitude(p->ahead[0][lane + axis] - p->ahead[1][lane + axis]) > limit)
            return 5;
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
    if (schema->rotation != DELTA_NO_LANE)
        start_quaternion(p, base);
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
            speed += magnitude(p->ahead[0][schema->position + axis]);
        p->clue[13] = predict_log2(speed >> (fraction_of(&schema->lanes[schema->position]) - 4));
    }
}

/* What axis 0 and 1 add up to, rotated by the turn since the base; the change of `axis`. */
static int64_t turned(const struct predictor *p, int64_t x, int64_t y, unsigned axis) {
    int64_t value = axis == 0 ? x * (p->cosine - 16384) - y * p->sine
                              : x * p->sine + y * (p->cosine - 16384);
    return value >> 14;
}

/* With the length of (x, y) kept and x having become `x_now`: what y is, less y. */
static int64_t length_kept(int64_t x, int64_t y, int64_t x_now) {
    while (magnitude(x) >> 30 || magnitude(y) >> 30 || magnitude(x_now) >> 30)
        x /= 4, y /= 4, x_now /= 4; /* only escapes are so far off */
    int64_t square = x * x + y * y - x_now * x_now;
    if (square <= 0)
        return -y;
    int64_t root = (int64_t)square_root((uint64_t)square);
    return (y < 0 ? -root : root) - y;
}

/* y shrunk or grown as x was. */
static int64_t in_proportion(int64_t x, int64_t y, int64_t miss) {
    if (magnitude(x) < 64)
        return 0;
    int64_t part = clamp(miss * 65536 / x, 2 << 16); /* |miss| <= 2^38 */
    return (y * part) >> 16;
}

static void vector_features(struct predictor *p, unsigned lane, int fraction) {
    const struct delta_schema *schema = p->schema;
    const struct delta_lane *info = &schema->lanes[lane];
    unsigned first = lane - info->axis, axis = info->axis;
    bool position = info->role == DELTA_POSITION;
    const int64_t *flow = position ? p->ahead[0] : p->fine[TICK_BASE];
    int64_t x = clamp(flow[first], FEATURE_MAX), y = clamp(flow[first + 1], FEATURE_MAX);
    int64_t dt = (int64_t)p->times->dt_ms << fraction >> 4, *mean = p->mean;
    bool turns = schema->yaw != DELTA_NO_LANE;
    if (turns && axis < 2) {
        mean[3] = turned(p, x, y, axis);
        mean[4] = ((axis ? p->heading_y : p->heading_x) * dt) >> 14;
        mean[5] = ((axis ? p->heading_x : -p->heading_y) * dt) >> 14;
        int64_t dx = p->ahead[0][first] - p->ahead[1][first];
        int64_t dy = p->ahead[0][first + 1] - p->ahead[1][first + 1];
        mean[12] = (axis ? dy : dx) + turned(p, dx, dy, axis);
    }
    mean[6] = dt;
    mean[7] = dt * p->times->dt_ms >> 5;
    if (turns && axis == 1) {
        int64_t moved = position ? p->fine[TICK_NOW][first] - p->fine[TICK_BASE][first]
                                 : p->fine[TICK_NOW][first];
        mean[8] = length_kept(x, y, moved);
        mean[9] = in_proportion(x, y, p->miss[first]);
    }
    if (schema->velocity == DELTA_NO_LANE)
        return;
    unsigned v = schema->velocity + axis, s = schema->position + axis;
    if (position && schema->velocity < schema->position) {
        mean[13] = scaled(p->fine[TICK_NOW][v], p->times->travel);
        mean[14] = scaled(p->fine[TICK_BASE][v], p->times->travel);
        mean[15] = scaled(p->fine[TICK_OLD1][v], p->times->travel);
        p->spread[9] = magnitude(mean[13] - mean[14]);
        p->spread[10] = magnitude(scaled(p->miss[v], p->times->travel));
    } else if (!position) {
        mean[13] = scaled(p->fine[TICK_BASE][v], RATIO_ONE * p->times->dt_ms >> 7);
        if (schema->position == DELTA_NO_LANE)
            return;
        int64_t moved = p->fine[TICK_BASE][s] - p->fine[TICK_OLD1][s];
        if (p->rows[TICK_OLD1])
            mean[14] = scaled(moved, p->times->slow) - p->fine[TICK_BASE][v];
        if (schema->position < schema->velocity) {
            moved = p->fine[TICK_NOW][s] - p->fine[TICK_BASE][s];
            mean[15] = scaled(moved, p->times->slow_now) - p->fine[TICK_BASE][v];
            p->spread[10] = magnitude(scaled(p->miss[s], p->times->slow_now));
        }
        p->spread[9] = magnitude(mean[14]);
    }
}

static void clamp_means(struct predictor *p) {
    for (int i = 3; i < MODEL_MEANS; i++)
        p->mean[i] = clamp(p->mean[i], FEATURE_MAX);
}

static void spread_features(struct predictor *p, unsigned lane, int fraction) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    unsigned first = lane - info->axis;
    unsigned count = p->schema->fields[info->field].count;
    int64_t bend = p->ahead[0][lane] - p->ahead[1][lane], others = 0, speed = 0;
    for (unsigned i = first; i < first + count; i++) {
        speed += magnitude(p->ahead[0][i]);
        if (i != lane)
            others += magnitude(p->ahead[0][i] - p->ahead[1][i]);
    }
    int64_t *spread = p->spread;
    spread[0] = (int64_t)1 << fraction;
    spread[1] = magnitude(bend);
    spread[2] = magnitude(p->ahead[1][lane] - p->ahead[2][lane]);
    spread[3] = magnitude(p->ahead[0][lane]);
    spread[4] = others;
    spread[5] = speed;
    if (info->axis > 0)
        spread[6] = magnitude(p->miss[lane - 1]);
    if (info->axis > 1)
        spread[7] = magnitude(p->miss[lane - 2]);
    spread[8] = (clamp(speed, (int64_t)1 << 40) * p->turn_miss) >> 13;
    if (info->role == DELTA_PITCH && p->schema->yaw != DELTA_NO_LANE)
        spread[9] = magnitude(p->miss[p->schema->yaw]);
    spread[11] = ((int64_t)p->times->dt_ms << fraction) >> 4;
    int16_t *clue = p->clue;
    clue[5] = predict_log2(spread[3] << 4 >> fraction);
    clue[6] = predict_log2(spread[1] << 4 >> fraction);
    clue[8] = predict_log2(others << 4 >> fraction);
    clue[11] = predict_log2(spread[2] << 4 >> fraction);
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
    p->spread[1] = magnitude(bend);
    p->spread[2] = magnitude(p->mean[1] - p->mean[2]);
    p->spread[3] = magnitude(p->mean[0]);
    for (unsigned i = 1; i < info->axis; i++) {
        p->spread[5 + i] = magnitude(p->miss[lane - i]);
        p->mean[9 + i] = p->miss[lane - i];
    }
    if (p->schema->position < lane)
        for (unsigned i = 0; i < 3; i++)
            p->spread[8] += magnitude(p->miss[p->schema->position + i]);
    p->spread[11] = ((int64_t)p->times->dt_ms << fraction) >> 4;
    p->clue[5] = predict_log2(p->spread[3] << 4 >> fraction);
    p->clue[6] = predict_log2(p->spread[1] << 4 >> fraction);
    p->clue[11] = predict_log2(p->spread[2] << 4 >> fraction);
}

static void byte_clues(struct predictor *p, unsigned lane) {
    int64_t base = p->fine[TICK_BASE][lane], old = p->fine[TICK_OLD1][lane];
    p->clue[15] = (int16_t)base;
    p->clue[16] = (int16_t)(base - old);
    p->clue[17] = (int16_t)(old - p->fine[TICK_OLD2][lane]);
}

static void largest_clues(struct predictor *p) {
    int64_t first = magnitude(p->quaternion[0][p->order[0]]);
    int64_t second = magnitude(p->quaternion[0][p->order[1]]);
    p->clue[15] = predict_log2((first - second) >> 14);
    p->clue[16] = predict_log2((second - magnitude(p->quaternion[0][p->order[2]])) >> 14);
}

/* In pieces that compilers turn into a few stores; for more they call or loop. */
static inline void wipe(int64_t *values, size_t size) {
    char *at = (char *)values;
    for (; size >= 32; size -= 32, at += 32)
        memset(at, 0, 32);
}

void predictor_features(struct predictor *p, unsigned lane) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    p->fraction = fraction_of(info);
    p->base = p->fine[TICK_BASE][lane];
    p->clue[7] = p->quiet;
    p->plain = info->width == 1;
    if (p->plain) {
        p->mean[0] = 0;
        if (info->kind == DELTA_BYTE) {
            byte_clues(p, lane);
        } else {
            p->fraction = 0;
            p->base = 0;
            largest_clues(p);
        }
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
        clamp_means(p);
    } else if (info->role == DELTA_PITCH && p->schema->yaw != DELTA_NO_LANE) {
        p->mean[10] = p->miss[p->schema->yaw];
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
    for (unsigned mask = model->mean_mask[p->class]; mask; mask &= mask - 1) {
        int i = __builtin_ctz(mask);
        sum += weight[i] * p->mean[i];
    }
    p->guess = p->base + clamp(sum >> 16, FEATURE_MAX);
    for (unsigned mask = model->spread_mask[p->class]; mask; mask &= mask - 1) {
        int i = __builtin_ctz(mask);
        spread += (p->spread[i] * width[i]) >> 16;
    }
    p->clue[0] = (int16_t)(predict_log2(spread << 8 >> p->fraction));
}

static void note_yaw(struct predictor *p, unsigned lane) {
    int64_t now = p->fine[TICK_NOW][lane], base = p->fine[TICK_BASE][lane];
    int shift = p->fraction;
    uint32_t angle = (uint32_t)(now >> shift), turn = (uint32_t)((now - base) >> shift);
    p->sine = sine_of(turn & 65535);
    p->cosine = sine_of((turn + 16384) & 65535);
    p->heading_x = sine_of((angle + 16384) & 65535);
    p->heading_y = sine_of(angle & 65535);
    p->turn_miss = (int32_t)(clamp(magnitude(p->miss[lane]) >> shift, 16384));
}

int64_t predictor_fine(const struct predictor *p, unsigned lane, int32_t value) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    if (info->kind == DELTA_QUATERNION)
        return info->axis > 0 ? (int64_t)value * 256 : value;
    return fine_of(p, info, value, p->base);
}

void predictor_note(struct predictor *p, unsigned lane, int32_t value, int64_t coded) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    p->now[lane] = value;
    int64_t now = predictor_fine(p, lane, value);
    p->fine[TICK_NOW][lane] = now;
    p->miss[lane] = clamp(now - p->guess, FEATURE_MAX);
    int64_t code = magnitude(coded);
    uint8_t size = (uint8_t)(code ? 64 - __builtin_clzll((uint64_t)code) : 0);
    p->size[lane] = size;
    const uint8_t *base = p->rows[TICK_BASE];
    if (base == NULL || value != delta_row_get(info, base))
        p->quiet = false;
    if (info->kind == DELTA_BYTE) {
        if (info->clue < MODEL_CLUES)
            p->clue[info->clue] = (int16_t)value;
    } else {
        p->clue[4] = p->clue[3];
        p->clue[3] = size;
    }
    if (info->role == DELTA_YAW)
        note_yaw(p, lane);
}
