/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "world/version.h"

static void next(void **state) {
    (void)state;
    assert_int_equal(version_next(0, 0), 1);
    assert_int_equal(version_next(5, 3), 6);
    assert_int_equal(version_next(5, 9), 10);
    assert_int_equal(version_next(0xffffffffu, 0), 0x100000001u); /* 0 is never shown */
    assert_int_equal(version_next(0, 0x1ffffffffu), 0x200000001u);
}

static void expand(void **state) {
    (void)state;
    static const struct {
        uint32_t wire;
        uint64_t current, version;
    } cases[] = {
        {1, 1, 1},
        {1, 2, 1},
        {2, 1, 0}, /* the future */
        {0, 7, 0},
        {UINT32_MAX, 5, 0}, /* below 1 */
        {UINT32_MAX, 0x100000005u, 0xffffffffu},
        {6, 0x100000005u, 0},
        {5, 0x100000005u, 0x100000005u},
        {1, 0, 0},
        {0x80000005u, 0x100000005u, 0x80000005u}, /* a tie: the older */
        {0x80000005u, 5, 0},
        {0x80000006u, 0x100000005u, 0x80000006u},
        {0x80000004u, 0x100000005u, 0}, /* nearer above */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(version_expand(cases[i].wire, cases[i].current), cases[i].version);
}

static void nearest(void **state) {
    (void)state;
    assert_int_equal(version_nearest(6, 5), 6);
    assert_int_equal(version_nearest(UINT32_MAX, 5), UINT32_MAX); /* at least 1 */
    assert_int_equal(version_nearest(2, 0x1ffffffffu), 0x200000002u);
    assert_int_equal(version_nearest(0xfffffffeu, 0x200000001u), 0x1fffffffeu);
    assert_int_equal(version_nearest(1, 0), 1);
}

static void round_trips(void **state) {
    (void)state;
    struct random random = {1};
    for (int i = 0; i < 100000; i++) {
        uint64_t current = version_next(random_next(&random) >> (random_below(&random, 60)), 0);
        uint64_t back = random_below(&random, (uint64_t)1 << 31);
        if (back >= current || version_wire(current - back) == 0) continue;
        assert_int_equal(version_expand(version_wire(current - back), current), current - back);
        assert_int_equal(version_nearest(version_wire(current - back), current), current - back);
        if (back == 0) continue;
        assert_int_equal(version_expand(version_wire(current), current - back), 0);
        assert_int_equal(version_nearest(version_wire(current), current - back), current);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next),
        cmocka_unit_test(expand),
        cmocka_unit_test(nearest),
        cmocka_unit_test(round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
