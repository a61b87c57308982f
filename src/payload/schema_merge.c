/* SPDX-License-Identifier: Apache-2.0 */
/* Three messages are walked side by side as records sorted by field number, and into singular
 * messages:
 *
 *     base      at { x: 1 y: 1 }  gold: 100
 *     standing  at { x: 2 y: 1 }  gold:  70       the result is canonical: ascending numbers,
 *     incoming  at { x: 1 y: 5 }  gold:  80       shortest forms, maps sorted by key
 *     result    at { x: 2 y: 5 }  gold:  50       (gold: sum)
 *
 * What the laws leave open is decided so:
 * - A side that is the base to the byte yields the other side to the byte.
 * - Values are compared, not spellings: a 0 that is written and one that is left out are equal
 * where the schema knows no presence. Where it does, absent is a value: if one side removed what
 * the other changed, the change wins and the path is `overwritten`; only `manual` and `reject` see
 * a collision there. A message that one side removed and the other changed comes back whole.
 * - A quaternion or unit vector, and a message within itself, is one leaf.
 * - The members of a oneof are one leaf where the sides chose different ones; the policy is that of
 *   the incoming member.
 * - A field that the schema does not know is a leaf of bytes with `lww`.
 * - `sum` adds the changes even if both wrote the same; integers exactly, and what its type cannot
 *   hold is impossible. Floating point is added with its rounding errors compensated, so that the
 *   sides may be exchanged; it is not associative. `max` and `min` take a number over a NaN.
 * - `max`, `min`, `sum` and `union` use what both sides said: nothing is `overwritten`. */
#include "payload/schema_merge.h"

#include <math.h>
#include <stdio.h>

#include "base/status.h"

/* ---- paths --------------------------------------------------------------------------------- */

static void key_write(const struct schema *schema, uint32_t map, const struct schema_value *key,
                      struct buffer *out) {
    enum schema_type type = (enum schema_type)schema->nodes[schema->nodes[map].first].type;
    if (type == SCHEMA_STRING) {
        /* A backslash in a key is no escape. */
        json_text_pointer((struct json_text){key->content, false}, out);
    } else if (type == SCHEMA_UINT64 || type == SCHEMA_FIXED64) {
        buffer_format(out, "/%llu", (unsigned long long)key->bits);
    } else {
        buffer_format(out, "/%lld", (long long)key->bits);
    }
}

static void path_write(const struct merging *in, struct buffer *out) {
    for (size_t i = 0; i < in->depth; i++) {
        uint32_t node = in->path[i];
        buffer_format(out, "/%s", schema_name(in->schema, node));
        bool entered = in->schema->nodes[node].shape == SCHEMA_MAP && i + 1 < in->depth;
        if (!entered) continue;
        key_write(in->schema, node, &in->keys[i], out);
        i++; /* the node `value` is not told */
    }
}

static enum merge_result told(struct merging *in, const char *text, enum merge_result result) {
    struct buffer path = buffer_of(in->out->memory);
    path_write(in, &path);
    buffer_u8(&path, 0);
    bool failed = path.failed;
    if (!failed) reason_set(in->why, "%.120s %s", (const char *)path.data, text);
    buffer_free(&path);
    return failed ? MERGE_NO_MEMORY : result;
}

static enum merge_result overwritten(struct merging *in) {
    struct paths *paths = in->overwritten;
    if (!paths) return MERGE_DONE;
    if (paths->count == PATHS_MAX) {
        paths->more++;
        return MERGE_DONE;
    }
    path_write(in, &paths->text);
    buffer_u8(&paths->text, 0);
    if (paths->text.failed) return MERGE_NO_MEMORY;
    paths->count++;
    return MERGE_DONE;
}

/* ---- collisions ---------------------------------------------------------------------------- */

/* The merge goes on behind a `manual` field, because a `reject` field may still follow. */
static enum merge_result park(struct merging *in) {
    bool first = !in->parked;
    in->parked = true;
    return first ? told(in, "changed on both sides", MERGE_DONE) : MERGE_DONE;
}

enum merge_result merging_removed(struct merging *in, enum merge_policy policy) {
    if (policy == MERGE_MANUAL) return park(in);
    if (policy == MERGE_REJECT) return told(in, "changed on both sides", MERGE_REFUSED);
    return overwritten(in);
}

enum merge_result merging_collide(struct merging *in, enum merge_policy policy, bool *standing) {
    *standing = policy == MERGE_KEEP;
    return merging_removed(in, policy);
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* a + b without what rounding took: the rest, exact unless it overflows (Knuth's two-sum). */
static double two_sum(double a, double b, double *rest) {
    double sum = a + b, part = sum - a;
    *rest = (a - (sum - part)) + (b - part);
    return sum;
}

static bool real_sum(enum schema_type type, double base, double standing, double incoming,
                     uint64_t *bits) {
    double first, second;
    double both = two_sum(standing, incoming, &first);
    double all = two_sum(both, -base, &second);
    double rest = first + second;
    if (isfinite(rest)) all += rest;
    *bits = schema_real_bits(type, all);
    return isfinite(schema_real(type, *bits));
}

/* Which of two is greater, in one order of all bits: a NaN is below, then -0 below 0. */
static bool real_less(enum schema_type type, uint64_t a, uint64_t b) {
    double left = schema_real(type, a), right = schema_real(type, b);
    if (isnan(left) || isnan(right)) return isnan(left) && (!isnan(right) || a < b);
    if (left < right || left > right) return left < right;
    return signbit(left) && !signbit(right);
}

static bool number_less(enum schema_type type, uint64_t a, uint64_t b) {
    if (schema_is_float(type)) return real_less(type, a, b);
    return schema_integer(type, a) < schema_integer(type, b);
}

static bool is_nan(enum schema_type type, uint64_t bits) {
    return schema_is_float(type) && isnan(schema_real(type, bits));
}

static uint64_t extreme(enum schema_type type, bool max, uint64_t a, uint64_t b) {
    if (is_nan(type, a) != is_nan(type, b)) return is_nan(type, a) ? b : a;
    return number_less(type, a, b) == max ? b : a;
}

static bool sum(enum schema_type type, uint64_t base, uint64_t standing, uint64_t incoming,
                uint64_t *bits) {
    if (schema_is_float(type))
        return real_sum(type, schema_real(type, base), schema_real(type, standing),
                        schema_real(type, incoming), bits);
    return schema_integer_bits(type,
                               schema_integer(type, standing) + schema_integer(type, incoming) -
                                   schema_integer(type, base),
                               bits);
}

enum merge_result merging_number(struct merging *in, const struct schema_node *node,
                                 const struct schema_value *base,
                                 const struct schema_value *standing,
                                 const struct schema_value *incoming, struct schema_value *merged) {
    enum schema_type type = (enum schema_type)node->type;
    *merged = (struct schema_value){.present = true};
    if (node->policy != MERGE_SUM) {
        merged->bits = extreme(type, node->policy == MERGE_MAX, standing->bits, incoming->bits);
    } else if (!sum(type, base->bits, standing->bits, incoming->bits, &merged->bits)) {
        char text[64];
        snprintf(text, sizeof text, "has a sum beyond %s", schema_type_name(type));
        return told(in, text, MERGE_IMPOSSIBLE);
    }
    if (!node->presence) merged->present = merged->bits != 0;
    return MERGE_DONE;
}

/* ---- singular values ----------------------------------------------------------------------- */

static enum merge_result value_take(struct merging *in, const struct schema_node *node,
                                    const struct schema_value *value) {
    if (value->present)
        schema_record_put((enum schema_type)node->type, node->number, value, in->out);
    return MERGE_DONE;
}

static enum merge_result value_merge(struct merging *in, uint32_t at,
                                     const struct field_sides *sides) {
    const struct schema_node *node = &in->schema->nodes[at];
    struct schema_value base = run_value(node, &sides->base);
    struct schema_value standing = run_value(node, &sides->standing);
    struct schema_value incoming = run_value(node, &sides->incoming), merged;
    if (schema_value_equal(&base, &incoming)) return value_take(in, node, &standing);
    if (schema_value_equal(&base, &standing)) return value_take(in, node, &incoming);
    bool same = schema_value_equal(&standing, &incoming);
    if (same && node->policy != MERGE_SUM) return value_take(in, node, &standing);
    if (node->presence && standing.present != incoming.present) {
        value_take(in, node, standing.present ? &standing : &incoming);
        return merging_removed(in, (enum merge_policy)node->policy);
    }
    if (same && !standing.present && node->presence) return MERGE_DONE;
    if (node->policy == MERGE_SUM || node->policy == MERGE_MAX || node->policy == MERGE_MIN) {
        enum merge_result result = merging_number(in, node, &base, &standing, &incoming, &merged);
        return result == MERGE_DONE ? value_take(in, node, &merged) : result;
    }
    bool keep;
    enum merge_result result = merging_collide(in, (enum merge_policy)node->policy, &keep);
    return result == MERGE_DONE ? value_take(in, node, keep ? &standing : &incoming) : result;
}

/* ---- leaves of records --------------------------------------------------------------------- */

static enum merge_result run_take(struct merging *in, const struct record_run *run) {
    run_put(run, in->out);
    return MERGE_DONE;
}

/* Repeated fields, messages that are one leaf, and fields that nobody knows. */
static enum merge_result run_merge(struct merging *in, enum merge_policy policy,
                                   const struct field_sides *sides) {
    if (run_equal(&sides->base, &sides->incoming)) return run_take(in, &sides->standing);
    if (run_equal(&sides->base, &sides->standing)) return run_take(in, &sides->incoming);
    if (run_equal(&sides->standing, &sides->incoming)) return run_take(in, &sides->standing);
    if (sides->standing.count == 0 || sides->incoming.count == 0) {
        run_take(in, sides->standing.count ? &sides->standing : &sides->incoming);
        return merging_removed(in, policy);
    }
    bool keep;
    enum merge_result result = merging_collide(in, policy, &keep);
    return result == MERGE_DONE ? run_take(in, keep ? &sides->standing : &sides->incoming) : result;
}

static enum merge_result unknown_merge(struct merging *in, uint32_t number,
                                       const struct field_sides *sides) {
    if (run_equal(&sides->base, &sides->incoming)) return run_take(in, &sides->standing);
    if (run_equal(&sides->base, &sides->standing)) return run_take(in, &sides->incoming);
    if (run_equal(&sides->standing, &sides->incoming)) return run_take(in, &sides->standing);
    run_take(in, sides->incoming.count ? &sides->incoming : &sides->standing);
    if (!in->overwritten || in->overwritten->count == PATHS_MAX) {
        if (in->overwritten) in->overwritten->more++;
        return MERGE_DONE;
    }
    path_write(in, &in->overwritten->text);
    buffer_format(&in->overwritten->text, "/%u", number);
    buffer_u8(&in->overwritten->text, 0);
    in->overwritten->count++;
    return in->overwritten->text.failed ? MERGE_NO_MEMORY : MERGE_DONE;
}

/* ---- oneofs -------------------------------------------------------------------------------- */

/* Which member of a oneof a side has: of several that were sent the last one. */
struct choice {
    uint32_t number; /* 0: none */
    size_t offset;
};

static struct choice choice_of(const struct schema *schema, uint32_t parent, uint32_t oneof,
                               const struct records *records) {
    struct choice choice = {0, 0};
    for (size_t i = 0; i < records->count; i++) {
        uint32_t number = (uint32_t)(records->keys[i] >> 32);
        uint32_t at = schema_child(schema, parent, number);
        if (at == SCHEMA_NONE || schema->nodes[at].oneof != oneof) continue;
        size_t offset = (uint32_t)records->keys[i];
        if (choice.number == 0 || offset >= choice.offset) choice = (struct choice){number, offset};
    }
    return choice;
}

/* What was decided about one oneof of the message at hand. */
struct decision {
    bool made;
    enum { DECIDE_EACH, DECIDE_STANDING, DECIDE_INCOMING } side;
    uint32_t base, standing, incoming; /* numbers of the members chosen */
};

struct message_sides {
    uint32_t node;
    struct records base, standing, incoming;
    struct decision *decisions; /* by oneof; NULL: the message has none */
};

static bool chosen_equal(const struct records *a, uint32_t of_a, const struct records *b,
                         uint32_t of_b) {
    if (of_a != of_b) return false;
    if (of_a == 0) return true;
    struct record_run left = records_find(a, of_a), right = records_find(b, of_b);
    return run_equal(&left, &right);
}

static enum merge_result oneof_collide(struct merging *in, struct message_sides *message,
                                       struct decision *decision) {
    uint32_t incoming = schema_child(in->schema, message->node, decision->incoming);
    uint32_t standing = schema_child(in->schema, message->node, decision->standing);
    enum merge_policy policy = (enum merge_policy)in->schema->nodes[incoming].policy;
    bool keep;
    size_t depth = in->depth;
    in->path[depth - 1] = policy == MERGE_KEEP ? incoming : standing; /* who loses */
    enum merge_result result = merging_collide(in, policy, &keep);
    decision->side = keep ? DECIDE_STANDING : DECIDE_INCOMING;
    return result;
}

static enum merge_result oneof_decide(struct merging *in, struct message_sides *message,
                                      uint32_t oneof) {
    struct decision *decision = &message->decisions[oneof];
    if (decision->made) return MERGE_DONE;
    const struct schema *schema = in->schema;
    decision->made = true;
    decision->base = choice_of(schema, message->node, oneof, &message->base).number;
    decision->standing = choice_of(schema, message->node, oneof, &message->standing).number;
    decision->incoming = choice_of(schema, message->node, oneof, &message->incoming).number;
    if (!decision->standing || !decision->incoming || decision->standing == decision->incoming)
        return MERGE_DONE; /* each member by itself */
    if (chosen_equal(&message->base, decision->base, &message->incoming, decision->incoming)) {
        decision->side = DECIDE_STANDING;
        return MERGE_DONE;
    }
    if (chosen_equal(&message->base, decision->base, &message->standing, decision->standing)) {
        decision->side = DECIDE_INCOMING;
        return MERGE_DONE;
    }
    return oneof_collide(in, message, decision);
}

/* Members that are not chosen are not there. */
static void oneof_narrow(const struct decision *decision, uint32_t number,
                         struct field_sides *sides) {
    if (decision->base != number) sides->base.count = 0;
    if (decision->standing != number) sides->standing.count = 0;
    if (decision->incoming != number) sides->incoming.count = 0;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static enum merge_result message_merge(struct merging *in, uint32_t node,
                                       const struct bytes contents[3]);

static enum merge_result nested_merge(struct merging *in, uint32_t at,
                                      const struct field_sides *sides) {
    const struct schema_node *node = &in->schema->nodes[at];
    bool both = sides->standing.count && sides->incoming.count;
    if (!both || (!node->sums && run_equal(&sides->standing, &sides->incoming)) ||
        run_equal(&sides->base, &sides->incoming) || run_equal(&sides->base, &sides->standing))
        return run_merge(in, (enum merge_policy)node->policy, sides);
    struct bytes contents[3];
    if (run_content(&sides->base, &in->arena, &contents[0]) != SS_OK ||
        run_content(&sides->standing, &in->arena, &contents[1]) != SS_OK ||
        run_content(&sides->incoming, &in->arena, &contents[2]) != SS_OK)
        return MERGE_NO_MEMORY;
    size_t start = in->out->size;
    enum merge_result result = message_merge(in, at, contents);
    schema_record_wrap(in->out, start, node->number);
    return result;
}

static enum merge_result node_merge(struct merging *in, uint32_t at,
                                    const struct field_sides *sides) {
    const struct schema_node *node = &in->schema->nodes[at];
    enum merge_policy policy = (enum merge_policy)node->policy;
    bool whole = node->kind >= SCHEMA_UNIT_VECTOR || node->recursive;
    if (node->shape == SCHEMA_MAP) return merging_map(in, at, sides, node_merge);
    if (node->shape == SCHEMA_REPEATED)
        return policy == MERGE_UNION ? merging_union(in, at, sides) : run_merge(in, policy, sides);
    if (node->type != SCHEMA_MESSAGE) return value_merge(in, at, sides);
    return whole ? run_merge(in, policy, sides) : nested_merge(in, at, sides);
}

static enum merge_result member_merge(struct merging *in, struct message_sides *message,
                                      uint32_t at, struct field_sides *sides) {
    const struct schema_node *node = &in->schema->nodes[at];
    struct decision *decision = &message->decisions[node->oneof];
    enum merge_result result = oneof_decide(in, message, node->oneof);
    in->path[in->depth - 1] = at;
    if (result != MERGE_DONE) return result;
    oneof_narrow(decision, node->number, sides);
    if (decision->side == DECIDE_STANDING) return run_take(in, &sides->standing);
    if (decision->side == DECIDE_INCOMING) return run_take(in, &sides->incoming);
    return node_merge(in, at, sides);
}

static enum merge_result field_merge(struct merging *in, struct message_sides *message,
                                     uint32_t number, struct field_sides *sides) {
    uint32_t at = schema_child(in->schema, message->node, number);
    if (at == SCHEMA_NONE) return unknown_merge(in, number, sides);
    in->path[in->depth++] = at;
    bool member = in->schema->nodes[at].oneof != 0;
    enum merge_result result =
        member ? member_merge(in, message, at, sides) : node_merge(in, at, sides);
    in->depth--;
    return result;
}

static enum merge_result fields_merge(struct merging *in, struct message_sides *message) {
    for (;;) {
        uint32_t number = records_number(&message->base);
        uint32_t standing = records_number(&message->standing);
        uint32_t incoming = records_number(&message->incoming);
        if (standing < number) number = standing;
        if (incoming < number) number = incoming;
        if (number == UINT32_MAX) return MERGE_DONE;
        struct field_sides sides = {records_take(&message->base, number),
                                    records_take(&message->standing, number),
                                    records_take(&message->incoming, number)};
        enum merge_result result = field_merge(in, message, number, &sides);
        if (result != MERGE_DONE) return result;
    }
}

static int decisions_create(struct merging *in, struct message_sides *message) {
    const struct schema_node *node = &in->schema->nodes[message->node];
    uint32_t most = 0;
    for (uint32_t at = node->first; at < node->first + node->count; at++)
        if (in->schema->nodes[at].oneof > most) most = in->schema->nodes[at].oneof;
    message->decisions = NULL;
    if (most == 0) return SS_OK;
    size_t size = ((size_t)most + 1) * sizeof *message->decisions;
    message->decisions = arena_alloc(&in->arena, size);
    if (!message->decisions) return SS_ERR_NOMEM;
    memset(message->decisions, 0, size);
    return SS_OK;
}

static enum merge_result message_merge(struct merging *in, uint32_t node,
                                       const struct bytes contents[3]) {
    struct message_sides message = {.node = node};
    if (records_read(&message.base, &in->arena, contents[0]) != SS_OK ||
        records_read(&message.standing, &in->arena, contents[1]) != SS_OK ||
        records_read(&message.incoming, &in->arena, contents[2]) != SS_OK ||
        decisions_create(in, &message) != SS_OK)
        return MERGE_NO_MEMORY;
    return fields_merge(in, &message);
}

enum merge_result schema_merge(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out,
                               struct paths *overwritten_paths, struct reason *why) {
    if (bytes_equal(base, incoming) || bytes_equal(base, standing)) {
        buffer_bytes(out, bytes_equal(base, incoming) ? standing : incoming);
        return out->failed ? MERGE_NO_MEMORY : MERGE_DONE;
    }
    /* What stands may be of an older schema. */
    if (schema_validate(rules, base, why) != SS_OK ||
        schema_validate(rules, standing, why) != SS_OK ||
        schema_validate(rules, incoming, why) != SS_OK)
        return MERGE_IMPOSSIBLE;
    struct merging in = {.schema = rules->schema,
                         .arena = arena_of(out->memory, 4096),
                         .out = out,
                         .overwritten = overwritten_paths,
                         .why = why};
    enum merge_result result = message_merge(&in, 0, (struct bytes[]){base, standing, incoming});
    arena_free(&in.arena);
    if (out->failed) return MERGE_NO_MEMORY;
    return result == MERGE_DONE && in.parked ? MERGE_MUST_PARK : result;
}
