/* SPDX-License-Identifier: Apache-2.0 */
/* lanes_row.c - states to rows and back. A state is first taken apart into the normalised bits of
 * its leaves (payload/schema_value.h), so that however it was written, equal states are equal rows.
 */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "delta/quantum.h"
#include "payload/schema_state.h"
#include "payload/schema_value.h"
#include "schema/lanes.h"

#define TURN 65536 /* steps of an angle */

struct taking {
    const struct lanes *lanes;
    struct reason *why;
    struct lane_values values;
};

static void tell(const struct lanes *lanes, uint32_t node, struct reason *why, const char *what) {
    const struct schema *schema = lanes->schema;
    reason_set(why, "%s%s%s %s", schema_name(schema, 0), node ? "." : "",
               node ? schema_name(schema, node) : "", what);
}

static int refuse(const struct lanes *lanes, uint32_t node, struct reason *why, const char *what) {
    tell(lanes, node, why, what);
    return SS_ERR_UNSUPPORTED;
}

static int no_message(const struct taking *in, uint32_t node, const char *what) {
    tell(in->lanes, node, in->why, what);
    return SS_ERR_INVALID;
}

uint64_t *lane_value_at(const struct lanes *lanes, struct lane_values *values, uint32_t node) {
    const struct lane_place *place = &lanes->places[node];
    if (place->way == WAY_ROTATION) return &values->rotation[lanes->schema->nodes[node].part];
    return &values->bits[place->lane];
}

static bool is_there(const struct lanes *lanes, const struct lane_values *values, uint32_t node) {
    unsigned bit = lanes->places[node].bit;
    return bit == LANES_NO_BIT || (values->there >> bit & 1);
}

/* ---- taking apart -------------------------------------------------------------------------- */

/* Of a oneof only one may be there: which one the others gave way to, a row cannot say. */
static bool oneof_taken(const struct taking *in, uint32_t node) {
    const struct schema *schema = in->lanes->schema;
    const struct schema_node *above = &schema->nodes[schema->nodes[node].parent];
    for (uint32_t at = above->first; at < above->first + above->count; at++)
        if (at != node && schema->nodes[at].oneof == schema->nodes[node].oneof &&
            is_there(in->lanes, &in->values, at))
            return true;
    return false;
}

static int message_take(struct taking *in, uint32_t parent, struct bytes from);

static int field_take(struct taking *in, uint32_t at, const struct protobuf_field *field) {
    const struct schema_node *node = &in->lanes->schema->nodes[at];
    const struct lane_place *place = &in->lanes->places[at];
    if (!schema_fits(node, field)) return no_message(in, at, "is of another type");
    if (node->oneof && oneof_taken(in, at))
        return refuse(in->lanes, at, in->why, "is one of two in a oneof");
    if (place->bit != LANES_NO_BIT) in->values.there |= (uint64_t)1 << place->bit;
    if (node->type == SCHEMA_MESSAGE) return message_take(in, at, protobuf_content(field));
    *lane_value_at(in->lanes, &in->values, at) =
        schema_normal((enum schema_type)node->type, field->value);
    return SS_OK;
}

/* As deep as the schema, which holds no message within itself. */
static int message_take(struct taking *in, uint32_t parent, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error;
    uint32_t hint = 0;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->lanes->schema, parent, field.number, &hint);
        if (at == SCHEMA_NONE)
            return refuse(in->lanes, parent, in->why, "has a field that is not declared");
        int status = field_take(in, at, &field);
        if (status != SS_OK) return status;
    }
    return reader.failed ? no_message(in, parent, error) : SS_OK;
}

/* ---- into lanes ---------------------------------------------------------------------------- */

static const struct delta_lane *lane_at(const struct lanes *lanes, uint32_t node) {
    return &lanes->delta.lanes[lanes->places[node].lane];
}

static bool integer_put(const struct delta_lane *lane, enum schema_type type, uint64_t bits,
                        uint8_t *row) {
    bool byte = lane->kind == DELTA_BYTE, wraps = schema_type_bits(type) == 32;
    __int128 value = schema_integer(type, bits);
    delta_row_set(lane, row, (int32_t)(uint32_t)bits);
    if (byte) return value >= 0 && value <= UINT8_MAX;
    return wraps || (value >= INT32_MIN && value <= INT32_MAX);
}

/* Whatever its bits: a conversion would change those of some NaN. */
static float single_of(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float single;
    memcpy(&single, &low, sizeof single);
    return single;
}

static uint64_t single_bits(float single) {
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    return bits;
}

/* What has no steps keeps its bits, if a float has them. */
static bool escape_put(const struct delta_lane *lane, enum schema_type type, uint64_t bits,
                       uint8_t *row) {
    double value = schema_real(type, bits);
    float single = type == SCHEMA_FLOAT ? single_of(bits) : (float)value;
    delta_row_set(lane, row, delta_lane_of(lane, single));
    return type == SCHEMA_FLOAT || (double)single == value;
}

static bool steps_put(const struct delta_lane *lane, enum schema_type type, uint64_t bits,
                      uint8_t *row) {
    double value = schema_real(type, bits);
    double limit = (double)delta_lane_to(lane, 1 << 30); /* from here on */
    if (!(fabs(value) < limit)) return escape_put(lane, type, bits, row);
    delta_row_set(lane, row, (int32_t)floor(value * lane->steps + 0.5));
    return true;
}

static bool angle_put(const struct delta_lane *lane, const struct schema_node *node, uint64_t bits,
                      uint8_t *row) {
    double value = schema_real((enum schema_type)node->type, bits);
    if (!isfinite(value)) return escape_put(lane, (enum schema_type)node->type, bits, row);
    double steps = fmod(value, node->modulo) * (TURN / node->modulo);
    delta_row_set(lane, row, (int32_t)floor(steps + 0.5) & (TURN - 1));
    return true;
}

/* Of unit length, as declared, or the row cannot hold it; what is not there does not turn. */
static bool rotation_put(const struct lanes *lanes, const struct lane_values *values, uint32_t part,
                         uint8_t *row) {
    const struct schema_node *node = &lanes->schema->nodes[part];
    float turn[4];
    double norm = 0;
    for (int i = 0; i < 4; i++) {
        turn[i] = (float)schema_real((enum schema_type)node->type, values->rotation[i]);
        norm += (double)turn[i] * turn[i];
    }
    bool there = is_there(lanes, values, node->parent);
    if (!there) turn[0] = turn[1] = turn[2] = 0, turn[3] = 1;
    if (there && !(fabs(norm - 1) < 0.02)) return false;
    return delta_rotation_of(lane_at(lanes, part), turn, row) == SS_OK;
}

static bool leaf_put(const struct lanes *lanes, const struct lane_values *values, uint32_t at,
                     uint8_t *row) {
    const struct schema_node *node = &lanes->schema->nodes[at];
    const struct lane_place *place = &lanes->places[at];
    const struct delta_lane *lane = lane_at(lanes, at);
    enum schema_type type = (enum schema_type)node->type;
    uint64_t bits = values->bits[place->lane];
    switch (place->way) {
    case WAY_BYTE:
    case WAY_NUMBER: return integer_put(lane, type, bits, row);
    case WAY_HALVES:
        delta_row_set(lane, row, (int32_t)(uint32_t)(bits >> 32));
        delta_row_set(lane + 1, row, (int32_t)(uint32_t)bits);
        return true;
    case WAY_STEPS: return steps_put(lane, type, bits, row);
    case WAY_ANGLE: return angle_put(lane, node, bits, row);
    case WAY_FLOAT: delta_row_set(lane, row, (int32_t)(uint32_t)bits); return true;
    default: return node->part != 0 || rotation_put(lanes, values, at, row);
    }
}

static unsigned there_bytes(const struct lanes *lanes) {
    return (lanes->optional + 7) / 8;
}

int lanes_put(const struct lanes *lanes, const struct lane_values *values, uint8_t *row,
              struct reason *why) {
    for (unsigned i = 0; i < there_bytes(lanes); i++)
        delta_row_set(&lanes->delta.lanes[i], row, (int32_t)(values->there >> 8 * i & 255));
    for (uint32_t at = SCHEMA_NONE; (at = schema_leaf_next(lanes->schema, at)) != SCHEMA_NONE;)
        if (!leaf_put(lanes, values, at, row))
            return refuse(lanes, at, why, "has no room in its lane");
    return SS_OK;
}

int lanes_row(const struct lanes *lanes, struct bytes state, uint8_t *row, struct reason *why) {
    struct taking in = {.lanes = lanes, .why = why};
    int status = message_take(&in, 0, state);
    return status == SS_OK ? lanes_put(lanes, &in.values, row, why) : status;
}

/* ---- and back ------------------------------------------------------------------------------ */

static uint64_t integer_get(enum schema_type type, int32_t value) {
    bool wraps = type == SCHEMA_UINT32 || type == SCHEMA_FIXED32;
    if (type == SCHEMA_BOOL) return value != 0;
    return wraps ? (uint64_t)(uint32_t)value : (uint64_t)(int64_t)value;
}

static uint64_t escape_get(const struct delta_lane *lane, enum schema_type type, int32_t value) {
    float single = delta_lane_to(lane, value);
    return type == SCHEMA_FLOAT ? single_bits(single) : schema_real_bits(type, (double)single);
}

static uint64_t steps_get(const struct delta_lane *lane, enum schema_type type, int32_t value) {
    if (value <= -(1 << 30) || value >= 1 << 30) return escape_get(lane, type, value);
    return schema_real_bits(type, (double)value / lane->steps);
}

/* In [0, turn), or around 0 where the field may be negative. */
static uint64_t angle_get(const struct delta_lane *lane, const struct schema_node *node,
                          int32_t value) {
    enum schema_type type = (enum schema_type)node->type;
    if (value < 0 || value >= TURN) return escape_get(lane, type, value);
    if (node->low_given && node->low < 0 && value >= TURN / 2) value -= TURN;
    return schema_real_bits(type, value * (node->modulo / TURN));
}

static uint64_t leaf_bits(const struct lanes *lanes, const uint8_t *row, uint32_t at) {
    const struct schema_node *node = &lanes->schema->nodes[at];
    const struct delta_lane *lane = lane_at(lanes, at);
    enum schema_type type = (enum schema_type)node->type;
    int32_t value = delta_row_get(lane, row);
    float turn[4];
    switch (lanes->places[at].way) {
    case WAY_BYTE:
    case WAY_NUMBER: return integer_get(type, value);
    case WAY_HALVES:
        return (uint64_t)(uint32_t)value << 32 | (uint32_t)delta_row_get(lane + 1, row);
    case WAY_STEPS: return steps_get(lane, type, value);
    case WAY_ANGLE: return angle_get(lane, node, value);
    case WAY_FLOAT: return (uint32_t)value;
    default:
        delta_rotation_to(lane, row, turn);
        return schema_real_bits(type, (double)turn[node->part]);
    }
}

static void message_put(const struct lanes *lanes, const uint8_t *row,
                        const struct lane_values *values, uint32_t parent, struct buffer *out) {
    const struct schema_node *above = &lanes->schema->nodes[parent];
    for (uint32_t at = above->first; at < above->first + above->count; at++) {
        const struct schema_node *node = &lanes->schema->nodes[at];
        if (!is_there(lanes, values, at)) continue;
        if (node->type == SCHEMA_MESSAGE) {
            size_t start = out->size;
            message_put(lanes, row, values, at, out);
            schema_record_wrap(out, start, node->number);
            continue;
        }
        struct schema_value value = {.present = true, .bits = leaf_bits(lanes, row, at)};
        if (node->presence || value.bits != 0)
            schema_record_put((enum schema_type)node->type, node->number, &value, out);
    }
}

void lanes_state(const struct lanes *lanes, const uint8_t *row, struct buffer *out) {
    struct lane_values values = {.there = 0};
    for (unsigned i = 0; i < there_bytes(lanes); i++)
        values.there |= (uint64_t)(uint8_t)delta_row_get(&lanes->delta.lanes[i], row) << 8 * i;
    message_put(lanes, row, &values, 0, out);
}
