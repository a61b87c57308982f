/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "delta/profile.h"
#include "delta/random_model.h"

/* A tree whose shape is drawn: leaves are split until there are enough. */
static void draw_tree(struct model_tree *tree, struct random *random) {
    unsigned leaves = 1 + (unsigned)random_below(random, MODEL_LEAVES);
    tree->size = 0;
    while (tree->size + 1u < leaves) {
        unsigned node = tree->size, leaf = (unsigned)random_below(random, node + 1u);
        for (unsigned i = 0; i < node; i++)
            for (int side = 0; side < 2; side++)
                if (tree->node[i].next[side] == 128 + leaf)
                    tree->node[i].next[side] = (uint8_t)node;
        tree->node[node] = (struct model_node){
            (int16_t)(random_below(random, 12) - 4),
            (uint8_t)random_below(random, random_below(random, 2) ? 3 : MODEL_CLUES),
            {(uint8_t)(128 + leaf), (uint8_t)(129 + node)}};
        tree->size++;
    }
}

/* Asking everything at once finds the leaf that the walk finds. */
static void test_same_leaf(void **state) {
    (void)state;
    struct random random = {9};
    struct ways *ways = test_malloc(sizeof *ways);
    for (int round = 0; round < 400; round++) {
        struct model_tree tree;
        uint8_t place[MODEL_LEAVES];
        draw_tree(&tree, &random);
        ways_init(ways, &tree, place);
        for (int i = 0; i < 200; i++) {
            int16_t clues[MODEL_CLUES];
            for (int c = 0; c < MODEL_CLUES; c++)
                clues[c] = (int16_t)(random_below(&random, 40) ? random_below(&random, 14) - 5
                                                               : random_next(&random));
            assert_int_equal(ways_find(ways, clues), place[model_tree_find(&tree, clues)]);
        }
    }
    test_free(ways);
}

/* What the coder takes has a share for each class, and the leaf's own proportions. */
static void test_code(void **state) {
    (void)state;
    struct delta_schema schema;
    struct random random = {10};
    struct delta_model *model = test_malloc(sizeof *model);
    profile_schema(PROFILE_CUBES, &schema);
    random_model(model, &schema, &random);
    struct model_lane *lane = &model->lane[2];
    lane->tree.size = 0;
    lane->leaf[0].center = 3;
    for (int i = 0; i < MODEL_STEPS; i++)
        lane->leaf[0].step[i] = 32768;
    model_lane_prepare(lane);
    const uint16_t *bound = lane->code[0].bound;
    assert_int_equal(bound[0], 0);
    assert_int_equal(bound[MODEL_STEPS], 1 << RANGE_SPAN_BITS);
    for (int i = 0; i < MODEL_STEPS; i++)
        assert_true(bound[i + 1] >= bound[i] + MODEL_SHARE);
    /* Half go up; of those who go down half stop at once. */
    assert_in_range(bound[4] - bound[3], 8150, 8200);
    assert_in_range(bound[3] - bound[2], 4070, 4110);
    assert_in_range(bound[5] - bound[4], 8150, 8200);
    test_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_leaf),
        cmocka_unit_test(test_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
