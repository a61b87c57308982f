/* SPDX-License-Identifier: Apache-2.0 */
/* Rules are collected with the node that each was written at, then compiled at once by the format.
 * When the format refuses, ever longer heads of the list are compiled until one is refused: its
 * last rule is the culprit and names the line. */
#include "server/config_rules.h"

#include <stdio.h>

#include "base/status.h"
#include "payload/schema.h"
#include "server/config_schema.h"
#include "server/config_value.h"

struct rule_list {
    struct reading *reading;
    const struct format *format;
    const char *category;
    struct format_rule *rules;
    const struct node **places;
    size_t count;
    const struct schema *schema; /* of a protobuf category with a message, or NULL */
    bool unread;                 /* it has one, but no schema was read */
    size_t skipped;              /* fields by name, then */
};

/* "x" and "/x" mean the same; without a message a protobuf field is a number. NULL with SS_OK: the
 * schema was not read. */
static int rule_path(struct rule_list *list, const struct node *node, const char *written,
                     const char **path) {
    const char *name = *written == '/' ? written + 1 : written;
    uint64_t number;
    *path = written;
    if (list->format == &format_protobuf && !list->schema && !value_number(name, &number)) {
        if (!list->unread)
            return reading_refuse(list->reading, node,
                                  "categories.%s: %.80s: fields have names only with `message: "
                                  "NAME`; want a field number",
                                  list->category, name);
        *path = NULL;
        list->skipped++;
        return SS_OK;
    }
    if (strlen(written) > 1024)
        return reading_refuse(list->reading, node, "a path of more than 1024 bytes");
    if (*written == '/' || *written == '\0') return SS_OK;
    char slashed[1024 + 2];
    snprintf(slashed, sizeof slashed, "/%s", written);
    *path = reading_text(list->reading, bytes_of(slashed));
    return *path ? SS_OK : reading_no_memory(list->reading);
}

static int rule_add(struct rule_list *list, const struct node *node, const char *written,
                    struct format_rule rule) {
    int status = written ? rule_path(list, node, written, &rule.path) : SS_OK;
    if (status != SS_OK || (written && !rule.path)) return status;
    list->rules[list->count] = rule;
    list->places[list->count++] = node;
    return SS_OK;
}

static int want(struct rule_list *list, const struct node *node, const char *what) {
    return reading_refuse(list->reading, node, "categories.%s.%s", list->category, what);
}

/* ---- one key each -------------------------------------------------------------------------- */

static int read_fields(struct rule_list *list, const struct node *fields) {
    if (fields->kind != NODE_MAP) return want(list, fields, "fields wants { /PATH: POLICY, ... }");
    for (const struct node *entry = fields->first; entry; entry = entry->next) {
        struct format_rule rule = {.kind = RULE_POLICY};
        if (entry->kind != NODE_TEXT || !merge_policy_find(entry->text, &rule.policy))
            return want(list, entry,
                        "fields: that is no policy; want one of "
                        "lww, keep, max, min, sum, union, manual, reject");
        int status = rule_add(list, entry, entry->key, rule);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static bool is_number(const struct node *node, double *value) {
    return node && node->kind == NODE_TEXT && value_decimal(node->text, value);
}

static int read_bounds(struct rule_list *list, const struct node *bounds) {
    if (bounds->kind != NODE_MAP)
        return want(list, bounds, "bounds wants { /PATH: [LOW, HIGH], ... }");
    for (const struct node *entry = bounds->first; entry; entry = entry->next) {
        struct format_rule rule = {.kind = RULE_BOUNDS};
        if (entry->kind != NODE_LIST || entry->count != 2 || !is_number(entry->first, &rule.low) ||
            !is_number(entry->last, &rule.high) || rule.low > rule.high)
            return want(list, entry, "bounds: want [LOW, HIGH], two numbers, the lower one first");
        int status = rule_add(list, entry, entry->key, rule);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static int read_monotone(struct rule_list *list, const struct node *monotone) {
    struct format_rule rule = {.kind = RULE_MONOTONE};
    if (monotone->kind == NODE_TEXT) return rule_add(list, monotone, monotone->text, rule);
    if (monotone->kind == NODE_MAP) return want(list, monotone, "monotone wants [/PATH, ...]");
    for (const struct node *entry = monotone->first; entry; entry = entry->next) {
        if (entry->kind != NODE_TEXT) return want(list, entry, "monotone wants [/PATH, ...]");
        int status = rule_add(list, entry, entry->text, rule);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static int read_spatial(struct rule_list *list, const struct node *spatial) {
    static const struct word axes[] = {{"x", 0}, {"y", 1}, {"z", 2}, {NULL, 0}};
    if (spatial->kind != NODE_MAP || spatial->count == 0)
        return want(list, spatial, "spatial wants { x: PATH, y: PATH, z: PATH }");
    for (const struct node *entry = spatial->first; entry; entry = entry->next) {
        struct format_rule rule = {.kind = RULE_POSITION};
        if (!value_word(axes, entry->key, &rule.axis))
            return want(list, entry, "spatial: the axes are x, y and z");
        if (entry->kind != NODE_TEXT || *entry->text == '\0')
            return want(list, entry, "spatial: want the path of a number, in metres");
        int status = rule_add(list, entry, entry->text, rule);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static int read_max_speed(struct rule_list *list, const struct node *speed,
                          const struct node *spatial) {
    struct format_rule rule = {.kind = RULE_MAX_SPEED};
    if (!is_number(speed, &rule.high) || rule.high <= 0)
        return want(list, speed, "max_speed wants metres a second, more than 0, like 12.5");
    if (!spatial && !list->schema)
        return want(list, speed,
                    "max_speed needs spatial: { x: PATH, y: PATH, z: PATH } beside it");
    return list->skipped ? SS_OK : rule_add(list, speed, NULL, rule);
}

/* ---- together ------------------------------------------------------------------------------ */

static size_t entries(const struct node *node) {
    return !node ? 0 : node->kind == NODE_TEXT ? 1 : node->count;
}

static int list_create(struct rule_list *list, size_t capacity) {
    list->rules = arena_alloc(&list->reading->arena, capacity * sizeof *list->rules);
    list->places = arena_alloc(&list->reading->arena, capacity * sizeof(struct node *));
    return list->rules && list->places ? SS_OK : reading_no_memory(list->reading);
}

/* Spatial stands before the speed, and both first: a head of the list must never lack what it
 * needs. */
static int list_fill(struct rule_list *list, const struct node *category) {
    const struct node *spatial = node_child(category, "spatial");
    const struct node *speed = node_child(category, "max_speed");
    const struct node *fields = node_child(category, "fields");
    const struct node *bounds = node_child(category, "bounds");
    const struct node *monotone = node_child(category, "monotone");
    int status = list_create(list, entries(spatial) + entries(fields) + entries(bounds) +
                                       entries(monotone) + 1);
    if (status == SS_OK && spatial) status = read_spatial(list, spatial);
    if (status == SS_OK && speed) status = read_max_speed(list, speed, spatial);
    if (status == SS_OK && fields) status = read_fields(list, fields);
    if (status == SS_OK && bounds) status = read_bounds(list, bounds);
    if (status == SS_OK && monotone) status = read_monotone(list, monotone);
    return status;
}

static int list_compile(struct rule_list *list, size_t count, struct format_rules **rules,
                        struct reason *why) {
    const struct memory *memory = list->reading->memory;
    return list->schema
               ? format_rules_create_typed(rules, memory, list->schema, list->rules, count, why)
               : format_rules_create(rules, memory, list->format, list->rules, count, why);
}

static int refuse_culprit(struct rule_list *list, const struct node *category) {
    for (size_t count = 0; count <= list->count; count++) {
        struct format_rules *rules;
        struct reason why = {""};
        int status = list_compile(list, count, &rules, &why);
        if (status == SS_ERR_NOMEM) return reading_no_memory(list->reading);
        if (status != SS_OK)
            return reading_refuse(list->reading, count ? list->places[count - 1] : category,
                                  "categories.%s: %s", list->category, why.text);
        format_rules_destroy(rules);
    }
    return SS_ERR_INVALID;
}

static int rules_compile(struct rule_list *list, const struct node *node, struct category *category,
                         struct format_rules **rules) {
    struct reason why = {""};
    int status = list_fill(list, node);
    if (status != SS_OK || (list->count == 0 && !list->schema)) return status;
    status = list_compile(list, list->count, rules, &why);
    if (status == SS_ERR_NOMEM) return reading_no_memory(list->reading);
    if (status != SS_OK) return refuse_culprit(list, node);
    category->rules = *rules;
    category->spatial = format_rules_spatial(*rules);
    category->unique = format_rules_unique(*rules);
    for (size_t i = 0; i < list->count && format_rules_hide(*rules); i++)
        if (list->rules[i].kind == RULE_POLICY && list->rules[i].policy == MERGE_MANUAL)
            return reading_refuse(list->reading, list->places[i],
                                  "categories.%s: a parked conflict shows whole states; want no "
                                  "manual where the schema hides fields",
                                  list->category);
    return SS_OK;
}

int rules_read(struct reading *reading, const struct node *node, struct category *category,
               struct format_rules **rules, size_t *skipped) {
    struct schema *schema;
    *rules = NULL;
    int status = schema_of_category(reading, node, category, &schema);
    if (status != SS_OK) return status;
    struct rule_list list = {.reading = reading,
                             .format = category->format,
                             .category = category->name,
                             .schema = schema,
                             .unread = !reading->schema && node_child(node, "message") != NULL};
    status = rules_compile(&list, node, category, rules);
    *skipped = list.skipped;
    schema_destroy(schema);
    return status;
}
