/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "server/limit.h"

/* Asks as one who has never asked before. */
static uint32_t take(struct limiter *limiter, uint64_t player, uint32_t count, ss_time now) {
    uint32_t last = 0;
    return limiter_take(limiter, player, count, &last, now);
}

static struct limiter *start(uint32_t rate, uint32_t burst, uint32_t connections,
                             uint32_t players_max) {
    struct limiter *limiter;
    struct limiter_config config = {rate, burst, connections, players_max};
    assert_int_equal(limiter_create(&limiter, &memory_heap, 42, &config), SS_OK);
    return limiter;
}

static void test_burst_then_rate(void **state) {
    (void)state;
    struct limiter *limiter = start(2000, 4000, 16, 100);
    ss_time now = 1000 * SS_SECOND;
    for (int i = 0; i < 4000; i++)
        assert_int_equal(take(limiter, 7, 1, now), 0);
    assert_int_equal(take(limiter, 7, 1, now), 1);
    assert_int_equal(take(limiter, 7, 1, now + 499), 1);
    assert_int_equal(take(limiter, 7, 1, now + 500), 0);
    assert_int_equal(take(limiter, 7, 1, now + 500), 1);
    assert_int_equal(take(limiter, 8, 4000, now), 0);
    limiter_destroy(limiter);
}

static void test_wait_is_exact(void **state) {
    (void)state;
    struct limiter *limiter = start(10, 100, 16, 100);
    ss_time now = SS_SECOND;
    assert_int_equal(take(limiter, 7, 100, now), 0);
    uint32_t wait = take(limiter, 7, 25, now);
    assert_int_equal(wait, 2500);
    assert_int_equal(take(limiter, 7, 25, now + (wait - 1) * SS_MILLISECOND), 1);
    assert_int_equal(take(limiter, 7, 25, now + wait * SS_MILLISECOND), 0);
    assert_int_equal(take(limiter, 7, 101, now), UINT32_MAX);
    limiter_destroy(limiter);
}

/* A rate that divides nothing evenly: no token is lost or made in a million uneven steps. */
static void test_no_drift(void **state) {
    (void)state;
    struct limiter *limiter = start(333, 50, 16, 100);
    struct random random = {5};
    ss_time now = 0;
    assert_int_equal(take(limiter, 7, 50, now), 0);
    uint64_t taken = 0;
    for (int i = 0; i < 1000000; i++) {
        now += (ss_time)random_below(&random, 2000);
        if (take(limiter, 7, 1, now) == 0) taken++;
    }
    uint64_t earned = (uint64_t)now * 333 / 1000000;
    assert_in_range(taken, earned - 50, earned);
    limiter_destroy(limiter);
}

static void test_extremes(void **state) {
    (void)state;
    struct limiter *limiter = start(UINT32_MAX, UINT32_MAX, 1, 10);
    assert_int_equal(take(limiter, 7, UINT32_MAX, 0), 0);
    assert_int_equal(take(limiter, 7, 1, 0), 1);
    assert_int_equal(take(limiter, 7, UINT32_MAX, SS_NEVER), 0);
    assert_int_equal(take(limiter, 7, 1, 5), 1); /* the clock went back */
    limiter_destroy(limiter);
    limiter = start(0, 1, 1, 10);
    assert_int_equal(take(limiter, 7, 1, 0), 0);
    assert_int_equal(take(limiter, 7, 1, SS_NEVER), UINT32_MAX);
    limiter_destroy(limiter);
}

static void test_connections(void **state) {
    (void)state;
    struct limiter *limiter = start(10, 10, 2, 2);
    assert_true(limiter_connect(limiter, 1, 0));
    assert_true(limiter_connect(limiter, 1, 0));
    assert_false(limiter_connect(limiter, 1, 0));
    assert_true(limiter_connect(limiter, 2, 0));
    assert_false(limiter_connect(limiter, 3, 0)); /* both places are taken by who is here */
    assert_int_equal(take(limiter, 3, 1, 0), 1000);
    limiter_disconnect(limiter, 2);
    assert_true(limiter_connect(limiter, 3, 0));
    limiter_disconnect(limiter, 1);
    assert_true(limiter_connect(limiter, 1, 0));
    limiter_disconnect(limiter, 99); /* nobody: nothing */
    limiter_disconnect(limiter, 3);
    limiter_disconnect(limiter, 3);
    assert_true(limiter_connect(limiter, 3, 0));
    limiter_destroy(limiter);
}

/* A debt is never forgotten by being pushed out, a full bucket is. */
static void test_forgetting(void **state) {
    (void)state;
    struct limiter *limiter = start(10, 10, 2, 3);
    assert_int_equal(take(limiter, 1, 10, 0), 0);
    assert_int_equal(take(limiter, 2, 10, 0), 0);
    assert_int_equal(take(limiter, 3, 10, 0), 0);
    assert_int_equal(take(limiter, 4, 1, 0), 1000);
    assert_int_equal(take(limiter, 1, 1, 0), 100);
    assert_int_equal(take(limiter, 4, 1, SS_SECOND), 0); /* 2 or 3 is full again */
    assert_int_equal(take(limiter, 5, 1, SS_SECOND), 0);
    limiter_destroy(limiter);
}

/* Who remembers where a player stood never finds another one there. */
static void test_remembered_place(void **state) {
    (void)state;
    struct limiter *limiter = start(10, 10, 2, 1);
    uint32_t first = 0, second = 0;
    assert_int_equal(limiter_take(limiter, 1, 5, &first, 0), 0);
    assert_int_equal(limiter_take(limiter, 1, 5, &first, 0), 0);
    assert_int_equal(limiter_take(limiter, 1, 1, &second, 0), 100); /* one bucket for both */
    assert_int_equal(limiter_take(limiter, 2, 4, &second, SS_SECOND), 0);
    assert_int_equal(limiter_take(limiter, 1, 1, &first, SS_SECOND), 400);
    assert_int_equal(limiter_take(limiter, 2, 6, &second, SS_SECOND), 0);
    limiter_destroy(limiter);
}

static void test_configure(void **state) {
    (void)state;
    struct limiter *limiter = start(10, 100, 2, 3);
    assert_int_equal(take(limiter, 1, 1, 0), 0);
    limiter_configure(limiter, &(struct limiter_config){10, 5, 2, 3});
    assert_int_equal(take(limiter, 1, 5, 0), 0);
    assert_int_equal(take(limiter, 1, 1, 0), 100);
    limiter_configure(limiter, &(struct limiter_config){1000, 50, 2, 3});
    assert_int_equal(take(limiter, 1, 50, SS_SECOND), 0);
    limiter_destroy(limiter);
}

static void test_many_players_bounded(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct limiter *limiter;
    struct limiter_config config = {10, 10, 2, 1000};
    assert_int_equal(limiter_create(&limiter, &memory, 1, &config), SS_OK);
    for (uint64_t player = 1; player <= 100000; player++)
        assert_int_equal(take(limiter, player, 1, (ss_time)player * 1000), 0);
    assert_true(failing.live < 200000);
    limiter_destroy(limiter);
    assert_int_equal(failing.live, 0);
}

static void test_known_player_allocates_nothing(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct limiter *limiter;
    struct limiter_config config = {10, 10, 2, 1000};
    assert_int_equal(limiter_create(&limiter, &memory, 1, &config), SS_OK);
    take(limiter, 5, 1, 0);
    size_t calls = failing.calls;
    for (int i = 0; i < 1000; i++)
        take(limiter, 5, 1, i);
    assert_int_equal(failing.calls, calls);
    limiter_destroy(limiter);
}

static void test_allocation_failure(void **state) {
    (void)state;
    struct limiter_config config = {10, 10, 2, 1000};
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct limiter *limiter;
        bool passed = limiter_create(&limiter, &memory, 1, &config) == SS_OK;
        for (uint64_t player = 1; passed && player <= 600; player++)
            passed = take(limiter, player, 1, 0) == 0;
        limiter_destroy(limiter);
        assert_int_equal(failing.live, 0);
        if (passed) break;
        assert_true(n < 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_wait_is_exact),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_remembered_place),
        cmocka_unit_test(test_configure),
        cmocka_unit_test(test_many_players_bounded),
        cmocka_unit_test(test_known_player_allocates_nothing),
        cmocka_unit_test(test_allocation_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
