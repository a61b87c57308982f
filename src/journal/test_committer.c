/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/failing.h"
#include "journal/committer.h"

struct office {
    struct rig rig;
    struct committer_config config;
    struct committer *committer;
    atomic_int wakes;
};

static void count_wake(void *context) {
    atomic_fetch_add((atomic_int *)context, 1);
}

static void office_open(struct office *office, uint64_t seed) {
    rig_open(&office->rig, seed);
    assert_int_equal(rig_open_journal(&office->rig), SS_OK);
    atomic_init(&office->wakes, 0);
    office->config = committer_config_default(office->rig.journal);
    office->config.wake = count_wake;
    office->config.context = &office->wakes;
    office->config.retry_delay = 5 * SS_MILLISECOND;
    assert_int_equal(committer_start(&office->committer, &office->config), SS_OK);
}

static void nap(void) {
    const struct timespec millisecond = {0, 1000000};
    nanosleep(&millisecond, NULL);
}

static bool durable_within(struct office *office, uint64_t group, int ms) {
    for (int i = 0; i < ms && committer_durable(office->committer) < group; i++)
        nap();
    return committer_durable(office->committer) >= group;
}

static bool state_within(struct office *office, enum committer_state state, int ms) {
    for (int i = 0; i < ms && committer_state(office->committer) != state; i++)
        nap();
    return committer_state(office->committer) == state;
}

/* A turn of both worlds; the number of its last group. */
static uint64_t turn(struct office *office, enum durability least) {
    uint64_t group = 0, last = 0;
    for (int i = 0; i < RIG_WORLDS; i++) {
        struct fixture *f = &office->rig.worlds[i];
        enum durability strongest;
        uint32_t world;
        assert_int_equal(committer_world(office->committer, world_name(f->world), &world), SS_OK);
        assert_int_equal(world, i);
        rig_turn(&office->rig.random, f, false);
        struct bytes effects = world_effects(f->world, &strongest);
        if (least > strongest) strongest = least;
        assert_int_equal(committer_append(office->committer, world, effects, strongest, &group),
                         SS_OK);
        world_effects_clear(f->world);
        if (group) last = group;
    }
    return last;
}

static void expect_same(struct office *office) {
    struct fixture again[RIG_WORLDS];
    assert_int_equal(rig_recover(&office->rig, again), SS_OK);
    assert_int_equal(rig_promises(again), rig_promises(office->rig.worlds));
    rig_forget(again);
}

/* One after the other, no two commits of class sync share a sync of the disk. */
static void each_waits_for_its_own_sync(void **state) {
    (void)state;
    struct office office;
    atomic_int syncs;
    atomic_init(&syncs, 0);
    office_open(&office, 5);
    fault_vfs_on_sync(office.rig.disk, count_wake, &syncs);
    for (int i = 0; i < 20; i++) {
        int before = atomic_load(&syncs);
        uint64_t group = turn(&office, DURABILITY_SYNC);
        assert_true(group > 0 && durable_within(&office, group, 10000));
        assert_true(atomic_load(&syncs) > before);
    }
    assert_int_equal(committer_stop(office.committer), SS_OK);
    rig_close(&office.rig);
}

static void what_is_durable_is_there(void **state) {
    (void)state;
    struct office office;
    office_open(&office, 1);
    uint64_t last = 0;
    for (int i = 0; i < 300; i++) {
        uint64_t group = turn(&office, i % 3 ? DURABILITY_MEMORY : DURABILITY_SYNC);
        assert_true(group == 0 || group >= last);
        if (group) last = group;
        if (i % 50 == 0 && group) assert_true(durable_within(&office, group, 2000));
    }
    struct committer_stats stats;
    assert_true(durable_within(&office, last, 2000));
    committer_stats(office.committer, &stats);
    assert_true(stats.groups > 0 && stats.groups <= last);
    assert_int_equal(stats.pending_bytes, 0);
    assert_false(committer_crowded(office.committer));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    assert_true(atomic_load(&office.wakes) >= (int)stats.groups);
    expect_same(&office);
    rig_close(&office.rig);
}

static void async_waits_a_little_and_memory_for_ever(void **state) {
    (void)state;
    struct office office;
    uint64_t group;
    uint32_t world;
    office_open(&office, 2);
    assert_int_equal(committer_world(office.committer, "default", &world), SS_OK);
    assert_int_equal(committer_append(office.committer, world, (struct bytes){NULL, 0},
                                      DURABILITY_MEMORY, &group),
                     SS_OK);
    assert_int_equal(group, 0);
    rig_turn(&office.rig.random, &office.rig.worlds[0], false);
    group = turn(&office, DURABILITY_MEMORY);
    assert_true(group > 0);
    assert_true(durable_within(&office, group, 1000));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    rig_close(&office.rig);
}

static void stopping_commits_what_waits(void **state) {
    (void)state;
    struct office office;
    office_open(&office, 3);
    for (int i = 0; i < 20; i++)
        turn(&office, DURABILITY_MEMORY);
    assert_int_equal(committer_stop(office.committer), SS_OK);
    expect_same(&office);
    rig_close(&office.rig);
}

/* ---- misfortune ------------------------------------------------------------------------------ */

static void an_error_of_the_disk_is_final(void **state) {
    (void)state;
    struct office office;
    uint64_t group;
    office_open(&office, 4);
    turn(&office, DURABILITY_SYNC);
    assert_int_equal(committer_stop(office.committer), SS_OK); /* the disk belongs to one thread */
    uint64_t good = journal_last(office.rig.journal);
    fault_vfs_plan(office.rig.disk, FAULT_IO, 1, true);
    assert_int_equal(committer_start(&office.committer, &office.config), SS_OK);
    assert_int_equal(committer_append(office.committer, 0, bytes_of("x"), DURABILITY_SYNC, &group),
                     SS_OK);
    assert_int_equal(group, good + 1);
    assert_true(state_within(&office, COMMITTER_FAILED, 2000));
    assert_int_equal(committer_durable(office.committer), good);
    assert_int_equal(committer_append(office.committer, 0, bytes_of("x"), DURABILITY_SYNC, &group),
                     SS_ERR_IO);
    assert_int_equal(committer_stop(office.committer), SS_ERR_IO);
    rig_close(&office.rig);
}

static void a_full_disk_keeps_what_waits(void **state) {
    (void)state;
    struct office office;
    office_open(&office, 5);
    uint64_t good = turn(&office, DURABILITY_SYNC);
    assert_true(durable_within(&office, good, 2000));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    fault_vfs_plan(office.rig.disk, FAULT_FULL, 1, true);
    assert_int_equal(committer_start(&office.committer, &office.config), SS_OK);
    bool waits = false; /* until then there was room in files that need not grow */
    for (int i = 0; i < 500 && !waits; i++) {
        uint64_t group = turn(&office, DURABILITY_SYNC);
        waits = !durable_within(&office, group, 50) &&
                committer_state(office.committer) == COMMITTER_FULL;
    }
    assert_true(waits);
    assert_int_equal(committer_stop(office.committer), SS_ERR_UNAVAILABLE);
    rig_close(&office.rig);
}

/* Full once: the ballast makes room for the group, and is filled again a second later. */
static void a_full_disk_mends_itself(void **state) {
    (void)state;
    struct office office;
    office_open(&office, 9);
    uint64_t group = turn(&office, DURABILITY_SYNC);
    assert_true(durable_within(&office, group, 2000));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    fault_vfs_plan(office.rig.disk, FAULT_FULL, 1, false);
    assert_int_equal(committer_start(&office.committer, &office.config), SS_OK);
    for (int i = 0; i < 500 && committer_state(office.committer) != COMMITTER_FULL; i++) {
        group = turn(&office, DURABILITY_SYNC);
        assert_true(durable_within(&office, group, 2000));
    }
    assert_int_equal(committer_state(office.committer), COMMITTER_FULL);
    assert_true(state_within(&office, COMMITTER_RUNNING, 5000));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    assert_false(journal_low(office.rig.journal));
    expect_same(&office);
    rig_close(&office.rig);
}

/* What cannot be mended ends it, and no retry is taken for patience with a full disk. */
static void an_error_on_a_full_disk_is_final_too(void **state) {
    (void)state;
    struct office office;
    office_open(&office, 11);
    uint64_t group = turn(&office, DURABILITY_SYNC);
    assert_true(durable_within(&office, group, 2000));
    assert_int_equal(committer_stop(office.committer), SS_OK);
    fault_vfs_capacity(office.rig.disk, 1);
    assert_int_equal(committer_start(&office.committer, &office.config), SS_OK);
    for (int i = 0; i < 500 && committer_state(office.committer) != COMMITTER_FULL; i++) {
        (void)turn(&office, DURABILITY_SYNC);
        nap();
    }
    assert_int_equal(committer_state(office.committer), COMMITTER_FULL);
    (void)committer_stop(office.committer);
    assert_true(journal_low(office.rig.journal));
    fault_vfs_plan(office.rig.disk, FAULT_IO, 1, true);
    assert_int_equal(committer_start(&office.committer, &office.config), SS_OK);
    assert_int_equal(committer_state(office.committer), COMMITTER_FULL);
    uint32_t world;
    assert_int_equal(committer_world(office.committer, "another", &world), SS_OK);
    assert_true(state_within(&office, COMMITTER_FAILED, 2000));
    assert_int_equal(committer_stop(office.committer), SS_ERR_IO);
    rig_close(&office.rig);
}

static void without_a_thread_or_memory_it_says_so(void **state) {
    (void)state;
    struct rig rig;
    rig_open(&rig, 6);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct committer_config config = committer_config_default(rig.journal);
        struct committer *committer;
        uint32_t world;
        uint64_t group;
        config.memory = &memory;
        int status = committer_start(&committer, &config);
        if (status == SS_OK) {
            status = committer_world(committer, "w", &world);
            if (status == SS_OK)
                status = committer_append(committer, world, (struct bytes){NULL, 0},
                                          DURABILITY_ASYNC, &group);
            assert_int_equal(committer_stop(committer), SS_OK);
        }
        assert_int_equal(failing.live, 0);
        if (status == SS_OK && failing.calls < n) break;
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
    }
    rig_close(&rig);
}

/* ---- several threads ------------------------------------------------------------------------- */

struct worker {
    struct committer *committer;
    char name[32];
    uint64_t last;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    uint32_t world;
    struct buffer effect = buffer_of(&memory_heap);
    if (committer_world(worker->committer, worker->name, &world) != SS_OK) return NULL;
    for (uint64_t i = 1; i <= 300; i++) {
        buffer_clear(&effect);
        buffer_u32(&effect, 11); /* EXPIRE of nothing */
        buffer_u8(&effect, EFFECT_EXPIRE);
        buffer_u64(&effect, i);
        buffer_u8(&effect, 0);
        buffer_u8(&effect, 0);
        if (committer_append(worker->committer, world, buffer_view(&effect),
                             i % 7 ? DURABILITY_ASYNC : DURABILITY_SYNC, &worker->last) != SS_OK)
            break;
        while (i % 50 == 0 && committer_durable(worker->committer) < worker->last)
            nap();
    }
    buffer_free(&effect);
    return NULL;
}

static int sum_up(void *context, struct bytes world, struct bytes effects) {
    uint64_t *effects_size = context;
    (void)world;
    *effects_size += effects.size;
    return SS_OK;
}

static void several_workers_share_it(void **state) {
    (void)state;
    struct office office;
    struct worker workers[4];
    pthread_t threads[4];
    uint64_t size = 0;
    office_open(&office, 8);
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.committer = office.committer};
        snprintf(workers[i].name, sizeof workers[i].name, "world-%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(committer_stop(office.committer), SS_OK);
    assert_int_equal(journal_world_count(office.rig.journal), 4);
    assert_int_equal(
        journal_recover(office.rig.journal, sum_up, &size, office.rig.why, sizeof office.rig.why),
        SS_OK);
    assert_int_equal(size, 4 * 300 * 15);
    rig_close(&office.rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_waits_for_its_own_sync),
        cmocka_unit_test(what_is_durable_is_there),
        cmocka_unit_test(async_waits_a_little_and_memory_for_ever),
        cmocka_unit_test(stopping_commits_what_waits),
        cmocka_unit_test(an_error_of_the_disk_is_final),
        cmocka_unit_test(a_full_disk_keeps_what_waits),
        cmocka_unit_test(a_full_disk_mends_itself),
        cmocka_unit_test(an_error_on_a_full_disk_is_final_too),
        cmocka_unit_test(without_a_thread_or_memory_it_says_so),
        cmocka_unit_test(several_workers_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
