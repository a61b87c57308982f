/* SPDX-License-Identifier: Apache-2.0 */
/* json_tree.h - the shape of a JSON text: one small node per value, in the order of the text, each
 * a slice. The text is neither copied nor changed, and must outlive the tree. */
#ifndef PAYLOAD_JSON_TREE_H
#define PAYLOAD_JSON_TREE_H

#include "payload/decimal.h"
#include "payload/format.h"
#include "payload/json_scan.h"

#define JSON_ABSENT UINT32_MAX

struct json_node {
    uint32_t start, size;     /* of the value in the text */
    uint32_t name, name_size; /* between the quotes; members only */
    uint32_t hash;            /* members: of the name. Elements: what json_union computes */
    uint32_t next;            /* the node behind this one and all beneath it */
    uint32_t count;           /* members or elements */
    uint32_t index;           /* where the sorted keys of an object with many members begin */
    uint8_t kind;             /* enum json_kind */
    bool name_escaped, escaped;
    bool taken; /* free for who owns the tree */
};

struct json_tree {
    const struct memory *memory;
    const uint8_t *text;
    struct json_node *nodes; /* nodes[0] is the root */
    size_t count, capacity;
    uint64_t *keys; /* json_names_key, handle: node */
    size_t key_count, key_capacity;
};

/* A value of a tree, or nothing (`at` JSON_ABSENT). */
struct json_value {
    const struct json_tree *tree;
    uint32_t at;
};

/* SS_OK, SS_ERR_INVALID with the reason, SS_ERR_NOMEM. The tree needs json_tree_free in any case.
 */
int json_tree_parse(struct json_tree *tree, const struct memory *memory, struct bytes text,
                    struct reason *why);
void json_tree_free(struct json_tree *tree);

static inline struct json_value json_root(const struct json_tree *tree) {
    return (struct json_value){tree, 0};
}
static inline struct json_value json_nothing(const struct json_tree *tree) {
    return (struct json_value){tree, JSON_ABSENT};
}
static inline bool json_present(struct json_value value) {
    return value.at != JSON_ABSENT;
}
static inline const struct json_node *json_node(struct json_value value) {
    return &value.tree->nodes[value.at];
}
static inline bool json_is(struct json_value value, enum json_kind kind) {
    return json_present(value) && json_node(value)->kind == kind;
}
/* The text of a value that is present. */
static inline struct bytes json_slice(struct json_value value) {
    const struct json_node *node = json_node(value);
    return bytes_view(value.tree->text + node->start, node->size);
}
static inline struct json_text json_name(struct json_value value) {
    const struct json_node *node = json_node(value);
    return (struct json_text){bytes_view(value.tree->text + node->name, node->name_size),
                              node->name_escaped};
}

/* The first member or element of a container, and the one behind `value` within `container`;
 * nothing when there is none. */
struct json_value json_first(struct json_value container);
struct json_value json_next(struct json_value container, struct json_value value);

/* The member of `object` (nothing, or no object: it has none) named as `member` is. `hint` is where
 * it is looked for first, and moves to the member behind the found one: objects that are alike are
 * walked in step. */
struct json_value json_find(struct json_value object, struct json_value member, uint32_t *hint);

/* Equal in meaning: order of names, white space, escapes and spelling of numbers do not count. Two
 * nothings are equal. */
bool json_equal(struct json_value a, struct json_value b);
/* The same for equal values. */
uint64_t json_hash(struct json_value value);
/* A number whose exponent is not absurd. */
bool json_decimal(struct json_value value, struct decimal *decimal);

#endif
