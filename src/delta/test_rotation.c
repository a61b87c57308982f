/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "delta/fixed.h"
#include "delta/profile.h"
#include "delta/quantum.h"
#include "delta/rotation.h"

#define CLOSE (FIXED_Q30 / 1000)

static int64_t norm_of(const int64_t a[4]) {
    int64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (a[i] * a[i]) >> 30;
    return sum;
}

static void turn_about_z(double angle, int64_t out[4]) {
    out[0] = out[1] = 0;
    out[2] = (int64_t)(sin(angle / 2) * FIXED_Q30);
    out[3] = (int64_t)(cos(angle / 2) * FIXED_Q30);
}

/* What turned by a in one step has turned by (1 + rho) a after rho more. */
static void test_steady_turn(void **state) {
    (void)state;
    for (double angle = -0.5; angle <= 0.5; angle += 0.05)
        for (double rho = 0; rho <= 2; rho += 0.25) {
            int64_t from[4], to[4], want[4], got[4];
            struct rotation_series series[2];
            int64_t ratio = (int64_t)(rho * FIXED_Q30);
            rotation_series_init(&series[0], ratio);
            rotation_series_init(&series[1], ratio + FIXED_Q30);
            turn_about_z(1, from);
            turn_about_z(1 + angle, to);
            turn_about_z(1 + angle * (1 + rho), want);
            rotation_continue(from, to, series, got);
            for (int i = 0; i < 4; i++) {
                assert_true(fixed_size(got[i] - want[i]) < CLOSE);
                from[i] = -from[i]; /* the same orientation */
            }
            rotation_continue(from, to, series, got);
            for (int i = 0; i < 4; i++)
                assert_true(fixed_size(got[i] - want[i]) < CLOSE);
        }
}

/* Whatever a row says, what comes out is near the unit sphere or at least bounded. */
static void test_rows(void **state) {
    (void)state;
    struct delta_schema schema;
    profile_schema(PROFILE_ASTEROIDS, &schema);
    const struct delta_lane *lane = &schema.lanes[schema.rotation];
    uint8_t row[DELTA_ROW_MAX] = {0};
    for (int largest = 0; largest < 4; largest++)
        for (int level = -700; level <= 2200; level += 91) {
            int64_t out[4];
            delta_row_set(lane, row, largest);
            for (int i = 1; i < 4; i++)
                delta_row_set(&lane[i], row, i == 1 ? level : 706 + i);
            rotation_of_row(lane, row, out);
            int64_t norm = norm_of(out);
            assert_true(out[largest] >= 0);
            if (level > 0 && level < 1413) assert_true(fixed_size(norm - FIXED_Q30) < CLOSE);
            assert_true(norm <= 2 * FIXED_Q30);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_turn),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
