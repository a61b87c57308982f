/* SPDX-License-Identifier: Apache-2.0 */
/* Two worlds hear the same: one may take the short way, the other never does. They must stay the same,
 * and so must what they answer. */
#include "world/scenario.h"
#include "world/steady.h"

#define ALL ((uint32_t)(1 << KIND_COUNT) - 1)
#define FEW (1 << KIND_POS | 1 << KIND_KEEP | 1 << KIND_TRADE | 1 << KIND_MEMORY | 1 << KIND_SERVER)

/* True when the short way was taken. */
static bool send_short(struct fixture *f, struct update *update) {
    world_prefetch(f->world, update, 1);
    world_begin(f->world, f->now);
    if (update_steady(f->world, update, &f->out)) {
        f->world->stats.results[f->out.result]++;
        return true;
    }
    world_update(f->world, update, f->now, &f->out);
    return false;
}

static void send_long(struct fixture *f, struct update *update) {
    update->seen = (struct seen){0};
    world_update(f->world, update, f->now, &f->out);
}

static void expect_same_answer(const struct fixture *a, const struct fixture *b) {
    struct buffer texts[2] = {buffer_of(&memory_heap), buffer_of(&memory_heap)};
    outcome_encode(&texts[0], &a->out);
    outcome_encode(&texts[1], &b->out);
    assert_true(bytes_equal(buffer_view(&texts[0]), buffer_view(&texts[1])));
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
}

static void expect_same_world(struct fixture *a, struct fixture *b) {
    struct world_stats stats[2];
    enum durability strongest[2];
    world_stats(a->world, &stats[0]);
    world_stats(b->world, &stats[1]);
    assert_memory_equal(&stats[0], &stats[1], sizeof stats[0]);
    assert_true(world_digest(a->world) == world_digest(b->world));
    struct bytes effects = world_effects(a->world, &strongest[0]);
    assert_true(bytes_equal(effects, world_effects(b->world, &strongest[1])));
    assert_int_equal(strongest[0], strongest[1]);
    const struct cell *left = cell_first_changed(a->world), *right = cell_first_changed(b->world);
    for (; left && right; left = cell_next_changed(a->world, left)) {
        assert_int_equal(left->handle, right->handle);
        assert_int_equal(left->origin, right->origin);
        right = cell_next_changed(b->world, right);
    }
    assert_true(!left && !right);
}

static void open_like(struct fixture *f, uint32_t versions, bool keep_effects) {
    fixture_prepare(f);
    for (int i = 0; i < KIND_COUNT; i++)
        f->categories[i].history_versions = versions;
    f->config.keep_effects = keep_effects;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
    assert_int_equal(world_recovered(f->world), SS_OK);
}

static void make_plain(struct update *update) {
    update->context = (struct context){0};
    update->delete = update->must_not_exist = false;
}

/* How often the short way was taken. */
static size_t same_after(uint64_t seed, uint32_t versions, bool keep_effects, size_t steps) {
    static struct fixture a, b;
    uint32_t kinds = seed % 4 ? FEW : ALL;
    struct scenario s = {.fixture = &a, .random = {seed}, .kinds = kinds};
    struct scenario t = {.fixture = &b, .random = {seed}, .kinds = kinds};
    size_t taken = 0;
    open_like(&a, versions, keep_effects);
    open_like(&b, versions, keep_effects);
    for (size_t i = 0; i < steps; i++) {
        if (i % 4 == 0) {
            scenario_step(&s);
            scenario_step(&t);
            continue;
        }
        struct update update = scenario_update(&s), again = scenario_update(&t);
        if (i % 4 == 1) make_plain(&update), make_plain(&again);
        update.origin = again.origin = i % 5;
        taken += send_short(&a, &update);
        send_long(&b, &again);
        expect_same_answer(&a, &b);
        if (i % 16 == 1) expect_same_world(&a, &b);
    }
    expect_same_world(&a, &b);
    fixture_close(&a);
    fixture_close(&b);
    return taken;
}

static void both_ways_are_one(void **state) {
    (void)state;
    size_t taken = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        taken += same_after(seed, 1 + (uint32_t)seed % 9, seed % 2, 600);
    assert_true(taken > 1000);
}

/* ---- one by one ---------------------------------------------------------------------------- */

static int setup(void **state) {
    static struct fixture f;
    open_like(&f, 2, false);
    for (int i = 0; i < KIND_COUNT; i++)
        for (int times = 0; times < 3; times++) {
            struct update update = update_of(7, f.categories[i].name, "a", "{\"hp\":1}", 0);
            update.server = true;
            world_update(f.world, &update, f.now, &f.out);
        }
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    fixture_close(*state);
    return 0;
}

static struct update plain_of(const struct fixture *f) {
    struct cell_view view;
    assert_true(world_get(f->world, 7, bytes_of("pos"), bytes_of("a"), &view));
    return update_of(7, "pos", "a", "{\"hp\":2}", view.version);
}

static void expect(struct fixture *f, struct update update, bool short_way) {
    assert_int_equal(send_short(f, &update), short_way);
}

static void takes_what_is_plain(void **state) {
    struct fixture *f = *state;
    struct update update = plain_of(f);
    expect(f, update, true);
    update.expected_version = 0;
    expect(f, update, true);
    update.category = bytes_of("memory");
    expect(f, update, true);
}

static void leaves_what_wants_more(void **state) {
    struct fixture *f = *state;
    struct context_entry entry = {0xabc, 3};
#define LONG(change)                                                                               \
    do {                                                                                           \
        struct update update = plain_of(f);                                                        \
        change;                                                                                    \
        expect(f, update, false);                                                                  \
    } while (0)
    LONG(update.player = 0);
    LONG(update.expected_version--);
    LONG(update.expected_version++);
    LONG(update.key = bytes_of("b"));
    LONG(update.category = bytes_of("none"));
    LONG(update.must_not_exist = true);
    LONG(update.base_missing = true);
    LONG(update.refused = "no");
    LONG(update.base_digest = bytes_view("12345678", 8));
    LONG(update.context = ((struct context){&entry, 1, false, true}));
    LONG(update.state.size = (size_t)1 << 24);
    LONG(update.category = bytes_of("merge"));
    LONG(update.category = bytes_of("ttl"));
    LONG(update.category = bytes_of("strict"); update.expected_version = 0);
    LONG(update.category = bytes_of("propose"));
    LONG(update.category = bytes_of("server"));
    LONG(update.category = bytes_of("trade"); update.owner = 7);
    LONG(update.idempotency_key = bytes_of("once"));
    LONG(update.delete = true; update.expected_version = 0);
#undef LONG
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_are_one),
        cmocka_unit_test_setup_teardown(takes_what_is_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_what_wants_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
