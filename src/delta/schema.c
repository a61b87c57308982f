/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - compiles a field table into lanes and lays out the row: numbers first, so that they
 * stay aligned, then bytes. */
#include "delta/schema.h"

#include <string.h>

#include "base/hash.h"

/* The float just short of 2^30 steps, as bits: from there on values escape (quantum.h). */
static int32_t escape_bits(double steps) {
    float limit = (float)(1073741760.0 / steps);
    int32_t bits;
    memcpy(&bits, &limit, 4);
    return bits;
}

/* Whether the predictor can use a field in its role. */
static bool role_valid(const struct delta_schema *schema, const struct delta_field *field) {
    bool number = field->kind == DELTA_STEPS || field->kind == DELTA_FLOAT;
    switch (field->role) {
    case DELTA_PLAIN: return field->kind != DELTA_QUATERNION;
    case DELTA_YAW:
        return (field->kind == DELTA_ANGLE || field->kind == DELTA_FLOAT) && field->count == 1 &&
               schema->yaw == DELTA_NO_LANE;
    case DELTA_PITCH: return (number || field->kind == DELTA_ANGLE) && field->count == 1;
    case DELTA_VELOCITY: return number && field->count == 3 && schema->velocity == DELTA_NO_LANE;
    case DELTA_POSITION: return number && field->count == 3 && schema->position == DELTA_NO_LANE;
    default: return field->kind == DELTA_QUATERNION && schema->rotation == DELTA_NO_LANE;
    }
}

static bool field_valid(const struct delta_field *field, size_t state_size) {
    size_t size = field->kind == DELTA_BYTE         ? 1u
                  : field->kind == DELTA_QUATERNION ? 16u
                                                    : 4u * field->count;
    if (field->kind > DELTA_FLOAT || field->role > DELTA_ROTATION || field->count < 1 ||
        field->count > 3 || size > state_size || field->offset > state_size - size)
        return false;
    if (field->kind == DELTA_BYTE || field->kind == DELTA_ANGLE) return field->count == 1;
    if (field->kind == DELTA_QUATERNION)
        return field->count == 1 && field->levels >= 2 && field->levels <= 32768;
    return field->numerator > 0 && field->denominator > 0 && field->numerator < 1u << 24 &&
           field->denominator < 1u << 24 && field->numerator / field->denominator < 1u << 20;
}

static void lane_scale(struct delta_lane *lane, const struct delta_field *field) {
    uint64_t numerator = field->numerator, denominator = field->denominator;
    if (lane->kind == DELTA_ANGLE) numerator = 65536, denominator = 360;
    if (lane->kind == DELTA_QUATERNION) {
        lane->levels = field->levels;
        lane->scale = (int64_t)(1518500250u / (uint32_t)(field->levels - 1)); /* sqrt 2 in Q30 */
        lane->unit = ((int64_t)1 << 46) / lane->scale;
        lane->steps = field->levels - 1;
    } else if (lane->kind != DELTA_BYTE) {
        lane->scale = (int64_t)((numerator << 24) / denominator);
        lane->unit = (int64_t)(((unsigned __int128)denominator << 40) / numerator);
        lane->steps = (double)numerator / (double)denominator;
        lane->threshold = escape_bits(lane->steps);
    }
}

static int add_lane(struct delta_schema *schema, unsigned field, unsigned axis, unsigned width) {
    if (schema->lane_count == DELTA_LANES_MAX) return SS_ERR_TOO_LARGE;
    const struct delta_field *from = &schema->fields[field];
    struct delta_lane *lane = &schema->lanes[schema->lane_count++];
    *lane = (struct delta_lane){.kind = from->kind,
                                .role = from->role,
                                .axis = (uint8_t)axis,
                                .field = (uint8_t)field,
                                .width = (uint8_t)width};
    lane->state = (uint16_t)(from->offset + (from->kind == DELTA_QUATERNION ? 0 : 4 * axis));
    lane_scale(lane, from);
    return SS_OK;
}

static void note_role(struct delta_schema *schema, const struct delta_field *field) {
    uint8_t lane = schema->lane_count;
    switch (field->role) {
    case DELTA_YAW: schema->yaw = lane; break;
    case DELTA_VELOCITY: schema->velocity = lane; break;
    case DELTA_POSITION: schema->position = lane; break;
    case DELTA_ROTATION: schema->rotation = lane; break;
    default: break;
    }
}

static int add_field(struct delta_schema *schema, unsigned index) {
    const struct delta_field *field = &schema->fields[index];
    note_role(schema, field);
    if (field->kind == DELTA_BYTE) {
        unsigned bytes = 0;
        for (unsigned i = 0; i < schema->lane_count; i++)
            bytes += schema->lanes[i].kind == DELTA_BYTE;
        int added = add_lane(schema, index, 0, 1);
        if (added == SS_OK)
            schema->lanes[schema->lane_count - 1].clue = (uint8_t)(DELTA_BYTES_CLUE + bytes);
        return added;
    }
    int status = SS_OK;
    if (field->kind == DELTA_QUATERNION) /* axis 0 says which component is left out */
        for (unsigned axis = 0; axis < 4 && status == SS_OK; axis++)
            status = add_lane(schema, index, axis, axis == 0 ? 1 : 4);
    else
        for (unsigned axis = 0; axis < field->count && status == SS_OK; axis++)
            status = add_lane(schema, index, axis, 4);
    return status;
}

/* Puts the lanes that `wanted` picks behind each other. */
static size_t lay_out_those(struct delta_schema *schema, size_t at,
                            bool (*wanted)(const struct delta_lane *)) {
    for (unsigned i = 0; i < schema->lane_count; i++) {
        if (!wanted(&schema->lanes[i])) continue;
        schema->lanes[i].row = (uint16_t)at;
        at += schema->lanes[i].width;
    }
    return at;
}

static bool is_number(const struct delta_lane *lane) {
    return lane->width == 4;
}
static bool is_byte(const struct delta_lane *lane) {
    return lane->kind == DELTA_BYTE;
}
static bool is_largest(const struct delta_lane *lane) {
    return lane->kind == DELTA_QUATERNION && lane->width == 1;
}

static int lay_out(struct delta_schema *schema) {
    size_t bytes_at = lay_out_those(schema, 0, is_number);
    size_t bytes_end = lay_out_those(schema, bytes_at, is_byte);
    size_t size = lay_out_those(schema, bytes_end, is_largest);
    schema->bytes_at = (uint16_t)bytes_at;
    schema->byte_count = (uint8_t)(bytes_end - bytes_at);
    schema->row_size = (uint16_t)size;
    return size > DELTA_ROW_MAX ? SS_ERR_TOO_LARGE : SS_OK;
}

int delta_schema_init(struct delta_schema *schema, const char *name,
                      const struct delta_field *fields, size_t count, size_t state_size) {
    if (count > DELTA_FIELDS_MAX) return SS_ERR_TOO_LARGE;
    *schema = (struct delta_schema){.name = name,
                                    .fields = fields,
                                    .field_count = (uint8_t)count,
                                    .kind_lane = DELTA_NO_LANE,
                                    .flag_lane = DELTA_NO_LANE,
                                    .yaw = DELTA_NO_LANE,
                                    .velocity = DELTA_NO_LANE,
                                    .position = DELTA_NO_LANE,
                                    .rotation = DELTA_NO_LANE,
                                    .state_size = (uint16_t)state_size};
    for (unsigned i = 0; i < count; i++) {
        if (!field_valid(&fields[i], state_size) || !role_valid(schema, &fields[i]))
            return SS_ERR_INVALID;
        int status = add_field(schema, i);
        if (status != SS_OK) return status;
    }
    return lay_out(schema);
}

uint32_t delta_schema_hash(const struct delta_schema *schema) {
    uint64_t hash = schema->field_count;
    for (unsigned i = 0; i < schema->field_count; i++) {
        const struct delta_field *field = &schema->fields[i];
        hash = hash_mix(hash ^ (field->kind | (uint64_t)field->role << 8 |
                                (uint64_t)field->count << 16 | (uint64_t)field->levels << 24));
        hash = hash_mix(hash ^ (field->numerator | (uint64_t)field->denominator << 32));
    }
    hash = hash_mix(hash ^ (schema->kind_lane | (uint64_t)schema->walker << 8 |
                            (uint64_t)schema->flag_lane << 16));
    return (uint32_t)(hash ^ hash >> 32);
}
