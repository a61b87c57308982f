/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/histogram.h"

static void percentiles_are_within_a_sixteenth(void **state) {
    (void)state;
    struct histogram histogram = {0};
    for (uint64_t value = 1; value <= 100000; value++)
        histogram_add(&histogram, value);
    const double fractions[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1.0};
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        double exact = fractions[i] * 100000;
        double got = (double)histogram_at(&histogram, fractions[i]);
        assert_true(got >= exact * 0.999 && got <= exact * 1.0626);
    }
    assert_int_equal(histogram.least, 1);
    assert_int_equal(histogram_at(&histogram, 1.0), 100000);
}

static void extremes_and_emptiness(void **state) {
    (void)state;
    struct histogram histogram = {0};
    assert_int_equal(histogram_at(&histogram, 0.5), 0);
    histogram_add(&histogram, 0);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram_at(&histogram, 0.5), 0);
    assert_true(histogram_at(&histogram, 1.0) >= (uint64_t)1 << 41);
}

static void merging_is_counting_both(void **state) {
    (void)state;
    struct histogram a = {0}, b = {0}, both = {0};
    for (uint64_t value = 0; value < 5000; value += 3) {
        histogram_add(value % 2 ? &a : &b, value * value);
        histogram_add(&both, value * value);
    }
    histogram_merge(&a, &b);
    assert_memory_equal(&a, &both, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_within_a_sixteenth),
        cmocka_unit_test(extremes_and_emptiness),
        cmocka_unit_test(merging_is_counting_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
