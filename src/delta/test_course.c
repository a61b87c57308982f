/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "delta/course.h"
#include "delta/profile.h"

struct bench {
    struct delta_schema schema;
    struct delta_model *model;
    struct course course;
};

/* Ticks of 20 ms; the model wants a base of 100 ms, and ticks 30 and 90 ms before that. */
static void open_bench(struct bench *bench, uint32_t ticks) {
    profile_schema(PROFILE_PLAYERS, &bench->schema);
    bench->model = test_calloc(1, sizeof *bench->model);
    profile_retention(PROFILE_PLAYERS, DELTA_ACKED, bench->model);
    assert_int_equal(course_init(&bench->course, &memory_heap, &bench->schema, 20), SS_OK);
    for (uint32_t i = 0; i < ticks; i++)
        course_open(&bench->course, i, 1000 + 20 * i);
}

static void close_bench(struct bench *bench) {
    course_free(&bench->course);
    test_free(bench->model);
}

static void assert_past(const struct course_past *past, int base, int old1, int old2) {
    assert_int_equal(past->tick[TICK_BASE], base);
    assert_int_equal(past->tick[TICK_OLD1], old1);
    assert_int_equal(past->tick[TICK_OLD2], old2);
    assert_int_equal(past->tick[TICK_OLD3], -1);
}

static void test_rule(void **state) {
    (void)state;
    struct bench bench;
    struct course_past past;
    open_bench(&bench, 31);
    assert_true(course_choose(&bench.course, bench.model, &past)); /* nothing is held */
    assert_past(&past, -1, -1, -1);
    for (uint32_t i = 0; i < 31; i++)
        course_hold(&bench.course, i);
    assert_true(course_choose(&bench.course, bench.model, &past));
    assert_past(&past, 25, 23, 20);
    assert_int_equal(past.ms[TICK_NOW], 1600);
    assert_int_equal(past.ms[TICK_OLD2], 1400);
    assert_int_equal(past.ms[TICK_OLD3], 1400); /* none: as the one before */
    close_bench(&bench);
}

/* A tick that is not held is never chosen, and then the older ones must be named. */
static void test_gaps(void **state) {
    (void)state;
    struct bench bench;
    struct course_past past;
    open_bench(&bench, 31);
    for (uint32_t i = 0; i < 31; i++)
        if (i != 23) course_hold(&bench.course, i);
    assert_false(course_choose(&bench.course, bench.model, &past));
    assert_past(&past, 25, 22, 20);
    bench.course.held[25] = 0; /* the base is named in any case, and what is older fits */
    assert_true(course_choose(&bench.course, bench.model, &past));
    assert_past(&past, 24, 22, 19);
    course_choose_from(&bench.course, bench.model, 20, &past);
    assert_past(&past, 20, 18, 15);
    close_bench(&bench);
}

/* What has left the ring is gone, whoever says that he holds it. */
static void test_ring(void **state) {
    (void)state;
    struct bench bench;
    struct course_past past;
    open_bench(&bench, 31);
    course_hold(&bench.course, 5);
    course_hold(&bench.course, 40); /* not yet there */
    assert_true(course_holds(&bench.course, 5));
    assert_false(course_holds(&bench.course, 40));
    assert_false(course_holds(&bench.course, -1));
    course_open(&bench.course, 5 + COURSE_TICKS - 1, 9000); /* others were lost */
    assert_true(course_holds(&bench.course, 5));
    course_choose(&bench.course, bench.model, &past);
    assert_past(&past, 5, -1, -1);
    course_open(&bench.course, 5 + COURSE_TICKS, 9020);
    assert_false(course_holds(&bench.course, 5));
    course_hold(&bench.course, 5);
    assert_false(course_holds(&bench.course, 5));
    course_choose(&bench.course, bench.model, &past);
    assert_past(&past, -1, -1, -1);
    close_bench(&bench);
}

static void test_no_memory(void **state) {
    (void)state;
    struct failing failing = {.fail_at = 1};
    struct memory memory = failing_memory(&failing);
    struct delta_schema schema;
    struct course course;
    profile_schema(PROFILE_PLAYERS, &schema);
    assert_int_equal(course_init(&course, &memory, &schema, 20), SS_ERR_NOMEM);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
