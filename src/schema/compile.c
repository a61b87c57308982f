/* SPDX-License-Identifier: Apache-2.0 */
/* The tree grows breadth first, so that the children of a message stand side by side. Beside each
 * node stands where it comes from and which options hold there: its own over those handed down. */
#include "schema/compile.h"

#include <math.h>

#include "base/status.h"
#include "schema/check.h"

/* Handed down to what is within. */
#define HANDED_DOWN                                                                                \
    (1u << FIELD_QUANTUM | 1u << FIELD_MIN | 1u << FIELD_MAX | 1u << FIELD_BITS |                  \
     1u << FIELD_MERGE | 1u << FIELD_PRIORITY | 1u << FIELD_INTERPOLATION | 1u << FIELD_READ)

struct source {
    const struct message_descriptor *in; /* where the field is declared */
    const struct field_descriptor *field;
    const struct message_descriptor *message; /* its type, if that is a message */
    struct field_rules rules;                 /* that hold here */
    uint32_t depth, twin; /* twin: the ancestor that is of the same message, or NONE */
    bool many;            /* it stands within something repeated */
};

struct compiling {
    struct schema *schema;
    struct source *sources;
    size_t capacity;
    const struct memory *memory;
    struct buffer *complaints;
    bool good;
    int status;
};

static void wrong(struct compiling *in, uint32_t node, const char *text) {
    const struct source *source = &in->sources[node];
    if (source->field) {
        descriptor_complain(in->complaints, source->in, source->field, "%s", text);
    } else {
        descriptor_complain(in->complaints, source->message, NULL, "%s", text);
    }
    in->good = false;
}

/* ---- options ------------------------------------------------------------------------------- */

static struct field_rules hand_down(const struct field_rules *above,
                                    const struct field_rules *own) {
    struct field_rules rules = *own;
    uint32_t given = above->given & HANDED_DOWN & ~own->given;
    rules.given |= given;
    if (rule_given(given, FIELD_QUANTUM)) rules.quantum = above->quantum;
    if (rule_given(given, FIELD_MIN)) rules.min = above->min;
    if (rule_given(given, FIELD_MAX)) rules.max = above->max;
    if (rule_given(given, FIELD_BITS)) rules.bits = above->bits;
    if (rule_given(given, FIELD_MERGE)) rules.merge = above->merge;
    if (rule_given(given, FIELD_PRIORITY)) rules.priority = above->priority;
    if (rule_given(given, FIELD_INTERPOLATION)) rules.interpolation = above->interpolation;
    if (above->read > rules.read) rules.read = above->read;
    return rules;
}

static bool is_number(const struct schema_node *node) {
    return schema_is_integer((enum schema_type)node->type) ||
           schema_is_float((enum schema_type)node->type);
}

/* A policy that was handed down to what cannot obey it is the later write. */
static enum merge_policy policy_of(const struct schema_node *node, uint32_t merge) {
    bool numbers = is_number(node) && node->shape == SCHEMA_SINGULAR;
    bool message = node->type == SCHEMA_MESSAGE && node->shape != SCHEMA_REPEATED;
    switch (merge) {
    case MERGE_SUM:
    case MERGE_MAX:
    case MERGE_MIN: return numbers || message ? (enum merge_policy)merge : MERGE_LWW;
    case MERGE_UNION: return node->shape == SCHEMA_REPEATED ? MERGE_UNION : MERGE_LWW;
    default: return (enum merge_policy)merge;
    }
}

static enum schema_interpolation way_of(const struct schema_node *node,
                                        const struct field_rules *rules) {
    bool given = rule_given(rules->given, FIELD_INTERPOLATION);
    if (node->kind >= SCHEMA_UNIT_VECTOR)
        return given && rules->interpolation == SCHEMA_STEP ? SCHEMA_STEP : SCHEMA_SLERP;
    if (node->shape != SCHEMA_SINGULAR || !is_number(node)) return SCHEMA_STEP;
    if (given) return (enum schema_interpolation)rules->interpolation;
    if (node->kind == SCHEMA_ANGLE) return SCHEMA_SHORT_WAY;
    return schema_is_float((enum schema_type)node->type) ? SCHEMA_LINEAR : SCHEMA_STEP;
}

/* What bits, quantum and range say of each other. */
static void node_sizes(struct schema_node *node, const struct field_rules *rules) {
    bool real = schema_is_float((enum schema_type)node->type);
    bool range = node->low_given && node->high_given;
    node->bits = rule_given(rules->given, FIELD_BITS) ? (uint8_t)rules->bits : 0;
    node->quantum = real && rule_given(rules->given, FIELD_QUANTUM) ? rules->quantum : 0;
    if (node->kind >= SCHEMA_UNIT_VECTOR) return;
    if (node->kind == SCHEMA_ANGLE) {
        if (node->bits && node->quantum <= 0) node->quantum = node->modulo / bits_steps(node->bits);
        if (!node->bits && node->quantum > 0)
            node->bits = (uint8_t)steps_bits(node->modulo / node->quantum);
    } else if (real) {
        if (range && node->bits && node->quantum <= 0)
            node->quantum = (node->high - node->low) / (bits_steps(node->bits) - 1);
        if (range && !node->bits && node->quantum > 0)
            node->bits = (uint8_t)steps_bits(floor((node->high - node->low) / node->quantum) + 1);
    } else if (range && !node->bits) {
        node->bits = (uint8_t)steps_bits(node->high - node->low + 1);
    }
    unsigned most = schema_type_bits((enum schema_type)node->type);
    if (node->bits > most) node->bits = (uint8_t)most;
}

static void node_options(struct schema_node *node, const struct field_rules *rules) {
    node->audience = (uint8_t)rules->read;
    node->policy = (uint8_t)policy_of(node, rules->merge);
    if (rule_given(rules->given, FIELD_PRIORITY)) node->priority = rules->priority;
    if (rule_given(rules->given, FIELD_MODULO)) node->modulo = rules->modulo;
    node->unique = rules->unique;
    node->interpolation = (uint8_t)way_of(node, rules);
    if (!is_number(node)) return;
    node->monotone = rules->monotone;
    node->low_given = rule_given(rules->given, FIELD_MIN);
    node->high_given = rule_given(rules->given, FIELD_MAX);
    if (node->low_given) node->low = rules->min;
    if (node->high_given) node->high = rules->max;
    node_sizes(node, rules);
}

/* ---- the tree ------------------------------------------------------------------------------ */

static uint8_t part_of(struct bytes name) {
    return name.data[0] == 'w' ? 3 : (uint8_t)(name.data[0] - 'x');
}

static uint32_t twin_of(const struct compiling *in, uint32_t parent,
                        const struct message_descriptor *message) {
    for (uint32_t at = parent; message && at != SCHEMA_NONE; at = in->schema->nodes[at].parent)
        if (in->sources[at].message == message) return at;
    return SCHEMA_NONE;
}

static void node_shape(struct schema_node *node, const struct source *above,
                       const struct source *source) {
    const struct field_descriptor *field = source->field;
    node->type = (uint8_t)field->type;
    node->shape = field_is_map(field) ? SCHEMA_MAP
                  : field->label == 3 ? SCHEMA_REPEATED
                                      : SCHEMA_SINGULAR;
    node->required = field->label == 2;
    node->has_default = field->has_default;
    node->presence =
        node->shape == SCHEMA_SINGULAR &&
        (field->type == SCHEMA_MESSAGE || field->in_oneof || !source->in->file->proto3);
    if (above->message->map_entry && field->type != SCHEMA_MESSAGE) node->presence = false;
    node->oneof = field->in_oneof && !field->proto3_optional ? field->oneof + 1 : 0;
    node->recursive = source->twin != SCHEMA_NONE;
    node->kind = (uint8_t)source->rules.kind;
    if (above->rules.kind < SCHEMA_UNIT_VECTOR || !above->field) return;
    node->kind = (uint8_t)above->rules.kind;
    node->part = part_of(field->name);
}

static int source_add(struct compiling *in, uint32_t node, struct source source) {
    void *sources = in->sources;
    int status =
        memory_grow(in->memory, &sources, &in->capacity, (size_t)node + 1, sizeof *in->sources);
    in->sources = sources;
    if (status == SS_OK) in->sources[node] = source;
    return status;
}

static void child_add(struct compiling *in, uint32_t parent, const struct field_descriptor *field) {
    struct source *above = &in->sources[parent];
    bool key = above->message->map_entry && field->number == 1;
    struct source source = {.in = above->message,
                            .field = field,
                            .message = field->message,
                            .depth = above->depth + 1,
                            .twin = twin_of(in, parent, field->message),
                            .many = above->many || field->label == 3};
    source.rules = key ? (struct field_rules){.read = above->rules.read}
                       : hand_down(&above->rules, &field->rules);
    uint32_t node;
    in->status = schema_add(in->schema, parent, field->name, field->number, &node);
    if (in->status == SS_OK) in->status = source_add(in, node, source);
    if (in->status != SS_OK) return;
    above = &in->sources[parent];
    if (!field_check(source.in, field, in->complaints)) in->good = false;
    if (!in->good) return;
    node_shape(&in->schema->nodes[node], above, &source);
    node_options(&in->schema->nodes[node], &source.rules);
}

static void children_add(struct compiling *in, uint32_t parent) {
    const struct message_descriptor *message = in->sources[parent].message;
    if (!message || in->sources[parent].twin != SCHEMA_NONE) return;
    if (in->sources[parent].depth + 1 >= SCHEMA_DEPTH_MAX) {
        wrong(in, parent, "messages within messages, more than 31 deep");
        return;
    }
    for (size_t i = 0; i < message->field_count && in->status == SS_OK; i++)
        child_add(in, parent, &message->fields[i]);
}

static void tree_grow(struct compiling *in, const struct message_descriptor *message) {
    uint32_t root;
    in->status = schema_add(in->schema, SCHEMA_NONE, message->full_name, 0, &root);
    if (in->status == SS_OK)
        in->status = source_add(in, root, (struct source){.message = message, .twin = SCHEMA_NONE});
    for (uint32_t at = 0; in->status == SS_OK && at < in->schema->count; at++)
        children_add(in, at);
    if (in->status != SS_ERR_TOO_LARGE) return;
    wrong(in, 0, "more than 4096 fields, counted wherever they stand");
    in->status = SS_OK;
}

static void twins_join(struct compiling *in) {
    for (uint32_t at = 0; at < in->schema->count; at++) {
        uint32_t twin = in->sources[at].twin;
        if (twin == SCHEMA_NONE) continue;
        in->schema->nodes[at].first = in->schema->nodes[twin].first;
        in->schema->nodes[at].count = in->schema->nodes[twin].count;
    }
}

/* ---- what fields say of each other --------------------------------------------------------- */

static void velocity_join(struct compiling *in, uint32_t position, uint32_t velocity) {
    struct schema_node *node = &in->schema->nodes[position];
    if (node->velocity != SCHEMA_NONE) {
        wrong(in, velocity, "that field has a velocity already");
        return;
    }
    node->velocity = velocity;
    bool chosen = rule_given(in->sources[position].rules.given, FIELD_INTERPOLATION);
    if (!chosen && node->interpolation == SCHEMA_LINEAR) node->interpolation = SCHEMA_HERMITE;
}

static void velocities_join(struct compiling *in, uint32_t position, uint32_t velocity) {
    const struct schema *schema = in->schema;
    const struct schema_node *node = &schema->nodes[position];
    for (uint32_t at = node->first; at < node->first + node->count; at++) {
        uint32_t pair = schema_child_named(schema, velocity, bytes_of(schema_name(schema, at)));
        if (!is_number(&schema->nodes[at]) || schema->nodes[at].shape != SCHEMA_SINGULAR) continue;
        if (pair == SCHEMA_NONE || !is_number(&schema->nodes[pair])) {
            wrong(in, velocity, "velocity_of: it lacks a number of that field");
            return;
        }
        velocity_join(in, at, pair);
    }
}

static void velocity_check(struct compiling *in, uint32_t at) {
    const struct schema *schema = in->schema;
    struct bytes name = in->sources[at].rules.velocity_of;
    if (!rule_given(in->sources[at].rules.given, FIELD_VELOCITY_OF)) return;
    uint32_t position = schema_child_named(schema, schema->nodes[at].parent, name);
    if (position == SCHEMA_NONE) {
        wrong(in, at, "velocity_of: there is no such field beside it");
        return;
    }
    const struct schema_node *node = &schema->nodes[at], *other = &schema->nodes[position];
    bool numbers = is_number(node) && is_number(other);
    bool messages = node->type == SCHEMA_MESSAGE && other->type == SCHEMA_MESSAGE &&
                    !node->recursive && !other->recursive;
    bool single = node->shape == SCHEMA_SINGULAR && other->shape == SCHEMA_SINGULAR;
    if (position == at || !single || !(numbers || messages)) {
        wrong(in, at, "velocity_of: want two numbers, or two messages with the same numbers");
    } else if (numbers) {
        velocity_join(in, position, at);
    } else {
        velocities_join(in, position, at);
    }
}

/* `teller` has the option: it or the message around it. */
static void axis_join(struct compiling *in, uint32_t at, uint8_t axis, uint32_t teller) {
    const struct field_rules *rules = &in->sources[teller].rules;
    struct schema *schema = in->schema;
    if (in->sources[at].many) {
        wrong(in, teller, "a position within something repeated");
        return;
    }
    for (uint32_t i = 0; i < schema->count; i++)
        if (schema->nodes[i].axis == axis) {
            wrong(in, teller, "another field is this axis of the position already");
            return;
        }
    schema->nodes[at].axis = axis;
    if (rule_given(rules->given, FIELD_MAX_SPEED)) schema->nodes[at].max_speed = rules->max_speed;
}

static void axes_join(struct compiling *in, uint32_t at) {
    static const char *const axes[] = {"x", "y", "z"};
    size_t found = 0;
    for (uint8_t i = 0; i < 3; i++) {
        uint32_t child = schema_child_named(in->schema, at, bytes_of(axes[i]));
        if (child == SCHEMA_NONE) continue;
        const struct schema_node *node = &in->schema->nodes[child];
        if (!is_number(node) || node->shape != SCHEMA_SINGULAR) continue;
        axis_join(in, child, (uint8_t)(i + 1), at);
        found++;
    }
    if (found < 2) wrong(in, at, "a position has the numbers x, y and perhaps z");
}

static void spatial_check(struct compiling *in, uint32_t at) {
    const struct field_rules *rules = &in->sources[at].rules;
    uint32_t role = in->sources[at].field ? rules->spatial : 0;
    if (role >= 1 && role <= 3) axis_join(in, at, (uint8_t)role, at);
    if (role == 4) axes_join(in, at);
}

static void place_check(struct compiling *in, uint32_t at) {
    const struct schema_node *node = &in->schema->nodes[at];
    if (in->sources[at].many && node->monotone)
        wrong(in, at, "monotone, within something repeated");
    if (in->sources[at].many && node->unique) wrong(in, at, "unique, within something repeated");
    if (node->low_given && node->high_given && node->low > node->high)
        wrong(in, at, "the bounds it has from here and above are empty");
    if (node->required && node->audience != SCHEMA_FOR_ANY)
        wrong(in, at, "a required field within something that is not for everybody");
    if (node->interpolation == SCHEMA_HERMITE && node->velocity == SCHEMA_NONE)
        wrong(in, at, "hermite needs another field with velocity_of this one");
}

/* In a message that contains itself: then there would be any number of such fields. */
static bool stands_again(const struct schema *schema, uint32_t at) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_node *twin = &schema->nodes[i];
        if (!twin->recursive || !twin->count) continue;
        uint32_t whole = schema->nodes[twin->first].parent, above = at;
        while (above != SCHEMA_NONE && above != whole)
            above = schema->nodes[above].parent;
        if (above == whole) return true;
    }
    return false;
}

static void unique_check(struct compiling *in) {
    size_t count = 0;
    for (uint32_t at = 0; at < in->schema->count; at++) {
        if (!in->schema->nodes[at].unique) continue;
        if (stands_again(in->schema, at))
            wrong(in, at, "unique, within a message that contains itself");
        if (++count == FORMAT_UNIQUES_MAX + 1)
            wrong(in, at, "unique, beside 8 such fields already");
    }
}

static void speed_check(struct compiling *in) {
    double speed = 0;
    for (uint32_t at = 0; at < in->schema->count; at++) {
        double own = in->schema->nodes[at].max_speed;
        if (own > 0 && speed > 0 && (own < speed || own > speed))
            wrong(in, at, "the axes of one position have different max_speed");
        if (own > 0) speed = own;
    }
}

static void fields_join(struct compiling *in) {
    for (uint32_t at = 0; at < in->schema->count; at++) {
        spatial_check(in, at);
        velocity_check(in, at);
    }
    for (uint32_t at = 0; at < in->schema->count; at++)
        place_check(in, at);
    speed_check(in);
    unique_check(in);
}

int schema_compile(struct schema **schema, const struct memory *memory,
                   const struct message_descriptor *message, struct buffer *complaints) {
    struct compiling in = {.memory = memory, .complaints = complaints, .good = true};
    *schema = NULL;
    in.good = message_check(message, complaints);
    in.schema = schema_create(memory);
    if (!in.schema) return SS_ERR_NOMEM;
    tree_grow(&in, message);
    if (in.status == SS_OK && in.good) {
        twins_join(&in);
        fields_join(&in);
    }
    if (in.status == SS_OK && !in.good) in.status = SS_ERR_INVALID;
    if (complaints->failed) in.status = SS_ERR_NOMEM;
    memory_free(memory, in.sources, in.capacity * sizeof *in.sources);
    if (in.status == SS_OK) {
        schema_settle(in.schema);
        *schema = in.schema;
    } else {
        schema_destroy(in.schema);
    }
    return in.status;
}

int schema_check(const struct memory *memory, const struct descriptor_set *set, size_t *checked,
                 struct buffer *complaints) {
    int worst = SS_OK;
    *checked = 0;
    for (const struct message_descriptor *at = set->messages; at; at = at->all) {
        bool ours = bytes_equal(at->file->package, bytes_of("statesync")) ||
                    bytes_equal(at->file->package, bytes_of("google.protobuf"));
        if (ours || at->map_entry) continue;
        struct schema *schema;
        int status = schema_compile(&schema, memory, at, complaints);
        schema_destroy(schema);
        if (status == SS_ERR_NOMEM) return status;
        if (status != SS_OK) worst = status;
        ++*checked;
    }
    return worst;
}
