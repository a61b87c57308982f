/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/rig.h"

#include "base/failing.h"
#include "journal/inside.h"

/* What a second life would be is what the first one is. */
static void expect_same(struct rig *rig) {
    struct fixture again[RIG_WORLDS];
    int status = rig_recover(rig, again);
    if (status != SS_OK) print_error("%s\n", rig->why);
    assert_int_equal(status, SS_OK);
    assert_int_equal(rig_promises(again), rig_promises(rig->worlds));
    rig_forget(again);
}

static void live_on(struct rig *rig, int turns, int check_every, bool small) {
    for (int i = 0; i < turns; i++) {
        rig_live(rig, small);
        assert_int_equal(rig_commit(rig), SS_OK);
        if (i % check_every == 0) expect_same(rig);
    }
}

static void at_every_step_nothing_is_lost(void **state) {
    (void)state;
    struct rig rig;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        rig_open(&rig, seed);
        rig.config.checkpoint_bytes = seed % 2 ? 4000 : 60000;
        assert_int_equal(rig_open_journal(&rig), SS_OK);
        live_on(&rig, 400, 3, seed % 3 == 0);
        struct journal_stats stats;
        assert_int_equal(journal_stats(rig.journal, &stats), SS_OK);
        assert_true(stats.checkpoints > (seed % 2 ? 3 : 0));
        assert_true(stats.cells > 0);
        rig_close(&rig);
    }
}

/* The memory of a round is lost with the process; its traces on disk are not. */
static void a_round_that_was_cut_off_begins_again(void **state) {
    (void)state;
    struct rig rig;
    for (uint64_t seed = 11; seed <= 16; seed++) {
        rig_open(&rig, seed);
        rig.config.checkpoint_bytes = 20000;
        assert_int_equal(rig_open_journal(&rig), SS_OK);
        for (int i = 0; i < 60; i++) {
            live_on(&rig, 1 + (int)random_below(&rig.random, 20), 50, false);
            journal_close(rig.journal);
            assert_int_equal(rig_open_journal(&rig), SS_OK);
            expect_same(&rig);
        }
        rig_close(&rig);
    }
}

static void settled_everything_stands_in_tables(void **state) {
    (void)state;
    struct rig rig;
    struct journal_stats stats;
    rig_open(&rig, 21);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_int_equal(journal_step(rig.journal), SS_ERR_AGAIN);
    for (int i = 0; i < 5; i++) {
        live_on(&rig, 100, 50, false);
        assert_int_equal(journal_settle(rig.journal, NULL), SS_OK);
        assert_int_equal(journal_stats(rig.journal, &stats), SS_OK);
        assert_int_equal(stats.groups, 0);
        assert_int_equal(stats.group_bytes, 0);
        assert_int_equal(stats.last_group, 100 * (i + 1));
        assert_int_equal(stats.log_bytes, 0);
        struct world_stats worlds[RIG_WORLDS];
        for (int w = 0; w < RIG_WORLDS; w++)
            world_stats(rig.worlds[w].world, &worlds[w]);
        assert_int_equal(stats.cells, worlds[0].cells + worlds[1].cells + worlds[0].tombstones +
                                          worlds[1].tombstones);
        expect_same(&rig);
    }
    rig_close(&rig);
}

struct told {
    uint64_t times, last;
};

static void note_progress(void *context, const char *phase, uint64_t done, uint64_t total) {
    struct told *told = context;
    (void)phase;
    assert_true(done <= total && total > 0);
    assert_true(done >= told->last || done * 4 <= total); /* a next round */
    told->last = done;
    told->times++;
}

/* As after many short lives: the limit is passed many times over when it is first looked at. */
static void groups_that_piled_up_go_at_once(void **state) {
    (void)state;
    struct rig rig;
    struct journal_stats stats;
    struct told told = {0};
    struct progress progress = {note_progress, &told};
    rig_open(&rig, 23);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    live_on(&rig, 300, 300, false);
    assert_int_equal(journal_stats(rig.journal, &stats), SS_OK);
    journal_close(rig.journal);
    rig.config.checkpoint_bytes = stats.group_bytes / 2;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_false(journal_overdue(rig.journal));
    journal_close(rig.journal);
    rig.config.checkpoint_bytes = stats.group_bytes / 20;
    rig.config.groups_per_step = 1;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_true(journal_overdue(rig.journal));
    assert_int_equal(journal_settle(rig.journal, &progress), SS_OK);
    assert_false(journal_overdue(rig.journal));
    assert_true(told.times > 3 && told.last > 0);
    assert_int_equal(journal_stats(rig.journal, &stats), SS_OK);
    assert_int_equal(stats.groups, 0);
    assert_true(stats.checkpoints >= 3); /* no round held more than four times the limit, or so */
    expect_same(&rig);
    rig_close(&rig);
}

/* Tombstones that were forgotten are remembered as forgotten: tokens from before are refused. */
static void forgotten_tombstones_stay_forgotten(void **state) {
    (void)state;
    struct rig rig;
    struct fixture again[RIG_WORLDS];
    rig_open(&rig, 31);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    live_on(&rig, 300, 300, true);
    assert_int_equal(journal_settle(rig.journal, NULL), SS_OK);
    assert_int_equal(rig_recover(&rig, again), SS_OK);
    for (int i = 0; i < RIG_WORLDS; i++) {
        assert_true(rig.worlds[i].world->forgotten > 0);
        assert_true(again[i].world->forgotten >= rig.worlds[i].world->forgotten);
    }
    rig_forget(again);
    rig_close(&rig);
}

/* A world that goes on after a recovery can be recovered again. */
static void lives_follow_each_other(void **state) {
    (void)state;
    struct rig rig;
    rig_open(&rig, 41);
    rig.config.checkpoint_bytes = 30000;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    for (int life = 0; life < 20; life++) {
        struct fixture *again = calloc(RIG_WORLDS, sizeof *again);
        live_on(&rig, 37, 37, false);
        journal_close(rig.journal);
        assert_int_equal(rig_open_journal(&rig), SS_OK);
        assert_int_equal(rig_recover(&rig, again), SS_OK);
        for (int i = 0; i < RIG_WORLDS; i++) {
            again[i].now = rig.worlds[i].now;
            assert_int_equal(world_recovered(again[i].world), SS_OK);
        }
        rig_forget(rig.worlds);
        free(rig.worlds);
        rig.worlds = again;
    }
    live_on(&rig, 1, 1, false);
    rig_close(&rig);
}

/* An integer with a sign orders players of the upper half first; clocks of several nodes are texts.
 */
static void extreme_numbers_come_back(void **state) {
    (void)state;
    struct rig rig;
    rig_open(&rig, 51);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    struct fixture *f = &rig.worlds[0];
    static const uint64_t players[] = {1, UINT64_MAX, (uint64_t)1 << 63, INT64_MAX, 2};
    live_on(&rig, 3, 1, false);
    for (int round = 0; round < 3; round++) {
        enum durability strongest;
        for (size_t i = 0; i < sizeof players / sizeof *players; i++) {
            put(f, players[i], "pos", "weird \x01 '\" key", round == 2 && i == 1 ? NULL : "", 0);
            put(f, players[i], "keep", "k", "abc", 0);
        }
        buffer_clear(&rig.group);
        group_add(&rig.group, 0, world_effects(f->world, &strongest));
        world_effects_clear(f->world);
        assert_int_equal(rig_commit(&rig), SS_OK);
        f->world->nodes[0] = 0xf000000000000000u + (uint64_t)round; /* another node takes over */
        assert_int_equal(journal_settle(rig.journal, NULL), SS_OK);
        expect_same(&rig);
    }
    rig_close(&rig);
}

static bool survive(struct failing *failing) {
    struct rig rig;
    struct memory memory = failing_memory(failing);
    bool whole = true;
    rig_open(&rig, 61);
    rig.config.memory = &memory;
    rig.config.checkpoint_bytes = 3000;
    int status = rig_open_journal(&rig);
    for (int i = 0; i < 40 && status == SS_OK; i++) {
        rig_live(&rig, true);
        while ((status = rig_commit(&rig)) == SS_ERR_NOMEM)
            whole = false;
        /* A round that fails while it is rolled back ends the journal, never the data. */
        if (status != SS_OK) assert_int_equal(status, SS_ERR_IO);
    }
    if (status == SS_OK) {
        struct fixture again[RIG_WORLDS];
        status = rig_recover(&rig, again);
        if (status == SS_OK) assert_int_equal(rig_promises(again), rig_promises(rig.worlds));
        rig_forget(again);
    }
    whole = whole && status == SS_OK;
    rig_close(&rig);
    assert_int_equal(failing->live, 0);
    return whole;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        if (survive(&failing) && failing.calls < n) return;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_step_nothing_is_lost),
        cmocka_unit_test(a_round_that_was_cut_off_begins_again),
        cmocka_unit_test(settled_everything_stands_in_tables),
        cmocka_unit_test(groups_that_piled_up_go_at_once),
        cmocka_unit_test(forgotten_tombstones_stay_forgotten),
        cmocka_unit_test(lives_follow_each_other),
        cmocka_unit_test(extreme_numbers_come_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
