/* SPDX-License-Identifier: Apache-2.0 */
/* Fields are known by number. Types that protobuf itself reads in each other's place need care,
 * because a value may be cut; all others break. */
#include "payload/schema_compare.h"

#include <stdio.h>

struct comparing {
    const struct schema *old, *next;
    schema_difference *tell;
    void *context;
    enum schema_verdict worst;
};

static void told(struct comparing *in, enum schema_verdict verdict, const struct schema *schema,
                 uint32_t node, const char *text) {
    if (verdict > in->worst) in->worst = verdict;
    if (in->tell) in->tell(in->context, verdict, schema, node, text);
}

/* Types of one family are read in each other's place. */
static unsigned family(uint8_t type) {
    switch (type) {
    case SCHEMA_INT32:
    case SCHEMA_INT64:
    case SCHEMA_UINT32:
    case SCHEMA_UINT64:
    case SCHEMA_BOOL:
    case SCHEMA_ENUM: return 100;
    case SCHEMA_SINT32:
    case SCHEMA_SINT64: return 101;
    case SCHEMA_FIXED32:
    case SCHEMA_SFIXED32: return 102;
    case SCHEMA_FIXED64:
    case SCHEMA_SFIXED64: return 103;
    case SCHEMA_STRING:
    case SCHEMA_BYTES: return 104;
    default: return type;
    }
}

static void compare_type(struct comparing *in, const struct schema_node *a,
                         const struct schema_node *b, uint32_t node) {
    char text[128];
    if (a->type == b->type) return;
    snprintf(text, sizeof text, "%s becomes %s", schema_type_name((enum schema_type)a->type),
             schema_type_name((enum schema_type)b->type));
    told(in, family(a->type) == family(b->type) ? SCHEMA_CARE : SCHEMA_BREAKS, in->next, node,
         text);
}

static void compare_shape(struct comparing *in, const struct schema_node *a,
                          const struct schema_node *b, uint32_t node) {
    static const char *const shapes[] = {"singular", "repeated", "a map"};
    char text[128];
    if (a->shape != b->shape) {
        snprintf(text, sizeof text, "%s becomes %s", shapes[a->shape], shapes[b->shape]);
        told(in, SCHEMA_BREAKS, in->next, node, text);
    }
    if (!a->required && b->required) told(in, SCHEMA_BREAKS, in->next, node, "becomes required");
    if (a->required && !b->required)
        told(in, SCHEMA_CARE, in->next, node, "is required no more: old clients still want it");
    if (a->presence != b->presence)
        told(in, SCHEMA_CARE, in->next, node,
             b->presence ? "absent and 0 become two values" : "absent and 0 become one value");
    if ((a->oneof != 0) != (b->oneof != 0))
        told(in, SCHEMA_CARE, in->next, node, b->oneof ? "joins a oneof" : "leaves its oneof");
}

static bool narrower(const struct schema_node *a, const struct schema_node *b) {
    bool low = b->low_given && (!a->low_given || b->low > a->low);
    bool high = b->high_given && (!a->high_given || b->high < a->high);
    return low || high || (b->monotone && !a->monotone);
}

static bool differ(double a, double b) {
    return a < b || a > b;
}

static void compare_options(struct comparing *in, const struct schema_node *a,
                            const struct schema_node *b, uint32_t node) {
    if (narrower(a, b))
        told(in, SCHEMA_CARE, in->next, node,
             "has narrower invariants: standing states may break them");
    else if (a->low_given != b->low_given || a->high_given != b->high_given ||
             differ(a->low, b->low) || differ(a->high, b->high) || a->monotone != b->monotone)
        told(in, SCHEMA_COMPATIBLE, in->next, node, "has wider invariants");
    if (differ(a->quantum, b->quantum) || a->bits != b->bits || a->kind != b->kind ||
        (b->kind == SCHEMA_ANGLE && differ(a->modulo, b->modulo)))
        told(in, SCHEMA_CARE, in->next, node,
             "is kept in other bits: deltas need the same schema at both ends");
    if (a->audience != b->audience)
        told(in, SCHEMA_CARE, in->next, node,
             b->audience > a->audience ? "is hidden from more readers"
                                       : "is shown to more readers");
    if (a->policy != b->policy) {
        char text[64];
        snprintf(text, sizeof text, "is merged by %s, not %s",
                 merge_policy_name((enum merge_policy)b->policy),
                 merge_policy_name((enum merge_policy)a->policy));
        told(in, SCHEMA_COMPATIBLE, in->next, node, text);
    }
    if (a->axis != b->axis) told(in, SCHEMA_CARE, in->next, node, "has another spatial role");
    if (a->interpolation != b->interpolation)
        told(in, SCHEMA_COMPATIBLE, in->next, node, "is interpolated in another way");
}

static void compare_names(struct comparing *in, uint32_t old, uint32_t node) {
    char text[320];
    const char *before = schema_name(in->old, old);
    if (strcmp(before, schema_name(in->next, node)) == 0) return;
    snprintf(text, sizeof text, "was called %.255s: rules by name and JSON change", before);
    told(in, SCHEMA_CARE, in->next, node, text);
}

static void compare_children(struct comparing *in, uint32_t old, uint32_t next);

static void compare_nodes(struct comparing *in, uint32_t old, uint32_t next) {
    const struct schema_node *a = &in->old->nodes[old], *b = &in->next->nodes[next];
    compare_names(in, old, next);
    compare_type(in, a, b, next);
    compare_shape(in, a, b, next);
    compare_options(in, a, b, next);
    if (a->type == SCHEMA_MESSAGE && b->type == SCHEMA_MESSAGE && !a->recursive && !b->recursive)
        compare_children(in, old, next);
}

/* Depth is bounded by the tables. */
static void compare_children(struct comparing *in, uint32_t old, uint32_t next) {
    const struct schema_node *a = &in->old->nodes[old], *b = &in->next->nodes[next];
    for (uint32_t at = a->first; at < a->first + a->count; at++)
        if (schema_child(in->next, next, in->old->nodes[at].number) == SCHEMA_NONE)
            told(in, SCHEMA_CARE, in->old, at,
                 "is gone: what was written stays as an unknown field; reserve its number");
    for (uint32_t at = b->first; at < b->first + b->count; at++) {
        uint32_t before = schema_child(in->old, old, in->next->nodes[at].number);
        if (before != SCHEMA_NONE) {
            compare_nodes(in, before, at);
        } else {
            told(in, in->next->nodes[at].required ? SCHEMA_BREAKS : SCHEMA_COMPATIBLE, in->next, at,
                 in->next->nodes[at].required ? "is new and required" : "is new");
        }
    }
}

enum schema_verdict schema_compare(const struct schema *old, const struct schema *next,
                                   schema_difference *tell, void *context) {
    struct comparing in = {old, next, tell, context, SCHEMA_SAME};
    compare_children(&in, 0, 0);
    return in.worst;
}
