/* SPDX-License-Identifier: Apache-2.0 */
/* ways.c - see ways.h. */
#include "delta/ways.h"

#include <string.h>

#include "delta/model.h"

/* Leaves of the nodes below each node, by position; the left ones apart: they fall away when the
 * question is answered with yes. */
struct spans {
    uint64_t left[MODEL_LEAVES], all[MODEL_LEAVES];
};

/* Numbers the leaves from the left. Children come after their parents in the table, so both
 * directions are plain loops. */
static void place_leaves(const struct model_tree *tree, uint8_t place[MODEL_LEAVES]) {
    unsigned stack[MODEL_LEAVES + 1], depth = 0, next = 0;
    stack[depth++] = tree->size ? 0 : 128;
    while (depth > 0) {
        unsigned at = stack[--depth];
        if (at >= 128) {
            place[at - 128] = (uint8_t)next++;
        } else {
            stack[depth++] = tree->node[at].next[1];
            stack[depth++] = tree->node[at].next[0];
        }
    }
}

static uint64_t leaves_of(const struct spans *spans, const uint8_t *place, unsigned child) {
    return child < 128 ? spans->all[child] : (uint64_t)1 << place[child - 128];
}

static void span_nodes(const struct model_tree *tree, const uint8_t *place, struct spans *spans) {
    for (unsigned i = tree->size; i-- > 0;) {
        spans->left[i] = leaves_of(spans, place, tree->node[i].next[0]);
        spans->all[i] = spans->left[i] | leaves_of(spans, place, tree->node[i].next[1]);
    }
}

/* The nodes that ask about `clue`, by rising threshold. */
static unsigned sort_nodes(const struct model_tree *tree, unsigned clue, uint8_t *nodes) {
    unsigned count = 0;
    for (unsigned i = 0; i < tree->size; i++) {
        if (tree->node[i].clue != clue) continue;
        unsigned at = count++;
        for (; at > 0 && tree->node[nodes[at - 1]].threshold > tree->node[i].threshold; at--)
            nodes[at] = nodes[at - 1];
        nodes[at] = (uint8_t)i;
    }
    return count;
}

/* Asks about the clue of `nodes`; equal thresholds count once. Returns how many nodes it took. */
static unsigned add_question(struct ways *ways, const struct model_tree *tree,
                             const struct spans *spans, const uint8_t *nodes, unsigned count) {
    struct question *question = &ways->question[ways->count++];
    unsigned taken = 0;
    question->clue = tree->node[nodes[0]].clue;
    question->leaves[0] = UINT64_MAX;
    for (unsigned i = 0; i < WAYS_BLOCK; i++) {
        int16_t threshold = taken < count ? tree->node[nodes[taken]].threshold : INT16_MAX;
        question->threshold[i] = threshold;
        question->leaves[i + 1] = question->leaves[i];
        for (; taken < count && tree->node[nodes[taken]].threshold == threshold; taken++)
            question->leaves[i + 1] &= ~spans->left[nodes[taken]];
    }
    return taken;
}

/* Whatever the answer, all leaves stay possible. */
static void add_nothing(struct question *question) {
    for (unsigned i = 0; i < WAYS_BLOCK; i++)
        question->threshold[i] = INT16_MAX;
    for (unsigned i = 0; i <= WAYS_BLOCK; i++)
        question->leaves[i] = UINT64_MAX;
}

void ways_init(struct ways *ways, const struct model_tree *tree, uint8_t place[MODEL_LEAVES]) {
    struct spans spans;
    uint8_t nodes[MODEL_LEAVES];
    memset(ways, 0, sizeof *ways);
    place_leaves(tree, place);
    span_nodes(tree, place, &spans);
    for (unsigned clue = 0; clue < MODEL_CLUES; clue++) {
        unsigned count = sort_nodes(tree, clue, nodes);
        for (unsigned from = 0; from < count;)
            from += add_question(ways, tree, &spans, nodes + from, count - from);
    }
    if (ways->count % 2) add_nothing(&ways->question[ways->count++]);
}
