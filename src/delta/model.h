/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what has been learned about one schema: per lane a linear predictor, an estimate of how
 * far it will be off, and a tree that picks the chances for coding the rest. */
#ifndef DELTA_MODEL_H
#define DELTA_MODEL_H

#include "base/bytes.h"
#include "delta/schema.h"
#include "delta/ways.h"
#include "wire/range.h"

#define MODEL_MEANS      16 /* features of the predictor */
#define MODEL_SPREADS    12 /* features of the estimate of its error */
#define MODEL_CLASSES    6
#define MODEL_LEAVES     64
#define MODEL_CLUES      28 /* what a tree may ask */
#define MODEL_FLAG_CLUES 11
#define MODEL_WALK       6  /* a tree of so many nodes is walked, a larger one asked (ways.h) */
#define MODEL_STEPS      24 /* magnitudes with chances of their own */
#define MODEL_FLAGS      5 /* of a cell: changed, gone, born; of a chunk: changed; of a cell: bytes */
#define MODEL_SHARE      1     /* what a magnitude has at least, in 1 / (1 << RANGE_SPAN_BITS) */
#define MODEL_ONE        65536 /* 1 in coefficients, Q16 */

/* The chances of one leaf, each that of a 0 in 1/65536. A number's magnitude class k (0: zero, else
 * 2^(k-1) <= |x| < 2^k) is told by walking away from `center`. */
struct model_leaf {
    uint8_t center;
    uint16_t step[MODEL_STEPS];
    uint16_t sign[3];
};

/* The same as the coder takes it: class k has [bound[k], bound[k + 1]) of 1 << RANGE_SPAN_BITS. */
struct model_code {
    uint16_t bound[MODEL_STEPS + 1];
    uint16_t sign[3];
};

/* A question: clue > threshold goes to next[1]. A next >= 128 is leaf (next - 128). */
struct model_node {
    int16_t threshold;
    uint8_t clue, next[2];
};

struct model_tree {
    uint8_t size; /* nodes; 0: leaf 0 is all there is */
    struct model_node node[MODEL_LEAVES - 1];
};

struct model_lane {
    int32_t mean[MODEL_CLASSES][MODEL_MEANS];
    int32_t spread[MODEL_CLASSES][MODEL_SPREADS];
    uint32_t uses[MODEL_CLASSES]; /* bit i: mean[i] is not 0 */
    uint32_t asks;                /* bit i: the tree asks for clue i */
    struct ways ways;             /* of `tree` */
    struct model_code
        code[MODEL_LEAVES]; /* of `leaf`, from the left; where a model adapts, these do */
    struct model_tree tree;
    struct model_leaf leaf[MODEL_LEAVES];
    uint16_t digit[2][MODEL_STEPS][3]; /* the two highest bits below the leading one, by sign */
    uint16_t lattice[2];               /* DELTA_FLOAT: on the lattice, by whether the base was */
};

struct delta_model {
    uint32_t schema_hash;
    uint16_t base_ms; /* a baseline is at least so old; 0: the tick before */
    uint16_t
        older_ms[3]; /* the older ticks, each at least so much older than the baseline; 0: none */
    uint8_t adapts;  /* chances follow what is coded: only for streams that lose nothing */
    uint8_t lane_count;
    struct model_lane lane[DELTA_LANES_MAX];
    struct model_lane flag[MODEL_FLAGS];
};

/* Appends the model as a table of bytes (check out->failed), chances rounded to 8 bits. */
void delta_model_save(const struct delta_model *model, struct buffer *out);
/* Expands a table. SS_OK; SS_ERR_UNSUPPORTED when it was made for another schema, SS_ERR_MALFORMED.
 */
int delta_model_load(struct delta_model *model, const struct delta_schema *schema,
                     struct bytes table);

/* Fills `uses`, `asks`, `ways` and `code`, after the rest of a lane or flag has changed. */
void model_lane_prepare(struct model_lane *lane);

/* Makes the questions of a tree; `place`: which leaf of the tree is where from the left. */
void ways_init(struct ways *ways, const struct model_tree *tree, uint8_t place[MODEL_LEAVES]);

/* The walk from the root: for small trees, and the leaf as the table numbers it. */
static inline unsigned model_tree_find(const struct model_tree *tree, const int16_t *clues) {
    unsigned at = tree->size ? 0 : 128;
    while (at < 128) {
        const struct model_node *node = &tree->node[at];
        if (clues[node->clue] > node->threshold)
            at = node->next[1];
        else
            at = node->next[0];
    }
    return at - 128;
}

/* What codes a number in the context of these clues. */
static inline struct model_code *model_lane_code(struct model_lane *lane, const int16_t *clues) {
    return &lane->code[lane->ways.count ? ways_find(&lane->ways, clues)
                                        : model_tree_find(&lane->tree, clues)];
}

#endif
