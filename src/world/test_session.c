/* SPDX-License-Identifier: Apache-2.0 */
#include "world/fixture.h"

static void ghosts_go_with_the_last_session(void **state) {
    (void)state;
    struct fixture f;
    struct world_stats stats;
    fixture_open(&f);
    assert_int_equal(world_session_open(f.world, 7, f.now), SS_OK);
    assert_int_equal(world_session_open(f.world, 7, f.now), SS_OK);
    put(&f, 7, "session", "a", "x", 0);
    put(&f, 7, "session", "b", "x", 0);
    put(&f, 7, "pos", "a", "x", 0);
    put(&f, 8, "session", "a", "x", 0);
    world_session_close(f.world, 7, f.now);
    expect_cell(&f, 7, "session", "a", "x", 1);
    world_stats(f.world, &stats);
    assert_int_equal(stats.players, 1);
    assert_int_equal(stats.sessions, 1);
    world_session_close(f.world, 7, f.now);
    expect_cell(&f, 7, "session", "a", NULL, 2);
    expect_cell(&f, 7, "session", "b", NULL, 2);
    expect_cell(&f, 7, "pos", "a", "x", 1);
    expect_cell(&f, 8, "session", "a", "x", 1);
    world_stats(f.world, &stats);
    assert_int_equal(stats.players, 0);
    fixture_close(&f);
}

static void strangers_close_nothing(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    put(&f, 7, "session", "a", "x", 0);
    world_session_close(f.world, 7, f.now);
    world_session_close(f.world, 9, f.now);
    expect_cell(&f, 7, "session", "a", "x", 1);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ghosts_go_with_the_last_session),
        cmocka_unit_test(strangers_close_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
