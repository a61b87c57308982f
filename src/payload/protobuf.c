/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf states. With a schema the rules hold its field table, and schema_*.c do the work.
 * Without: fields by number at the top level, what is nested stays bytes (so no depth can hurt). A
 * number is what its wire type most likely means: a varint is an int64, I32 a float, I64 a double;
 * of several records the last counts, and a field that is not there is 0, as proto3 writes it. A
 * LEN field is no number. */
#include "base/status.h"
#include "payload/invariant.h"
#include "payload/protobuf_merge.h"
#include "payload/schema_interpolate.h"
#include "payload/schema_merge.h"
#include "payload/schema_redact.h"
#include "payload/schema_state.h"
#include "payload/schema_unique.h"

static int protobuf_validate(const struct format_rules *rules, struct bytes state,
                             struct reason *why) {
    if (rules && rules->schema) return schema_validate(rules, state, why);
    struct reader reader = reader_of(state);
    struct protobuf_field field;
    const char *error = NULL;
    while (protobuf_next(&reader, &field, &error))
        continue;
    if (!reader.failed) return SS_OK;
    reason_set(why, "protobuf %s before byte %zu", error, state.size - reader.left);
    return SS_ERR_INVALID;
}

/* False when the field is no number. */
static bool field_number(const struct protobuf_field *field, struct number *number) {
    uint32_t low = (uint32_t)field->value;
    float single;
    *number = (struct number){0};
    switch (field->type) {
    case PROTOBUF_VARINT:
        *number = (struct number){(double)(int64_t)field->value, (int64_t)field->value, true};
        return true;
    case PROTOBUF_I64: memcpy(&number->value, &field->value, sizeof number->value); return true;
    case PROTOBUF_I32:
        memcpy(&single, &low, sizeof single);
        number->value = (double)single;
        return true;
    default: return false;
    }
}

static void collect(const struct format_rules *rules, struct bytes state, struct numbers *numbers) {
    struct rule_place root = rules_root(rules);
    struct reader reader = reader_of(state);
    struct protobuf_field field;
    const char *error;
    for (size_t i = 0; i < rules->watch_count; i++)
        numbers->at[i] = (struct number){0, 0, true};
    numbers->present = numbers->numeric = UINT64_MAX;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t watch = rules_watch(rules, rules_child_number(rules, root, field.number));
        if (watch == RULES_NONE) continue;
        uint64_t bit = (uint64_t)1 << watch;
        numbers->numeric |= bit;
        if (!field_number(&field, &numbers->at[watch])) numbers->numeric &= ~bit;
    }
}

static int protobuf_check(const struct format_rules *rules, const struct bytes *previous,
                          struct bytes next, ss_time span, struct reason *why) {
    struct numbers before, after;
    if (rules && rules->schema) return schema_invariants(rules, previous, next, span, why);
    if (!rules || rules->watch_count == 0) return SS_OK;
    collect(rules, next, &after);
    if (previous) collect(rules, *previous, &before);
    return invariant_check(rules, previous ? &before : NULL, &after, span, why);
}

static int protobuf_diff(struct bytes from, struct bytes to, struct buffer *out) {
    (void)from, (void)to, (void)out;
    return SS_ERR_UNSUPPORTED;
}

static int protobuf_locate(const struct format_rules *rules, struct bytes state,
                           float position[3]) {
    struct numbers numbers;
    if (rules && rules->schema) return schema_locate(rules, state, position);
    if (!rules || rules->watch_count == 0) return SS_ERR_NOT_FOUND;
    collect(rules, state, &numbers);
    return invariant_locate(rules, &numbers, position);
}

static enum merge_result any_merge(const struct format_rules *rules, struct bytes base,
                                   struct bytes standing, struct bytes incoming, struct buffer *out,
                                   struct paths *overwritten, struct reason *why) {
    bool declared = rules && rules->schema;
    return (declared ? schema_merge : protobuf_merge)(rules, base, standing, incoming, out,
                                                      overwritten, why);
}

static int protobuf_interpolate(const struct format_rules *rules, struct bytes from,
                                struct bytes to, ss_time span, ss_time at, struct buffer *out) {
    if (!rules || !rules->schema) return SS_ERR_UNSUPPORTED;
    return schema_interpolate(rules, from, to, span, at, out);
}

static int protobuf_redact(const struct format_rules *rules, struct bytes state,
                           enum format_reader reader, struct buffer *out) {
    if (format_rules_hide(rules)) return schema_redact(rules, state, reader, out);
    buffer_bytes(out, state);
    return out->failed ? SS_ERR_NOMEM : SS_OK;
}

static size_t protobuf_uniques(const struct format_rules *rules, struct bytes state,
                               struct format_unique *values) {
    return format_rules_unique(rules) ? schema_uniques(rules, state, values) : 0;
}

const struct format format_protobuf = {
    .name = "protobuf",
    .can_merge = true,
    .validate = protobuf_validate,
    .merge = any_merge,
    .check = protobuf_check,
    .diff = protobuf_diff,
    .locate = protobuf_locate,
    .interpolate = protobuf_interpolate,
    .redact = protobuf_redact,
    .uniques = protobuf_uniques,
};
