/* SPDX-License-Identifier: Apache-2.0 */
/* random_model.h - for tests: a valid model that knows nothing. */
#ifndef DELTA_RANDOM_MODEL_H
#define DELTA_RANDOM_MODEL_H

#include <string.h>

#include "base/random.h"
#include "delta/model.h"
#include "wire/range.h"

static inline uint16_t random_chance(struct random *random) {
    return (uint16_t)(RANGE_CHANCE_MIN + random_below(random, 65536 - 2 * RANGE_CHANCE_MIN));
}

/* Node i asks and goes on to i + 1 or leaf i; the last one to the last two leaves. */
static inline void random_tree(struct model_tree *tree, unsigned clues, struct random *random) {
    tree->size = (uint8_t)random_below(random, MODEL_LEAVES);
    for (unsigned i = 0; i < tree->size; i++) {
        struct model_node *node = &tree->node[i];
        node->clue = (uint8_t)random_below(random, clues);
        node->threshold = (int16_t)(random_below(random, 200) - 20);
        node->next[0] = (uint8_t)(128 + i);
        node->next[1] = (uint8_t)(i + 1u < tree->size ? i + 1u : 128u + tree->size);
    }
}

static inline void random_lane(struct model_lane *lane, unsigned clues, struct random *random) {
    for (int class = 0; class < MODEL_CLASSES; class ++) {
        for (int i = 0; i < MODEL_MEANS; i++)
            lane->mean[class][i] = (int32_t)random_below(random, 32 * MODEL_ONE) - 16 * MODEL_ONE;
        for (int i = 0; i < MODEL_SPREADS; i++)
            lane->spread[class][i] = (int32_t)random_below(random, MODEL_ONE);
    }
    random_tree(&lane->tree, clues, random);
    for (int i = 0; i < MODEL_LEAVES; i++) {
        lane->leaf[i].center = (uint8_t)random_below(random, MODEL_STEPS - 1);
        for (int j = 0; j < MODEL_STEPS; j++)
            lane->leaf[i].step[j] = random_chance(random);
        for (int j = 0; j < 3; j++)
            lane->leaf[i].sign[j] = random_chance(random);
    }
    for (int i = 0; i < 2 * MODEL_STEPS * 3; i++)
        lane->digit[i / (MODEL_STEPS * 3)][i / 3 % MODEL_STEPS][i % 3] = random_chance(random);
    for (int i = 0; i < 2; i++)
        lane->lattice[i] = random_chance(random);
    model_lane_prepare(lane);
}

static inline void random_model(struct delta_model *model, const struct delta_schema *schema,
                                struct random *random) {
    memset(model, 0, sizeof *model);
    model->schema_hash = delta_schema_hash(schema);
    model->base_ms = 100;
    model->older_ms[0] = 30;
    model->lane_count = schema->lane_count;
    for (unsigned i = 0; i < model->lane_count; i++)
        random_lane(&model->lane[i], MODEL_CLUES, random);
    for (int i = 0; i < MODEL_FLAGS; i++)
        random_lane(&model->flag[i], MODEL_FLAG_CLUES, random);
}

#endif
