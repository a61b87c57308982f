/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation n fails, n = 1, 2, 3 ...: an answer says so, nothing has changed, nothing leaks. */
#include "base/failing.h"
#include "world/scenario.h"

struct trial {
    struct fixture f;
    struct failing failing;
    struct memory memory;
};

static bool open_failing(struct trial *t) {
    fixture_prepare(&t->f);
    t->f.config.keep_effects = true;
    t->memory = failing_memory(&t->failing);
    return world_create(&t->f.world, &t->memory, &t->f.config, t->f.now) == SS_OK &&
           world_recovered(t->f.world) == SS_OK;
}

/* One call; false when memory failed it, and then it must have changed nothing. */
static bool call(struct trial *t, int step, uint8_t *id) {
    struct fixture *f = &t->f;
    struct outcome outs[3];
    struct context_entry entry = {0xabc, 1};
    struct update once = update_of(7, "keep", "once", "x", 0);
    struct update batch[] = {update_of(7, "pos", "a", "2", 0), update_of(7, "new", "b", "3", 0),
                             update_of(7, "merge", "m", "{\"gold\":9}", 2)};
    struct update proposed = update_of(7, "propose", "p", "x", 0);
    once.idempotency_key = bytes_of("key");
    proposed.context = (struct context){&entry, 1, false, true};
    proposed.idempotency_key = bytes_of("proposed");
    f->now += SS_MILLISECOND;
    switch (step) {
    case 0: put(f, 7, "pos", "a key too long to lie inside its cell", "1", 0); break;
    case 1: put(f, 8, "undeclared", "a", "1", 0); break;
    case 2: put(f, 7, "merge", "m", "{\"gold\":1}", 0); break;
    case 3: put(f, 7, "merge", "m", "{\"gold\":3}", 1); break;
    case 4: send(f, &once); break;
    case 5:
        world_batch(f->world, batch, 3, bytes_of("batch"), f->now, outs);
        f->out = outs[0];
        break;
    case 6: put(f, 7, "merge", "m", "{\"gold\":7}", 2); break;
    case 7: put(f, 7, "manual", "a", "1", 0); break;
    case 8: put(f, 7, "manual", "a", "2", 1); break;
    case 9:
        put(f, 7, "manual", "a", "3", 1);
        memcpy(id, f->out.conflict.id, CONFLICT_ID_SIZE);
        break;
    case 10: put(f, 7, "manual", "a", "4", 2); break;
    case 11: return resolve(f, id, STRATEGY_MANUAL, "5", 7, false) != SS_ERR_NOMEM;
    case 12: return resolve(f, id, STRATEGY_MANUAL, "5", 7, false) != SS_ERR_NOMEM;
    case 13: send(f, &proposed); break;
    case 14: world_decide(f->world, 1, true, NULL, f->now, &f->out); break;
    case 15: put(f, 7, "pos", "a", NULL, 0); break;
    case 16: send(f, &once); break;
    default: return world_session_open(f->world, 7, f->now) == SS_OK;
    }
    return f->out.status != SS_ERR_NOMEM;
}
#define STEPS 18

/* Every step is repeated until memory allows it. Gives how often it did not. */
static size_t run(struct trial *t) {
    size_t failures = 0;
    uint8_t id[CONFLICT_ID_SIZE] = {0};
    for (int step = 0; step < STEPS;) {
        enum durability strongest;
        uint64_t before = world_digest(t->f.world);
        size_t effects = world_effects(t->f.world, &strongest).size;
        if (call(t, step, id)) {
            step++;
            continue;
        }
        assert_int_equal(world_digest(t->f.world), before);
        assert_int_equal(world_effects(t->f.world, &strongest).size, effects);
        failures++;
    }
    return failures;
}

/* What the effects of a world say must be the world, whatever failed on the way. */
static void expect_replay(const struct trial *t) {
    struct world *copy;
    enum durability strongest;
    struct bytes effects = world_effects(t->f.world, &strongest);
    assert_int_equal(world_create(&copy, &memory_heap, &t->f.config, EPOCH), SS_OK);
    while (effects.size > 0) {
        ptrdiff_t size = world_replay(copy, effects);
        assert_true(size > 0);
        effects = bytes_view(effects.data + size, effects.size - (size_t)size);
    }
    assert_int_equal(world_digest(copy), world_digest(t->f.world));
    world_destroy(copy);
}

static void every_allocation_fails_once(void **state) {
    (void)state;
    static struct trial t;
    size_t n = 1, failures = 1;
    for (; failures > 0 || n < 20; n++) {
        t.failing = (struct failing){.fail_at = n};
        bool opened = open_failing(&t);
        failures = opened ? run(&t) : 1;
        if (opened) {
            expect_cell(&t.f, 7, "manual", "a", "5", 4);
            expect_cell(&t.f, 7, "keep", "once", "x", 1);
            expect_replay(&t);
            fixture_close(&t.f);
        } else {
            if (t.f.world) world_destroy(t.f.world);
            t.f.world = NULL;
            fixture_close(&t.f);
        }
        assert_int_equal(t.failing.live, 0);
    }
    assert_true(n > 40);
}

/* Ticks and sessions have nobody to tell: what they cannot do now they do later. */
static void expiry_waits_for_memory(void **state) {
    (void)state;
    static struct trial t;
    for (size_t n = 1; n < 40; n++) {
        t.failing = (struct failing){0};
        assert_true(open_failing(&t));
        world_session_open(t.f.world, 7, t.f.now);
        put(&t.f, 7, "session", "a", "x", 0);
        put(&t.f, 7, "ttl", "a", "x", 0);
        put(&t.f, 7, "manual", "a", "1", 0);
        put(&t.f, 7, "manual", "a", "2", 0);
        t.failing = (struct failing){.fail_at = n, .live = t.failing.live};
        world_session_close(t.f.world, 7, t.f.now);
        t.f.now += 2 * SS_SECOND;
        for (int i = 0; i < 3; i++)
            world_tick(t.f.world, t.f.now, 100);
        expect_cell(&t.f, 7, "session", "a", NULL, 2);
        expect_cell(&t.f, 7, "ttl", "a", NULL, 2);
        t.f.now += 86400 * SS_SECOND;
        struct resolved expired;
        for (int i = 0; i < 3; i++)
            world_tick(t.f.world, t.f.now, 100);
        assert_true(world_expired(t.f.world, &expired));
        expect_replay(&t);
        fixture_close(&t.f);
        assert_int_equal(t.failing.live, 0);
    }
}

/* And the way back in. */
static void replay_waits_for_memory(void **state) {
    (void)state;
    static struct trial t;
    t.failing = (struct failing){0};
    assert_true(open_failing(&t));
    run(&t);
    enum durability strongest;
    struct bytes all = world_effects(t.f.world, &strongest);
    for (size_t n = 1; n < 200; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct world *copy;
        if (world_create(&copy, &memory, &t.f.config, EPOCH) != SS_OK) continue;
        for (struct bytes left = all; left.size > 0;) {
            uint64_t before = world_digest(copy);
            ptrdiff_t size = world_replay(copy, left);
            if (size == SS_ERR_NOMEM) {
                assert_int_equal(world_digest(copy), before);
                continue;
            }
            assert_true(size > 0);
            left = bytes_view(left.data + size, left.size - (size_t)size);
        }
        assert_int_equal(world_digest(copy), world_digest(t.f.world));
        world_destroy(copy);
        assert_int_equal(failing.live, 0);
    }
    fixture_close(&t.f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(expiry_waits_for_memory),
        cmocka_unit_test(replay_waits_for_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
