/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "delta/profile.h"
#include "delta/random_model.h"

struct bench {
    struct delta_schema schema;
    struct delta_model *model;
    struct buffer table;
    struct random random;
};

static void open_bench(struct bench *bench, enum delta_profile profile) {
    bench->random.state = 5;
    bench->table = buffer_of(&memory_heap);
    profile_schema(profile, &bench->schema);
    bench->model = test_malloc(sizeof *bench->model);
    random_model(bench->model, &bench->schema, &bench->random);
    delta_model_save(bench->model, &bench->table);
    assert_false(bench->table.failed);
}

static void close_bench(struct bench *bench) {
    buffer_free(&bench->table);
    test_free(bench->model);
}

/* Rounding happens once: what was loaded, saved and loaded again is the same model. */
static void test_round_trip(void **state) {
    (void)state;
    for (int profile = 0; profile < PROFILE_COUNT; profile++) {
        struct bench bench;
        open_bench(&bench, (enum delta_profile)profile);
        struct delta_model *again = test_malloc(sizeof *again);
        assert_int_equal(delta_model_load(bench.model, &bench.schema, buffer_view(&bench.table)),
                         SS_OK);
        buffer_clear(&bench.table);
        delta_model_save(bench.model, &bench.table);
        assert_int_equal(delta_model_load(again, &bench.schema, buffer_view(&bench.table)), SS_OK);
        assert_memory_equal(again, bench.model, sizeof *again);
        test_free(again);
        close_bench(&bench);
    }
}

static void test_other_schema(void **state) {
    (void)state;
    struct bench bench;
    struct delta_schema other;
    open_bench(&bench, PROFILE_ARENA);
    profile_schema(PROFILE_PLAYERS, &other);
    assert_int_equal(delta_model_load(bench.model, &other, buffer_view(&bench.table)),
                     SS_ERR_UNSUPPORTED);
    close_bench(&bench);
}

static void test_cut(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench, PROFILE_ASTEROIDS);
    for (size_t cut = 0; cut < bench.table.size; cut += cut < 200 ? 1 : 97)
        assert_int_not_equal(
            delta_model_load(bench.model, &bench.schema, bytes_view(bench.table.data, cut)), SS_OK);
    buffer_u8(&bench.table, 0);
    assert_int_equal(delta_model_load(bench.model, &bench.schema, buffer_view(&bench.table)),
                     SS_ERR_MALFORMED);
    close_bench(&bench);
}

/* A damaged table is refused or gives a model whose trees end. */
static void test_damaged(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench, PROFILE_ASTEROIDS);
    for (int round = 0; round < 2000; round++) {
        size_t at = 12 + random_below(&bench.random, bench.table.size - 12);
        uint8_t before = bench.table.data[at];
        bench.table.data[at] = (uint8_t)random_next(&bench.random);
        if (delta_model_load(bench.model, &bench.schema, buffer_view(&bench.table)) == SS_OK) {
            int16_t clues[MODEL_CLUES] = {0};
            for (unsigned i = 0; i < bench.schema.lane_count; i++)
                assert_in_range(model_tree_find(&bench.model->lane[i].tree, clues), 0,
                                MODEL_LEAVES - 1);
        }
        bench.table.data[at] = before;
    }
    close_bench(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_other_schema),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
