/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "delta/chunk.h"
#include "delta/profile.h"
#include "delta/quantum.h"
#include "delta/random_model.h"

struct bench {
    struct delta_schema schema;
    struct delta_model *model, *twin;
    struct delta_times times;
    struct delta_frame frames[TICKS], got;
    uint8_t out[16384];
    struct random random;
};

static struct bench *open_bench(enum delta_profile profile, uint64_t seed) {
    struct bench *bench = test_calloc(1, sizeof *bench);
    bench->random.state = seed;
    profile_schema(profile, &bench->schema);
    bench->model = test_malloc(sizeof *bench->model);
    bench->twin = test_malloc(sizeof *bench->twin);
    random_model(bench->model, &bench->schema, &bench->random);
    *bench->twin = *bench->model;
    return bench;
}

static void close_bench(struct bench *bench) {
    test_free(bench->model);
    test_free(bench->twin);
    test_free(bench);
}

/* A frame that is partly like `like`, partly small steps from it, partly anything. */
static void draw_frame(struct bench *bench, const struct delta_frame *like,
                       struct delta_frame *frame) {
    frame->live =
        (uint16_t)(like->live ^ (random_next(&bench->random) & random_next(&bench->random) &
                                 random_next(&bench->random)));
    for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++) {
        memcpy(frame->rows[cell], like->rows[cell], DELTA_ROW_MAX);
        for (unsigned i = 0; i < bench->schema.lane_count; i++) {
            const struct delta_lane *lane = &bench->schema.lanes[i];
            int32_t value = delta_row_get(lane, like->rows[cell]);
            uint64_t kind = random_below(&bench->random, 8);
            if (kind == 0)
                value = (int32_t)random_next(&bench->random);
            else if (kind < 4)
                value =
                    (int32_t)((uint32_t)value + (uint32_t)random_below(&bench->random, 99) - 49);
            if (lane->kind == DELTA_QUATERNION && lane->axis == 0) value &= 3;
            if (lane->kind == DELTA_ANGLE && (value < 0 || value >= 65536 + (1 << 24)))
                value &= 65535;
            delta_row_set(lane, frame->rows[cell], value);
        }
    }
}

static void draw_ticks(struct bench *bench) {
    uint32_t ms[TICKS] = {5000, 4900, 4870, 4800, 4700};
    struct delta_frame nothing = {0};
    draw_frame(bench, &nothing, &bench->frames[TICK_OLD3]);
    for (int t = TICK_OLD2; t >= TICK_NOW; t--)
        draw_frame(bench, &bench->frames[t + 1], &bench->frames[t]);
    if (random_below(&bench->random, 4) == 0) /* time may stand still, or jump */
        ms[TICK_NOW] = ms[TICK_BASE] + (uint32_t)random_next(&bench->random);
    delta_times_init(&bench->times, &bench->schema, ms);
}

static struct delta_chunk make_chunk(struct bench *bench, struct delta_model *model, int past) {
    struct delta_chunk chunk = {&bench->schema, model, &bench->times, {0}, DELTA_CHUNK_CELLS};
    for (int t = TICK_BASE; t < TICK_BASE + past; t++)
        chunk.past[t] = &bench->frames[t];
    return chunk;
}

static void assert_same_frame(const struct bench *bench, const struct delta_frame *a,
                              const struct delta_frame *b) {
    assert_int_equal(a->live, b->live);
    for (unsigned i = 0; i < DELTA_CHUNK_CELLS; i++)
        if (a->live >> i & 1) assert_memory_equal(a->rows[i], b->rows[i], bench->schema.row_size);
}

/* Any rows, any past, any model, adapting or not: what comes out is what went in. */
static void test_round_trip(void **state) {
    (void)state;
    for (int profile = 0; profile < PROFILE_COUNT; profile++) {
        struct bench *bench = open_bench((enum delta_profile)profile, 7);
        for (int round = 0; round < 400; round++) {
            size_t used;
            draw_ticks(bench);
            bench->model->adapts = bench->twin->adapts = (uint8_t)(round % 2);
            struct delta_chunk from = make_chunk(bench, bench->model, round % 5);
            struct delta_chunk to = make_chunk(bench, bench->twin, round % 5);
            size_t size = delta_encode_chunk(&from, &bench->frames[0], bench->out, 16384);
            assert_true(size > 0);
            assert_int_equal(
                delta_decode_chunk(&to, bytes_view(bench->out, 16384), 0, &bench->got, &used),
                SS_OK);
            assert_int_equal(used, size);
            assert_same_frame(bench, &bench->frames[0], &bench->got);
            assert_memory_equal(bench->model, bench->twin, sizeof *bench->model);
        }
        close_bench(bench);
    }
}

static void test_same(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_ARENA, 8);
    draw_ticks(bench);
    struct delta_chunk chunk = make_chunk(bench, bench->model, 1);
    assert_false(delta_chunk_same(&chunk, &bench->frames[0]));
    assert_true(delta_chunk_same(&chunk, &bench->frames[TICK_BASE]));
    chunk.past[TICK_BASE] = NULL;
    struct delta_frame empty = {0};
    assert_true(delta_chunk_same(&chunk, &empty));
    close_bench(bench);
}

static void test_no_room(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_PLAYERS, 9);
    draw_ticks(bench);
    struct delta_chunk chunk = make_chunk(bench, bench->model, 3);
    size_t bits = delta_encode_chunk(&chunk, &bench->frames[0], bench->out, 16384);
    for (size_t capacity = 0; 8 * capacity < bits; capacity++)
        assert_int_equal(delta_encode_chunk(&chunk, &bench->frames[0], bench->out, capacity), 0);
    close_bench(bench);
}

/* Bytes that no encoder wrote are refused or decoded, never worse; and a cut is refused. */
static void test_any_bytes(void **state) {
    (void)state;
    for (int profile = 0; profile < PROFILE_COUNT; profile++) {
        struct bench *bench = open_bench((enum delta_profile)profile, 10);
        for (int round = 0; round < 300; round++) {
            size_t used, size = random_below(&bench->random, 400);
            draw_ticks(bench);
            struct delta_chunk chunk = make_chunk(bench, bench->model, round % 5);
            uint8_t *exact = test_malloc(size + 1);
            for (size_t i = 0; i < size; i++)
                exact[i] = (uint8_t)random_next(&bench->random);
            int status = delta_decode_chunk(&chunk, bytes_view(exact, size), (unsigned)round % 8,
                                            &bench->got, &used);
            assert_true(status == SS_OK ? used <= 8 * size : status == SS_ERR_MALFORMED);
            test_free(exact);
        }
        close_bench(bench);
    }
}

static void test_cut(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_CUBES, 11);
    draw_ticks(bench);
    struct delta_chunk chunk = make_chunk(bench, bench->model, 2);
    size_t used, bits = delta_encode_chunk(&chunk, &bench->frames[0], bench->out, 16384);
    for (size_t cut = 0; 8 * cut < bits; cut++)
        if (delta_decode_chunk(&chunk, bytes_view(bench->out, cut), 0, &bench->got, &used) == SS_OK)
            assert_true(used <= 8 * cut); /* zeros decode too, as something else */
    close_bench(bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_same),
        cmocka_unit_test(test_no_room),    cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
