/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever happened, the effects tell it all: a fresh world that plays them ends the same to the
 * byte. */
#include <stdlib.h>

#include "base/effort.h"
#include "world/scenario.h"

#define DURABLE (((uint32_t)1 << KIND_COUNT) - 1 - ((uint32_t)1 << KIND_MEMORY))

static void open_keeping(struct fixture *f) {
    fixture_prepare(f);
    f->config.keep_effects = true;
    f->config.keys_per_player = 20;
    f->config.parked_max = 8;
    f->config.cells_per_player = 20;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
    assert_int_equal(world_recovered(f->world), SS_OK);
}

/* Plays everything kept so far into `copy`. */
static void play(const struct fixture *f, struct world *copy) {
    enum durability strongest;
    struct bytes effects = world_effects(f->world, &strongest);
    assert_int_equal(world_replay_all(copy, effects), SS_OK);
    world_effects_clear(f->world);
}

static struct world *fresh(const struct fixture *f) {
    struct world *world;
    assert_int_equal(world_create(&world, &memory_heap, &f->config, f->now), SS_OK);
    return world;
}

static void same_after(uint64_t seed, uint32_t kinds, size_t steps) {
    static struct fixture f;
    struct scenario s = {.fixture = &f, .random = {seed}, .kinds = kinds};
    open_keeping(&f);
    struct world *copy = fresh(&f);
    for (size_t i = 0; i < steps; i++) {
        scenario_step(&s);
        if (scenario_draw(&s, 20)) continue;
        play(&f, copy);
        if (world_digest(copy) != world_digest(f.world)) print_error("seed %lu\n", (long)seed);
        assert_int_equal(world_digest(copy), world_digest(f.world));
        enum durability strongest;
        assert_int_equal(world_effects(copy, &strongest).size, 0);
    }
    world_destroy(copy);
    fixture_close(&f);
}

static void random_worlds(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        same_after(seed, DURABLE, 1500);
}

static void each_kind_alone(void **state) {
    (void)state;
    for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
        if (DURABLE >> kind & 1) same_after(100 + kind, (uint32_t)1 << kind, 1500);
}

/* The same calls give the same world to the byte, also without effects. */
static void deterministic(void **state) {
    (void)state;
    uint64_t digests[2];
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct scenario s = {.fixture = &f, .random = {7}, .kinds = DURABLE | 1 << KIND_MEMORY};
        fixture_open(&f);
        for (size_t step = 0, steps = effort(3000); step < steps; step++)
            scenario_step(&s);
        digests[i] = world_digest(f.world);
        fixture_close(&f);
    }
    assert_int_equal(digests[0], digests[1]);
}

static void memory_is_left_out(void **state) {
    (void)state;
    struct fixture f;
    enum durability strongest;
    open_keeping(&f);
    world_effects_clear(f.world);
    put(&f, 7, "memory", "a", "x", 0);
    assert_int_equal(f.out.result, RESULT_SUCCESS);
    assert_int_equal(world_effects(f.world, &strongest).size, 0);
    put(&f, 7, "pos", "a", "x", 0);
    assert_true(world_effects(f.world, &strongest).size > 0);
    assert_int_equal(strongest, DURABILITY_ASYNC);
    put(&f, 7, "keep", "a", "x", 0);
    world_effects(f.world, &strongest);
    assert_int_equal(strongest, DURABILITY_SYNC);
    world_effects_clear(f.world);
    assert_int_equal(world_effects(f.world, &strongest).size, 0);
    assert_int_equal(strongest, DURABILITY_MEMORY);
    fixture_close(&f);
}

static void first_lots_are_told_of(void **state) {
    (void)state;
    struct fixture f;
    open_keeping(&f);
    assert_true(world_effects_hold_lot(f.world));
    world_effects_clear(f.world);
    assert_false(world_effects_hold_lot(f.world));
    put(&f, 7, "memory", "a", "x", 0);
    put(&f, 7, "pos", "a", "x", 0);
    assert_false(world_effects_hold_lot(f.world));
    assert_int_equal(world_recovered(f.world), SS_OK); /* another life */
    assert_true(world_effects_hold_lot(f.world));
    fixture_close(&f);
}

/* A crash loses the last writes of weak classes: what comes after must not reuse their versions. */
static void versions_are_never_reused(void **state) {
    (void)state;
    struct fixture f;
    open_keeping(&f);
    struct world *copy = fresh(&f);
    put(&f, 7, "pos", "a", "x", 0);
    put(&f, 7, "keep", "a", "x", 0);
    play(&f, copy);
    for (int i = 0; i < 1000; i++) { /* lost */
        put(&f, 7, "pos", "a", "y", 0);
        put(&f, 7, "memory", "a", "y", 0);
    }
    uint32_t last = f.out.version;
    assert_int_equal(world_recovered(copy), SS_OK);
    struct world *before = f.world;
    f.world = copy;
    put(&f, 7, "pos", "a", "z", 0);
    assert_true(f.out.version > 1001);
    put(&f, 7, "memory", "a", "z", 0);
    assert_true(f.out.version > last);
    put(&f, 7, "keep", "a", "z", 1); /* sync loses nothing: it goes on counting */
    assert_int_equal(f.out.version, 2);
    for (uint32_t i = 0; i < 70000; i++)
        put(&f, 7, "pos", "b", "z", 0);
    struct world *third = fresh(&f);
    play(&f, third);
    assert_int_equal(world_recovered(third), SS_OK);
    f.world = third;
    put(&f, 7, "pos", "b", "z", 0);
    assert_true(f.out.version > 65536 * 2 + 1000);
    world_destroy(before);
    world_destroy(third);
    f.world = copy;
    fixture_close(&f);
}

static void recovery_ends_sessions(void **state) {
    (void)state;
    struct fixture f;
    open_keeping(&f);
    struct world *copy = fresh(&f);
    world_session_open(f.world, 7, f.now);
    put(&f, 7, "session", "a", "x", 0);
    play(&f, copy);
    struct world *before = f.world;
    f.world = copy;
    expect_cell(&f, 7, "session", "a", "x", 1);
    assert_int_equal(world_recovered(copy), SS_OK);
    world_tick(copy, f.now, 10);
    struct cell_view view;
    assert_true(world_get(copy, 7, bytes_of("session"), bytes_of("a"), &view));
    assert_true(view.deleted);
    world_destroy(before);
    fixture_close(&f);
}

/* Every cut and every flipped byte is refused or harmless; a refusal changes nothing. */
static void damaged_effects(void **state) {
    (void)state;
    static struct fixture f;
    struct scenario s = {.fixture = &f, .random = {3}, .kinds = DURABLE};
    open_keeping(&f);
    for (int i = 0; i < 150; i++)
        scenario_step(&s);
    enum durability strongest;
    struct bytes effects = world_effects(f.world, &strongest);
    uint8_t *bytes = malloc(effects.size);
    for (unsigned round = 0, rounds = effort(300); round < rounds; round++) {
        struct world *copy = fresh(&f);
        memcpy(bytes, effects.data, effects.size);
        bytes[scenario_draw(&s, (uint32_t)effects.size)] ^= (uint8_t)(1 + scenario_draw(&s, 255));
        size_t left = effects.size - scenario_draw(&s, 64), at = 0;
        for (;;) {
            uint64_t before = world_digest(copy);
            ptrdiff_t size = world_replay(copy, bytes_view(bytes + at, left - at));
            if (size < 0) assert_int_equal(world_digest(copy), before);
            if (size <= 0) break;
            at += (size_t)size;
        }
        world_destroy(copy);
    }
    free(bytes);
    fixture_close(&f);
}

/* A batch is one effect: cut anywhere inside, it does not happen at all. */
static void half_a_batch(void **state) {
    (void)state;
    struct fixture f;
    struct outcome outs[2];
    open_keeping(&f);
    world_effects_clear(f.world);
    struct update updates[] = {update_of(7, "keep", "a", "1", 0),
                               update_of(7, "keep", "b", "2", 0)};
    world_batch(f.world, updates, 2, bytes_of("key"), f.now, outs);
    enum durability strongest;
    struct bytes effects = world_effects(f.world, &strongest);
    struct world *copy = fresh(&f);
    uint64_t empty = world_digest(copy);
    for (size_t size = 0; size < effects.size; size++) {
        assert_int_equal(world_replay(copy, bytes_view(effects.data, size)), SS_ERR_MALFORMED);
        assert_int_equal(world_digest(copy), empty);
    }
    for (size_t size = 1; size < effects.size; size++) {
        assert_int_equal(world_replay_all(copy, bytes_view(effects.data, size)), SS_ERR_MALFORMED);
        assert_int_equal(world_digest(copy), empty);
    }
    assert_int_equal(world_replay(copy, effects), effects.size);
    struct cell_view view;
    assert_true(world_get(copy, 7, bytes_of("keep"), bytes_of("b"), &view));
    uint64_t once = world_digest(copy);
    assert_int_equal(world_replay(copy, effects), effects.size); /* again: it is in there already */
    assert_int_equal(world_digest(copy), once);
    world_destroy(copy);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_worlds),
        cmocka_unit_test(each_kind_alone),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(memory_is_left_out),
        cmocka_unit_test(first_lots_are_told_of),
        cmocka_unit_test(versions_are_never_reused),
        cmocka_unit_test(recovery_ends_sessions),
        cmocka_unit_test(damaged_effects),
        cmocka_unit_test(half_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
