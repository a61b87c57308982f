/* SPDX-License-Identifier: Apache-2.0 */
#include "world/idempotency.h"

#include "world/fixture.h"

static enum result put_once(struct fixture *f, uint64_t player, const char *key, const char *state,
                            const char *once) {
    struct update update = update_of(player, "keep", key, state, 0);
    update.idempotency_key = bytes_of(once);
    return send(f, &update);
}

static void first_answer_again(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(put_once(&f, 7, "a", "x", "k"), RESULT_SUCCESS);
    assert_false(f.out.replayed);
    uint64_t request = f.out.request_id, digest = world_digest(f.world);
    put(&f, 7, "keep", "a", "y", 1);
    assert_int_equal(put_once(&f, 7, "a", "x", "k"), RESULT_SUCCESS);
    assert_true(f.out.replayed);
    assert_int_equal(f.out.request_id, request);
    assert_int_equal(f.out.version, 1);
    expect_bytes(f.out.state, "x");
    assert_int_equal(clock_get(f.out.clock, 0xabc), 1);
    expect_cell(&f, 7, "keep", "a", "y", 2);
    assert_true(world_digest(f.world) != digest);
    assert_int_equal(put_once(&f, 8, "a", "x", "k"), RESULT_SUCCESS); /* another player's key */
    assert_false(f.out.replayed);
    fixture_close(&f);
}

/* A delta whose base is not kept: the first answer still counts; without one it is STALE, and that
 * is an answer like any other. */
static void without_a_base(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(put_once(&f, 7, "a", "x", "k"), RESULT_SUCCESS);
    struct update lost = update_of(7, "keep", "a", "", 1);
    lost.base_missing = true;
    lost.idempotency_key = bytes_of("k");
    assert_int_equal(send(&f, &lost), RESULT_SUCCESS);
    assert_true(f.out.replayed);
    expect_bytes(f.out.state, "x");
    lost.idempotency_key = bytes_of("other");
    for (int again = 0; again < 2; again++) {
        assert_int_equal(send(&f, &lost), RESULT_STALE);
        assert_int_equal(f.out.replayed, again);
        assert_non_null(f.out.message);
        expect_bytes(f.out.state, "x");
        assert_int_equal(f.out.version, 1);
    }
    assert_int_equal(put_once(&f, 7, "a", "y", "other"), RESULT_ERROR);
    struct outcome outcomes[2];
    struct update batch[2] = {update_of(7, "keep", "b", "new", 0), lost};
    batch[1].idempotency_key = (struct bytes){NULL, 0};
    world_batch(f.world, batch, 2, (struct bytes){NULL, 0}, f.now, outcomes);
    assert_int_equal(outcomes[0].result, RESULT_CONFLICT);
    assert_int_equal(outcomes[1].result, RESULT_STALE);
    struct cell_view view;
    assert_false(world_get(f.world, 7, bytes_of("keep"), bytes_of("b"), &view));
    fixture_close(&f);
}

static void other_content(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct update base = update_of(7, "keep", "a", "x", 0);
    base.idempotency_key = bytes_of("k");
    send(&f, &base);
    struct update others[7];
    for (int i = 0; i < 7; i++)
        others[i] = base;
    struct context_entry entry = {1, 1};
    others[0].state = bytes_of("y");
    others[1].key = bytes_of("b");
    others[2].category = bytes_of("pos");
    others[3].expected_version = 1;
    others[4].delete = true;
    others[5].must_not_exist = true;
    others[6].context = (struct context){&entry, 1, false, true};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(send(&f, &others[i]), RESULT_ERROR);
        assert_int_equal(f.out.status, SS_ERR_INVALID);
    }
    base.origin = 9; /* which stream it comes on does not matter */
    base.latency_ms = 9;
    assert_int_equal(send(&f, &base), RESULT_SUCCESS);
    assert_true(f.out.replayed);
    fixture_close(&f);
}

/* Conflicts come back whole. */
static void conflicts_too(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    put(&f, 7, "merge", "a", "{\"x\":1,\"name\":1}", 0);
    put(&f, 7, "merge", "a", "{\"x\":2,\"name\":2}", 1);
    struct update update = update_of(7, "merge", "a", "{\"x\":3,\"name\":1}", 1);
    update.idempotency_key = bytes_of("merged");
    assert_int_equal(send(&f, &update), RESULT_SUCCESS);
    assert_int_equal(send(&f, &update), RESULT_SUCCESS);
    assert_true(f.out.replayed);
    assert_int_equal(f.out.conflict.strategy, STRATEGY_MERGE);
    assert_int_equal(f.out.conflict.base_version, 1);
    assert_string_equal((const char *)f.out.conflict.overwritten->text.data, "/x");
    expect_bytes(f.out.conflict.old_state, "{\"x\":2,\"name\":2}");
    expect_bytes(f.out.correction, "{\"name\":2}");
    update.state = bytes_of("{\"name\":9}");
    update.idempotency_key = bytes_of("parked");
    send(&f, &update);
    assert_true(f.out.conflict.parked);
    uint8_t id[CONFLICT_ID_SIZE];
    memcpy(id, f.out.conflict.id, sizeof id);
    send(&f, &update);
    assert_true(f.out.replayed && f.out.conflict.parked);
    assert_memory_equal(f.out.conflict.id, id, sizeof id);
    update = update_of(7, "propose", "a", "x", 0);
    update.idempotency_key = bytes_of("proposed");
    send(&f, &update);
    uint64_t proposal = f.out.proposal;
    send(&f, &update);
    assert_int_equal(f.out.proposal, proposal);
    struct proposal_view views[2];
    assert_int_equal(world_proposals(f.world, views, 2), 1);
    fixture_close(&f);
}

static void errors_are_not_remembered(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct update update = update_of(7, "merge", "a", "{", 0);
    update.idempotency_key = bytes_of("k");
    assert_int_equal(send(&f, &update), RESULT_ERROR);
    update.state = bytes_of("{}");
    assert_int_equal(send(&f, &update), RESULT_SUCCESS);
    assert_false(f.out.replayed);
    fixture_close(&f);
}

static void forgotten_in_time(void **state) {
    (void)state;
    struct fixture f;
    char once[16];
    fixture_prepare(&f);
    f.config.keys_per_player = 10;
    assert_int_equal(world_create(&f.world, &memory_heap, &f.config, f.now), SS_OK);
    for (int i = 0; i < 15; i++) {
        snprintf(once, sizeof once, "k%d", i);
        put_once(&f, 7, once, "x", once);
    }
    assert_null(key_find(f.world, 7, bytes_of("k4")));
    assert_non_null(key_find(f.world, 7, bytes_of("k5")));
    assert_int_equal(owner_find(f.world, 7)->key_count, 10);
    world_tick(f.world, f.now + 600 * SS_SECOND - 1, 1000);
    assert_non_null(key_find(f.world, 7, bytes_of("k5")));
    world_tick(f.world, f.now + 600 * SS_SECOND, 3); /* three a tick */
    assert_null(key_find(f.world, 7, bytes_of("k7")));
    assert_non_null(key_find(f.world, 7, bytes_of("k8")));
    world_tick(f.world, f.now, 1000);
    assert_int_equal(owner_find(f.world, 7)->key_count, 0);
    fixture_close(&f);
}

static void answers_are_bounded_in_bytes(void **state) {
    (void)state;
    struct fixture f;
    static char big[60001];
    char once[16];
    memset(big, 'x', 60000);
    fixture_prepare(&f);
    f.config.bytes_per_player = 8 * 200000;
    assert_int_equal(world_create(&f.world, &memory_heap, &f.config, f.now), SS_OK);
    for (int i = 0; i < 8; i++) {
        snprintf(once, sizeof once, "k%d", i);
        assert_int_equal(put_once(&f, 7, once, big, once), RESULT_SUCCESS);
        assert_true(owner_find(f.world, 7)->key_bytes <= 200000);
    }
    assert_int_equal(owner_find(f.world, 7)->key_count, 3);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_answer_again),
        cmocka_unit_test(other_content),
        cmocka_unit_test(without_a_base),
        cmocka_unit_test(conflicts_too),
        cmocka_unit_test(errors_are_not_remembered),
        cmocka_unit_test(forgotten_in_time),
        cmocka_unit_test(answers_are_bounded_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
