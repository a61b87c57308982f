/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "delta/lattice.h"
#include "delta/profile.h"

static int32_t bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static const struct delta_lane *lane_of(struct delta_schema *schema, unsigned role) {
    profile_schema(PROFILE_EXACT_ARENA, schema);
    return &schema->lanes[role == DELTA_YAW ? schema->yaw : schema->position];
}

/* Every whole step within reach is on the lattice, and nothing beside it. */
static void test_steps(void **state) {
    (void)state;
    struct delta_schema schema;
    const struct delta_lane *lane = lane_of(&schema, DELTA_POSITION);
    for (int64_t step = -(1 << 18); step <= 1 << 18; step += 17) {
        int32_t bits = lattice_float(lane, step * (1 << 20));
        assert_int_equal(bits, step ? bits_of((float)step / 256) : 0);
        assert_true(lattice_on(lane, bits));
        assert_true(lattice_fine(lane, bits) == step * (1 << 20));
        if (step) assert_false(lattice_on(lane, bits ^ 1));
    }
    assert_false(lattice_on(lane, bits_of(1024.00390625f))); /* 2^18 + 1 steps */
    assert_false(lattice_on(lane, bits_of(-0.0f)));
}

static void test_any_bits(void **state) {
    (void)state;
    struct delta_schema schema;
    struct random random = {4};
    for (int role = 0; role < 2; role++) {
        const struct delta_lane *lane = lane_of(&schema, role ? DELTA_YAW : DELTA_POSITION);
        for (int i = 0; i < 200000; i++) {
            int32_t bits = (int32_t)random_next(&random);
            float value;
            memcpy(&value, &bits, 4);
            int64_t fine = lattice_fine(lane, bits);
            double exact = (double)value * lane->steps * (1 << 20);
            if (!isfinite(value))
                assert_true(fine == 0);
            else if (fabs(exact) < 1e11)
                assert_true(fabs((double)fine - exact) <= 1 + fabs(exact) * 1e-6);
            if (lattice_on(lane, bits))
                assert_int_equal(lattice_float(lane, ((fine + (1 << 19)) >> 20) * (1 << 20)), bits);
        }
    }
}

/* Integers in the order of the floats, and back. */
static void test_order(void **state) {
    (void)state;
    static const float rising[] = {-INFINITY, -3e38f, -1, -1e-40f, -0.0f,
                                   0,         1e-40f, 1,  3e38f,   INFINITY};
    for (size_t i = 0; i + 1 < sizeof rising / sizeof *rising; i++)
        assert_true(lattice_order(bits_of(rising[i])) < lattice_order(bits_of(rising[i + 1])));
    struct random random = {5};
    for (int i = 0; i < 1000; i++) {
        int32_t bits = (int32_t)random_next(&random);
        assert_int_equal(lattice_order(lattice_order(bits)), bits);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_any_bits),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
