/* SPDX-License-Identifier: Apache-2.0 */
/* Paths are cut into tokens and made into a tree; a hash table finds the child of a node by name,
 * so a walk costs one lookup per name whatever the number of rules. */
#include "payload/rules.h"

#include <math.h>

#include "base/hash.h"
#include "base/status.h"
#include "payload/schema_compare.h"

#define PATH_DEPTH_MAX 32
#define FIELD_MAX      536870911 /* protobuf: 2^29 - 1 */

/* ---- walking ------------------------------------------------------------------------------- */

struct rule_place rules_root(const struct format_rules *rules) {
    if (!rules) return (struct rule_place){RULES_NONE, MERGE_LWW, false};
    return (struct rule_place){0, rules->nodes[0].policy, rules->nodes[0].sums};
}

bool rules_leads_on(const struct format_rules *rules, struct rule_place place) {
    return place.node != RULES_NONE && rules->nodes[place.node].children;
}

struct sought {
    const struct format_rules *rules;
    uint32_t parent, hash;
    struct json_text name;
};

static bool sought_equal(const void *context, uint32_t handle) {
    const struct sought *sought = context;
    const struct rule_node *node = &sought->rules->nodes[handle];
    if (node->parent != sought->parent || node->hash != sought->hash) return false;
    struct bytes name = {sought->rules->names.data + node->name, node->name_size};
    return json_text_equal(json_text_of(name), sought->name);
}

static uint64_t child_hash(uint32_t parent, uint32_t hash) {
    return hash_mix((uint64_t)parent << 32 | hash);
}

static uint32_t child_find(const struct format_rules *rules, uint32_t parent, struct json_text name,
                           uint32_t hash) {
    struct sought sought = {rules, parent, hash, name};
    return table_find(&rules->index, child_hash(parent, hash), sought_equal, &sought);
}

struct rule_place rules_child(const struct format_rules *rules, struct rule_place parent,
                              struct json_text name, uint32_t hash) {
    struct rule_place child = {RULES_NONE, parent.policy, parent.policy == MERGE_SUM};
    if (!rules_leads_on(rules, parent)) return child;
    uint32_t node = child_find(rules, parent.node, name, hash);
    if (node == TABLE_NONE) return child;
    return (struct rule_place){node, rules->nodes[node].policy, rules->nodes[node].sums};
}

struct rule_place rules_child_number(const struct format_rules *rules, struct rule_place parent,
                                     uint64_t number) {
    uint8_t text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    struct json_text name = json_text_of(bytes_view(text + at, sizeof text - at));
    return rules_child(rules, parent, name, json_name_hash(name));
}

uint32_t rules_watch(const struct format_rules *rules, struct rule_place place) {
    return place.node == RULES_NONE ? RULES_NONE : rules->nodes[place.node].watch;
}

const char *rules_path(const struct format_rules *rules, uint32_t watch) {
    return (const char *)rules->names.data + rules->watches[watch].path;
}

/* ---- compiling ----------------------------------------------------------------------------- */

static int node_add(struct format_rules *rules, uint32_t parent, struct json_text name,
                    uint32_t hash, uint32_t *added) {
    void *nodes = rules->nodes;
    int status = memory_grow(rules->memory, &nodes, &rules->capacity, rules->count + 1,
                             sizeof *rules->nodes);
    rules->nodes = nodes;
    if (status != SS_OK) return status;
    struct rule_node node = {parent,     (uint32_t)rules->names.size, (uint32_t)name.raw.size, hash,
                             RULES_NONE, .policy = MERGE_LWW};
    buffer_bytes(&rules->names, name.raw);
    if (rules->names.failed) return SS_ERR_NOMEM;
    *added = (uint32_t)rules->count;
    if (parent != RULES_NONE) {
        status = table_add(&rules->index, child_hash(parent, hash), *added);
        if (status != SS_OK) return status;
        rules->nodes[parent].children = true;
    }
    rules->nodes[rules->count++] = node;
    return SS_OK;
}

/* Decodes the token at `*path` into `out`, up to the next slash or the end; false: a bad escape. */
static bool token_read(const char **path, struct writer *out) {
    for (; **path != '\0' && **path != '/'; ++*path) {
        char byte = **path;
        if (byte == '~') {
            byte = *++*path;
            if (byte != '0' && byte != '1') return false;
            byte = byte == '0' ? '~' : '/';
        }
        writer_u8(out, (uint8_t)byte);
    }
    return true;
}

static bool field_number(struct bytes token) {
    uint64_t number = 0;
    if (token.size == 0 || token.size > 9 || token.data[0] == '0') return false;
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '0' || token.data[i] > '9') return false;
        number = number * 10 + (uint64_t)(token.data[i] - '0');
    }
    return number <= FIELD_MAX;
}

static int bad_path(struct reason *why, const char *path, const char *wanted) {
    reason_set(why, "%s: %s", path, wanted);
    return SS_ERR_INVALID;
}

/* The node of a path, made where it is missing. */
static int path_node(struct format_rules *rules, const struct format *format, const char *path,
                     uint32_t *node, struct reason *why) {
    bool json = format == &format_json;
    const char *start = path;
    *node = 0;
    if (!bytes_utf8(bytes_of(path))) return bad_path(why, "a path", "it is not UTF-8");
    if (*path != '\0' && *path != '/') return bad_path(why, start, "a path begins with /");
    if (*path == '\0' && !json) return bad_path(why, "a path", "it names no field");
    for (size_t depth = 0; *path == '/'; depth++) {
        uint8_t text[256];
        struct writer token = writer_of(text, sizeof text);
        path++;
        if (!token_read(&path, &token)) return bad_path(why, start, "~ is written ~0 and / ~1");
        if (token.failed) return bad_path(why, start, "a name is longer than 256 bytes");
        if (depth == (json ? PATH_DEPTH_MAX : 1)) return bad_path(why, start, "it is too deep");
        struct json_text name = json_text_of(bytes_view(text, token.size));
        if (!json && !field_number(name.raw)) return bad_path(why, start, "no field number");
        uint32_t hash = json_name_hash(name), parent = *node;
        *node = child_find(rules, parent, name, hash);
        if (*node != TABLE_NONE) continue;
        int status = node_add(rules, parent, name, hash, node);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

int rules_watch_add(struct format_rules *rules, struct bytes path, uint32_t *watch,
                    struct reason *why) {
    if (rules->watch_count == RULES_NUMBERS_MAX) {
        reason_set(why, "%.*s: at most 64 paths may have invariants", (int)path.size,
                   (const char *)path.data);
        return SS_ERR_INVALID;
    }
    *watch = (uint32_t)rules->watch_count;
    rules->watches[rules->watch_count++] = (struct rule_watch){(uint32_t)rules->names.size};
    buffer_bytes(&rules->names, path);
    buffer_u8(&rules->names, 0);
    return rules->names.failed ? SS_ERR_NOMEM : SS_OK;
}

/* The watch of a node, made where it has none. */
static int node_watch(struct format_rules *rules, uint32_t node, const char *path,
                      struct rule_watch **watch, struct reason *why) {
    uint32_t slot = rules->nodes[node].watch;
    int status = slot == RULES_NONE ? rules_watch_add(rules, bytes_of(path), &slot, why) : SS_OK;
    if (status != SS_OK) return status;
    rules->nodes[node].watch = slot;
    *watch = &rules->watches[slot];
    return SS_OK;
}

static int policy_compile(struct format_rules *rules, const struct format *format,
                          const struct format_rule *rule, uint32_t at, struct reason *why) {
    struct rule_node *node = &rules->nodes[at];
    if (node->declared) return bad_path(why, rule->path, "it has two policies");
    if ((unsigned)rule->policy > MERGE_REJECT) return bad_path(why, rule->path, "unknown policy");
    if (rule->policy == MERGE_UNION && format == &format_protobuf)
        return bad_path(why, rule->path, "protobuf has no union without a schema");
    node->declared = true;
    node->policy = rule->policy;
    return SS_OK;
}

static int bounds_compile(struct rule_watch *watch, const struct format_rule *rule,
                          struct reason *why) {
    if (watch->bounded) return bad_path(why, rule->path, "it has two bounds");
    if (!(rule->low <= rule->high)) return bad_path(why, rule->path, "its bounds are empty");
    watch->bounded = true;
    watch->low = rule->low;
    watch->high = rule->high;
    return SS_OK;
}

static int axis_compile(struct format_rules *rules, const struct format_rule *rule, uint32_t watch,
                        struct reason *why) {
    if (rule->axis < 0 || rule->axis > 2) return bad_path(why, rule->path, "an axis is 0, 1 or 2");
    if (rules->axes[rule->axis] != RULES_NONE)
        return bad_path(why, rule->path, "this axis has a path already");
    rules->axes[rule->axis] = watch;
    return SS_OK;
}

static int speed_compile(struct format_rules *rules, const struct format_rule *rule,
                         struct reason *why) {
    if (rules->max_speed > 0) return bad_path(why, "max_speed", "it is given twice");
    if (!(rule->high > 0) || isinf(rule->high))
        return bad_path(why, "max_speed", "it is no positive number");
    rules->max_speed = rule->high;
    return SS_OK;
}

static int rule_compile(struct format_rules *rules, const struct format *format,
                        const struct format_rule *rule, struct reason *why) {
    if (rule->kind == RULE_MAX_SPEED) return speed_compile(rules, rule, why);
    uint32_t node = RULES_NONE;
    if (!rule->path) return bad_path(why, "a rule", "it has no path");
    int status = path_node(rules, format, rule->path, &node, why);
    if (status != SS_OK) return status;
    if (rule->kind == RULE_POLICY) return policy_compile(rules, format, rule, node, why);

    struct rule_watch *watch = NULL;
    status = node_watch(rules, node, rule->path, &watch, why);
    if (status != SS_OK) return status;
    switch (rule->kind) {
    case RULE_BOUNDS: return bounds_compile(watch, rule, why);
    case RULE_MONOTONE: watch->monotone = true; return SS_OK;
    case RULE_POSITION: return axis_compile(rules, rule, rules->nodes[node].watch, why);
    default: return bad_path(why, rule->path, "unknown kind of rule");
    }
}

/* Policies go down to what has none of its own, `sums` goes up. */
static void nodes_settle(struct format_rules *rules) {
    for (size_t i = 1; i < rules->count; i++)
        if (!rules->nodes[i].declared)
            rules->nodes[i].policy = rules->nodes[rules->nodes[i].parent].policy;
    for (size_t i = rules->count; i-- > 0;) {
        struct rule_node *node = &rules->nodes[i];
        node->sums |= node->policy == MERGE_SUM;
        if (i > 0) rules->nodes[node->parent].sums |= node->sums;
    }
}

static int rules_compile(struct format_rules *rules, const struct format *format,
                         const struct format_rule *list, size_t count, struct reason *why) {
    uint32_t root;
    int status = node_add(rules, RULES_NONE, json_text_of(bytes_of("")), 0, &root);
    for (size_t i = 0; i < count && status == SS_OK; i++)
        status = rule_compile(rules, format, &list[i], why);
    if (status != SS_OK) return status;
    bool located = false;
    for (size_t i = 0; i < 3; i++)
        located |= rules->axes[i] != RULES_NONE;
    if (rules->max_speed > 0 && !located)
        return bad_path(why, "max_speed", "the position has no path");
    nodes_settle(rules);
    return SS_OK;
}

struct format_rules *rules_empty(const struct memory *memory) {
    struct format_rules *rules = memory_zeroed(memory, 1, sizeof *rules);
    if (!rules) return NULL;
    rules->memory = memory;
    rules->names = buffer_of(memory);
    rules->index = table_of(memory);
    for (size_t i = 0; i < 3; i++)
        rules->axes[i] = RULES_NONE;
    return rules;
}

int format_rules_create(struct format_rules **created, const struct memory *memory,
                        const struct format *format, const struct format_rule *list, size_t count,
                        struct reason *why) {
    *created = NULL;
    if (format == &format_opaque && count > 0)
        return bad_path(why, "opaque", "bytes without a meaning have no rules");
    struct format_rules *rules = rules_empty(memory);
    if (!rules) return SS_ERR_NOMEM;
    int status = rules_compile(rules, format, list, count, why);
    if (status != SS_OK) {
        format_rules_destroy(rules);
        return status;
    }
    *created = rules;
    return SS_OK;
}

void format_rules_destroy(struct format_rules *rules) {
    if (!rules) return;
    memory_free(rules->memory, rules->nodes, rules->capacity * sizeof *rules->nodes);
    buffer_free(&rules->names);
    table_free(&rules->index);
    schema_destroy(rules->schema);
    memory_free(rules->memory, rules, sizeof *rules);
}

bool format_rules_hide(const struct format_rules *rules) {
    return rules && rules->schema && rules->schema->hides;
}

bool format_rules_unique(const struct format_rules *rules) {
    return rules && rules->schema && rules->schema->count > 0 && rules->schema->nodes[0].claims;
}

const char *format_rules_field(const struct format_rules *rules, uint32_t field,
                               char text[FORMAT_PATH_BYTES]) {
    return schema_path_text(rules->schema, field, text);
}

bool format_rules_spatial(const struct format_rules *rules) {
    bool spatial = false;
    for (size_t i = 0; i < 3 && rules; i++)
        spatial |= rules->axes[i] != RULES_NONE;
    return spatial;
}

bool format_rules_follow(const struct format_rules *old, const struct format_rules *next) {
    if (!next || !next->schema || !old || !old->schema) return true;
    return schema_compare(old->schema, next->schema, NULL, NULL) != SCHEMA_BREAKS;
}
