/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "delta/motion.h"
#include "delta/profile.h"

/* A walker of PROFILE_ARENA at five ticks, 20 ms apart; the base is 100 ms old. */
struct bench {
    struct delta_schema schema;
    struct delta_times times;
    struct predictor p;
    struct model_lane *model;
    uint8_t rows[TICKS][DELTA_ROW_MAX];
};

static void set(struct bench *bench, int tick, unsigned lane, int32_t value) {
    delta_row_set(&bench->schema.lanes[lane], bench->rows[tick], value);
}

static struct bench *open_bench(enum delta_profile profile) {
    static const uint32_t ms[TICKS] = {1100, 1000, 980, 960, 940};
    struct bench *bench = test_calloc(1, sizeof *bench);
    bench->model = test_calloc(1, sizeof *bench->model);
    profile_schema(profile, &bench->schema);
    delta_times_init(&bench->times, &bench->schema, ms);
    return bench;
}

static void start(struct bench *bench, int ticks) {
    memset(&bench->p, 0, sizeof bench->p);
    for (int t = TICK_BASE; t < TICK_BASE + ticks; t++)
        bench->p.rows[t] = bench->rows[t];
    predictor_start(&bench->p, &bench->schema, &bench->times, NULL);
}

static void close_bench(struct bench *bench) {
    test_free(bench->model);
    test_free(bench);
}

/* Who moved 10 steps in each of the last 20 ms is 50 steps further after 100 ms. */
static void test_steady(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_ASTEROIDS);
    unsigned x = bench->schema.position;
    for (int t = TICK_BASE; t < TICKS; t++) {
        set(bench, t, 0, 2); /* kind: a body */
        set(bench, t, x, 1000 - 10 * (t - TICK_BASE));
    }
    start(bench, 4);
    const struct predictor_lane *lane = &bench->p.lane[x];
    assert_int_equal(bench->p.class, 4);
    for (int i = 0; i < 3; i++)
        assert_true(fixed_size(lane->ahead[i] - 50 * 256) < 2);
    bench->model->mean[4][0] = MODEL_ONE;
    model_lane_prepare(bench->model);
    features_of_number(&bench->p, lane, &bench->schema.lanes[x], bench->model, UINT32_MAX, 8);
    assert_true(fixed_size(bench->p.guess - 1050 * 256) < 3);
    close_bench(bench);
}

/* Ticks that are not there are told apart by class, and lead nowhere. */
static void test_classes(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_ARENA);
    unsigned z = bench->schema.position + 2u;
    for (int t = TICK_BASE; t < TICKS; t++)
        set(bench, t, 0, 1); /* kind: a walker */
    start(bench, 0);
    assert_int_equal(bench->p.class, 0);
    assert_false(bench->p.quiet);
    start(bench, 1);
    assert_int_equal(bench->p.class, 1);
    assert_true(bench->p.lane[z].ahead[2] == 0);
    start(bench, 3);
    assert_int_equal(bench->p.class, 2);
    set(bench, TICK_BASE, z, 40); /* a jump */
    start(bench, 3);
    assert_int_equal(bench->p.class, 3);
    for (int t = TICK_BASE; t < TICKS; t++)
        set(bench, t, 0, 2); /* a body that is thrown */
    start(bench, 3);
    assert_int_equal(bench->p.class, 5);
    close_bench(bench);
}

/* Angles go the short way over the turn's end. */
static void test_turn(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_PLAYERS);
    set(bench, TICK_BASE, bench->schema.yaw, 10);
    set(bench, TICK_OLD1, bench->schema.yaw, 65530);
    start(bench, 2);
    assert_true(fixed_size(bench->p.lane[bench->schema.yaw].ahead[0] - 80 * 256) < 3);
    close_bench(bench);
}

/* Who turned by 90 degrees, his velocity did so too. */
static void test_velocity_turns(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_ARENA);
    unsigned vx = bench->schema.velocity, yaw = bench->schema.yaw;
    set(bench, TICK_BASE, vx, 320);
    start(bench, 1);
    bench->p.fraction = 8;
    bench->p.lane[yaw].now = 16384 * 256;
    predictor_note_yaw(&bench->p, &bench->p.lane[yaw]);
    for (unsigned axis = 0; axis < 2; axis++) {
        int64_t want = axis == 0 ? -320 * 256 : 320 * 256;
        features_of_number(&bench->p, &bench->p.lane[vx + axis], &bench->schema.lanes[vx + axis],
                           bench->model, UINT32_MAX, 8);
        assert_true(fixed_size(bench->p.mean[3] - want) < 256);
    }
    close_bench(bench);
}

/* No row, and no time, makes a feature larger than sums of products can bear. */
static void test_limits(void **state) {
    (void)state;
    struct bench *bench = open_bench(PROFILE_EXACT_ARENA);
    static const uint32_t ms[TICKS] = {3000000000u, 5, 4, 3, 2};
    delta_times_init(&bench->times, &bench->schema, ms);
    for (int t = TICK_BASE; t < TICKS; t++)
        for (unsigned i = 0; i < bench->schema.lane_count; i++)
            set(bench, t, i, t % 2 ? INT32_MAX - 0x00800000 : INT32_MIN);
    for (int ticks = 0; ticks <= 4; ticks++) {
        start(bench, ticks);
        for (unsigned i = 0; i < bench->schema.lane_count; i++) {
            if (bench->schema.lanes[i].width == 1) continue;
            features_of_number(&bench->p, &bench->p.lane[i], &bench->schema.lanes[i], bench->model,
                               UINT32_MAX, 20);
            for (int m = 0; m < MODEL_MEANS; m++)
                assert_true(fixed_size(bench->p.mean[m]) <= (int64_t)1 << 39);
        }
    }
    close_bench(bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady), cmocka_unit_test(test_classes),
        cmocka_unit_test(test_turn),   cmocka_unit_test(test_velocity_turns),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
