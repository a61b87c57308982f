/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/schema.h"

#include <assert.h>

#include "base/hash.h"
#include "base/status.h"

struct schema *schema_create(const struct memory *memory) {
    struct schema *schema = memory_zeroed(memory, 1, sizeof *schema);
    if (!schema) return NULL;
    schema->memory = memory;
    schema->names = buffer_of(memory);
    return schema;
}

void schema_destroy(struct schema *schema) {
    if (!schema) return;
    memory_free(schema->memory, schema->nodes, schema->capacity * sizeof *schema->nodes);
    buffer_free(&schema->names);
    memory_free(schema->memory, schema, sizeof *schema);
}

struct schema *schema_copy(const struct schema *schema, const struct memory *memory) {
    struct schema *copy = schema_create(memory);
    if (!copy) return NULL;
    buffer_bytes(&copy->names, buffer_view(&schema->names));
    copy->nodes = memory_alloc(memory, schema->count * sizeof *copy->nodes);
    if (copy->nodes) copy->capacity = schema->count;
    if (copy->names.failed || (schema->count && !copy->nodes)) {
        schema_destroy(copy);
        return NULL;
    }
    if (schema->count) memcpy(copy->nodes, schema->nodes, schema->count * sizeof *copy->nodes);
    copy->count = schema->count;
    copy->hash = schema->hash;
    copy->bits = schema->bits;
    copy->hides = schema->hides;
    return copy;
}

int schema_add(struct schema *schema, uint32_t parent, struct bytes name, uint32_t number,
               uint32_t *added) {
    if (schema->count == SCHEMA_NODES_MAX) return SS_ERR_TOO_LARGE;
    void *nodes = schema->nodes;
    int status = memory_grow(schema->memory, &nodes, &schema->capacity, schema->count + 1,
                             sizeof *schema->nodes);
    schema->nodes = nodes;
    if (status != SS_OK) return status;
    uint32_t offset = (uint32_t)schema->names.size, index = (uint32_t)schema->count;
    buffer_bytes(&schema->names, name);
    buffer_u8(&schema->names, 0);
    if (schema->names.failed) return SS_ERR_NOMEM;
    schema->nodes[schema->count++] = (struct schema_node){.parent = parent,
                                                          .number = number,
                                                          .name = offset,
                                                          .velocity = SCHEMA_NONE,
                                                          .watch = SCHEMA_NONE,
                                                          .type = SCHEMA_MESSAGE,
                                                          .policy = MERGE_LWW,
                                                          .modulo = 360,
                                                          .priority = 1};
    if (parent != SCHEMA_NONE) {
        struct schema_node *above = &schema->nodes[parent];
        if (above->count++ == 0) above->first = index;
        assert(above->first + above->count == schema->count);
        assert(above->count == 1 || schema->nodes[index - 1].number < number);
    }
    *added = index;
    return SS_OK;
}

/* ---- what follows from the nodes ----------------------------------------------------------- */

static uint64_t mix_real(uint64_t hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return hash_mix(hash ^ bits);
}

/* What decides how a state is coded; names, policies and rights do not. */
static uint64_t mix_node(uint64_t hash, const struct schema_node *node) {
    hash = hash_mix(hash ^ ((uint64_t)node->parent << 32 | node->number));
    hash = hash_mix(hash ^ ((uint64_t)node->type | (uint64_t)node->shape << 8 |
                            (uint64_t)node->kind << 16 | (uint64_t)node->part << 24 |
                            (uint64_t)node->axis << 32 | (uint64_t)node->bits << 40 |
                            (uint64_t)node->presence << 48 | (uint64_t)node->low_given << 49 |
                            (uint64_t)node->high_given << 50));
    hash = mix_real(mix_real(hash, node->quantum), node->kind == SCHEMA_ANGLE ? node->modulo : 0);
    hash = mix_real(mix_real(hash, node->low), node->high);
    return hash_mix(hash ^ node->velocity);
}

static uint32_t leaf_bits(const struct schema *schema) {
    uint32_t bits = 0;
    for (uint32_t leaf = schema_leaf_next(schema, SCHEMA_NONE); leaf != SCHEMA_NONE;
         leaf = schema_leaf_next(schema, leaf)) {
        const struct schema_node *node = &schema->nodes[leaf];
        if (node->kind == SCHEMA_QUATERNION && node->bits) {
            bits += node->part == 3 ? 2 : node->bits; /* three of four, and which is left out */
        } else if (node->kind == SCHEMA_UNIT_VECTOR && node->bits) {
            bits += node->part == 2 ? 0 : node->bits; /* folded on an octahedron */
        } else {
            bits += node->bits ? node->bits : schema_type_bits((enum schema_type)node->type);
        }
    }
    return bits;
}

/* What a node hands up to the message that it is in. */
static void hand_up(struct schema *schema) {
    for (size_t i = schema->count; i-- > 1;) {
        struct schema_node *node = &schema->nodes[i], *above = &schema->nodes[node->parent];
        if (node->recursive && node->count)
            node->hidden |= schema->nodes[schema->nodes[node->first].parent].hidden;
        above->hidden |= node->hidden;
        above->sums |= node->sums;
        above->measured |= node->measured;
        above->claims |= node->claims;
        above->requires |= node->required;
    }
}

void schema_settle(struct schema *schema) {
    uint64_t hash = schema->count;
    for (size_t i = 0; i < schema->count; i++) {
        struct schema_node *node = &schema->nodes[i];
        node->hidden = node->audience != SCHEMA_FOR_ANY;
        node->sums = node->policy == MERGE_SUM;
        node->measured = node->low_given || node->high_given || node->watch != SCHEMA_NONE;
        node->claims = node->unique;
        node->requires = false;
        hash = mix_node(hash, node);
    }
    hand_up(schema);
    hand_up(schema); /* a message within itself hides what its ancestor turned out to hide */
    schema->hash = hash;
    schema->bits = leaf_bits(schema);
    schema->hides = schema->count > 0 && schema->nodes[0].hidden;
}

/* ---- finding ------------------------------------------------------------------------------- */

uint32_t schema_child(const struct schema *schema, uint32_t parent, uint32_t number) {
    uint32_t low = schema->nodes[parent].first, high = low + schema->nodes[parent].count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t found = schema->nodes[middle].number;
        if (found == number) return middle;
        if (found < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SCHEMA_NONE;
}

uint32_t schema_child_named(const struct schema *schema, uint32_t parent, struct bytes name) {
    const struct schema_node *above = &schema->nodes[parent];
    for (uint32_t i = above->first; i < above->first + above->count; i++)
        if (bytes_equal(bytes_of(schema_name(schema, i)), name)) return i;
    return SCHEMA_NONE;
}

static uint32_t child_token(const struct schema *schema, uint32_t parent, struct bytes token) {
    uint32_t number = 0;
    bool digits = token.size > 0 && token.size <= 9;
    for (size_t i = 0; i < token.size && digits; i++) {
        digits = token.data[i] >= '0' && token.data[i] <= '9';
        number = number * 10 + (uint32_t)(token.data[i] - '0');
    }
    return digits ? schema_child(schema, parent, number)
                  : schema_child_named(schema, parent, token);
}

uint32_t schema_find(const struct schema *schema, const char *path) {
    uint32_t node = 0;
    if (*path == '/') path++;
    for (size_t depth = 0; depth < SCHEMA_DEPTH_MAX; depth++) {
        size_t size = strcspn(path, "./");
        if (schema->nodes[node].recursive) return SCHEMA_NONE;
        node = child_token(schema, node, bytes_view(path, size));
        if (node == SCHEMA_NONE || path[size] == '\0') return node;
        path += size + 1;
    }
    return SCHEMA_NONE;
}

size_t schema_numbers(const struct schema *schema, uint32_t node,
                      uint32_t numbers[SCHEMA_DEPTH_MAX]) {
    size_t depth = 0;
    for (uint32_t at = node; at != 0; at = schema->nodes[at].parent)
        depth++;
    assert(depth <= SCHEMA_DEPTH_MAX);
    size_t left = depth;
    for (uint32_t at = node; at != 0; at = schema->nodes[at].parent)
        numbers[--left] = schema->nodes[at].number;
    return depth;
}

const char *schema_path_text(const struct schema *schema, uint32_t node,
                             char text[FORMAT_PATH_BYTES]) {
    uint32_t numbers[SCHEMA_DEPTH_MAX], at = 0;
    size_t depth = schema_numbers(schema, node, numbers), used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < depth; i++) {
        at = schema_child(schema, at, numbers[i]);
        const char *name = schema_name(schema, at);
        size_t size = strlen(name);
        if (used + size + 2 > FORMAT_PATH_BYTES) break;
        text[used] = '/';
        memcpy(text + used + 1, name, size + 1);
        used += size + 1;
    }
    return text;
}

void schema_path(const struct schema *schema, uint32_t node, struct buffer *out) {
    uint32_t numbers[SCHEMA_DEPTH_MAX], at = 0;
    size_t depth = schema_numbers(schema, node, numbers);
    for (size_t i = 0; i < depth; i++) {
        at = schema_child(schema, at, numbers[i]);
        buffer_format(out, "/%s", schema_name(schema, at));
    }
}

/* A node behind which the walk may go down: its children are its own. */
static bool opens(const struct schema_node *node) {
    return node->type == SCHEMA_MESSAGE && node->shape == SCHEMA_SINGULAR && !node->recursive &&
           node->count > 0;
}

static uint32_t walk_next(const struct schema *schema, uint32_t at) {
    if (at == SCHEMA_NONE) return 0;
    if (opens(&schema->nodes[at])) return schema->nodes[at].first;
    for (; at != 0; at = schema->nodes[at].parent) {
        const struct schema_node *above = &schema->nodes[schema->nodes[at].parent];
        if (at + 1 < above->first + above->count) return at + 1;
    }
    return SCHEMA_NONE;
}

uint32_t schema_leaf_next(const struct schema *schema, uint32_t after) {
    if (schema->count == 0) return SCHEMA_NONE;
    uint32_t at = after;
    do {
        at = walk_next(schema, at);
    } while (at != SCHEMA_NONE && !schema_is_leaf(&schema->nodes[at]));
    return at;
}

/* ---- types --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t bits;
    bool integer;
} types[] = {
    [SCHEMA_DOUBLE] = {"double", 64, false},    [SCHEMA_FLOAT] = {"float", 32, false},
    [SCHEMA_INT64] = {"int64", 64, true},       [SCHEMA_UINT64] = {"uint64", 64, true},
    [SCHEMA_INT32] = {"int32", 32, true},       [SCHEMA_FIXED64] = {"fixed64", 64, true},
    [SCHEMA_FIXED32] = {"fixed32", 32, true},   [SCHEMA_BOOL] = {"bool", 1, false},
    [SCHEMA_STRING] = {"string", 0, false},     [SCHEMA_MESSAGE] = {"message", 0, false},
    [SCHEMA_BYTES] = {"bytes", 0, false},       [SCHEMA_UINT32] = {"uint32", 32, true},
    [SCHEMA_ENUM] = {"enum", 32, false},        [SCHEMA_SFIXED32] = {"sfixed32", 32, true},
    [SCHEMA_SFIXED64] = {"sfixed64", 64, true}, [SCHEMA_SINT32] = {"sint32", 32, true},
    [SCHEMA_SINT64] = {"sint64", 64, true},
};

bool schema_is_integer(enum schema_type type) {
    return types[type].integer;
}

bool schema_is_float(enum schema_type type) {
    return type == SCHEMA_DOUBLE || type == SCHEMA_FLOAT;
}

unsigned schema_type_bits(enum schema_type type) {
    return types[type].bits;
}

const char *schema_type_name(enum schema_type type) {
    return types[type].name;
}
