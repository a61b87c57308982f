/* SPDX-License-Identifier: Apache-2.0 */
/* untrained.c - chances of a magnitude follow a Laplace distribution whose width is the estimate
 * (clue 0) that the tree asks for, an octave a leaf, with a tail that is heavier. */
#include "delta/untrained.h"

#include <string.h>

#define CHANCE(percent) ((uint16_t)((percent)*65536 / 100))
#define OCTAVES         20
#define WIDTH_ONE       128 /* clue 0 of an error of one step: log2 in 1/16, 8 bits fine */

/* ---- chances ---- */

/* The lane's magnitude is likely of class `center`, and falls off from there. */
static void leaf_fill(struct model_leaf *leaf, unsigned center) {
    static const uint16_t down[] = {CHANCE(38), CHANCE(44), CHANCE(47), CHANCE(48)};
    leaf->center = (uint8_t)center;
    for (unsigned k = 0; k < center; k++) {
        unsigned far = center - 1 - k;
        leaf->step[k] = down[far < 3 ? far : 3];
    }
    leaf->step[center] = CHANCE(64);
    for (unsigned k = center + 1; k < MODEL_STEPS; k++)
        leaf->step[k] = k == center + 1 ? CHANCE(62) : CHANCE(72);
    for (int i = 0; i < 3; i++)
        leaf->sign[i] = CHANCE(50);
}

/* It stays with this chance; when not, any magnitude may come. */
static void leaf_still(struct model_leaf *leaf, uint16_t stays) {
    leaf->center = 0;
    leaf->step[0] = stays;
    for (unsigned k = 1; k < MODEL_STEPS; k++)
        leaf->step[k] = CHANCE(25);
    for (int i = 0; i < 3; i++)
        leaf->sign[i] = CHANCE(50);
}

/* Node i asks whether the clue is above threshold i; the rest goes on to node i + 1. */
static void tree_fill(struct model_tree *tree, unsigned clue, const int16_t *thresholds,
                      unsigned count) {
    tree->size = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        struct model_node *node = &tree->node[i];
        node->clue = (uint8_t)clue;
        node->threshold = thresholds[i];
        node->next[0] = (uint8_t)(128 + i);
        node->next[1] = (uint8_t)(i + 1 < count ? i + 1 : 128 + count);
    }
}

static void digits_fill(struct model_lane *lane) {
    for (int sign = 0; sign < 2; sign++)
        for (int size = 0; size < MODEL_STEPS; size++)
            for (int i = 0; i < 3; i++)
                lane->digit[sign][size][i] = CHANCE(55); /* smaller ones are likelier */
    lane->lattice[0] = CHANCE(90);
    lane->lattice[1] = CHANCE(10);
}

/* ---- lanes ---- */

static void predict_number(struct model_lane *lane, const struct delta_schema *schema,
                           const struct delta_lane *info, bool stream) {
    bool moves = info->role != DELTA_PLAIN;
    bool travels = info->role == DELTA_POSITION && schema->velocity < schema->position;
    for (int class = 0; class < MODEL_CLASSES; class ++) {
        int32_t *mean = lane->mean[class], *spread = lane->spread[class];
        if (travels && class > 0) {
            mean[13] = mean[14] = MODEL_ONE / 2; /* the mean of both velocities on the way */
        } else if (class > 1) {
            mean[0] = stream ? MODEL_ONE : MODEL_ONE * 3 / 4;
            if (!moves) mean[0] = MODEL_ONE / 2;
        }
        spread[0] = MODEL_ONE / 4;
        spread[1] = MODEL_ONE / 2;
        spread[3] = travels ? 0 : MODEL_ONE / 4;
        spread[6] = spread[7] = MODEL_ONE / 4;
        if (travels) spread[9] = MODEL_ONE / 4, spread[1] = 0;
    }
}

static void number_fill(struct model_lane *lane, const struct delta_schema *schema,
                        const struct delta_lane *info, bool stream) {
    int16_t thresholds[OCTAVES];
    for (int i = 0; i < OCTAVES; i++)
        thresholds[i] = (int16_t)(WIDTH_ONE - 10 + 16 * i);
    predict_number(lane, schema, info, stream);
    tree_fill(&lane->tree, 0, thresholds, OCTAVES);
    leaf_still(&lane->leaf[0], CHANCE(80));
    for (unsigned i = 1; i <= OCTAVES; i++)
        leaf_fill(&lane->leaf[i], i - 1);
}

/* A byte, or which component of a quaternion is left out: at births anything, and what changed a
 * moment ago may do so again. */
static void byte_fill(struct model_lane *lane, bool rank) {
    static const struct model_node nodes[] = {
        {.clue = 2, .threshold = 0, .next = {128, 1}},
        {.clue = 16, .threshold = 0, .next = {2, 129}},
        {.clue = 16, .threshold = -1, .next = {130, 131}},
    };
    lane->tree.size = rank ? 1 : 3;
    memcpy(lane->tree.node, nodes, sizeof nodes);
    if (rank) lane->tree.node[0].next[1] = 129;
    leaf_still(&lane->leaf[0], CHANCE(60));
    leaf_still(&lane->leaf[1], rank ? CHANCE(95) : CHANCE(60));
    leaf_still(&lane->leaf[2], CHANCE(60));
    leaf_still(&lane->leaf[3], CHANCE(85));
}

/* ---- flags, each by what the clues of chunk.c say ---- */

static void flag_fill(struct model_lane *flag, unsigned clue, const int16_t *thresholds,
                      unsigned count, const uint16_t *chances) {
    tree_fill(&flag->tree, clue, thresholds, count);
    for (unsigned i = 0; i <= count; i++)
        flag->leaf[i].step[0] = chances[i];
}

static void flags_fill(struct model_lane flag[MODEL_FLAGS]) {
    static const int16_t moved[] = {0, 1}, any[] = {0}, few[] = {0, 4};
    /* chances of a 0, where the cell: stood, moved, is too new to tell */
    static const uint16_t changed[] = {CHANCE(97), CHANCE(8), CHANCE(50)};
    static const uint16_t bytes[] = {CHANCE(75), CHANCE(30), CHANCE(60)};
    static const uint16_t gone[] = {CHANCE(99)}, born[] = {CHANCE(50), CHANCE(99)};
    /* where none, some or many cells of the chunk changed before */
    static const uint16_t chunk[] = {CHANCE(85), CHANCE(15), CHANCE(3)};
    flag_fill(&flag[0], 0, moved, 2, changed);
    flag_fill(&flag[1], 0, moved, 0, gone);
    flag_fill(&flag[2], 8, any, 1, born);
    flag_fill(&flag[3], 0, few, 2, chunk);
    flag_fill(&flag[4], 0, moved, 2, bytes);
}

void delta_model_untrained(struct delta_model *model, const struct delta_schema *schema,
                           enum delta_mode mode) {
    bool stream = mode == DELTA_STREAM;
    memset(model, 0, sizeof *model);
    profile_retention(PROFILE_PLAYERS, mode, model);
    model->schema_hash = delta_schema_hash(schema);
    model->lane_count = schema->lane_count;
    for (unsigned i = 0; i < schema->lane_count; i++) {
        const struct delta_lane *info = &schema->lanes[i];
        struct model_lane *lane = &model->lane[i];
        if (info->width == 1)
            byte_fill(lane, info->kind == DELTA_QUATERNION);
        else
            number_fill(lane, schema, info, stream);
        digits_fill(lane);
        model_lane_prepare(lane);
    }
    flags_fill(model->flag);
    for (int i = 0; i < MODEL_FLAGS; i++)
        model_lane_prepare(&model->flag[i]);
}
