/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "transport/glitch.h"

static unsigned drain(struct glitch *glitch, ss_time now) {
    unsigned count = 0;
    while (count < 100000 && glitch_charge(glitch, now))
        count++;
    return count;
}

static void test_burst(void **state) {
    (void)state;
    struct glitch glitch = glitch_of(200, 50, 0);
    assert_int_equal(drain(&glitch, 0), 200);
    assert_int_equal(drain(&glitch, 0), 0);
}

static void test_refill(void **state) {
    (void)state;
    struct glitch glitch = glitch_of(200, 50, 0);
    drain(&glitch, 0);
    assert_int_equal(drain(&glitch, SS_SECOND), 50);
    assert_int_equal(drain(&glitch, SS_SECOND + 19 * SS_MILLISECOND), 0);
    assert_int_equal(drain(&glitch, SS_SECOND + 20 * SS_MILLISECOND), 1);
    assert_int_equal(drain(&glitch, 3600 * SS_SECOND), 200);
}

/* Many small steps bring exactly what one large step brings. */
static void test_nothing_is_lost_to_rounding(void **state) {
    (void)state;
    struct glitch glitch = glitch_of(10, 3, 0);
    unsigned passed = drain(&glitch, 0);
    for (ss_time now = 1; now <= 10 * SS_SECOND; now += 7)
        passed += glitch_charge(&glitch, now);
    assert_in_range(passed, 10 + 29, 10 + 30);
}

static void test_extremes(void **state) {
    (void)state;
    struct glitch none = glitch_of(0, 0, 0);
    assert_int_equal(drain(&none, SS_NEVER - 1), 0);
    struct glitch huge = glitch_of(UINT32_MAX, UINT32_MAX, 0);
    assert_true(glitch_charge(&huge, SS_NEVER - 1));
    struct glitch back = glitch_of(1, 1, 10 * SS_SECOND);
    assert_true(glitch_charge(&back, 10 * SS_SECOND));
    assert_false(glitch_charge(&back, 5 * SS_SECOND));
    assert_true(glitch_charge(&back, 11 * SS_SECOND));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_refill),
        cmocka_unit_test(test_nothing_is_lost_to_rounding),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
