/* SPDX-License-Identifier: Apache-2.0 */
/* The journal against every misfortune of its disk, one at a time: what was acknowledged is there.
 */
#include "journal/rig.h"

#include <sqlite3.h>
#include <stdlib.h>

#define GROUPS 30

/* What the worlds promised after each group. */
struct model {
    uint64_t promises[GROUPS + 1];
    uint64_t acknowledged, attempted;
};

static void prepare(struct rig *rig, struct model *model, uint64_t seed) {
    rig_open(rig, seed);
    rig->config.checkpoint_bytes = 1500;
    rig->config.log_pages_max = 30;
    rig->config.ballast_bytes = 4096;
    *model = (struct model){.promises = {rig_promises(rig->worlds)}};
}

/* One life: until the end, or until the journal refuses for good. */
static int live(struct rig *rig, struct model *model, int patience) {
    int status = rig_open_journal(rig);
    for (uint64_t group = 1; group <= GROUPS && status == SS_OK; group++) {
        rig_live(rig, true);
        model->promises[group] = rig_promises(rig->worlds);
        model->attempted = group;
        struct bytes bytes = buffer_view(&rig->group);
        for (int i = 0; (status = journal_commit(rig->journal, bytes, EPOCH)) && i < patience; i++)
            if (status != SS_ERR_UNAVAILABLE) break;
        if (status != SS_OK) break;
        model->acknowledged = group;
        status = journal_tidy(rig->journal);
        if (status == SS_ERR_UNAVAILABLE) status = SS_OK; /* another time */
    }
    return status;
}

/* After a restart nothing acknowledged is missing, and nothing is there that never was. */
static void expect_promised(struct rig *rig, const struct model *model) {
    struct fixture again[RIG_WORLDS];
    int status = rig_open_journal(rig);
    if (status != SS_OK) print_error("%s\n", rig->why);
    assert_int_equal(status, SS_OK);
    uint64_t last = journal_last(rig->journal);
    assert_in_range(last, model->acknowledged, model->attempted);
    status = rig_recover(rig, again);
    if (status != SS_OK) print_error("%s\n", rig->why);
    assert_int_equal(status, SS_OK);
    if (last == 0) {
        assert_int_equal(again[0].world->seq + again[1].world->seq, 0);
    } else {
        assert_int_equal(rig_promises(again), model->promises[last]);
    }
    rig_forget(again);
}

static uint64_t calls_of_a_life(void) {
    struct rig rig;
    struct model model;
    prepare(&rig, &model, 5);
    assert_int_equal(live(&rig, &model, 0), SS_OK);
    struct journal_stats stats;
    assert_int_equal(journal_stats(rig.journal, &stats), SS_OK);
    assert_true(stats.checkpoints > 1);
    uint64_t calls = fault_vfs_counts(rig.disk).calls;
    rig_close(&rig);
    return calls;
}

static void meet(enum fault fault, uint64_t at, bool stays, enum crash crash) {
    struct rig rig;
    struct model model;
    prepare(&rig, &model, 5);
    fault_vfs_plan(rig.disk, fault, at, stays);
    int status = live(&rig, &model, 0);
    if (rig.journal && status != SS_OK && status != SS_ERR_UNAVAILABLE)
        assert_int_equal(journal_commit(rig.journal, buffer_view(&rig.group), 0), status);
    journal_close(rig.journal);
    rig.journal = NULL;
    fault_vfs_restart(rig.disk, crash);
    expect_promised(&rig, &model);
    rig_close(&rig);
}

static void every_call_may_fail(void **state) {
    (void)state;
    uint64_t calls = calls_of_a_life();
    for (uint64_t n = 1; n <= calls; n++)
        meet(FAULT_IO, n, false, n % 2 ? CRASH_MIX : CRASH_LOSE);
}

static void the_disk_may_be_full_at_every_call(void **state) {
    (void)state;
    uint64_t calls = calls_of_a_life();
    for (uint64_t n = 1; n <= calls; n++)
        meet(FAULT_FULL, n, n % 2 != 0, n % 3 ? CRASH_KEEP : CRASH_MIX);
}

static void the_power_may_go_at_every_call(void **state) {
    (void)state;
    uint64_t calls = calls_of_a_life();
    for (uint64_t n = 1; n <= calls; n++) {
        meet(FAULT_CRASH, n, true, CRASH_MIX);
        meet(FAULT_CRASH, n, true, CRASH_LOSE);
        if (n % 5 == 0) meet(FAULT_CRASH, n, true, CRASH_KEEP);
    }
}

/* Power cuts one after the other, also while the last one is recovered from. */
static void power_cuts_follow_each_other(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rig rig;
        struct model model;
        prepare(&rig, &model, seed);
        fault_vfs_plan(rig.disk, FAULT_CRASH, 40 + random_below(&rig.random, 900), true);
        (void)live(&rig, &model, 0);
        for (int i = 0; i < 5; i++) {
            journal_close(rig.journal);
            rig.journal = NULL;
            fault_vfs_restart(rig.disk, CRASH_MIX);
            fault_vfs_plan(rig.disk, FAULT_CRASH, 1 + random_below(&rig.random, 60), true);
            if (rig_open_journal(&rig) == SS_OK) (void)journal_settle(rig.journal, NULL);
        }
        journal_close(rig.journal);
        fault_vfs_restart(rig.disk, CRASH_MIX);
        expect_promised(&rig, &model);
        rig_close(&rig);
    }
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static void on_a_full_disk_the_ballast_goes_first(void **state) {
    (void)state;
    struct rig rig;
    struct model model;
    prepare(&rig, &model, 7);
    rig.config.ballast_bytes = 256 << 10;
    rig.config.checkpoint_bytes = UINT64_MAX;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_false(journal_low(rig.journal));
    fault_vfs_capacity(rig.disk, fault_vfs_used(rig.disk) + 20000);
    int status = SS_OK, groups = 0;
    while (!journal_low(rig.journal) && groups++ < 1000) {
        rig_live(&rig, false);
        assert_int_equal(rig_commit(&rig), SS_OK); /* also the one that met the full disk */
    }
    assert_true(journal_low(rig.journal));
    assert_int_equal(journal_refill(rig.journal), SS_ERR_UNAVAILABLE);
    assert_true(journal_low(rig.journal));
    for (groups = 0; groups < 10000; groups++) {
        rig_live(&rig, false);
        status = rig_commit(&rig);
        if (status != SS_OK) break;
    }
    assert_int_equal(status, SS_ERR_UNAVAILABLE); /* now nothing is left */
    assert_int_equal(rig_commit(&rig), SS_ERR_UNAVAILABLE);
    struct journal_stats stats;
    assert_int_equal(journal_stats(rig.journal, &stats), SS_OK); /* reading goes on */
    fault_vfs_capacity(rig.disk, 0);
    assert_int_equal(rig_commit(&rig), SS_OK);
    assert_int_equal(journal_refill(rig.journal), SS_OK);
    assert_false(journal_low(rig.journal));
    struct fixture again[RIG_WORLDS];
    assert_int_equal(rig_recover(&rig, again), SS_OK);
    assert_int_equal(rig_promises(again), rig_promises(rig.worlds));
    rig_forget(again);
    rig_close(&rig);
}

/* ---- the page cache after a failed sync ------------------------------------------------------ */

/* The call number `at` fails, the process ends, the next one finds what no sync will write any more:
 * what it acknowledges must last all the same. False: there are fewer calls. */
static bool outlives(uint64_t at) {
    struct rig rig;
    struct model model;
    prepare(&rig, &model, 21);
    int status = rig_open_journal(&rig);
    assert_int_equal(status, SS_OK);
    uint64_t before = fault_vfs_counts(rig.disk).calls;
    fault_vfs_plan(rig.disk, FAULT_IO, at, false);
    for (uint64_t group = 1; group <= 6 && status == SS_OK; group++) {
        rig_live(&rig, true);
        model.promises[group] = rig_promises(rig.worlds);
        model.attempted = group;
        status = rig_commit(&rig);
    }
    bool met = fault_vfs_counts(rig.disk).calls >= before + at;
    journal_close(rig.journal);
    fault_vfs_plan(rig.disk, FAULT_NONE, 0, false);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    model.acknowledged = journal_last(rig.journal); /* it may be shown now */
    journal_close(rig.journal);
    fault_vfs_restart(rig.disk, CRASH_LOSE);
    expect_promised(&rig, &model);
    rig_close(&rig);
    return met;
}

static void what_a_start_finds_is_durable(void **state) {
    (void)state;
    uint64_t at = 1;
    while (outlives(at))
        at++;
    assert_true(at > 20);
}

/* ---- flipped bits ---------------------------------------------------------------------------- */

/* A bit is flipped in whatever the dead process left: the journal says that it is damaged, or
 * nothing that matters was hit, and then everything is as it was. */
static bool flip(struct rig *rig, const struct fault_vfs *image, const struct model *model) {
    struct fixture again[RIG_WORLDS];
    bool noticed = true;
    assert_int_equal(fault_vfs_copy(rig->disk, image), SS_OK);
    const char *name = fault_vfs_flip(rig->disk);
    rig->journal = NULL;
    if (rig_open_journal(rig) != SS_OK) return true;
    if (rig_recover(rig, again) == SS_OK) {
        if (journal_last(rig->journal) != model->acknowledged ||
            rig_promises(again) != model->promises[model->acknowledged])
            fail_msg("a flipped bit in %s was not noticed", name);
        noticed = false;
    }
    rig_forget(again);
    journal_close(rig->journal);
    rig->journal = NULL;
    return noticed;
}

static void expect_noticed(uint32_t log_pages_max) {
    const char *wanted = getenv("FLIPS");
    long flips = wanted ? strtol(wanted, NULL, 10) : 2000;
    struct rig rig, victim;
    struct model model;
    uint64_t noticed = 0;
    prepare(&rig, &model, 9);
    rig.config.ballast_bytes = 0; /* so that the bits hit something */
    rig.config.log_pages_max = log_pages_max;
    assert_int_equal(live(&rig, &model, 0), SS_OK);
    fault_vfs_plan(rig.disk, FAULT_CRASH, 1, true); /* no orderly end: the log stays */
    journal_close(rig.journal);
    rig.journal = NULL;
    fault_vfs_restart(rig.disk, CRASH_KEEP);
    rig_open_named(&victim, "victim", 10);
    victim.config.ballast_bytes = 0;
    for (long i = 0; i < flips; i++)
        noticed += flip(&victim, rig.disk, &model);
    print_message("%llu of %ld flips hit data and were refused, the others changed nothing\n",
                  (unsigned long long)noticed, flips);
    assert_true(noticed > (uint64_t)flips / 20);
    rig_close(&victim);
    rig_close(&rig);
}

static void flipped_bits_are_noticed(void **state) {
    (void)state;
    expect_noticed(30);
}

/* Everything stands in the log still, the tables themselves too. */
static void flipped_bits_of_a_young_journal_are_noticed(void **state) {
    (void)state;
    expect_noticed(UINT32_MAX);
}

/* ---- the disk itself ------------------------------------------------------------------------- */

static void equal_seeds_give_equal_disks(void **state) {
    (void)state;
    uint64_t used[2], last[2];
    for (int i = 0; i < 2; i++) {
        struct rig rig;
        struct model model;
        prepare(&rig, &model, 77);
        fault_vfs_plan(rig.disk, FAULT_CRASH, 700, true);
        (void)live(&rig, &model, 0);
        journal_close(rig.journal);
        fault_vfs_restart(rig.disk, CRASH_MIX);
        used[i] = fault_vfs_used(rig.disk);
        expect_promised(&rig, &model);
        last[i] = journal_last(rig.journal) ^ journal_node(rig.journal);
        rig_close(&rig);
    }
    assert_int_equal(used[0], used[1]);
    assert_int_equal(last[0], last[1]);
}

/* ---- deleted names ------------------------------------------------------------------------- */

static sqlite3_file *open_named(sqlite3_vfs *vfs, const char *name, int flags) {
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(file);
    if (vfs->xOpen(vfs, name, file, SQLITE_OPEN_READWRITE | flags, NULL) == SQLITE_OK) return file;
    free(file);
    return NULL;
}

static void write_named(sqlite3_vfs *vfs, const char *name, char letter) {
    sqlite3_file *file = open_named(vfs, name, SQLITE_OPEN_CREATE);
    assert_non_null(file);
    assert_int_equal(file->pMethods->xWrite(file, &letter, 1, 0), SQLITE_OK);
    assert_int_equal(file->pMethods->xSync(file, 0), SQLITE_OK);
    file->pMethods->xClose(file);
    free(file);
}

/* The letter in it, 0: there is no such file. */
static char letter_in(sqlite3_vfs *vfs, const char *name) {
    char letter = 0;
    sqlite3_file *file = open_named(vfs, name, 0);
    if (!file) return 0;
    assert_int_equal(file->pMethods->xRead(file, &letter, 1, 0), SQLITE_OK);
    file->pMethods->xClose(file);
    free(file);
    return letter;
}

/* A power cut brings a deleted file back, but none that was deleted before another, which is synced by
 * now, was created. */
static void deleted_files_may_come_back(void **state) {
    struct fault_vfs *disk;
    (void)state;
    assert_int_equal(fault_vfs_create(&disk, &memory_heap, "deleted", 1), SS_OK);
    sqlite3_vfs *vfs = sqlite3_vfs_find("deleted");
    write_named(vfs, "log", 'a');
    assert_int_equal(vfs->xDelete(vfs, "log", 0), SQLITE_OK);
    assert_int_equal(letter_in(vfs, "log"), 0);
    fault_vfs_restart(disk, CRASH_LOSE);
    assert_int_equal(letter_in(vfs, "log"), 'a');
    assert_int_equal(vfs->xDelete(vfs, "log", 0), SQLITE_OK);
    write_named(vfs, "log", 'b');
    assert_int_equal(vfs->xDelete(vfs, "log", 0), SQLITE_OK);
    fault_vfs_restart(disk, CRASH_LOSE);
    assert_int_equal(letter_in(vfs, "log"), 'b');
    assert_int_equal(vfs->xDelete(vfs, "log", 1), SQLITE_OK);
    fault_vfs_restart(disk, CRASH_LOSE);
    assert_int_equal(letter_in(vfs, "log"), 0);
    fault_vfs_destroy(disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deleted_files_may_come_back),
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(the_disk_may_be_full_at_every_call),
        cmocka_unit_test(the_power_may_go_at_every_call),
        cmocka_unit_test(power_cuts_follow_each_other),
        cmocka_unit_test(on_a_full_disk_the_ballast_goes_first),
        cmocka_unit_test(what_a_start_finds_is_durable),
        cmocka_unit_test(flipped_bits_are_noticed),
        cmocka_unit_test(flipped_bits_of_a_young_journal_are_noticed),
        cmocka_unit_test(equal_seeds_give_equal_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
