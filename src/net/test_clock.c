/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/clock.h"
#include "net/entropy.h"

static void test_never_goes_back(void **state) {
    (void)state;
    struct clock_source clock;
    clock_start(&clock);
    ss_time before = clock_read(&clock);
    assert_true(before > 1600000000 * SS_SECOND);
    for (unsigned i = 0; i < 100000; i++) {
        ss_time now = clock_read(&clock);
        assert_true(now >= before);
        before = now;
    }
}

static void test_follows_monotonic(void **state) {
    (void)state;
    struct clock_source clock = {5000, 100, 0};
    assert_true(clock_step(&clock, 5010, 110) == 5010);
    assert_true(clock_step(&clock, 5010, 110) == 5010);
    assert_true(clock_step(&clock, 5000, 105) == 5010);
}

/* The wall clock jumps by a minute: our seconds stay within 500 ppm of seconds. */
static void jump(int64_t by) {
    struct clock_source clock = {0, 0, 0};
    ss_time before = 0;
    for (int64_t at = 777; at < 100 * SS_SECOND; at += 777) {
        ss_time now = clock_step(&clock, at + by, at);
        assert_true(now > before && now - before <= 778 && now - before >= 776);
        before = now;
    }
    int64_t moved = clock.wall - clock.monotonic;
    assert_in_range(by > 0 ? moved : -moved, 49900, 50000);
}

static void test_jump(void **state) {
    (void)state;
    jump(60 * SS_SECOND);
    jump(-60 * SS_SECOND);
}

static void test_arrives(void **state) {
    (void)state;
    struct clock_source clock = {0, 0, 0};
    for (int64_t at = 1000; at < 100 * SS_SECOND; at += 1000)
        clock_step(&clock, at + 20000, at);
    assert_true(clock.wall - clock.monotonic == 20000);
}

static void test_entropy(void **state) {
    (void)state;
    uint64_t words[64] = {0};
    assert_int_equal(entropy_fill(words, sizeof words), 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_true(words[i] != 0);
        for (unsigned k = 0; k < i; k++)
            assert_true(words[i] != words[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_goes_back),
        cmocka_unit_test(test_follows_monotonic),
        cmocka_unit_test(test_jump),
        cmocka_unit_test(test_arrives),
        cmocka_unit_test(test_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
