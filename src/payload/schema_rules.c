/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of a category over those of its message: the table is copied and changed in place, so a
 * walk through a state meets one table whoever said what. */
#include "payload/schema_unique.h"

#include <math.h>

#include "base/status.h"

struct ruling {
    struct format_rules *rules;
    struct schema *schema;
    const struct format_rule *list;
    size_t count;
    struct reason *why;
};

static int refuse(const struct ruling *in, const char *path, const char *text) {
    reason_set(in->why, "%s: %s", path, text);
    return SS_ERR_INVALID;
}

static bool is_number(const struct schema_node *node) {
    return schema_is_integer((enum schema_type)node->type) ||
           schema_is_float((enum schema_type)node->type);
}

/* Something on the way to `node`, or it itself, is repeated or a map. */
static bool is_many(const struct schema *schema, uint32_t node) {
    for (uint32_t at = node; at != 0; at = schema->nodes[at].parent)
        if (schema->nodes[at].shape != SCHEMA_SINGULAR) return true;
    return false;
}

static bool is_one_number(const struct schema *schema, uint32_t node) {
    return is_number(&schema->nodes[node]) && !is_many(schema, node);
}

/* ---- policies ------------------------------------------------------------------------------ */

static bool is_numeric_policy(enum merge_policy policy) {
    return policy == MERGE_SUM || policy == MERGE_MAX || policy == MERGE_MIN;
}

static bool can_obey(const struct schema_node *node, enum merge_policy policy) {
    if (policy == MERGE_UNION) return node->shape == SCHEMA_REPEATED;
    if (!is_numeric_policy(policy)) return true;
    if (node->shape == SCHEMA_REPEATED || node->kind >= SCHEMA_UNIT_VECTOR) return false;
    return node->type == SCHEMA_MESSAGE || (is_number(node) && !node->has_default);
}

/* What cannot obey takes the later write, as with options that are handed down. */
static void policy_hand_down(struct schema *schema, uint32_t top, enum merge_policy policy) {
    schema->nodes[top].policy = (uint8_t)policy;
    for (uint32_t at = top + 1; at < schema->count; at++) {
        uint32_t above = schema->nodes[at].parent;
        while (above != SCHEMA_NONE && above > top)
            above = schema->nodes[above].parent;
        if (above != top) continue;
        bool obeys = can_obey(&schema->nodes[at], policy);
        schema->nodes[at].policy = (uint8_t)(obeys ? policy : MERGE_LWW);
    }
}

static int policy_rule(const struct ruling *in, const struct format_rule *rule, uint32_t node) {
    const struct schema_node *at = &in->schema->nodes[node];
    if ((unsigned)rule->policy > MERGE_REJECT) return refuse(in, rule->path, "unknown policy");
    if (at->parent != SCHEMA_NONE && is_many(in->schema, at->parent))
        return refuse(in, rule->path, "what is repeated is merged as a whole or by union");
    if (!can_obey(at, rule->policy))
        return refuse(in, rule->path,
                      rule->policy == MERGE_UNION ? "union is for repeated fields"
                                                  : "sum, max and min are for numbers");
    policy_hand_down(in->schema, node, rule->policy);
    return SS_OK;
}

/* ---- the others ---------------------------------------------------------------------------- */

static int bounds_rule(const struct ruling *in, const struct format_rule *rule, uint32_t node) {
    struct schema_node *at = &in->schema->nodes[node];
    if (!is_number(at)) return refuse(in, rule->path, "bounds are for numbers");
    if (!(rule->low <= rule->high)) return refuse(in, rule->path, "its bounds are empty");
    at->low_given = at->high_given = true;
    at->low = rule->low;
    at->high = rule->high;
    return SS_OK;
}

static int axis_rule(const struct ruling *in, const struct format_rule *rule, uint32_t node) {
    if (rule->axis < 0 || rule->axis > 2) return refuse(in, rule->path, "an axis is 0, 1 or 2");
    if (!is_one_number(in->schema, node))
        return refuse(in, rule->path, "an axis of the position is one number");
    for (size_t i = 0; i < in->schema->count; i++)
        if (in->schema->nodes[i].axis == rule->axis + 1)
            return refuse(in, rule->path, "this axis has a path already");
    in->schema->nodes[node].axis = (uint8_t)(rule->axis + 1);
    return SS_OK;
}

static int speed_rule(const struct ruling *in, const struct format_rule *rule) {
    if (in->rules->max_speed > 0) return refuse(in, "max_speed", "it is given twice");
    if (!(rule->high > 0) || isinf(rule->high))
        return refuse(in, "max_speed", "it is no positive number");
    in->rules->max_speed = rule->high;
    return SS_OK;
}

static int rule_apply(const struct ruling *in, const struct format_rule *rule) {
    if (rule->kind == RULE_MAX_SPEED) return speed_rule(in, rule);
    if (!rule->path) return refuse(in, "a rule", "it has no path");
    uint32_t node = schema_find(in->schema, rule->path);
    if (node == SCHEMA_NONE || node == 0) {
        reason_set(in->why, "%s: %s has no such field", rule->path, schema_name(in->schema, 0));
        return SS_ERR_INVALID;
    }
    for (const struct format_rule *other = in->list; other < rule; other++)
        if (other->kind == rule->kind && other->path && rule->kind != RULE_POSITION &&
            schema_find(in->schema, other->path) == node)
            return refuse(in, rule->path, "it stands twice");
    switch (rule->kind) {
    case RULE_POLICY: return SS_OK;
    case RULE_BOUNDS: return bounds_rule(in, rule, node);
    case RULE_POSITION: return axis_rule(in, rule, node);
    case RULE_MONOTONE:
        if (!is_one_number(in->schema, node) || in->schema->nodes[node].has_default)
            return refuse(in, rule->path, "monotone is for one number, without a default");
        in->schema->nodes[node].monotone = true;
        return SS_OK;
    default: return refuse(in, rule->path, "unknown kind of rule");
    }
}

/* A longer path says otherwise, wherever it stands in the list. */
static int policies_apply(const struct ruling *in) {
    uint32_t numbers[SCHEMA_DEPTH_MAX];
    int status = SS_OK;
    for (size_t depth = 1; depth < SCHEMA_DEPTH_MAX && status == SS_OK; depth++)
        for (size_t i = 0; i < in->count && status == SS_OK; i++) {
            if (in->list[i].kind != RULE_POLICY) continue;
            uint32_t node = schema_find(in->schema, in->list[i].path);
            if (schema_numbers(in->schema, node, numbers) == depth)
                status = policy_rule(in, &in->list[i], node);
        }
    return status;
}

/* ---- together ------------------------------------------------------------------------------ */

/* The category says where the position is: then its message does not. */
static void axes_forget(const struct ruling *in) {
    bool said = false;
    for (size_t i = 0; i < in->count; i++)
        said |= in->list[i].kind == RULE_POSITION;
    for (size_t i = 0; i < in->schema->count && said; i++) {
        in->schema->nodes[i].axis = 0;
        in->schema->nodes[i].max_speed = 0;
    }
}

static int watches_add(const struct ruling *in) {
    struct buffer path = buffer_of(in->schema->memory);
    int status = SS_OK;
    for (uint32_t at = 0; at < in->schema->count && status == SS_OK; at++) {
        struct schema_node *node = &in->schema->nodes[at];
        if (!node->monotone && !node->axis) continue;
        buffer_clear(&path);
        schema_path(in->schema, at, &path);
        status = path.failed
                     ? SS_ERR_NOMEM
                     : rules_watch_add(in->rules, buffer_view(&path), &node->watch, in->why);
        if (status != SS_OK) break;
        in->rules->watches[node->watch].monotone = node->monotone;
        if (node->axis) in->rules->axes[node->axis - 1] = node->watch;
        if (node->max_speed > 0 && in->rules->max_speed <= 0)
            in->rules->max_speed = node->max_speed;
    }
    buffer_free(&path);
    return status;
}

static int rules_apply(const struct ruling *in) {
    axes_forget(in);
    int status = SS_OK;
    for (size_t i = 0; i < in->count && status == SS_OK; i++)
        status = rule_apply(in, &in->list[i]);
    if (status == SS_OK) status = policies_apply(in);
    if (status == SS_OK) status = watches_add(in);
    if (status != SS_OK) return status;
    bool located = false;
    for (size_t i = 0; i < 3; i++)
        located |= in->rules->axes[i] != RULES_NONE;
    if (in->rules->max_speed > 0 && !located)
        return refuse(in, "max_speed", "the position has no path");
    if (schema_unique_count(in->schema) > FORMAT_UNIQUES_MAX)
        return refuse(in, schema_name(in->schema, 0), "it has more than 8 unique fields");
    schema_settle(in->schema);
    return SS_OK;
}

int format_rules_create_typed(struct format_rules **created, const struct memory *memory,
                              const struct schema *schema, const struct format_rule *list,
                              size_t count, struct reason *why) {
    *created = NULL;
    struct format_rules *rules = rules_empty(memory);
    if (!rules) return SS_ERR_NOMEM;
    rules->schema = schema_copy(schema, memory);
    struct ruling in = {rules, rules->schema, list, count, why};
    int status = rules->schema ? rules_apply(&in) : SS_ERR_NOMEM;
    if (status != SS_OK) {
        format_rules_destroy(rules);
        return status;
    }
    *created = rules;
    return SS_OK;
}
