/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.c - two walks over the leaves: which way each is kept, then, group by group, the fields of
 * the delta schema, so that what explains comes before what is explained. */
#include "schema/lanes.h"

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/status.h"

struct planning {
    struct lanes *lanes;
    struct buffer *complaints;
    bool good;
    unsigned fields, count, row; /* of lanes; of their bytes */
};

/* "game.Chat.text: " and what is wrong, as a line. */
static void refuse(struct planning *in, uint32_t node, const char *what) {
    const struct schema *schema = in->lanes->schema;
    buffer_text(in->complaints, schema_name(schema, 0));
    size_t start = in->complaints->size;
    if (node != 0) schema_path(schema, node, in->complaints);
    for (size_t i = start; i < in->complaints->size; i++)
        if (in->complaints->data[i] == '/') in->complaints->data[i] = '.';
    buffer_format(in->complaints, ": %s\n", what);
    in->good = false;
}

/* ---- which way ----------------------------------------------------------------------------- */

/* 1 / quantum as a fraction that the codec takes: the last convergent that is small enough. */
static bool fraction_of(double quantum, uint32_t *over, uint32_t *under) {
    double wanted = 1 / quantum, rest = wanted;
    uint64_t top = 1, bottom = 0, top_before = 0, bottom_before = 1;
    if (!(wanted < 1 << 20) || !(wanted > 1.0 / (1 << 24))) return false;
    for (;;) {
        uint64_t whole = (uint64_t)rest;
        uint64_t next_top = whole * top + top_before, next_bottom = whole * bottom + bottom_before;
        if (next_top >= 1 << 24 || next_bottom >= 1 << 24) break;
        top_before = top, bottom_before = bottom;
        top = next_top, bottom = next_bottom;
        rest -= (double)whole;
        if (!(rest > 1e-9)) break;
        rest = 1 / rest;
        if (!(rest < 1 << 24)) break;
    }
    if (top == 0 || bottom == 0) return false;
    *over = (uint32_t)top;
    *under = (uint32_t)bottom;
    return fabs((double)top / (double)bottom * quantum - 1) < 1e-9;
}

static bool within(const struct schema_node *node, double low, double high) {
    return node->low_given && node->high_given && node->low >= low && node->high <= high;
}

static bool is_signed(enum schema_type type) {
    return type == SCHEMA_INT32 || type == SCHEMA_SINT32 || type == SCHEMA_SFIXED32 ||
           type == SCHEMA_INT64 || type == SCHEMA_SINT64 || type == SCHEMA_SFIXED64;
}

static enum lane_way integer_way(const struct schema_node *node) {
    enum schema_type type = (enum schema_type)node->type;
    bool few = node->bits && node->bits <= 8 && !is_signed(type);
    if (few || within(node, 0, 255)) return WAY_BYTE;
    bool small = schema_type_bits(type) == 32 || within(node, INT32_MIN, INT32_MAX);
    return small ? WAY_NUMBER : WAY_HALVES;
}

/* The quantum of a number; 0: every bit is kept. */
static double quantum_of(const struct schema_node *node) {
    if (node->kind < SCHEMA_UNIT_VECTOR) return node->quantum;
    return node->bits ? ldexp(2, -node->bits) : 0;
}

static enum lane_way real_way(const struct schema_node *node) {
    uint32_t over, under;
    double quantum = quantum_of(node), turn = quantum * 65536 / node->modulo;
    if (node->kind == SCHEMA_ANGLE && fabs(turn - 1) < 1e-9) return WAY_ANGLE;
    if (quantum > 0 && fraction_of(quantum, &over, &under)) return WAY_STEPS;
    return node->type == SCHEMA_FLOAT ? WAY_FLOAT : WAY_HALVES;
}

static enum lane_way leaf_way(const struct schema_node *node) {
    enum schema_type type = (enum schema_type)node->type;
    if (type == SCHEMA_BOOL || type == SCHEMA_ENUM) return WAY_BYTE;
    return schema_is_float(type) ? real_way(node) : integer_way(node);
}

static const char *hindrance(const struct schema_node *node) {
    if (node->shape == SCHEMA_MAP) return "a map has no lane";
    if (node->shape == SCHEMA_REPEATED) return "a repeated field has no lane";
    if (node->type == SCHEMA_STRING) return "a string has no lane";
    if (node->type == SCHEMA_BYTES) return "bytes have no lane";
    return node->recursive ? "a message within itself has no lane" : NULL;
}

static void place_node(struct planning *in, uint32_t at) {
    const struct schema_node *node = &in->lanes->schema->nodes[at];
    struct lane_place *place = &in->lanes->places[at];
    const char *no = hindrance(node);
    if (no) {
        refuse(in, at, no);
        return;
    }
    if (node->presence) {
        if (in->lanes->optional == LANES_OPTIONAL_MAX) {
            refuse(in, at, "more than 64 fields that may be absent");
            return;
        }
        place->bit = (uint8_t)in->lanes->optional++;
    }
    if (node->type != SCHEMA_MESSAGE) place->way = (uint8_t)leaf_way(node);
}

/* Children stand behind their parent; those of a field that has no lane are not looked at. */
static void place_nodes(struct planning *in) {
    const struct schema *schema = in->lanes->schema;
    for (uint32_t at = 0; at < schema->count; at++)
        in->lanes->places[at] = (struct lane_place){WAY_NONE, DELTA_NO_LANE, LANES_NO_BIT};
    if (hindrance(&schema->nodes[0])) refuse(in, 0, hindrance(&schema->nodes[0]));
    for (uint32_t at = 1; at < schema->count; at++) {
        bool reached = true;
        for (uint32_t up = schema->nodes[at].parent; up != 0; up = schema->nodes[up].parent)
            reached = reached && !hindrance(&schema->nodes[up]);
        if (reached) place_node(in, at);
    }
}

/* ---- fields of the delta schema ------------------------------------------------------------ */

static void field_add(struct planning *in, struct delta_field field, unsigned lanes, unsigned row) {
    if (in->count + lanes <= DELTA_LANES_MAX) in->lanes->fields[in->fields++] = field;
    in->count += lanes;
    in->row += row;
}

static struct delta_field field_of(const struct planning *in, uint32_t at) {
    const struct schema_node *node = &in->lanes->schema->nodes[at];
    struct delta_field field = {.name = schema_name(in->lanes->schema, at), .count = 1};
    switch (in->lanes->places[at].way) {
    case WAY_BYTE: field.kind = DELTA_BYTE; break;
    case WAY_ANGLE: field.kind = DELTA_ANGLE; break;
    case WAY_FLOAT: field.kind = DELTA_FLOAT; break;
    default: field.kind = DELTA_STEPS; break;
    }
    field.numerator = field.kind == DELTA_FLOAT ? 256 : 1;
    field.denominator = 1;
    if (in->lanes->places[at].way == WAY_STEPS)
        fraction_of(quantum_of(node), &field.numerator, &field.denominator);
    return field;
}

static void leaf_add(struct planning *in, uint32_t at, enum delta_role role) {
    struct lane_place *place = &in->lanes->places[at];
    struct delta_field field = field_of(in, at);
    field.role = (uint8_t)role;
    place->lane = (uint8_t)in->count;
    field_add(in, field, 1, field.kind == DELTA_BYTE ? 1 : 4);
    if (place->way == WAY_HALVES) field_add(in, field, 1, 4);
}

static uint32_t next_unplaced(const struct planning *in, uint32_t after) {
    do
        after = schema_leaf_next(in->lanes->schema, after);
    while (after != SCHEMA_NONE && in->lanes->places[after].lane != DELTA_NO_LANE);
    return after;
}

static void optional_add(struct planning *in) {
    for (unsigned bit = 0; bit < in->lanes->optional; bit += 8)
        field_add(in, (struct delta_field){.name = "there", .kind = DELTA_BYTE, .count = 1}, 1, 1);
}

static void bytes_add(struct planning *in) {
    for (uint32_t at = SCHEMA_NONE; (at = next_unplaced(in, at)) != SCHEMA_NONE;)
        if (in->lanes->places[at].way == WAY_BYTE) leaf_add(in, at, DELTA_PLAIN);
}

/* The first angle is taken for the yaw, the second for the pitch. */
static void angles_add(struct planning *in) {
    static const enum delta_role roles[] = {DELTA_YAW, DELTA_PITCH, DELTA_PLAIN};
    unsigned angle = 0;
    for (uint32_t at = SCHEMA_NONE; (at = next_unplaced(in, at)) != SCHEMA_NONE;) {
        if (in->lanes->places[at].way != WAY_ANGLE) continue;
        leaf_add(in, at, roles[angle]);
        angle += angle < 2;
    }
}

/* Three numbers as one field, if they are alike. */
static void vector_add(struct planning *in, const uint32_t nodes[3], enum delta_role role) {
    struct delta_field first = {0};
    for (int i = 0; i < 3; i++) {
        if (nodes[i] == SCHEMA_NONE) return;
        unsigned way = in->lanes->places[nodes[i]].way;
        if (way != WAY_STEPS && way != WAY_FLOAT && way != WAY_NUMBER) return;
        struct delta_field field = field_of(in, nodes[i]);
        if (i == 0) first = field;
        if (field.kind != first.kind || field.numerator != first.numerator ||
            field.denominator != first.denominator)
            return;
    }
    first.role = (uint8_t)role;
    first.count = 3;
    first.name = role == DELTA_POSITION ? "position" : "velocity";
    for (unsigned i = 0; i < 3; i++)
        in->lanes->places[nodes[i]].lane = (uint8_t)(in->count + i);
    field_add(in, first, 3, 12);
}

static void motion_add(struct planning *in) {
    const struct schema *schema = in->lanes->schema;
    uint32_t position[3] = {SCHEMA_NONE, SCHEMA_NONE, SCHEMA_NONE}, velocity[3];
    for (uint32_t at = 0; at < schema->count; at++) {
        const struct schema_node *node = &schema->nodes[at];
        if (node->axis) position[node->axis - 1] = at;
    }
    for (int i = 0; i < 3; i++)
        velocity[i] =
            position[i] == SCHEMA_NONE ? SCHEMA_NONE : schema->nodes[position[i]].velocity;
    vector_add(in, velocity, DELTA_VELOCITY);
    vector_add(in, position, DELTA_POSITION);
}

/* The first message that is a quaternion of a size that smallest three can have. */
static uint32_t rotation_of(const struct planning *in) {
    const struct schema *schema = in->lanes->schema;
    for (uint32_t at = 1; at < schema->count; at++) {
        const struct schema_node *node = &schema->nodes[at];
        if (node->type != SCHEMA_MESSAGE || node->kind != SCHEMA_QUATERNION || node->count != 4)
            continue;
        unsigned bits = schema->nodes[node->first].bits;
        if (bits >= 2 && bits <= 15) return at;
    }
    return SCHEMA_NONE;
}

static void rotation_add(struct planning *in) {
    const struct schema *schema = in->lanes->schema;
    uint32_t at = rotation_of(in);
    if (at == SCHEMA_NONE) return;
    const struct schema_node *node = &schema->nodes[at];
    struct delta_field field = {.name = schema_name(schema, at),
                                .kind = DELTA_QUATERNION,
                                .role = DELTA_ROTATION,
                                .count = 1,
                                .levels = (uint16_t)(1u << schema->nodes[node->first].bits)};
    for (uint32_t part = node->first; part < node->first + 4; part++)
        in->lanes->places[part].way = WAY_ROTATION,
        in->lanes->places[part].lane = (uint8_t)in->count;
    field_add(in, field, 4, 13);
}

static void rest_add(struct planning *in) {
    for (uint32_t at = SCHEMA_NONE; (at = next_unplaced(in, at)) != SCHEMA_NONE;)
        leaf_add(in, at, DELTA_PLAIN);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* The first enum classifies cells, the first bool tells whether they change. */
static void choose_clues(struct lanes *lanes) {
    const struct schema *schema = lanes->schema;
    lanes->delta.walker = UINT8_MAX; /* as if nobody walked */
    for (uint32_t at = SCHEMA_NONE; (at = schema_leaf_next(schema, at)) != SCHEMA_NONE;) {
        unsigned type = schema->nodes[at].type;
        if (type == SCHEMA_ENUM && lanes->delta.kind_lane == DELTA_NO_LANE)
            lanes->delta.kind_lane = lanes->places[at].lane;
        if (type == SCHEMA_BOOL && lanes->delta.flag_lane == DELTA_NO_LANE)
            lanes->delta.flag_lane = lanes->places[at].lane;
    }
}

static void check_size(struct planning *in) {
    char text[96];
    if (in->count > DELTA_LANES_MAX) {
        snprintf(text, sizeof text, "%u lanes, at most %d can be coded", in->count,
                 DELTA_LANES_MAX);
        refuse(in, 0, text);
    }
    if (in->row > DELTA_ROW_MAX) {
        snprintf(text, sizeof text, "a row of %u bytes, at most %d can be coded", in->row,
                 DELTA_ROW_MAX);
        refuse(in, 0, text);
    }
    if (in->count == 0) refuse(in, 0, "it has no field");
}

static int plan(struct planning *in) {
    struct lanes *lanes = in->lanes;
    place_nodes(in);
    if (in->complaints->failed) return SS_ERR_NOMEM;
    if (!in->good) return SS_ERR_UNSUPPORTED;
    optional_add(in);
    bytes_add(in);
    angles_add(in);
    motion_add(in);
    rotation_add(in);
    rest_add(in);
    check_size(in);
    if (in->complaints->failed) return SS_ERR_NOMEM;
    if (!in->good) return SS_ERR_UNSUPPORTED;
    int status = delta_schema_init(&lanes->delta, schema_name(lanes->schema, 0), lanes->fields,
                                   in->fields, sizeof(float[4]));
    choose_clues(lanes);
    lanes->hash = hash_mix(lanes->schema->hash ^ delta_schema_hash(&lanes->delta));
    return status;
}

int lanes_create(struct lanes **lanes, const struct memory *memory, const struct schema *schema,
                 struct buffer *complaints) {
    struct planning in = {.complaints = complaints, .good = true};
    *lanes = NULL;
    in.lanes = memory_zeroed(memory, 1, sizeof *in.lanes);
    if (!in.lanes) return SS_ERR_NOMEM;
    in.lanes->memory = memory;
    in.lanes->schema = schema;
    in.lanes->places = memory_zeroed(memory, schema->count, sizeof *in.lanes->places);
    int status = in.lanes->places ? plan(&in) : SS_ERR_NOMEM;
    if (status == SS_OK)
        *lanes = in.lanes;
    else
        lanes_destroy(in.lanes);
    return status;
}

void lanes_destroy(struct lanes *lanes) {
    if (!lanes) return;
    memory_free(lanes->memory, lanes->places, lanes->schema->count * sizeof *lanes->places);
    memory_free(lanes->memory, lanes, sizeof *lanes);
}

/* ---- models -------------------------------------------------------------------------------- */

static const char model_magic[] = "SSLT";

void lanes_model_save(const struct lanes *lanes, const struct delta_model *model,
                      struct buffer *out) {
    buffer_text(out, model_magic);
    buffer_u64(out, lanes->hash);
    delta_model_save(model, out);
}

int lanes_model_load(const struct lanes *lanes, struct bytes file, struct delta_model *model,
                     struct reason *why) {
    struct reader in = reader_of(file);
    struct bytes magic = reader_bytes(&in, 4);
    uint64_t hash = reader_u64(&in);
    const char *name = schema_name(lanes->schema, 0);
    if (in.failed || !bytes_equal(magic, bytes_of(model_magic))) {
        reason_set(why, "no trained table");
        return SS_ERR_MALFORMED;
    }
    if (hash != lanes->hash) {
        reason_set(why, "trained for another schema: %016llx, %s is %016llx",
                   (unsigned long long)hash, name, (unsigned long long)lanes->hash);
        return SS_ERR_UNSUPPORTED;
    }
    int status = delta_model_load(model, &lanes->delta, bytes_view(in.at, in.left));
    if (status != SS_OK) reason_set(why, "a broken table for %s", name);
    return status;
}
