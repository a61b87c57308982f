/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/check.h"

#include <math.h>

#define BITS_OF_PARTS_MAX 24

struct checking {
    const struct message_descriptor *message;
    const struct field_descriptor *field;
    struct buffer *complaints;
    bool good;
};

#define WRONG(check, ...)                                                                          \
    do {                                                                                           \
        descriptor_complain((check)->complaints, (check)->message, (check)->field, __VA_ARGS__);   \
        (check)->good = false;                                                                     \
    } while (0)

bool field_is_number(const struct field_descriptor *field) {
    return schema_is_integer(field->type) || schema_is_float(field->type);
}

bool field_is_map(const struct field_descriptor *field) {
    return field->label == 3 && field->message && field->message->map_entry;
}

double bits_steps(uint32_t bits) {
    return ldexp(1, (int)bits);
}

uint32_t steps_bits(double steps) {
    uint32_t bits = 0;
    while (bits < 64 && bits_steps(bits) < steps)
        bits++;
    return bits;
}

static bool own(const struct checking *check, enum field_rule rule) {
    return rule_given(check->field->rules.given, rule);
}

/* Numbers, and messages that may hold some: what is within must be able to obey. */
static bool takes_numbers(const struct field_descriptor *field) {
    if (field_is_map(field)) return takes_numbers(&field->message->fields[1]);
    return field_is_number(field) || field->type == SCHEMA_MESSAGE;
}

static bool only_floats(const struct field_descriptor *field) {
    if (field_is_map(field)) return only_floats(&field->message->fields[1]);
    return schema_is_float(field->type) || field->type == SCHEMA_MESSAGE;
}

/* ---- sizes --------------------------------------------------------------------------------- */

static void check_quantum(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    if (!own(check, FIELD_QUANTUM)) return;
    if (!(rules->quantum > 0) || isinf(rules->quantum))
        WRONG(check, "quantum must be > 0, not %g", rules->quantum);
    if (!only_floats(check->field)) WRONG(check, "quantum is for float and double");
}

static void check_range(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    bool low = own(check, FIELD_MIN), high = own(check, FIELD_MAX);
    if (!low && !high) return;
    if (!takes_numbers(check->field)) WRONG(check, "min and max are for numbers");
    if ((low && !isfinite(rules->min)) || (high && !isfinite(rules->max)))
        WRONG(check, "min and max must be finite");
    if (low && high && rules->min > rules->max)
        WRONG(check, "min %g is above max %g", rules->min, rules->max);
}

static void check_bits(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    const struct field_descriptor *field = check->field;
    if (!own(check, FIELD_BITS)) return;
    if (!takes_numbers(field)) {
        WRONG(check, "bits is for numbers");
        return;
    }
    uint32_t most = rules->kind != SCHEMA_NUMBER    ? BITS_OF_PARTS_MAX
                    : field->type == SCHEMA_MESSAGE ? 64
                                                    : schema_type_bits(field->type);
    if (rules->bits == 0 || rules->bits > most)
        WRONG(check, "bits must be 1 to %u, not %u", most, rules->bits);
    if (rules->kind != SCHEMA_NUMBER || !schema_is_float(field->type)) return;
    bool range = own(check, FIELD_MIN) && own(check, FIELD_MAX);
    if (!own(check, FIELD_QUANTUM) && !range)
        WRONG(check, "bits of a %s need a quantum, or min and max", schema_type_name(field->type));
    double steps = range && own(check, FIELD_QUANTUM)
                       ? floor((rules->max - rules->min) / rules->quantum) + 1
                       : 0;
    if (steps > bits_steps(rules->bits))
        WRONG(check, "%u bits tell %.0f values apart, but from min to max there are %.0f quanta",
              rules->bits, bits_steps(rules->bits), steps);
}

/* ---- kinds --------------------------------------------------------------------------------- */

/* A message of just these fields, each a singular number of floating point. */
static bool has_parts(const struct field_descriptor *field, size_t count) {
    static const char *const parts[] = {"x", "y", "z", "w"};
    if (field->label == 3 || !field->message || field->message->field_count != count) return false;
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t part = 0; part < count; part++) {
            const struct field_descriptor *at = &field->message->fields[i];
            found += bytes_equal(at->name, bytes_of(parts[part])) && schema_is_float(at->type) &&
                     at->label != 3;
        }
    return found == count;
}

static void check_kind(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    if (own(check, FIELD_KIND) && !option_kind_word(rules->kind))
        WRONG(check, "kind %u is not known", rules->kind);
    if (rules->kind == SCHEMA_ANGLE && !field_is_number(check->field))
        WRONG(check, "an angle is a number");
    if (rules->kind == SCHEMA_UNIT_VECTOR && !has_parts(check->field, 3))
        WRONG(check, "a unit vector is a message of x, y, z, each a float or double");
    if (rules->kind == SCHEMA_QUATERNION && !has_parts(check->field, 4))
        WRONG(check, "a quaternion is a message of x, y, z, w, each a float or double");
    if (!own(check, FIELD_MODULO)) return;
    if (rules->kind != SCHEMA_ANGLE) WRONG(check, "modulo is for kind: KIND_ANGLE");
    if (!(rules->modulo > 0) || isinf(rules->modulo))
        WRONG(check, "modulo must be > 0, not %g", rules->modulo);
}

/* ---- meaning ------------------------------------------------------------------------------- */

static bool merges_numbers(uint32_t merge) {
    return merge == MERGE_SUM || merge == MERGE_MAX || merge == MERGE_MIN;
}

static void check_merge(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    const struct field_descriptor *field = check->field;
    if (!own(check, FIELD_MERGE)) return;
    if (rules->merge > MERGE_REJECT) {
        WRONG(check, "merge %u is not known", rules->merge);
        return;
    }
    const char *name = merge_policy_name((enum merge_policy)rules->merge);
    bool map = field_is_map(field), whole = rules->kind >= SCHEMA_UNIT_VECTOR;
    if (rules->merge == MERGE_UNION && field->label != 3)
        WRONG(check, "union is for repeated fields");
    if (rules->merge == MERGE_UNION && map)
        WRONG(check, "a map is merged key by key already; union is for repeated fields");
    if (!merges_numbers(rules->merge)) return;
    if (!takes_numbers(field) || (field->label == 3 && !map) || whole)
        WRONG(check, "%s is for numbers", name);
    if (field->has_default)
        WRONG(check, "%s and a default: a value that is absent would count as 0", name);
}

static void check_interpolation(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    uint32_t way = rules->interpolation;
    if (own(check, FIELD_INTERPOLATION)) {
        if (!option_interpolation_word(way)) WRONG(check, "interpolation %u is not known", way);
        if ((way == SCHEMA_LINEAR || way == SCHEMA_HERMITE) && !takes_numbers(check->field))
            WRONG(check, "%s is for numbers", option_interpolation_word(way));
        if (way != SCHEMA_STEP && check->field->label == 3)
            WRONG(check, "what is repeated steps; it is not interpolated");
        if (way == SCHEMA_SLERP && rules->kind < SCHEMA_UNIT_VECTOR)
            WRONG(check, "slerp is for quaternions and unit vectors; say which kind it is");
        if (way == SCHEMA_SHORT_WAY && rules->kind != SCHEMA_ANGLE)
            WRONG(check, "the short way is for angles; say kind: KIND_ANGLE");
    }
    if (own(check, FIELD_PRIORITY) && (!(rules->priority >= 0) || isinf(rules->priority)))
        WRONG(check, "priority must be 0 or more, not %g", rules->priority);
}

static void check_spatial(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    const struct field_descriptor *field = check->field;
    bool placed = own(check, FIELD_SPATIAL) && rules->spatial != 0;
    if (rules->spatial > 4) WRONG(check, "spatial %u is not known", rules->spatial);
    if (placed && rules->spatial <= 3 && (!field_is_number(field) || field->label == 3))
        WRONG(check, "an axis of the position is a number");
    if (placed && rules->spatial == 4 && (field->type != SCHEMA_MESSAGE || field->label == 3))
        WRONG(check, "a position is a message of x, y and perhaps z");
    if (!own(check, FIELD_MAX_SPEED)) return;
    if (!placed) WRONG(check, "max_speed is for the field with the spatial role");
    if (!(rules->max_speed > 0) || isinf(rules->max_speed))
        WRONG(check, "max_speed must be > 0, not %g", rules->max_speed);
}

static void check_invariants(struct checking *check) {
    const struct field_rules *rules = &check->field->rules;
    const struct field_descriptor *field = check->field;
    if (rules->monotone && (!field_is_number(field) || field->label == 3))
        WRONG(check, "monotone is for one number");
    if (rules->monotone && field->has_default)
        WRONG(check, "monotone and a default: a value that is absent would count as 0");
    if (rules->unique &&
        (field->label == 3 || field->type == SCHEMA_MESSAGE || schema_is_float(field->type)))
        WRONG(check, "unique is for one integer, string or bytes");
    if (own(check, FIELD_READ) && !option_audience_word(rules->read))
        WRONG(check, "audience %u is not known", rules->read);
    if (rules->read != SCHEMA_FOR_ANY && field->label == 2)
        WRONG(check, "a required field cannot be hidden: who does not see it could not decode");
}

bool field_check(const struct message_descriptor *message, const struct field_descriptor *field,
                 struct buffer *complaints) {
    struct checking check = {message, field, complaints, true};
    if (field->rules.given == 0) return true;
    check_quantum(&check);
    check_range(&check);
    check_bits(&check);
    check_kind(&check);
    check_merge(&check);
    check_interpolation(&check);
    check_spatial(&check);
    check_invariants(&check);
    return check.good;
}

bool message_check(const struct message_descriptor *message, struct buffer *complaints) {
    struct checking check = {message, NULL, complaints, true};
    const struct message_rules *rules = &message->rules;
    if (rules->given == 0) return true;
    bool category = rule_given(rules->given, MESSAGE_CATEGORY);
    if (category && (rules->category.size == 0 || rules->category.size > 255))
        WRONG(&check, "category is a name of 1 to 255 bytes");
    for (size_t i = 0; i < rules->category.size; i++)
        if (rules->category.data[i] < 0x20 || rules->category.data[i] == 0x7f) {
            WRONG(&check, "category has no control characters");
            break;
        }
    if (!option_scope_word(rules->scope)) WRONG(&check, "scope %u is not known", rules->scope);
    if (!option_access_word(rules->write)) WRONG(&check, "write %u is not known", rules->write);
    if (rules->read > 2) WRONG(&check, "read is owner, any or server");
    if (!option_strategy_word(rules->strategy))
        WRONG(&check, "strategy %u is not known", rules->strategy);
    if (!option_durability_word(rules->durability))
        WRONG(&check, "durability %u is not known", rules->durability);
    if (rule_given(rules->given, MESSAGE_HISTORY_VERSIONS) &&
        (rules->history_versions == 0 || rules->history_versions > 65535))
        WRONG(&check, "history_versions must be 1 to 65535, not %u", rules->history_versions);
    if (rules->history_ms > 3600000)
        WRONG(&check, "history_ms must be 0 to 3600000, not %u", rules->history_ms);
    if (rule_given(rules->given, MESSAGE_FOLLOWS) && rules->follows.size == 0)
        WRONG(&check, "follows is the name of a category");
    return check.good;
}
