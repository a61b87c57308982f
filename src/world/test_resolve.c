/* SPDX-License-Identifier: Apache-2.0 */
#include "world/fixture.h"

static uint8_t id[CONFLICT_ID_SIZE];

/* Opens a world in which player 7 parked "three" (from "one") on a cell that stands at "two". */
static void park(struct fixture *f, const char *category, const char *one, const char *two,
                 const char *three) {
    put(f, 7, category, "a", one, 0);
    put(f, 7, category, "a", two, 1);
    assert_int_equal(put(f, 7, category, "a", three, 1), RESULT_CONFLICT);
    assert_true(f->out.conflict.parked);
    memcpy(id, f->out.conflict.id, sizeof id);
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_close(*state);
    return 0;
}

static void last_write_wins(void **state) {
    struct fixture *f = *state;
    park(f, "manual", "one", "two", "three");
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_OK);
    assert_true(f->resolved.success && !f->resolved.repeated);
    assert_int_equal(f->resolved.version, 3);
    expect_bytes(f->resolved.state, "three");
    assert_int_equal(f->resolved.writer, 7);
    expect_cell(f, 7, "manual", "a", "three", 3);
    uint64_t before = world_digest(f->world);
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, "ignored", 7, false), SS_OK);
    assert_true(f->resolved.success && f->resolved.repeated);
    expect_bytes(f->resolved.state, "three");
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 7, false), SS_ERR_INVALID);
    assert_false(f->resolved.success);
    assert_int_equal(world_digest(f->world), before);
}

static void keep_old(void **state) {
    struct fixture *f = *state;
    park(f, "manual", "one", "two", "three");
    put(f, 7, "manual", "a", "four", 2); /* moved on: it does not matter here */
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 7, false), SS_OK);
    assert_int_equal(f->resolved.version, 3);
    expect_bytes(f->resolved.state, "four");
    expect_cell(f, 7, "manual", "a", "four", 3);
}

static void moved_on_fails_once(void **state) {
    struct fixture *f = *state;
    park(f, "manual", "one", "two", "three");
    put(f, 7, "manual", "a", "four", 2);
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_ERR_CONFLICT);
    assert_false(f->resolved.success);
    assert_true(f->resolved.conflict.parked);
    expect_bytes(f->resolved.conflict.old_state, "four");
    assert_int_equal(f->resolved.conflict.old_version, 3);
    assert_int_equal(f->resolved.conflict.type, CONFLICT_VERSION_MISMATCH);
    put(f, 7, "manual", "a", "five", 3); /* and again */
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "six", 7, false), SS_ERR_CONFLICT);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "six", 7, false), SS_OK);
    expect_cell(f, 7, "manual", "a", "six", 5);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "six", 7, false), SS_OK);
    assert_true(f->resolved.repeated);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "seven", 7, false), SS_ERR_INVALID);
    assert_non_null(strstr(f->resolved.message, "another way"));
}

static void merge(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"name\":\"a\",\"gold\":10}", 0);
    put(f, 7, "merge", "a", "{\"name\":\"b\",\"gold\":10}", 1);
    put(f, 7, "merge", "a", "{\"name\":\"c\",\"gold\":15}", 1);
    assert_true(f->out.conflict.parked);
    memcpy(id, f->out.conflict.id, sizeof id);
    /* the field still collides: that must be decided by hand */
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_ERR_INVALID);
    assert_non_null(strstr(f->resolved.message, "MANUAL"));
    put(f, 7, "merge", "a", "{\"name\":\"a\",\"gold\":100}", 2);
    f->now += 60 * SS_SECOND; /* the history may go: the base is pinned */
    put(f, 7, "merge", "a", "{\"name\":\"a\",\"gold\":200}", 3);
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_OK);
    expect_cell(f, 7, "merge", "a", "{\"name\":\"c\",\"gold\":205}", 5);
}

static void merge_is_not_for_all(void **state) {
    struct fixture *f = *state;
    park(f, "manual", "one", "two", "three");
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_ERR_INVALID);
    put(f, 7, "trade", "a", "{\"x\":1}", 0);
    put(f, 7, "trade", "a", "{\"x\":2}", 0); /* without a base */
    memcpy(id, f->out.conflict.id, sizeof id);
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_ERR_INVALID);
    put(f, 7, "trade", "a", "{\"x\":2}", 1);
    assert_int_equal(put(f, 7, "trade", "a", NULL, 1), RESULT_CONFLICT);
    memcpy(id, f->out.conflict.id, sizeof id);
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_OK);
    expect_cell(f, 0, "trade", "a", NULL, 3);
}

static void present_may_be_gone(void **state) {
    struct fixture *f = *state;
    park(f, "trade", "{\"x\":1}", "{\"x\":2}", "{\"x\":3}");
    put(f, 7, "trade", "a", NULL, 2);
    f->now += 60 * SS_SECOND;
    world_tick(f->world, f->now, 100); /* even its tombstone is forgotten */
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_ERR_CONFLICT);
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_OK); /* an edit wins */
    expect_cell(f, 0, "trade", "a", "{\"x\":3}", 4);
}

static void custom_is_validated(void **state) {
    struct fixture *f = *state;
    park(f, "trade", "{\"x\":1}", "{\"x\":2}", "{\"x\":3}");
    static char big[64 * 1024 + 1];
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "{", 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, big, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "{\"x\":9}", 8, true), SS_OK);
    expect_cell(f, 0, "trade", "a", "{\"x\":9}", 3);
}

static void who_may(void **state) {
    struct fixture *f = *state;
    park(f, "trade", "{}", "{\"x\":2}", "{\"x\":3}"); /* resolve: writer */
    struct parked_view view;
    size_t total;
    assert_int_equal(world_conflict(f->world, id, 8, false, &view), SS_ERR_DENIED);
    assert_int_equal(world_conflict(f->world, id, 7, false, &view), SS_OK);
    assert_int_equal(world_conflicts(f->world, 8, false, bytes_of(""), 0, &view, 1, &total), 0);
    assert_int_equal(world_conflicts(f->world, 8, true, bytes_of("trade"), 0, &view, 1, &total), 1);
    assert_int_equal(world_conflicts(f->world, 8, true, bytes_of("keep"), 0, &view, 1, &total), 0);
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 8, false), SS_ERR_DENIED);
    assert_int_equal(resolve(f, id, STRATEGY_UNKNOWN, NULL, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, (enum strategy)5, NULL, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 9, true), SS_OK);
    id[15] ^= 1;
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 9, true), SS_ERR_NOT_FOUND);
    put(f, 7, "manual", "b", "x", 0); /* resolve: owner */
    struct update update = update_of(8, "manual", "b", "y", 0);
    update.owner = 7;
    send(f, &update);
    memcpy(id, f->out.conflict.id, sizeof id);
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 8, false), SS_ERR_DENIED);
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_OK);
    assert_int_equal(f->resolved.writer, 8);
    struct cell_view cell;
    world_get(f->world, 7, bytes_of("manual"), bytes_of("b"), &cell);
    assert_int_equal(cell.writer, 8);
}

static void expires_into_keep_old(void **state) {
    struct fixture *f = *state;
    park(f, "manual", "one", "two", "three");
    struct resolved expired;
    f->now += 24 * 3600 * SS_SECOND - 1;
    world_tick(f->world, f->now, 100);
    assert_false(world_expired(f->world, &expired));
    world_tick(f->world, ++f->now, 100);
    assert_true(world_expired(f->world, &expired));
    assert_int_equal(expired.conflict.strategy, STRATEGY_KEEP_OLD);
    assert_int_equal(expired.writer, 7);
    expect_bytes(expired.state, "two");
    assert_memory_equal(expired.conflict.id, id, sizeof id);
    assert_false(world_expired(f->world, &expired));
    assert_int_equal(resolve(f, id, STRATEGY_LAST_WRITE_WINS, NULL, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 7, false), SS_OK);
    struct parked_view view;
    assert_int_equal(world_conflict(f->world, id, 7, false, &view), SS_OK);
    assert_true(view.decided);
    f->now += 600 * SS_SECOND;
    world_tick(f->world, f->now, 100);
    assert_int_equal(resolve(f, id, STRATEGY_KEEP_OLD, NULL, 7, false), SS_ERR_NOT_FOUND);
}

static void decided_ones_are_bounded(void **state) {
    struct fixture *f = *state;
    uint8_t ids[5][CONFLICT_ID_SIZE];
    fixture_close(f);
    fixture_prepare(f);
    f->config.parked_max = 3;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
    put(f, 7, "manual", "a", "one", 0);
    for (int i = 0; i < 5; i++) {
        put(f, 7, "manual", "a", "x", 0);
        assert_true(f->out.conflict.parked);
        memcpy(ids[i], f->out.conflict.id, sizeof *ids);
        assert_int_equal(resolve(f, ids[i], STRATEGY_KEEP_OLD, NULL, 7, false), SS_OK);
    }
    assert_int_equal(resolve(f, ids[1], STRATEGY_KEEP_OLD, NULL, 7, false), SS_ERR_NOT_FOUND);
    assert_int_equal(resolve(f, ids[2], STRATEGY_KEEP_OLD, NULL, 7, false), SS_OK);
}

static void never_breaks_invariants(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"hp\":60,\"name\":\"a\"}", 0);
    put(f, 7, "merge", "a", "{\"hp\":60,\"name\":\"b\"}", 1);
    put(f, 7, "merge", "a", "{\"hp\":10,\"name\":\"c\"}", 1);
    memcpy(id, f->out.conflict.id, sizeof id);
    put(f, 7, "merge", "a", "{\"hp\":20,\"name\":\"a\"}", 2);
    assert_int_equal(resolve(f, id, STRATEGY_MERGE, NULL, 7, false), SS_ERR_INVALID);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "{\"hp\":101}", 7, false), SS_ERR_CONFLICT);
    assert_int_equal(resolve(f, id, STRATEGY_MANUAL, "{\"hp\":101}", 7, false), SS_ERR_INVALID);
    expect_cell(f, 7, "merge", "a", "{\"hp\":20,\"name\":\"a\"}", 3);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(last_write_wins),         T(keep_old),
        T(moved_on_fails_once),     T(merge),
        T(merge_is_not_for_all),    T(present_may_be_gone),
        T(custom_is_validated),     T(who_may),
        T(expires_into_keep_old),   T(decided_ones_are_bounded),
        T(never_breaks_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
