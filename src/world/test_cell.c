/* SPDX-License-Identifier: Apache-2.0 */
#include "world/cell.h"

#include "base/random.h"
#include "world/fixture.h"

static void many_cells(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char key[16];
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%u", i / 50);
        put(&f, 1 + i % 50, i % 3 ? "pos" : "keep", key, key, 0);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%u", i / 50);
        expect_cell(&f, 1 + i % 50, i % 3 ? "pos" : "keep", key, key, 1);
        assert_null(
            cell_find(f.world, 1 + i % 50, bytes_of(i % 3 ? "keep" : "pos"), bytes_of(key)));
    }
    assert_null(cell_find(f.world, 99, bytes_of("pos"), bytes_of("k1")));
    assert_null(cell_find(f.world, 1, bytes_of("never"), bytes_of("k1")));
    fixture_close(&f);
}

static void keys_of_every_length(void **state) {
    (void)state;
    struct fixture f;
    char key[257] = {0};
    fixture_open(&f);
    for (size_t size = 1; size <= 256; size++) {
        key[size - 1] = (char)('a' + size % 26);
        assert_int_equal(put(&f, 7, "pos", key, "x", 0), RESULT_SUCCESS);
    }
    for (size_t size = 256; size >= 1; size--) {
        expect_cell(&f, 7, "pos", key, "x", 1);
        assert_int_equal(put(&f, 7, "pos", key, NULL, 1), RESULT_SUCCESS);
        key[size - 1] = 0;
    }
    world_tick(f.world, f.now + 60 * SS_SECOND, 1000);
    assert_int_equal(f.world->cells.count, 0);
    assert_int_equal(f.world->stats.bytes, 0);
    fixture_close(&f);
}

/* Many category names: heads of lists move, and still hold. */
static void many_categories(void **state) {
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char name[16];
    put(&f, 7, "ttl", "a", "x", 0);
    put(&f, 7, "pos", "dead", "x", 0);
    put(&f, 7, "pos", "dead", NULL, 0);
    f.config.cells_per_player = 10000;
    uint64_t refused = 0;
    for (uint32_t i = 0; i < SPACES_MAX + 10; i++) {
        snprintf(name, sizeof name, "c%u", i);
        refused += put(&f, 1 + i % 4, name, "a", name, 0) == RESULT_ERROR;
    }
    assert_int_equal(refused, 10 + KIND_COUNT);
    assert_int_equal(f.out.status, SS_ERR_TOO_LARGE);
    expect_cell(&f, 1 + 77 % 4, "c77", "a", "c77", 1);
    world_tick(f.world, f.now + 2 * SS_SECOND, 10);
    expect_cell(&f, 7, "ttl", "a", NULL, 2);
    world_tick(f.world, f.now + 20 * SS_SECOND, 10);
    struct cell_view view;
    assert_false(world_get(f.world, 7, bytes_of("pos"), bytes_of("dead"), &view));
    fixture_close(&f);
}

static void order_of_change(void **state) {
    (void)state;
    struct fixture f;
    struct random random = {5};
    char key[16];
    fixture_open(&f);
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "k%u", (unsigned)random_below(&random, 40));
        put(&f, 7, "pos", key, random_below(&random, 5) ? "x" : NULL, 0);
    }
    uint64_t last = 0, cells = 0;
    for (const struct cell *cell = cell_first_changed(f.world); cell;
         cell = cell_next_changed(f.world, cell), cells++) {
        uint64_t seq = history_newest(&cell->history)->seq;
        assert_true(seq > last);
        last = seq;
    }
    assert_int_equal(cells, f.world->cells.count);
    assert_int_equal(last, f.world->seq);
    const struct owner *owner = owner_find(f.world, 7);
    uint64_t bytes = 0;
    for (struct list *link = owner->cells.next; link != &owner->cells; link = link->next) {
        struct cell *cell = LIST_ENTRY(link, struct cell, owned);
        bytes += cell->history.capacity + cell->key_size;
    }
    assert_int_equal(bytes, owner->bytes);
    assert_int_equal(bytes, f.world->stats.bytes);
    fixture_close(&f);
}

/* What was seen ahead may be anything by the time it is used: absent, another cell, another category. */
static void seen_ahead(void **state) {
    (void)state;
    struct fixture with, without;
    struct update updates[40];
    struct outcome outcome;
    char keys[40][64];
    struct random random = {6};
    fixture_open(&with);
    fixture_open(&without);
    for (unsigned round = 0; round < 200; round++) {
        size_t count = (size_t)random_below(&random, 40);
        for (size_t i = 0; i < count; i++) {
            unsigned number = (unsigned)random_below(&random, 30);
            snprintf(keys[i], sizeof keys[i], "%0*u", number % 3 ? 2 : 50, number);
            updates[i] = (struct update){.player = 1 + random_below(&random, 3),
                                         .category = bytes_of(number % 7 ? "pos" : "nowhere"),
                                         .key = bytes_of(keys[i]),
                                         .state = bytes_of("x"),
                                         .delete = random_below(&random, 4) == 0};
        }
        struct prefetch prefetch = world_prefetch(with.world, updates, count);
        for (size_t i = 0; i < count; i++) {
            world_prefetch_next(&prefetch);
            if (random_below(&random, 5) == 0) updates[i].key = bytes_of("other");
            world_update(with.world, &updates[i], (ss_time)round, &outcome);
            enum result result = outcome.result;
            updates[i].seen = (struct seen){0};
            world_update(without.world, &updates[i], (ss_time)round, &outcome);
            assert_int_equal(outcome.result, result);
        }
    }
    assert_int_equal(world_digest(with.world), world_digest(without.world));
    fixture_close(&with);
    fixture_close(&without);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_cells),
        cmocka_unit_test(keys_of_every_length),
        cmocka_unit_test(many_categories),
        cmocka_unit_test(order_of_change),
        cmocka_unit_test(seen_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
