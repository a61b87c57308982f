/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "bench/latency.h"

static void test_percentiles(void **state) {
    (void)state;
    static struct latency latency;
    assert_true(latency_us(&latency, 0.5) == 0);
    for (uint64_t i = 1; i <= 100000; i++)
        latency_add(&latency, i * 1000);
    const double wanted[] = {0.01, 0.5, 0.99, 0.999};
    for (unsigned i = 0; i < 4; i++) {
        double us = latency_us(&latency, wanted[i]), right = wanted[i] * 100000;
        assert_true(us > right * 0.99 && us < right * 1.01);
    }
    assert_true(latency_us(&latency, 1) == 100000);
}

/* Every value comes back within the promised 0.8 %, across all doublings. */
static void test_resolution(void **state) {
    (void)state;
    for (uint64_t ns = 1; ns < (uint64_t)1 << 40; ns += ns / 3 + 1) {
        static struct latency latency;
        latency = (struct latency){0};
        latency_add(&latency, ns);
        latency_add(&latency, UINT64_MAX);
        double us = latency_us(&latency, 0.5), right = (double)ns / 1e3;
        assert_true(us >= right * 0.992 && us <= right * 1.008);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_percentiles),
                                       cmocka_unit_test(test_resolution)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
