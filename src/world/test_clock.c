/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "world/clock.h"

static void sets_and_gets(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct clock clock = {0};
    assert_int_equal(clock_get(&clock, 5), 0);
    assert_int_equal(clock_set(&clock, &memory, 5, 1), SS_OK);
    assert_int_equal(clock_set(&clock, &memory, 5, 2), SS_OK);
    assert_int_equal(failing.calls, 0); /* one entry costs nothing */
    for (uint64_t i = 1; i < CLOCK_ENTRIES_MAX; i++)
        assert_int_equal(clock_set(&clock, &memory, i * 7919 % 1009 + 100, i), SS_OK);
    assert_int_equal(clock.count, CLOCK_ENTRIES_MAX);
    assert_int_equal(clock_set(&clock, &memory, 99, 1), SS_ERR_TOO_LARGE);
    assert_int_equal(clock_reserve(&clock, &memory, 99), SS_ERR_TOO_LARGE);
    assert_int_equal(clock_set(&clock, &memory, 5, 9), SS_OK);
    for (uint32_t i = 1; i < clock.count; i++)
        assert_true(clock_entries(&clock)[i - 1].node < clock_entries(&clock)[i].node);
    assert_int_equal(clock_get(&clock, 5), 9);
    clock_remove(&clock, 5);
    clock_remove(&clock, 5);
    assert_int_equal(clock_get(&clock, 5), 0);
    assert_int_equal(clock.count, CLOCK_ENTRIES_MAX - 1);
    clock_free(&clock, &memory);
    assert_int_equal(failing.live, 0);
}

static void runs_out_of_memory(void **state) {
    (void)state;
    struct failing failing = {.fail_at = 1};
    struct memory memory = failing_memory(&failing);
    struct clock clock = {0};
    assert_int_equal(clock_set(&clock, &memory, 1, 1), SS_OK);
    assert_int_equal(clock_set(&clock, &memory, 2, 2), SS_ERR_NOMEM);
    assert_int_equal(clock.count, 1);
    assert_int_equal(clock_get(&clock, 1), 1);
    assert_int_equal(clock_reserve(&clock, &memory, 2), SS_OK);
    size_t calls = failing.calls;
    assert_int_equal(clock_set(&clock, &memory, 2, 2), SS_OK);
    assert_int_equal(failing.calls, calls);
    clock_free(&clock, &memory);
    assert_int_equal(failing.live, 0);
}

static void compares(void **state) {
    (void)state;
    struct clock clock = {0};
    clock_set(&clock, &memory_heap, 1, 10);
    clock_set(&clock, &memory_heap, 2, 20);
    static const struct {
        struct context_entry entries[3];
        size_t count;
        bool foreign;
        enum clock_order order;
    } cases[] = {
        {{{1, 10}, {2, 20}}, 2, false, CLOCK_EQUAL},
        {{{2, 20}, {1, 10}}, 2, false, CLOCK_EQUAL},
        {{{1, 10}, {2, 20}, {3, 0}}, 3, false, CLOCK_EQUAL}, /* 0 says nothing */
        {{{1, 10}}, 1, false, CLOCK_BEHIND},
        {{{0, 0}}, 0, false, CLOCK_BEHIND},
        {{{1, 9}, {2, 20}}, 2, false, CLOCK_BEHIND},
        {{{1, 11}, {2, 20}}, 2, false, CLOCK_AHEAD},
        {{{1, 10}, {2, 20}, {3, 1}}, 3, false, CLOCK_AHEAD},
        {{{1, 10}, {2, 20}}, 2, true, CLOCK_AHEAD},
        {{{1, 11}, {2, 19}}, 2, false, CLOCK_DIVERGED},
        {{{1, 10}, {3, 1}}, 2, false, CLOCK_DIVERGED},
        {{{1, 10}}, 1, true, CLOCK_DIVERGED},
        {{{1, 9}, {1, 10}, {2, 20}}, 3, false, CLOCK_EQUAL}, /* the greater claim counts */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct context context = {cases[i].entries, cases[i].count, cases[i].foreign, true};
        assert_int_equal(clock_compare(&context, &clock), cases[i].order);
    }
    clock_free(&clock, &memory_heap);
}

/* Counters are 64 bits inside: a wire counter is read beside ours. */
static void compares_after_the_wrap(void **state) {
    (void)state;
    struct clock clock = {0};
    clock_set(&clock, &memory_heap, 1, 0x100000005u);
    struct context_entry entry = {1, 5};
    struct context context = {&entry, 1, false, true};
    assert_int_equal(clock_compare(&context, &clock), CLOCK_EQUAL);
    entry.counter = 0xfffffff0u;
    assert_int_equal(clock_compare(&context, &clock), CLOCK_BEHIND);
    assert_false(context_covers(&context, 1, 0x100000005u));
    assert_true(context_covers(&context, 1, 0xffffffefu));
    assert_false(context_covers(&context, 2, 1));
    entry.counter = 6;
    assert_int_equal(clock_compare(&context, &clock), CLOCK_AHEAD);
}

static void names(void **state) {
    (void)state;
    char name[NODE_NAME_SIZE + 1];
    struct random random = {9};
    for (int i = 0; i < 1000; i++) {
        uint64_t node = random_next(&random), back = 0;
        node_print(node, name);
        assert_true(node_parse(bytes_of(name), &back));
        assert_int_equal(back, node);
    }
    uint64_t node;
    assert_false(node_parse(bytes_of("00000000000000AB"), &node));
    assert_false(node_parse(bytes_of("0000000000000ab"), &node));
    assert_false(node_parse(bytes_of("0000000000000000ab"), &node));
    assert_false(node_parse(bytes_of("000000000000000g"), &node));
    assert_false(node_parse(bytes_of("player-7"), &node));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_gets), cmocka_unit_test(runs_out_of_memory),
        cmocka_unit_test(compares),      cmocka_unit_test(compares_after_the_wrap),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
