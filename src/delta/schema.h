/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - what a cell is made of: the run-time field table that every part of the codec walks.
 *
 * A field says where a value lies in the application's state and how finely it is kept. Compiled,
 * each field becomes lanes (one number each); a cell at rest is a *row*, its lanes side by side:
 * numbers of 4 bytes first, then bytes. Rows are what is compared, retained as baselines and
 * acknowledged. */
#ifndef DELTA_SCHEMA_H
#define DELTA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statesync/status.h"

#define DELTA_LANES_MAX  24
#define DELTA_FIELDS_MAX DELTA_LANES_MAX
#define DELTA_ROW_MAX    64
#define DELTA_NO_LANE    255
#define DELTA_BYTES_CLUE 18 /* the first byte, among what a tree may ask */

/* How a field is kept. */
enum delta_kind {
    DELTA_BYTE,       /* u8, exact */
    DELTA_ANGLE,      /* f32 degrees, 65536 steps a turn */
    DELTA_STEPS,      /* f32, `steps` a unit (position, velocity) */
    DELTA_QUATERNION, /* 4 x f32 unit quaternion, smallest three of `levels` each */
    DELTA_FLOAT,      /* f32, every bit kept; `steps` is the lattice on which it is likely to lie */
};

/* What a field means to the predictor. */
enum delta_role {
    DELTA_PLAIN,
    DELTA_YAW,
    DELTA_PITCH,
    DELTA_VELOCITY,
    DELTA_POSITION,
    DELTA_ROTATION
};

struct delta_field {
    const char *name;
    uint8_t kind, role;
    uint8_t count;                   /* how many of them: 1-3 axes; a quaternion is 1 */
    uint16_t offset;                 /* in the state, bytes */
    uint16_t levels;                 /* DELTA_QUATERNION: 2-32768 */
    uint32_t numerator, denominator; /* steps a unit, as a fraction (angles: 65536/360) */
};

/* One number of a compiled schema. */
struct delta_lane {
    uint8_t kind, role, axis;
    uint8_t field;
    uint8_t width;  /* bytes in the row: 4 or 1 */
    uint8_t clue;   /* DELTA_BYTE: where later lanes see it among the model's clues */
    uint16_t row;   /* offset in the row */
    uint16_t state; /* offset in the state */
    int64_t scale;  /* steps a unit, Q24 (quaternions: one level in Q30) */
    int64_t unit;   /* one step in units, Q40 (quaternions: levels, 8 bits fine, in 2^-38 of Q30) */
    int32_t threshold; /* DELTA_STEPS: bits of the float at which the escape begins */
    double steps;      /* steps a unit, for quantizing only */
    uint16_t levels;
};

struct delta_schema {
    const char *name;
    const struct delta_field *fields; /* borrowed */
    uint8_t field_count, lane_count;
    uint8_t kind_lane; /* the byte that classifies cells, or DELTA_NO_LANE */
    uint8_t flag_lane; /* another byte that tells whether cells change, or DELTA_NO_LANE */
    uint8_t walker;    /* value of that byte which walks and turns like a player */
    uint8_t yaw, velocity, position, rotation; /* first lane of each role, or DELTA_NO_LANE */
    uint16_t row_size, state_size;
    uint16_t bytes_at; /* in the row: the DELTA_BYTEs, side by side */
    uint8_t byte_count;
    struct delta_lane lanes[DELTA_LANES_MAX];
};

/* Compiles `count` fields, in coding order. SS_OK; SS_ERR_INVALID for a field out of its limits,
 * SS_ERR_TOO_LARGE for too many lanes or too wide a row. */
int delta_schema_init(struct delta_schema *schema, const char *name,
                      const struct delta_field *fields, size_t count, size_t state_size);

/* Names the meaning of the bytes: equal for equal field tables. */
uint32_t delta_schema_hash(const struct delta_schema *schema);

#endif
