/* SPDX-License-Identifier: Apache-2.0 */
#include "world/conflict.h"

#include "world/fixture.h"

static struct parked draft_of(const char *key, uint64_t writer) {
    return (struct parked){.owner = 7,
                           .writer = writer,
                           .space = KIND_MANUAL,
                           .type = CONFLICT_VERSION_MISMATCH,
                           .key = bytes_of(key),
                           .old = bytes_of("old"),
                           .incoming = bytes_of("new")};
}

static void counts_what_it_holds(void **state) {
    (void)state;
    struct fixture f;
    struct parked *parked[10], draft;
    const char *text;
    fixture_open(&f);
    for (uint64_t i = 0; i < 10; i++) {
        draft = draft_of("key", 1 + i % 2);
        assert_int_equal(conflict_park(f.world, &draft, NULL, &parked[i], &text), SS_OK);
        assert_ptr_equal(conflict_find(f.world, parked[i]->id), parked[i]);
        for (uint64_t j = 0; j < i; j++)
            assert_memory_not_equal(parked[j]->id, parked[i]->id, CONFLICT_ID_SIZE);
    }
    struct conflicts *conflicts = f.world->conflicts;
    assert_int_equal(conflicts->open_count, 10);
    assert_int_equal(conflicts->open_bytes, 10 * 9);
    assert_int_equal(owner_find(f.world, 1)->parked, 5);
    assert_int_equal(conflict_refresh(f.world, parked[3], 9, false, bytes_of("longer")), SS_OK);
    assert_int_equal(conflicts->open_bytes, 10 * 9 + 3);
    struct decision decision = {.strategy = STRATEGY_KEEP_OLD, .time = f.now};
    conflict_decide(f.world, parked[3], &decision, (struct bytes){NULL, 0});
    assert_int_equal(conflicts->open_bytes, 9 * 9);
    assert_int_equal(conflicts->decided_bytes, 12);
    for (int i = 0; i < 10; i++)
        conflict_remove(f.world, parked[i]);
    assert_int_equal(conflicts->open_bytes + conflicts->decided_bytes, 0);
    assert_null(owner_find(f.world, 1)); /* nothing is left of it */
    fixture_close(&f);
}

static void lists_by_page(void **state) {
    (void)state;
    struct fixture f;
    struct parked *parked;
    struct parked_view views[4];
    const char *text;
    size_t total;
    fixture_open(&f);
    for (int i = 0; i < 10; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        struct parked draft = draft_of(key, 1 + (uint64_t)i % 2);
        conflict_park(f.world, &draft, NULL, &parked, &text);
    }
    assert_int_equal(world_conflicts(f.world, 7, false, bytes_of(""), 8, views, 4, &total), 2);
    assert_int_equal(total, 10);
    expect_bytes(views[1].cell.key, "k9");
    assert_true(views[1].cell.deleted); /* there is no such cell */
    assert_int_equal(world_conflicts(f.world, 1, false, bytes_of("manual"), 0, views, 4, &total),
                     4);
    assert_int_equal(total, 5);
    expect_bytes(views[3].cell.key, "k6");
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_it_holds),
        cmocka_unit_test(lists_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
