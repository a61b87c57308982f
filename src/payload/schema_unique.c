/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/schema_unique.h"

#include <assert.h>

#include "payload/schema_state.h"

struct gathering {
    const struct schema *schema;
    struct format_unique *values;
    size_t count;
};

static enum format_reader least_reader(uint8_t audience) {
    if (audience == SCHEMA_FOR_SERVER) return READER_SERVER;
    return audience == SCHEMA_FOR_ANY ? READER_OTHER : READER_OWNER;
}

/* The member of `parent` that `node` is or lies in, SCHEMA_NONE when it lies elsewhere. */
static uint32_t member_of(const struct schema *schema, uint32_t parent, uint32_t node) {
    while (node != SCHEMA_NONE && schema->nodes[node].parent != parent)
        node = schema->nodes[node].parent;
    return node;
}

static void value_drop(struct gathering *in, size_t i) {
    in->count--;
    for (; i < in->count; i++)
        in->values[i] = in->values[i + 1];
}

static void other_members_drop(struct gathering *in, uint32_t chosen) {
    const struct schema_node *nodes = in->schema->nodes;
    for (size_t i = in->count; i-- > 0;) {
        uint32_t member = member_of(in->schema, nodes[chosen].parent, in->values[i].field);
        if (member != SCHEMA_NONE && member != chosen && nodes[member].oneof == nodes[chosen].oneof)
            value_drop(in, i);
    }
}

static void value_set(struct gathering *in, uint32_t at, const struct protobuf_field *field) {
    const struct schema_node *node = &in->schema->nodes[at];
    struct schema_value value = schema_value_of((enum schema_type)node->type, field);
    size_t i = 0;
    while (i < in->count && in->values[i].field != at)
        i++;
    if (i < in->count) value_drop(in, i);
    if (!node->presence && value.bits == 0 && value.content.size == 0) return;
    assert(in->count < FORMAT_UNIQUES_MAX); /* as rules have no more unique fields */
    in->values[in->count++] = (struct format_unique){.field = at,
                                                     .least = least_reader(node->audience),
                                                     .bits = value.bits,
                                                     .text = value.content};
}

static void message_gather(struct gathering *in, uint32_t parent, struct bytes from,
                           unsigned depth) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error;
    uint32_t hint = 0;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->schema, parent, field.number, &hint);
        if (at == SCHEMA_NONE || !schema_fits(&in->schema->nodes[at], &field)) continue;
        const struct schema_node *node = &in->schema->nodes[at];
        if (node->oneof) other_members_drop(in, at);
        if (!node->claims || node->shape != SCHEMA_SINGULAR) continue;
        if (node->type != SCHEMA_MESSAGE) {
            value_set(in, at, &field);
        } else if (depth < SCHEMA_DEPTH_MAX) {
            message_gather(in, at, protobuf_content(&field), depth + 1);
        }
    }
}

size_t schema_uniques(const struct format_rules *rules, struct bytes state,
                      struct format_unique *values) {
    struct gathering in = {rules->schema, values, 0};
    message_gather(&in, 0, state, 1);
    return in.count;
}

size_t schema_unique_count(const struct schema *schema) {
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++)
        count += schema->nodes[i].unique;
    return count;
}
