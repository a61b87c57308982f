/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "delta/coding.h"
#include "delta/profile.h"

static int32_t draw(struct random *random, int kind) {
    if (kind == DELTA_ANGLE) /* also escaped ones */
        return (int32_t)random_below(random, random_below(random, 4) ? 65536 : 65536 + (1 << 24));
    return (int32_t)((uint64_t)random_next(random) >> (32 + random_below(random, 30)));
}

/* Any value from any guess, as a number and back. */
static void there_and_back(const struct delta_schema *schema, unsigned lane, int kind) {
    struct random random = {lane + 77u};
    struct predictor p = {.schema = schema};
    const struct delta_lane *info = &schema->lanes[lane];
    int fraction = kind == DELTA_FLOAT ? 20 : 8;
    for (int i = 0; i < 20000; i++) {
        p.guess = (int64_t)random_next(&random) >> (25 + random_below(&random, 38));
        p.mean[0] = (int64_t)random_next(&random) >> 40;
        p.clue[0] = (int16_t)random_below(&random, 400);
        int32_t value = draw(&random, kind), got;
        if (kind == DELTA_FLOAT) value = (int32_t)random_next(&random);
        bool lattice = kind == DELTA_FLOAT && lattice_on(info, value);
        struct coding coding = coding_start(&p, fraction);
        if (kind == DELTA_FLOAT) coding_float(&coding, &p, info, lattice);
        int64_t number = coding_number(&coding, info, kind, value);
        assert_true(coding_value(&coding, info, kind, number, &got));
        assert_int_equal(got, value);
        assert_in_range(p.clue[1], 0, 128);
    }
}

static void test_numbers(void **state) {
    (void)state;
    struct delta_schema schema;
    profile_schema(PROFILE_ARENA, &schema);
    there_and_back(&schema, schema.position, DELTA_STEPS);
    there_and_back(&schema, schema.yaw, DELTA_ANGLE);
    profile_schema(PROFILE_CUBES, &schema);
    there_and_back(&schema, schema.rotation + 1u, DELTA_QUATERNION);
    profile_schema(PROFILE_EXACT_ARENA, &schema);
    there_and_back(&schema, schema.position, DELTA_FLOAT);
    there_and_back(&schema, schema.yaw, DELTA_FLOAT);
}

/* Off the guess by the short way round, wherever that is. */
static void test_angles(void **state) {
    (void)state;
    struct predictor p = {.guess = (int64_t)65530 << 8};
    struct coding coding = coding_start(&p, 8);
    assert_true(coding_angle_number(&coding, 65530) == 0);
    assert_true(coding_angle_number(&coding, 4) == 10);
    assert_true(coding_angle_number(&coding, 65520) == -10);
    assert_int_equal(coding_angle_value(&coding, 10), 4);
}

/* Steps beyond the lattice are refused: lattice_on would not have said so. */
static void test_refused(void **state) {
    (void)state;
    struct delta_schema schema;
    struct predictor p = {0};
    int32_t value;
    profile_schema(PROFILE_EXACT, &schema);
    const struct delta_lane *lane = &schema.lanes[schema.position];
    struct coding coding = coding_start(&p, 20);
    coding_float(&coding, &p, lane, true);
    assert_true(coding_float_value(&coding, lane, (1 << 20) - 1, &value));
    assert_false(coding_float_value(&coding, lane, 1 << 20, &value));
    assert_false(coding_float_value(&coding, lane, -(1 << 20), &value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_angles),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
