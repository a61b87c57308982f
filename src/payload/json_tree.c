/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes stand in the order of the text, children behind their parent:
 *
 *     {"a":{"b":1},"c":[2,3]}      nodes: root  a  b  c  2  3
 *                                  next:   6    3  3  6  5  6
 *
 * so a subtree is a run of nodes and skipping it is one assignment. Recursion is as deep as the
 * text, at most 32. */
#include "payload/json_tree.h"

#include "base/hash.h"
#include "base/status.h"
#include "payload/json_names.h"

/* ---- building ------------------------------------------------------------------------------ */

struct builder {
    struct json_tree *tree;
    struct json_scan scan;
    uint32_t open[JSON_DEPTH_MAX + 1]; /* open[d]: the container at depth d */
    struct reason *why;
};

static struct json_text node_name(const void *context, uint32_t handle) {
    return json_name((struct json_value){context, handle});
}

static int node_push(struct builder *builder) {
    struct json_tree *tree = builder->tree;
    const struct json_scan *scan = &builder->scan;
    void *nodes = tree->nodes;
    int status =
        memory_grow(tree->memory, &nodes, &tree->capacity, tree->count + 1, sizeof *tree->nodes);
    tree->nodes = nodes;
    if (status != SS_OK) return status;
    struct json_node node = {.start = (uint32_t)(scan->value - tree->text),
                             .size = (uint32_t)(scan->at - scan->value),
                             .kind = (uint8_t)scan->kind,
                             .escaped = scan->escaped,
                             .next = (uint32_t)tree->count + 1};
    if (scan->name.raw.data) {
        node.name = (uint32_t)(scan->name.raw.data - tree->text);
        node.name_size = (uint32_t)scan->name.raw.size;
        node.name_escaped = scan->name.escaped;
        node.hash = json_name_hash(scan->name);
    }
    tree->nodes[tree->count++] = node;
    return SS_OK;
}

/* The keys of the members of `object`, checked for equal names: few on the stack, many kept sorted.
 */
static int members_check(struct builder *builder, uint32_t object) {
    struct json_tree *tree = builder->tree;
    struct json_names_source source = {node_name, tree};
    uint64_t few[JSON_NAMES_FEW], *keys = few;
    uint32_t count = tree->nodes[object].count;
    if (count > JSON_NAMES_FEW) {
        void *grown = tree->keys;
        int status = memory_grow(tree->memory, &grown, &tree->key_capacity, tree->key_count + count,
                                 sizeof *tree->keys);
        tree->keys = grown;
        if (status != SS_OK) return status;
        tree->nodes[object].index = (uint32_t)tree->key_count;
        keys = tree->keys + tree->key_count;
        tree->key_count += count;
    }
    uint32_t member = object + 1;
    for (uint32_t i = 0; i < count; i++, member = tree->nodes[member].next)
        keys[i] = (uint64_t)tree->nodes[member].hash << 32 | member;
    if (json_names_unique(&source, keys, count)) return SS_OK;
    reason_set(builder->why, "JSON has a name twice in one object");
    return SS_ERR_INVALID;
}

static int node_close(struct builder *builder) {
    struct json_tree *tree = builder->tree;
    uint32_t at = builder->open[builder->scan.depth + 1];
    struct json_node *node = &tree->nodes[at];
    node->size = (uint32_t)(builder->scan.at - tree->text) - node->start;
    node->next = (uint32_t)tree->count;
    return node->kind == JSON_OBJECT ? members_check(builder, at) : SS_OK;
}

static int node_event(struct builder *builder, enum json_event event) {
    const struct json_scan *scan = &builder->scan;
    if (event == JSON_EVENT_CLOSE) return node_close(builder);
    unsigned depth = scan->depth - (event == JSON_EVENT_OPEN);
    if (depth > 0) builder->tree->nodes[builder->open[depth]].count++;
    if (event == JSON_EVENT_OPEN) builder->open[scan->depth] = (uint32_t)builder->tree->count;
    return node_push(builder);
}

int json_tree_parse(struct json_tree *tree, const struct memory *memory, struct bytes text,
                    struct reason *why) {
    *tree = (struct json_tree){.memory = memory, .text = text.data};
    struct builder builder = {.tree = tree, .scan = json_scan_of(text), .why = why};
    void *nodes = NULL;
    /* One value in 8 bytes is denser than most states, so usually nothing grows. */
    int status =
        memory_grow(memory, &nodes, &tree->capacity, text.size / 8 + 8, sizeof *tree->nodes);
    tree->nodes = nodes;
    while (status == SS_OK) {
        enum json_event event = json_scan_next(&builder.scan);
        if (event == JSON_EVENT_END) return SS_OK;
        if (event == JSON_EVENT_BAD) {
            reason_set(why, "JSON %s at byte %zu", builder.scan.error,
                       (size_t)(builder.scan.at - builder.scan.start));
            return SS_ERR_INVALID;
        }
        status = node_event(&builder, event);
    }
    return status;
}

void json_tree_free(struct json_tree *tree) {
    memory_free(tree->memory, tree->nodes, tree->capacity * sizeof *tree->nodes);
    memory_free(tree->memory, tree->keys, tree->key_capacity * sizeof *tree->keys);
    *tree = (struct json_tree){0};
}

/* ---- walking ------------------------------------------------------------------------------- */

struct json_value json_first(struct json_value container) {
    bool some = json_present(container) && json_node(container)->count > 0;
    return (struct json_value){container.tree, some ? container.at + 1 : JSON_ABSENT};
}

struct json_value json_next(struct json_value container, struct json_value value) {
    uint32_t next = json_node(value)->next;
    return (struct json_value){container.tree,
                               next < json_node(container)->next ? next : JSON_ABSENT};
}

static bool same_name(struct json_value a, struct json_value b) {
    return json_node(a)->hash == json_node(b)->hash && json_text_equal(json_name(a), json_name(b));
}

/* Among few members: the hashes are compared one by one. */
static uint32_t find_few(struct json_value object, struct json_value member) {
    struct json_value at = json_first(object);
    while (json_present(at) && !same_name(at, member))
        at = json_next(object, at);
    return at.at;
}

/* Among many: by halving the sorted keys. */
static uint32_t find_many(struct json_value object, struct json_value member) {
    const struct json_node *node = json_node(object);
    const uint64_t *keys = object.tree->keys + node->index;
    uint32_t hash = json_node(member)->hash;
    size_t low = 0, high = node->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct json_value at = {object.tree, (uint32_t)keys[middle]};
        uint32_t key = (uint32_t)(keys[middle] >> 32);
        int order = (key > hash) - (key < hash);
        if (order == 0) order = json_text_compare(json_name(at), json_name(member));
        if (order == 0) return at.at;
        if (order < 0) low = middle + 1;
        if (order > 0) high = middle;
    }
    return JSON_ABSENT;
}

struct json_value json_find(struct json_value object, struct json_value member, uint32_t *hint) {
    if (!json_is(object, JSON_OBJECT)) return json_nothing(object.tree);
    const struct json_node *node = json_node(object);
    struct json_value found = {object.tree, *hint};
    bool inside = *hint > object.at && *hint < node->next;
    if (!inside || !same_name(found, member))
        found.at =
            node->count > JSON_NAMES_FEW ? find_many(object, member) : find_few(object, member);
    if (json_present(found)) *hint = json_node(found)->next;
    return found;
}

/* ---- meaning ------------------------------------------------------------------------------- */

bool json_decimal(struct json_value value, struct decimal *decimal) {
    return json_is(value, JSON_NUMBER) && decimal_parse(json_slice(value), decimal);
}

static struct json_text string_text(struct json_value value) {
    struct bytes slice = json_slice(value);
    return (struct json_text){bytes_view(slice.data + 1, slice.size - 2),
                              json_node(value)->escaped};
}

static bool arrays_equal(struct json_value a, struct json_value b) {
    struct json_value right = json_first(b);
    for (struct json_value left = json_first(a); json_present(left); left = json_next(a, left)) {
        if (!json_equal(left, right)) return false;
        right = json_next(b, right);
    }
    return true;
}

static bool objects_equal(struct json_value a, struct json_value b) {
    uint32_t hint = b.at + 1;
    for (struct json_value left = json_first(a); json_present(left); left = json_next(a, left)) {
        struct json_value right = json_find(b, left, &hint);
        if (!json_present(right) || !json_equal(left, right)) return false;
    }
    return true;
}

static bool numbers_equal(struct json_value a, struct json_value b) {
    struct decimal left, right;
    return json_decimal(a, &left) && json_decimal(b, &right) && decimal_compare(&left, &right) == 0;
}

bool json_equal(struct json_value a, struct json_value b) {
    if (!json_present(a) || !json_present(b)) return json_present(a) == json_present(b);
    if (json_node(a)->kind != json_node(b)->kind) return false;
    if (bytes_equal(json_slice(a), json_slice(b))) return true;
    if (json_node(a)->count != json_node(b)->count) return false;
    switch (json_node(a)->kind) {
    case JSON_NUMBER: return numbers_equal(a, b);
    case JSON_STRING: return json_text_equal(string_text(a), string_text(b));
    case JSON_ARRAY: return arrays_equal(a, b);
    case JSON_OBJECT: return objects_equal(a, b);
    default: return true;
    }
}

/* The order of elements counts, that of members does not. */
static uint64_t container_hash(struct json_value value) {
    bool array = json_is(value, JSON_ARRAY);
    uint64_t hash = 0;
    for (struct json_value at = json_first(value); json_present(at); at = json_next(value, at)) {
        uint64_t inner = json_hash(at);
        if (array) hash = hash_mix(hash + inner);
        if (!array) hash += hash_mix(json_text_hash(json_name(at)) ^ hash_mix(inner));
    }
    return hash;
}

uint64_t json_hash(struct json_value value) {
    struct decimal decimal;
    uint64_t hash = 0;
    switch (json_node(value)->kind) {
    case JSON_NUMBER:
        hash = json_decimal(value, &decimal) ? decimal_hash(&decimal)
                                             : json_text_hash(json_text_of(json_slice(value)));
        break;
    case JSON_STRING: hash = json_text_hash(string_text(value)); break;
    case JSON_ARRAY:
    case JSON_OBJECT: hash = container_hash(value); break;
    default: break;
    }
    return hash_mix(hash + json_node(value)->kind);
}
