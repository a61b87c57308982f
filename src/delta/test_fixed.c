/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/random.h"
#include "delta/fixed.h"

static void test_sine(void **state) {
    (void)state;
    for (uint32_t angle = 0; angle < 65536; angle++) {
        double exact = 16384 * sin(angle * (2 * 3.14159265358979323846 / 65536));
        assert_true(fabs(fixed_sine(angle) - exact) < 4);
        assert_int_equal(fixed_sine(angle), -fixed_sine((angle + 32768) & 65535));
    }
    assert_int_equal(fixed_sine(0), 0);
    assert_int_equal(fixed_sine(16384), 16384);
}

static void assert_root(uint64_t value) {
    uint64_t root = fixed_root(value);
    assert_true(root * root <= value);
    assert_true((root + 1) * (root + 1) > value);
}

/* Also just around squares, where a rounded float would be one off. */
static void test_root(void **state) {
    (void)state;
    struct random random = {1};
    for (uint64_t value = 0; value < 5000; value++)
        assert_root(value);
    for (int i = 0; i < 200000; i++) {
        uint64_t root = random_next(&random) >> (33 + random_below(&random, 30));
        assert_root(root * root);
        assert_root(root * root + 2 * root);
        if (root) assert_root(root * root - 1);
    }
    assert_root(((uint64_t)1 << 62) - 1);
}

static void test_log2(void **state) {
    (void)state;
    struct random random = {2};
    assert_int_equal(fixed_log2(0), 0);
    assert_int_equal(fixed_log2(1), 16);
    assert_int_equal(fixed_log2(2), 24);
    for (int i = 0; i < 100000; i++) {
        int64_t value = (int64_t)(random_next(&random) >> (12 + random_below(&random, 52)));
        int zeros = __builtin_clzll((uint64_t)value + 1), whole = 63 - zeros;
        int part = (int)((uint64_t)(value + 1) << zeros >> 59) & 15;
        assert_int_equal(fixed_log2(value), 16 * whole + part);
    }
}

/* As in 128 bits, clamped. */
static void test_scale(void **state) {
    (void)state;
    struct random random = {3};
    for (int i = 0; i < 100000; i++) {
        int64_t value = (int64_t)random_next(&random) >> (23 + random_below(&random, 40));
        int64_t ratio = (int64_t)(random_next(&random) >> (30 + random_below(&random, 34)));
        __int128 exact = ((__int128)value * ratio) >> 24;
        if (exact > FIXED_MAX) exact = FIXED_MAX;
        if (exact < -FIXED_MAX) exact = -FIXED_MAX;
        assert_true(fixed_scale(value, ratio) == (int64_t)exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sine),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_log2),
        cmocka_unit_test(test_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
