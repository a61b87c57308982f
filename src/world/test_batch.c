/* SPDX-License-Identifier: Apache-2.0 */
#include "world/fixture.h"

static struct outcome outs[WORLD_ATOMIC_MAX + 1];

static int setup(void **state) {
    static struct fixture fixture;
    fixture_prepare(&fixture);
    fixture.config.keep_effects = true;
    assert_int_equal(world_create(&fixture.world, &memory_heap, &fixture.config, fixture.now),
                     SS_OK);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_close(*state);
    return 0;
}

/* Everything that must not have moved when a batch failed. */
struct mark {
    uint64_t digest, seq, updates;
    size_t effects;
};

static struct mark mark(const struct fixture *f) {
    struct world_stats stats;
    enum durability strongest;
    world_stats(f->world, &stats);
    return (struct mark){world_digest(f->world), stats.seq, stats.updates,
                         world_effects(f->world, &strongest).size};
}

static void expect_unmoved(const struct fixture *f, struct mark before) {
    struct mark now = mark(f);
    assert_memory_equal(&now, &before, sizeof now);
}

static void batch(struct fixture *f, const struct update *updates, size_t count, const char *key) {
    world_batch(f->world, updates, count, bytes_of(key), f->now, outs);
}

static void all(void **state) {
    struct fixture *f = *state;
    struct update updates[] = {update_of(7, "pos", "a", "1", 0), update_of(7, "keep", "b", "2", 0),
                               update_of(7, "pos", "a", "3", 1), update_of(7, "pos", "c", NULL, 0)};
    batch(f, updates, 4, "");
    for (int i = 0; i < 4; i++)
        assert_int_equal(outs[i].result, RESULT_SUCCESS);
    assert_int_equal(outs[0].version, 1);
    assert_int_equal(outs[2].version, 2); /* it saw the first */
    expect_bytes(outs[0].state, "1");
    assert_int_equal(clock_get(outs[0].clock, 0xabc), 1);
    expect_bytes(outs[2].state, "3");
    expect_cell(f, 7, "pos", "a", "3", 2);
    enum durability strongest;
    assert_true(world_effects(f->world, &strongest).size > 0);
    assert_int_equal(strongest, DURABILITY_SYNC);
}

static void nothing(void **state) {
    struct fixture *f = *state;
    put(f, 7, "pos", "a", "old", 0);
    put(f, 7, "pos", "z", "old", 0);
    put(f, 7, "pos", "dead", "old", 0);
    put(f, 7, "pos", "dead", NULL, 0);
    struct mark before = mark(f);
    struct update updates[] = {
        update_of(7, "pos", "a", "1", 1),    update_of(7, "pos", "a", "2", 0),
        update_of(7, "fresh", "b", "3", 0),  update_of(7, "pos", "dead", "4", 0),
        update_of(7, "pos", "a", NULL, 0),   update_of(7, "pos", "a", "5", 0),
        update_of(7, "pos", "a", "late", 1),
    };
    batch(f, updates, 7, "");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(outs[i].result, RESULT_CONFLICT);
        assert_non_null(strstr(outs[i].conflict.reason, "another update"));
    }
    assert_int_equal(outs[6].result, RESULT_CONFLICT); /* although last write wins */
    assert_int_equal(outs[6].conflict.type, CONFLICT_VERSION_MISMATCH);
    expect_bytes(outs[6].state, "old");
    assert_int_equal(outs[6].version, 1);
    expect_unmoved(f, before);
    expect_cell(f, 7, "pos", "a", "old", 1);
    put(f, 7, "pos", "a", "next", 0);
    assert_int_equal(f->out.version, 2); /* no version was consumed */
}

static void two_who_loot_one_sword(void **state) {
    struct fixture *f = *state;
    put(f, 1, "trade", "chest", "{\"sword\":1}", 0);
    struct update first[] = {update_of(1, "trade", "chest", NULL, 1),
                             update_of(1, "keep", "bag", "sword", 0)};
    struct update second[] = {update_of(2, "trade", "chest", NULL, 1),
                              update_of(2, "keep", "bag", "sword", 0)};
    batch(f, first, 2, "");
    assert_int_equal(outs[0].result, RESULT_SUCCESS);
    struct mark before = mark(f);
    batch(f, second, 2, "");
    assert_int_equal(outs[0].result, RESULT_STALE);
    assert_int_equal(outs[1].result, RESULT_CONFLICT);
    expect_unmoved(f, before);
}

static void refuses(void **state) {
    struct fixture *f = *state;
    struct update updates[] = {update_of(7, "pos", "a", "1", 0), update_of(7, "", "b", "2", 0),
                               update_of(7, "server", "a", "3", 0)};
    struct mark before = mark(f);
    batch(f, updates, 3, "");
    assert_int_equal(outs[0].result, RESULT_CONFLICT);
    assert_int_equal(outs[1].status, SS_ERR_INVALID);
    assert_int_equal(outs[2].status, SS_ERR_DENIED);
    struct update mixed[] = {update_of(7, "pos", "a", "1", 0), update_of(7, "memory", "b", "2", 0)};
    batch(f, mixed, 2, "");
    assert_int_equal(outs[0].status, SS_ERR_INVALID);
    assert_int_equal(outs[1].status, SS_ERR_INVALID);
    mixed[1] = update_of(7, "pos", "b", "2", 0);
    mixed[1].idempotency_key = bytes_of("k");
    batch(f, mixed, 2, "");
    assert_int_equal(outs[1].status, SS_ERR_INVALID);
    static struct update many[WORLD_ATOMIC_MAX + 1];
    for (size_t i = 0; i <= WORLD_ATOMIC_MAX; i++)
        many[i] = update_of(7, "pos", "a", "x", 0);
    batch(f, many, WORLD_ATOMIC_MAX + 1, "");
    assert_int_equal(outs[WORLD_ATOMIC_MAX].status, SS_ERR_TOO_LARGE);
    expect_unmoved(f, before);
    batch(f, many, WORLD_ATOMIC_MAX, "");
    for (uint32_t i = 0; i < WORLD_ATOMIC_MAX; i++)
        assert_int_equal(outs[i].version, i + 1);
    expect_bytes(outs[0].state, "x"); /* long out of the history */
    assert_int_equal(clock_get(outs[0].clock, 0xabc), 1);
    struct cell_view views[100];
    assert_int_equal(world_history(f->world, 7, bytes_of("pos"), bytes_of("a"), views, 100), 64);
}

static void parks_and_proposes_nothing(void **state) {
    struct fixture *f = *state;
    put(f, 7, "manual", "a", "x", 0);
    struct update updates[] = {update_of(7, "pos", "a", "1", 0),
                               update_of(7, "manual", "a", "y", 0)};
    struct mark before = mark(f);
    batch(f, updates, 2, "");
    assert_int_equal(outs[1].result, RESULT_CONFLICT);
    assert_false(outs[1].conflict.parked);
    updates[1] = update_of(7, "propose", "a", "y", 0);
    batch(f, updates, 2, "");
    assert_int_equal(outs[1].result, RESULT_CONFLICT);
    assert_int_equal(outs[1].proposal, 0);
    struct proposal_view views[1];
    assert_int_equal(world_proposals(f->world, views, 1), 0);
    expect_unmoved(f, before);
}

static void keys(void **state) {
    struct fixture *f = *state;
    struct update updates[] = {update_of(7, "pos", "a", "1", 0), update_of(7, "keep", "b", "2", 0)};
    batch(f, updates, 2, "key");
    assert_int_equal(outs[1].result, RESULT_SUCCESS);
    uint64_t request = outs[1].request_id;
    struct mark before = mark(f);
    batch(f, updates, 2, "key");
    assert_true(outs[0].replayed && outs[1].replayed);
    assert_int_equal(outs[1].request_id, request);
    expect_bytes(outs[1].state, "2");
    batch(f, updates, 1, "key");
    assert_int_equal(outs[0].result, RESULT_ERROR);
    expect_unmoved(f, before);
    batch(f, updates, 2, "other"); /* keep/b exists now: a failure is remembered too */
    assert_int_equal(outs[1].result, RESULT_CONFLICT);
    put(f, 7, "keep", "b", NULL, 1);
    batch(f, updates, 2, "other");
    assert_int_equal(outs[1].result, RESULT_CONFLICT);
    assert_true(outs[1].replayed);
    assert_string_equal(outs[0].conflict.reason, "another update of the batch failed");
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(all),  T(nothing), T(two_who_loot_one_sword), T(refuses), T(parks_and_proposes_nothing),
        T(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
