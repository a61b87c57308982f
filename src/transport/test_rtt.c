/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport/rtt.h"

static void test_first_sample(void **state) {
    (void)state;
    struct rtt rtt = {0, 0};
    assert_true(rtt_timeout(&rtt) == SS_SECOND);
    rtt_sample(&rtt, 80000);
    assert_true(rtt.smoothed == 80000);
    assert_true(rtt.variation == 40000);
}

/* RFC 6298, section 2.3, by hand: R' = 120 after 80. */
static void test_second_sample(void **state) {
    (void)state;
    struct rtt rtt = {0, 0};
    rtt_sample(&rtt, 80000);
    rtt_sample(&rtt, 120000);
    assert_true(rtt.variation == 40000);
    assert_true(rtt.smoothed == 85000);
}

static void test_settles(void **state) {
    (void)state;
    struct rtt rtt = {0, 0};
    rtt_sample(&rtt, 500000);
    for (unsigned i = 0; i < 200; i++)
        rtt_sample(&rtt, 30000);
    assert_in_range(rtt.smoothed, 29990, 30010);
    assert_in_range(rtt.variation, 0, 20);
    assert_true(rtt_timeout(&rtt) == SS_SECOND);
}

static void test_bounds(void **state) {
    (void)state;
    struct rtt rtt = {0, 0};
    rtt_sample(&rtt, -5);
    assert_true(rtt.smoothed == 1);
    struct rtt slow = {0, 0};
    rtt_sample(&slow, 100 * SS_SECOND);
    assert_true(rtt_timeout(&slow) == 60 * SS_SECOND);
    struct rtt middle = {0, 0};
    rtt_sample(&middle, 2 * SS_SECOND);
    assert_true(rtt_timeout(&middle) == 6 * SS_SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_sample),
        cmocka_unit_test(test_second_sample),
        cmocka_unit_test(test_settles),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
