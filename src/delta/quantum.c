/* SPDX-License-Identifier: Apache-2.0 */
/* quantum.c - see quantum.h. Only here does a float decide anything, and only on the sender's side:
 * what it decides travels as an integer. */
#include "delta/quantum.h"

#include <math.h>
#include <string.h>

#define ANGLE_TURN  65536
#define HALF_SQRT_2 0.70710678118654752440

static int32_t float_bits(float value) {
    int32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static float bits_float(int32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static int32_t steps_of(const struct delta_lane *lane, float value) {
    int32_t magnitude = float_bits(value) & INT32_MAX;
    if (magnitude >= lane->threshold) {
        int32_t escaped = (1 << 30) + (magnitude - lane->threshold);
        return signbit(value) ? -escaped : escaped;
    }
    return (int32_t)floor((double)value * lane->steps + 0.5);
}

static float steps_to(const struct delta_lane *lane, int32_t value) {
    if (value > -(1 << 30) && value < 1 << 30) return (float)((double)value / lane->steps);
    uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    uint32_t bits = (magnitude - (1u << 30) + (uint32_t)lane->threshold) & INT32_MAX;
    return bits_float((int32_t)(value < 0 ? bits | 0x80000000u : bits));
}

static int32_t angle_of(float degrees) {
    if (!isfinite(degrees)) {
        int32_t bits = float_bits(degrees);
        return ANGLE_TURN + ((bits & 0x7fffff) | (bits < 0 ? 1 << 23 : 0));
    }
    double turns = fmod((double)degrees, 360.0) * (ANGLE_TURN / 360.0);
    return (int32_t)floor(turns + 0.5) & (ANGLE_TURN - 1);
}

static float angle_to(int32_t value) {
    if (value >= 0 && value < ANGLE_TURN) return (float)(value * (360.0 / ANGLE_TURN));
    uint32_t escaped = (uint32_t)value - ANGLE_TURN;
    uint32_t bits = 0x7f800000u | (escaped & 0x7fffff) | (escaped & 1u << 23) << 8;
    return bits_float((int32_t)bits);
}

int32_t delta_lane_of(const struct delta_lane *lane, float value) {
    if (lane->kind == DELTA_STEPS) return steps_of(lane, value);
    return lane->kind == DELTA_ANGLE ? angle_of(value) : float_bits(value);
}

float delta_lane_to(const struct delta_lane *lane, int32_t value) {
    if (lane->kind == DELTA_STEPS) return steps_to(lane, value);
    return lane->kind == DELTA_ANGLE ? angle_to(value) : bits_float(value);
}

int delta_rotation_of(const struct delta_lane *lane, const float value[4], uint8_t *row) {
    double norm = 0;
    unsigned largest = 0;
    for (unsigned i = 0; i < 4; i++) {
        norm += (double)value[i] * value[i];
        if (fabsf(value[i]) > fabsf(value[largest])) largest = i;
    }
    if (!(norm > 0) || !isfinite(norm)) return SS_ERR_INVALID;
    double scale = (value[largest] < 0 ? -1 : 1) / sqrt(norm);
    delta_row_set(lane, row, (int32_t)largest);
    for (unsigned i = 0, out = 1; i < 4; i++) {
        if (i == largest) continue;
        double unit = ((double)value[i] * scale + HALF_SQRT_2) / (2 * HALF_SQRT_2);
        delta_row_set(&lane[out++], row, (int32_t)floor(unit * lane->steps + 0.5));
    }
    return SS_OK;
}

void delta_rotation_to(const struct delta_lane *lane, const uint8_t *row, float value[4]) {
    unsigned largest = (unsigned)delta_row_get(lane, row) & 3;
    double rest = 1;
    for (unsigned i = 0, in = 1; i < 4; i++) {
        if (i == largest) continue;
        double unit = (double)delta_row_get(&lane[in++], row) / lane->steps;
        double component = unit * (2 * HALF_SQRT_2) - HALF_SQRT_2;
        rest -= component * component;
        value[i] = (float)component;
    }
    value[largest] = rest > 0 ? (float)sqrt(rest) : 0;
}

int delta_quantize(const struct delta_schema *schema, const void *state, uint8_t *row) {
    const uint8_t *bytes = state;
    for (unsigned i = 0; i < schema->lane_count; i++) {
        const struct delta_lane *lane = &schema->lanes[i];
        float value[4];
        if (lane->kind == DELTA_BYTE) {
            delta_row_set(lane, row, bytes[lane->state]);
        } else if (lane->kind != DELTA_QUATERNION) {
            memcpy(value, bytes + lane->state, 4);
            delta_row_set(lane, row, delta_lane_of(lane, value[0]));
        } else if (lane->axis == 0) {
            memcpy(value, bytes + lane->state, sizeof value);
            if (delta_rotation_of(lane, value, row) != SS_OK) return SS_ERR_INVALID;
        }
    }
    return SS_OK;
}

void delta_dequantize(const struct delta_schema *schema, const uint8_t *row, void *state) {
    uint8_t *bytes = state;
    for (unsigned i = 0; i < schema->lane_count; i++) {
        const struct delta_lane *lane = &schema->lanes[i];
        int32_t number = delta_row_get(lane, row);
        float value[4];
        if (lane->kind == DELTA_BYTE) {
            bytes[lane->state] = (uint8_t)number;
        } else if (lane->kind != DELTA_QUATERNION) {
            value[0] = delta_lane_to(lane, number);
            memcpy(bytes + lane->state, value, 4);
        } else if (lane->axis == 0) {
            delta_rotation_to(lane, row, value);
            memcpy(bytes + lane->state, value, sizeof value);
        }
    }
}
