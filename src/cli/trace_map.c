/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace_map.h"

#include <string.h>

#include "base/status.h"
#include "payload/schema_value.h"

enum { KIND = 0, POSITION = 2, VELOCITY = 14, ROTATION = 26, DISCRETE = 42, NOWHERE = 255 };

static bool named(const struct schema *schema, uint32_t node, const char *name) {
    return strcmp(schema_name(schema, node), name) == 0;
}

/* x, y, z: 0, 1, 2; else -1. */
static int axis_of(const char *name) {
    return name[0] >= 'x' && name[0] <= 'z' && name[1] == '\0' ? name[0] - 'x' : -1;
}

/* The axis of the position that `node` is the velocity of, from 1. */
static unsigned velocity_axis(const struct schema *schema, uint32_t node) {
    for (uint32_t at = 0; at < schema->count; at++)
        if (schema->nodes[at].axis && schema->nodes[at].velocity == node)
            return schema->nodes[at].axis;
    return 0;
}

static unsigned vector_offset(const struct schema *schema, uint32_t at) {
    const struct schema_node *node = &schema->nodes[at];
    int axis = axis_of(schema_name(schema, at));
    unsigned moving = velocity_axis(schema, at);
    if (node->axis) return POSITION + 4 * (node->axis - 1u);
    if (moving) return VELOCITY + 4 * (moving - 1);
    if (axis >= 0 && named(schema, node->parent, "position")) return POSITION + 4 * (unsigned)axis;
    if (axis >= 0 && named(schema, node->parent, "velocity")) return VELOCITY + 4 * (unsigned)axis;
    return NOWHERE;
}

static unsigned angle_offset(const struct schema *schema, uint32_t at) {
    static const char *const names[] = {"yaw", "pitch", "roll"};
    for (unsigned i = 0; i < 3; i++)
        if (named(schema, at, names[i])) return ROTATION + 4 * i;
    return NOWHERE;
}

static unsigned byte_offset(const struct schema *schema, uint32_t at) {
    static const char discrete[] = "discrete";
    const char *name = schema_name(schema, at);
    if (strcmp(name, "kind") == 0) return KIND;
    size_t size = sizeof discrete - 1;
    bool numbered = strncmp(name, discrete, size) == 0 && name[size] >= '0' && name[size] <= '7' &&
                    name[size + 1] == '\0';
    return numbered ? DISCRETE + (unsigned)(name[size] - '0') : NOWHERE;
}

static unsigned real_offset(const struct lanes *lanes, const struct trace *trace, uint32_t at) {
    const struct schema *schema = lanes->schema;
    bool turns = lanes->places[at].way == WAY_ROTATION;
    if (turns) return trace->rotation == 0 ? ROTATION + 4u * schema->nodes[at].part : NOWHERE;
    unsigned offset = vector_offset(schema, at);
    if (offset == NOWHERE && trace->rotation == 1) offset = angle_offset(schema, at);
    return offset;
}

static void map_leaf(struct trace_map *map, uint32_t at, unsigned offset, bool real) {
    const struct schema *schema = map->lanes->schema;
    map->field[map->count].node = at;
    map->field[map->count].offset = (uint8_t)offset;
    map->field[map->count++].real = real;
    for (; at != 0; at = schema->nodes[at].parent)
        if (map->lanes->places[at].bit != LANES_NO_BIT)
            map->there |= (uint64_t)1 << map->lanes->places[at].bit;
}

void trace_map_init(struct trace_map *map, const struct lanes *lanes, const struct trace *trace,
                    struct buffer *notes) {
    *map = (struct trace_map){.lanes = lanes};
    const struct schema *schema = lanes->schema;
    for (uint32_t at = SCHEMA_NONE; (at = schema_leaf_next(schema, at)) != SCHEMA_NONE;) {
        unsigned offset = real_offset(lanes, trace, at);
        bool real = offset != NOWHERE;
        if (!real) offset = byte_offset(schema, at);
        if (offset != NOWHERE && map->count < TRACE_MAP_MAX) {
            map_leaf(map, at, offset, real);
            continue;
        }
        schema_path(schema, at, notes);
        buffer_text(notes, ": nothing of that name in a trace; as if it never changed\n");
    }
}

int trace_map_row(const void *context, const uint8_t *state, uint8_t *row) {
    const struct trace_map *map = context;
    struct lane_values values = {.there = map->there};
    struct reason why;
    for (size_t i = 0; i < map->count; i++) {
        uint32_t at = map->field[i].node;
        enum schema_type type = (enum schema_type)map->lanes->schema->nodes[at].type;
        double value = state[map->field[i].offset];
        if (map->field[i].real) {
            float single;
            memcpy(&single, state + map->field[i].offset, sizeof single);
            value = (double)single;
        }
        if (type == SCHEMA_BOOL) value = value > 0;
        *lane_value_at(map->lanes, &values, at) = schema_is_float(type) || schema_is_integer(type)
                                                      ? schema_real_bits(type, value)
                                                      : (uint64_t)value;
    }
    return lanes_put(map->lanes, &values, row, &why) == SS_OK ? SS_OK : SS_ERR_INVALID;
}
