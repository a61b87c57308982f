/* SPDX-License-Identifier: Apache-2.0 */
/* One walk says whether bytes are the message: wire types match the declared ones, strings are
 * UTF-8, nothing is nested deeper than 32, what is required is there. Fields that the schema does
 * not know are kept as they are: a newer client may have sent them.
 *
 * A second one, only where something is declared, looks at numbers. A field that is not there is 0,
 * as proto3 writes it, provided its message is there; a position whose message is missing is none.
 * Of several records the last one counts, but every one must keep the bounds. */
#include "payload/schema_state.h"

#include <math.h>
#include <stdio.h>

#include "base/status.h"

uint32_t schema_step(const struct schema *schema, uint32_t parent, uint32_t number,
                     uint32_t *hint) {
    const struct schema_node *above = &schema->nodes[parent];
    uint32_t at = above->first + *hint;
    if (*hint >= above->count || schema->nodes[at].number != number)
        at = schema_child(schema, parent, number);
    if (at == SCHEMA_NONE) return at;
    *hint = at - above->first + (schema->nodes[at].shape == SCHEMA_SINGULAR);
    return at;
}

/* ---- validate ------------------------------------------------------------------------------ */

struct validating {
    const struct schema *schema;
    struct reason *why;
};

static int refuse(const struct validating *in, uint32_t node, const char *text) {
    char path[FORMAT_PATH_BYTES];
    const char *at =
        node == 0 ? schema_name(in->schema, 0) : schema_path_text(in->schema, node, path);
    reason_set(in->why, "%s %s", at, text);
    return SS_ERR_INVALID;
}

static int message_validate(const struct validating *in, uint32_t parent, struct bytes from,
                            unsigned depth);

static int packed_validate(const struct validating *in, uint32_t node, struct bytes from) {
    struct reader reader = reader_of(from);
    uint64_t bits;
    while (schema_packed_next((enum schema_type)in->schema->nodes[node].type, &reader, &bits))
        continue;
    return reader.failed ? refuse(in, node, "ends inside a packed value") : SS_OK;
}

static int field_validate(const struct validating *in, uint32_t at,
                          const struct protobuf_field *field, unsigned depth) {
    const struct schema_node *node = &in->schema->nodes[at];
    enum schema_type type = (enum schema_type)node->type;
    if (field->type != schema_wire(type)) {
        bool packed = node->shape == SCHEMA_REPEATED && field->type == PROTOBUF_LEN;
        if (packed) return packed_validate(in, at, protobuf_content(field));
        return refuse(in, at, "is of another type");
    }
    if (type == SCHEMA_STRING && !bytes_utf8(protobuf_content(field)))
        return refuse(in, at, "is not UTF-8");
    if (type != SCHEMA_MESSAGE) return SS_OK;
    if (depth == SCHEMA_DEPTH_MAX) return refuse(in, at, "is nested too deep");
    return message_validate(in, at, protobuf_content(field), depth + 1);
}

static int required_validate(const struct validating *in, uint32_t parent, struct bytes from) {
    const struct schema_node *above = &in->schema->nodes[parent];
    for (uint32_t at = above->first; at < above->first + above->count; at++) {
        if (!in->schema->nodes[at].required) continue;
        struct reader reader = reader_of(from);
        struct protobuf_field field = {0};
        const char *error;
        bool found = false;
        while (!found && protobuf_next(&reader, &field, &error))
            found = field.number == in->schema->nodes[at].number;
        if (!found) return refuse(in, at, "is required and not there");
    }
    return SS_OK;
}

static int message_validate(const struct validating *in, uint32_t parent, struct bytes from,
                            unsigned depth) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error = NULL;
    uint32_t hint = 0;
    int status = SS_OK;
    while (status == SS_OK && protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->schema, parent, field.number, &hint);
        if (at != SCHEMA_NONE) status = field_validate(in, at, &field, depth);
    }
    if (status != SS_OK) return status;
    if (reader.failed) return refuse(in, parent, error);
    return in->schema->nodes[parent].requires ? required_validate(in, parent, from) : SS_OK;
}

int schema_validate(const struct format_rules *rules, struct bytes state, struct reason *why) {
    struct validating in = {rules->schema, why};
    if (state.size > UINT32_MAX) return refuse(&in, 0, "is too long");
    return message_validate(&in, 0, state, 1);
}

/* ---- numbers ------------------------------------------------------------------------------- */

struct measuring {
    const struct schema *schema;
    struct numbers *numbers;
    struct reason *why; /* NULL: bounds are not asked for */
    bool bounds;
};

static int bounds_check(const struct measuring *in, uint32_t at, uint64_t bits) {
    const struct schema_node *node = &in->schema->nodes[at];
    struct number value = schema_number((enum schema_type)node->type, bits);
    struct number low = {node->low, 0, false}, high = {node->high, 0, false};
    bool good = isfinite(value.value) && (!node->low_given || number_compare(&value, &low) >= 0) &&
                (!node->high_given || number_compare(&value, &high) <= 0);
    if (good) return SS_OK;
    char path[FORMAT_PATH_BYTES], least[32] = "any", most[32] = "any";
    if (node->low_given) snprintf(least, sizeof least, "%g", node->low);
    if (node->high_given) snprintf(most, sizeof most, "%g", node->high);
    reason_set(in->why, "%s is %g, allowed is %s to %s", schema_path_text(in->schema, at, path),
               value.value, least, most);
    return SS_ERR_INVALID;
}

static void watch_set(const struct measuring *in, uint32_t at, uint64_t bits) {
    const struct schema_node *node = &in->schema->nodes[at];
    if (node->watch == SCHEMA_NONE) return;
    uint64_t bit = (uint64_t)1 << node->watch;
    in->numbers->present |= bit;
    in->numbers->numeric |= bit;
    in->numbers->at[node->watch] = schema_number((enum schema_type)node->type, bits);
}

static int number_measure(const struct measuring *in, uint32_t at,
                          const struct protobuf_field *field) {
    const struct schema_node *node = &in->schema->nodes[at];
    enum schema_type type = (enum schema_type)node->type;
    bool bounded = in->bounds && (node->low_given || node->high_given);
    if (field->type != PROTOBUF_LEN) {
        uint64_t bits = schema_normal(type, field->value);
        watch_set(in, at, bits);
        return bounded ? bounds_check(in, at, bits) : SS_OK;
    }
    struct reader packed = reader_of(protobuf_content(field));
    uint64_t bits;
    int status = SS_OK;
    while (bounded && status == SS_OK && schema_packed_next(type, &packed, &bits))
        status = bounds_check(in, at, bits);
    return status;
}

/* What is not there is 0. */
static int absent_measure(const struct measuring *in, uint32_t parent, struct bytes from) {
    const struct schema_node *above = &in->schema->nodes[parent];
    int status = SS_OK;
    for (uint32_t at = above->first; at < above->first + above->count && status == SS_OK; at++) {
        const struct schema_node *node = &in->schema->nodes[at];
        bool watched = node->watch != SCHEMA_NONE && !(in->numbers->present >> node->watch & 1);
        bool bounded = in->bounds && (node->low_given || node->high_given) &&
                       (node->low > 0 || (node->high_given && node->high < 0)) && !node->presence &&
                       node->shape == SCHEMA_SINGULAR;
        if (watched) watch_set(in, at, 0);
        if (!bounded) continue;
        struct reader reader = reader_of(from);
        struct protobuf_field field;
        const char *error;
        bool found = false;
        while (!found && protobuf_next(&reader, &field, &error))
            found = field.number == node->number;
        if (!found) status = bounds_check(in, at, 0);
    }
    return status;
}

static int message_measure(const struct measuring *in, uint32_t parent, struct bytes from,
                           unsigned depth) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error;
    uint32_t hint = 0;
    int status = SS_OK;
    while (status == SS_OK && protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->schema, parent, field.number, &hint);
        if (at == SCHEMA_NONE || !schema_fits(&in->schema->nodes[at], &field)) continue;
        const struct schema_node *node = &in->schema->nodes[at];
        if (node->type != SCHEMA_MESSAGE) {
            if (node->measured) status = number_measure(in, at, &field);
        } else if ((node->measured || node->recursive) && depth < SCHEMA_DEPTH_MAX) {
            status = message_measure(in, at, protobuf_content(&field), depth + 1);
        }
    }
    return status == SS_OK ? absent_measure(in, parent, from) : status;
}

static int measure(const struct format_rules *rules, struct bytes state, bool bounds,
                   struct numbers *numbers, struct reason *why) {
    struct measuring in = {rules->schema, numbers, why, bounds};
    numbers->present = numbers->numeric = 0;
    return message_measure(&in, 0, state, 1);
}

int schema_invariants(const struct format_rules *rules, const struct bytes *previous,
                      struct bytes next, ss_time span, struct reason *why) {
    struct numbers before, after;
    if (!rules->schema->nodes[0].measured) return SS_OK;
    int status = measure(rules, next, true, &after, why);
    if (status != SS_OK || rules->watch_count == 0) return status;
    if (previous) measure(rules, *previous, false, &before, NULL);
    return invariant_check(rules, previous ? &before : NULL, &after, span, why);
}

int schema_locate(const struct format_rules *rules, struct bytes state, float position[3]) {
    struct numbers numbers;
    if (rules->watch_count == 0) return SS_ERR_NOT_FOUND;
    measure(rules, state, false, &numbers, NULL);
    return invariant_locate(rules, &numbers, position);
}
