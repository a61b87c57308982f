/* SPDX-License-Identifier: Apache-2.0 */
/* First the numbers of both states are put side by side, one place per node, because a position may
 * need the velocity that stands elsewhere. Then both messages are walked like in a merge: numbers
 * that move are written anew, everything else is that of `from`.
 *
 * A number moves only when both states have it (0 counts where the schema knows no presence) and
 * both are finite. It never leaves its bounds, however a curve swings. */
#include "payload/schema_interpolate.h"

#include <math.h>

#include "base/status.h"
#include "payload/schema_state.h"

/* One number in both states. */
struct pair {
    double from, to;
    bool in_from, in_to;
};

struct blending {
    const struct schema *schema;
    struct arena arena;
    struct pair *pairs; /* by node */
    struct buffer *out;
    double part, seconds;
};

/* ---- the numbers --------------------------------------------------------------------------- */

static bool is_number(const struct schema_node *node) {
    return schema_is_leaf(node) && (schema_is_integer((enum schema_type)node->type) ||
                                    schema_is_float((enum schema_type)node->type));
}

static void pair_set(struct pair *pair, bool late, double value) {
    *(late ? &pair->to : &pair->from) = value;
    *(late ? &pair->in_to : &pair->in_from) = true;
}

static void numbers_absent(struct blending *in, uint32_t parent, bool late) {
    const struct schema_node *above = &in->schema->nodes[parent];
    for (uint32_t at = above->first; at < above->first + above->count; at++) {
        struct pair *pair = &in->pairs[at];
        bool there = late ? pair->in_to : pair->in_from;
        if (!there && is_number(&in->schema->nodes[at]) && !in->schema->nodes[at].presence)
            pair_set(pair, late, 0);
    }
}

static void numbers_collect(struct blending *in, uint32_t parent, struct bytes message, bool late) {
    struct reader reader = reader_of(message);
    struct protobuf_field field;
    const char *error;
    uint32_t hint = 0;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->schema, parent, field.number, &hint);
        if (at == SCHEMA_NONE) continue;
        const struct schema_node *node = &in->schema->nodes[at];
        enum schema_type type = (enum schema_type)node->type;
        if (is_number(node)) {
            pair_set(&in->pairs[at], late, schema_real(type, schema_normal(type, field.value)));
        } else if (type == SCHEMA_MESSAGE && node->shape == SCHEMA_SINGULAR && !node->recursive) {
            numbers_collect(in, at, protobuf_content(&field), late);
        }
    }
    numbers_absent(in, parent, late);
}

/* ---- one value ----------------------------------------------------------------------------- */

static bool pair_moves(const struct pair *pair) {
    return pair->in_from && pair->in_to && isfinite(pair->from) && isfinite(pair->to);
}

static double clamp(const struct schema_node *node, double value) {
    if (node->low_given && value < node->low) return node->low;
    if (node->high_given && value > node->high) return node->high;
    return value;
}

static double blend(const struct blending *in, uint32_t at) {
    const struct schema_node *node = &in->schema->nodes[at];
    const struct pair *pair = &in->pairs[at];
    if (node->interpolation == SCHEMA_SHORT_WAY)
        return blend_angle(pair->from, pair->to, node->modulo, in->part);
    if (node->interpolation == SCHEMA_HERMITE) {
        const struct pair *velocity = &in->pairs[node->velocity];
        if (pair_moves(velocity))
            return blend_hermite(pair->from, pair->to, velocity->from, velocity->to, in->seconds,
                                 in->part);
    }
    return blend_linear(pair->from, pair->to, in->part);
}

static void number_put(struct blending *in, const struct schema_node *node, double real) {
    enum schema_type type = (enum schema_type)node->type;
    struct schema_value value = {.present = true, .bits = schema_real_bits(type, real)};
    if (node->presence || value.bits != 0) schema_record_put(type, node->number, &value, in->out);
}

/* The parts of a quaternion or unit vector; false when they do not all move. */
static bool parts_put(struct blending *in, uint32_t at) {
    const struct schema_node *node = &in->schema->nodes[at];
    size_t count = node->kind == SCHEMA_QUATERNION ? 4 : 3;
    double from[4] = {0}, to[4] = {0}, result[4] = {0};
    for (uint32_t child = node->first; child < node->first + node->count; child++) {
        if (!pair_moves(&in->pairs[child])) return false;
        from[in->schema->nodes[child].part] = in->pairs[child].from;
        to[in->schema->nodes[child].part] = in->pairs[child].to;
    }
    blend_slerp(from, to, count, count == 4, in->part, result);
    size_t start = in->out->size;
    for (uint32_t child = node->first; child < node->first + node->count; child++)
        number_put(in, &in->schema->nodes[child], result[in->schema->nodes[child].part]);
    schema_record_wrap(in->out, start, node->number);
    return true;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static int message_put(struct blending *in, uint32_t parent, struct bytes from, struct bytes to);

static int nested_put(struct blending *in, uint32_t at, const struct record_run *from,
                      const struct record_run *to) {
    const struct schema_node *node = &in->schema->nodes[at];
    struct bytes before, after;
    if (from->count == 0) return SS_OK;
    bool one = node->shape == SCHEMA_SINGULAR && !node->recursive && to->count > 0;
    bool round = node->kind >= SCHEMA_UNIT_VECTOR;
    if (one && round && node->interpolation == SCHEMA_SLERP && parts_put(in, at)) return SS_OK;
    if (!one || round) {
        run_put(from, in->out);
        return SS_OK;
    }
    int status = run_content(from, &in->arena, &before);
    if (status == SS_OK) status = run_content(to, &in->arena, &after);
    size_t start = in->out->size;
    if (status == SS_OK) status = message_put(in, at, before, after);
    schema_record_wrap(in->out, start, node->number);
    return status;
}

static int field_put(struct blending *in, uint32_t parent, uint32_t number,
                     const struct record_run *from, const struct record_run *to) {
    uint32_t at = schema_child(in->schema, parent, number);
    if (at == SCHEMA_NONE) {
        run_put(from, in->out);
        return SS_OK;
    }
    const struct schema_node *node = &in->schema->nodes[at];
    if (node->type == SCHEMA_MESSAGE) return nested_put(in, at, from, to);
    if (is_number(node) && node->interpolation != SCHEMA_STEP && pair_moves(&in->pairs[at])) {
        number_put(in, node, clamp(node, blend(in, at)));
    } else {
        run_put(from, in->out);
    }
    return SS_OK;
}

static int message_put(struct blending *in, uint32_t parent, struct bytes from, struct bytes to) {
    struct records before, after;
    int status = records_read(&before, &in->arena, from);
    if (status == SS_OK) status = records_read(&after, &in->arena, to);
    while (status == SS_OK) {
        uint32_t number = records_number(&before), late = records_number(&after);
        if (late < number) number = late;
        if (number == UINT32_MAX) break;
        struct record_run left = records_take(&before, number),
                          right = records_take(&after, number);
        status = field_put(in, parent, number, &left, &right);
    }
    return status;
}

int schema_interpolate(const struct format_rules *rules, struct bytes from, struct bytes to,
                       ss_time span, ss_time at, struct buffer *out) {
    if (at <= 0 || at >= span) {
        buffer_bytes(out, at <= 0 ? from : to);
        return out->failed ? SS_ERR_NOMEM : SS_OK;
    }
    if (schema_validate(rules, from, NULL) != SS_OK || schema_validate(rules, to, NULL) != SS_OK) {
        buffer_bytes(out, from); /* of an older schema: it steps */
        return out->failed ? SS_ERR_NOMEM : SS_OK;
    }
    struct blending in = {.schema = rules->schema,
                          .arena = arena_of(out->memory, 4096),
                          .out = out,
                          .part = (double)at / (double)span,
                          .seconds = (double)span / (double)SS_SECOND};
    size_t size = rules->schema->count * sizeof *in.pairs;
    in.pairs = arena_alloc(&in.arena, size);
    int status = in.pairs ? SS_OK : SS_ERR_NOMEM;
    if (status == SS_OK) {
        memset(in.pairs, 0, size);
        numbers_collect(&in, 0, from, false);
        numbers_collect(&in, 0, to, true);
        status = message_put(&in, 0, from, to);
    }
    arena_free(&in.arena);
    return out->failed ? SS_ERR_NOMEM : status;
}
