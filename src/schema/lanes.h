/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.h - a declared message as what the delta codec takes: its leaves as lanes, its states as
 * rows (delta/schema.h), so that chunks of any schema'd cells can be coded.
 *
 *   field                                                  lane
 *   what may be absent (optional, oneof, messages)         a bit; eight of them are a byte
 *   bool, enum, integers of 0..255 (bits <= 8, min, max)   a byte
 *   integers of 32 bits; of 64 with bounds of 32           a number
 *   other integers of 64 bits, doubles without quantum     two numbers: the high and the low half
 *   floats and doubles with a quantum                      a number of steps
 *   floats without, or with one under 2^-20                their bits
 *   angles of 16 bits                                      steps that go round
 *   a quaternion with 2 to 15 bits: the first one          smallest three
 *   other quaternions, unit vectors: each part             a number in steps of 2 / 2^bits
 *
 * The order is the codec's: bytes, angles, velocity, position, rotation, then the rest, each by
 * field number. Names play no part in it: a schema may rename.
 *
 * Nothing is clamped. What a row cannot hold, whatever the field, is told by lanes_row, and that
 * state travels another way (payload/patch.h). */
#ifndef SCHEMA_LANES_H
#define SCHEMA_LANES_H

#include "delta/model.h"
#include "payload/schema.h"

#define LANES_OPTIONAL_MAX 64 /* what may be absent, in one message */

/* How a leaf lies in the row. */
enum lane_way {
    WAY_NONE,
    WAY_BYTE,
    WAY_NUMBER,
    WAY_HALVES,
    WAY_STEPS,
    WAY_FLOAT,
    WAY_ANGLE,
    WAY_ROTATION
};

/* Where a node of the schema lies. */
struct lane_place {
    uint8_t way;
    uint8_t lane; /* the first; parts of a rotation: that of the rotation */
    uint8_t bit;  /* that says whether it is there, or LANES_NO_BIT */
};
#define LANES_NO_BIT 255

struct lanes {
    const struct memory *memory;
    const struct schema *schema; /* borrowed */
    struct lane_place *places;   /* by node */
    unsigned optional;           /* bits */
    uint64_t hash;               /* equal where rows mean the same */
    struct delta_field fields[DELTA_FIELDS_MAX];
    struct delta_schema delta;
};

/* The lanes of a message; `schema` must outlive them. SS_OK, SS_ERR_NOMEM; SS_ERR_UNSUPPORTED: a
 * field has no lane, or there are too many. Why is appended to `complaints`, a line each
 * ("game.Chat.text: a string has no lane"), and *lanes is NULL. */
int lanes_create(struct lanes **lanes, const struct memory *memory, const struct schema *schema,
                 struct buffer *complaints);
void lanes_destroy(struct lanes *lanes);

/* What a state says, taken apart. */
struct lane_values {
    uint64_t bits[DELTA_LANES_MAX]; /* of a leaf (schema_value.h), by its first lane */
    uint64_t rotation[4];           /* of the parts of WAY_ROTATION */
    uint64_t there;                 /* what may be absent, by lane_place.bit */
};
uint64_t *lane_value_at(const struct lanes *lanes, struct lane_values *values, uint32_t node);

/* A state as a row of DELTA_ROW_MAX bytes, of which lanes->delta.row_size count. SS_OK;
 * SS_ERR_UNSUPPORTED: the row cannot hold it, with the reason; SS_ERR_INVALID: it is no such
 * message. Numbers with a quantum are off by at most half of it (and the rounding of their type).
 */
int lanes_row(const struct lanes *lanes, struct bytes state, uint8_t *row, struct reason *why);
/* The same from values; SS_ERR_UNSUPPORTED with the reason. */
int lanes_put(const struct lanes *lanes, const struct lane_values *values, uint8_t *row,
              struct reason *why);
/* Appends the state of a row, in canonical form (check out->failed). Any row is valid. The row of
 * what was appended is the same again if it came from lanes_row, but for a rotation that has two
 * largest parts. */
void lanes_state(const struct lanes *lanes, const uint8_t *row, struct buffer *out);

/* A model as a file: 'SSLT', u64 lanes->hash, the table (delta/model.h). Check out->failed. */
void lanes_model_save(const struct lanes *lanes, const struct delta_model *model,
                      struct buffer *out);
/* SS_OK; SS_ERR_UNSUPPORTED: it was trained for another schema; SS_ERR_MALFORMED: no such file. */
int lanes_model_load(const struct lanes *lanes, struct bytes file, struct delta_model *model,
                     struct reason *why);

#endif
