/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - what a protobuf state is made of: the run-time field table of one message.
 *
 * It is a tree: node 0 is the message, the children of a message stand side by side, ascending by
 * field number, behind their parent. Each place in the state has a node of its own, so `pos.x` and
 * `velocity.x` may have different rules although both are of one Vec3. Options of a message are
 * already handed down to everything in it.
 *
 *     nodes  [0] game.Position   [1] at   [2] gold   [3] at.x   [4] at.y   [5] at.z
 *            first 1, count 2    first 3, count 3    parent 1 ...
 *
 * src/schema makes it from a descriptor set; nothing here reads one. A table is never changed once
 * it is made, except by the rules that take it over (format.h, format_rules_create). */
#ifndef PAYLOAD_SCHEMA_H
#define PAYLOAD_SCHEMA_H

#include "base/bytes.h"
#include "payload/format.h"

#define SCHEMA_NONE      UINT32_MAX
#define SCHEMA_DEPTH_MAX 32   /* messages within messages, also in states */
#define SCHEMA_NODES_MAX 4096 /* of one table */

/* Same numbers as google.protobuf.FieldDescriptorProto.Type; 10, groups, are not taken. */
enum schema_type {
    SCHEMA_DOUBLE = 1,
    SCHEMA_FLOAT = 2,
    SCHEMA_INT64 = 3,
    SCHEMA_UINT64 = 4,
    SCHEMA_INT32 = 5,
    SCHEMA_FIXED64 = 6,
    SCHEMA_FIXED32 = 7,
    SCHEMA_BOOL = 8,
    SCHEMA_STRING = 9,
    SCHEMA_MESSAGE = 11,
    SCHEMA_BYTES = 12,
    SCHEMA_UINT32 = 13,
    SCHEMA_ENUM = 14,
    SCHEMA_SFIXED32 = 15,
    SCHEMA_SFIXED64 = 16,
    SCHEMA_SINT32 = 17,
    SCHEMA_SINT64 = 18,
};

enum schema_shape {
    SCHEMA_SINGULAR,
    SCHEMA_REPEATED,
    SCHEMA_MAP, /* a MESSAGE with the children 1 (key) and 2 (value) */
};

/* The following have the numbers of proto/statesync/options.proto. */
enum schema_kind { SCHEMA_NUMBER, SCHEMA_ANGLE, SCHEMA_UNIT_VECTOR, SCHEMA_QUATERNION };
enum schema_interpolation {
    SCHEMA_STEP,
    SCHEMA_LINEAR,
    SCHEMA_HERMITE,
    SCHEMA_SLERP,
    SCHEMA_SHORT_WAY
};
enum schema_audience {
    SCHEMA_FOR_ANY,
    SCHEMA_FOR_OWNER,
    SCHEMA_FOR_TEAM, /* as FOR_OWNER, until there are teams */
    SCHEMA_FOR_SERVER
};

struct schema_node {
    uint32_t parent;       /* node; SCHEMA_NONE: this is the root */
    uint32_t first, count; /* its children; of a recursive message those of its ancestor */
    uint32_t number;       /* field number; root: 0 */
    uint32_t name;         /* offset of the NUL-terminated field name; root: full message name */
    uint32_t oneof;        /* of its message, from 1; 0: in none */
    uint32_t velocity;     /* the node whose change a second this one is measured by, or NONE:
                              position.velocity is set where velocity has velocity_of: position */
    uint32_t watch;        /* index in the rules' watches, or NONE (rules only) */
    uint8_t type, shape;   /* enum schema_type, schema_shape */
    uint8_t kind;          /* enum schema_kind; quaternions and unit vectors: also of their parts */
    uint8_t part;          /* of a part: 0 x, 1 y, 2 z, 3 w */
    uint8_t axis;          /* 1 x, 2 y, 3 z of the position; 0: none of it */
    uint8_t interpolation; /* enum schema_interpolation */
    uint8_t audience;      /* enum schema_audience: the strictest on the way here */
    uint8_t bits;          /* to keep it in; 0: not limited. Parts: each (smallest three) */
    uint8_t policy;        /* enum merge_policy */
    bool presence;         /* absent differs from 0 (optional, oneof, proto2, messages) */
    bool required;         /* proto2 */
    bool recursive;        /* a message that contains itself: a leaf for merges */
    bool hidden;           /* it or something beneath is not for everybody */
    bool sums;             /* it or something beneath is summed */
    bool measured;         /* it or something beneath has bounds or a watch */
    bool claims;           /* it or something beneath is unique */
    bool requires;         /* one of its own children is required */
    bool has_default;      /* proto2, other than the type's */
    bool low_given, high_given; /* `low`, `high` are invariants */
    bool monotone, unique;
    double low, high; /* of the number, or of each element */
    double quantum;   /* 0: not rounded */
    double modulo;    /* of an angle: a full turn */
    double max_speed; /* of an axis, 0: not limited */
    double priority;  /* 1 unless given */
};

struct schema {
    const struct memory *memory;
    struct schema_node *nodes;
    size_t count, capacity;
    struct buffer names; /* NUL-terminated, one after the other */
    uint64_t hash;       /* equal for tables that code states alike (schema_settle) */
    uint32_t bits;       /* a state in its declared bits; fields without a size are not in it */
    bool hides;          /* some field is not for everybody */
};

/* An empty table; needs schema_destroy. NULL: out of memory. */
struct schema *schema_create(const struct memory *memory);
void schema_destroy(struct schema *schema);
/* Adds a node with the defaults (and what it inherits from nobody yet); the children of one parent
 * must be added one after the other, ascending by number. SS_OK, SS_ERR_NOMEM, SS_ERR_TOO_LARGE. */
int schema_add(struct schema *schema, uint32_t parent, struct bytes name, uint32_t number,
               uint32_t *added);
/* To be called once all nodes are there, and again when one was changed: computes what says "it or
 * something beneath", and hash, bits, hides. */
void schema_settle(struct schema *schema);
/* A table of its own, to be changed by rules; NULL: out of memory. */
struct schema *schema_copy(const struct schema *schema, const struct memory *memory);

static inline const char *schema_name(const struct schema *schema, uint32_t node) {
    return (const char *)schema->names.data + schema->nodes[node].name;
}
/* The child of `parent` with that number or name, or SCHEMA_NONE. */
uint32_t schema_child(const struct schema *schema, uint32_t parent, uint32_t number);
uint32_t schema_child_named(const struct schema *schema, uint32_t parent, struct bytes name);
/* The node of a path: field names or numbers with '.' or '/' between, a leading '/' allowed. */
uint32_t schema_find(const struct schema *schema, const char *path);
/* "/at/x", cut where it is too long. */
const char *schema_path_text(const struct schema *schema, uint32_t node,
                             char text[FORMAT_PATH_BYTES]);
/* Appends "/at/x". */
void schema_path(const struct schema *schema, uint32_t node, struct buffer *out);
/* The field numbers from the root to `node`; returns how many. */
size_t schema_numbers(const struct schema *schema, uint32_t node,
                      uint32_t numbers[SCHEMA_DEPTH_MAX]);

/* A leaf is a singular field that is no message: what a flat row of the state consists of. */
static inline bool schema_is_leaf(const struct schema_node *node) {
    return node->shape == SCHEMA_SINGULAR && node->type != SCHEMA_MESSAGE;
}
/* The next leaf behind `after` (SCHEMA_NONE: the first) that is reached by singular fields alone,
 * depth first by field number, or SCHEMA_NONE. */
uint32_t schema_leaf_next(const struct schema *schema, uint32_t after);

bool schema_is_integer(enum schema_type type); /* not bool, not enum */
bool schema_is_float(enum schema_type type);
/* Bits that a value of the type has in any case, 0: no fixed number (string, bytes, message). */
unsigned schema_type_bits(enum schema_type type);
const char *schema_type_name(enum schema_type type);

#endif
