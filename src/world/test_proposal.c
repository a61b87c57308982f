/* SPDX-License-Identifier: Apache-2.0 */
#include "world/fixture.h"

static void waits_and_is_accepted(void **state) {
    (void)state;
    struct fixture f;
    struct proposal_view views[2];
    struct cell_view cell;
    fixture_open(&f);
    uint64_t before = world_digest(f.world);
    assert_int_equal(put(&f, 7, "propose", "a", "x", 0), RESULT_CONFLICT);
    assert_true(f.out.proposal != 0 && f.out.conflict.requires_manual);
    assert_false(f.out.conflict.parked);
    assert_int_equal(f.out.conflict.strategy, STRATEGY_MANUAL);
    assert_true(f.out.absent && f.out.corrected);
    uint64_t id = f.out.proposal;
    assert_int_equal(world_digest(f.world), before); /* invisible until then */
    assert_false(world_get(f.world, 7, bytes_of("propose"), bytes_of("a"), &cell));
    assert_int_equal(world_proposals(f.world, views, 2), 1);
    expect_bytes(views[0].update.state, "x");
    assert_int_equal(views[0].update.player, 7);
    assert_int_equal(world_decide(f.world, id + 1, true, NULL, f.now, &f.out), SS_ERR_NOT_FOUND);
    assert_int_equal(world_decide(f.world, id, true, NULL, f.now, &f.out), SS_OK);
    assert_int_equal(f.out.result, RESULT_SUCCESS);
    expect_cell(&f, 7, "propose", "a", "x", 1);
    assert_int_equal(world_decide(f.world, id, true, NULL, f.now, &f.out), SS_ERR_NOT_FOUND);
    fixture_close(&f);
}

static void changed_or_rejected(void **state) {
    (void)state;
    struct fixture f;
    struct bytes changed = bytes_of("y");
    fixture_open(&f);
    put(&f, 7, "propose", "a", "x", 0);
    world_decide(f.world, f.out.proposal, true, &changed, f.now, &f.out);
    expect_cell(&f, 7, "propose", "a", "y", 1);
    put(&f, 7, "propose", "a", NULL, 1);
    world_decide(f.world, f.out.proposal, false, NULL, f.now, &f.out);
    expect_cell(&f, 7, "propose", "a", "y", 1);
    put(&f, 7, "propose", "a", "z", 1);
    uint64_t late = f.out.proposal;
    struct update update = update_of(7, "propose", "a", "server", 1);
    update.server = true;
    assert_int_equal(send(&f, &update), RESULT_SUCCESS); /* servers need no verdict */
    world_decide(f.world, late, true, NULL, f.now, &f.out);
    assert_int_equal(f.out.conflict.type, CONFLICT_VERSION_MISMATCH);
    fixture_close(&f);
}

static void bounded(void **state) {
    (void)state;
    struct fixture f;
    fixture_prepare(&f);
    f.config.proposals_max = 2;
    assert_int_equal(world_create(&f.world, &memory_heap, &f.config, f.now), SS_OK);
    put(&f, 7, "propose", "a", "x", 0);
    put(&f, 7, "propose", "b", "x", 0);
    assert_int_equal(put(&f, 7, "propose", "c", "x", 0), RESULT_ERROR);
    assert_int_equal(f.out.status, SS_ERR_UNAVAILABLE);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_and_is_accepted),
        cmocka_unit_test(changed_or_rejected),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
