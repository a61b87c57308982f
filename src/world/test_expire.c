/* SPDX-License-Identifier: Apache-2.0 */
#include "world/fixture.h"

static void lives_end(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    put(&f, 7, "ttl", "a", "x", 0);
    f.now += 600 * SS_MILLISECOND;
    put(&f, 7, "ttl", "b", "x", 0);
    put(&f, 7, "ttl", "a", "y", 0); /* begins anew */
    f.now += SS_SECOND - 1;
    world_tick(f.world, f.now, 100);
    expect_cell(&f, 7, "ttl", "a", "y", 2);
    world_tick(f.world, ++f.now, 100);
    expect_cell(&f, 7, "ttl", "a", NULL, 3);
    expect_cell(&f, 7, "ttl", "b", NULL, 2);
    fixture_close(&f);
}

static void graves_are_forgotten(void **state) {
    (void)state;
    struct fixture f;
    struct cell_view view;
    struct world_stats stats;
    fixture_open(&f);
    for (uint32_t i = 0; i < 5; i++)
        put(&f, 7, "keep", "a", "x", i);
    put(&f, 7, "keep", "a", NULL, 5);
    world_stats(f.world, &stats);
    assert_int_equal(stats.tombstones, 1);
    assert_int_equal(stats.cells, 0);
    f.now += 10 * SS_SECOND - 1;
    world_tick(f.world, f.now, 100);
    assert_true(world_get(f.world, 7, bytes_of("keep"), bytes_of("a"), &view));
    world_tick(f.world, ++f.now, 100);
    assert_false(world_get(f.world, 7, bytes_of("keep"), bytes_of("a"), &view));
    world_stats(f.world, &stats);
    assert_int_equal(stats.tombstones + stats.cells + stats.bytes, 0);
    put(&f, 8, "keep", "other", "x", 0); /* the floor is the category's */
    assert_int_equal(f.out.version, 7);
    put(&f, 7, "keep", "a", "x", 0);
    assert_int_equal(f.out.version, 7); /* never one of before */
    fixture_close(&f);
}

static void a_budget_a_tick(void **state) {
    (void)state;
    struct fixture f;
    struct world_stats stats;
    char key[16];
    fixture_open(&f);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "k%d", i);
        put(&f, 7, "ttl", key, "x", 0);
    }
    f.now += 2 * SS_SECOND;
    for (uint64_t i = 1; i <= 5; i++) {
        world_tick(f.world, f.now, 10);
        world_stats(f.world, &stats);
        assert_int_equal(stats.tombstones, i * 10);
    }
    assert_int_equal(world_tick_number(f.world), 5);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_end),
        cmocka_unit_test(graves_are_forgotten),
        cmocka_unit_test(a_budget_a_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
