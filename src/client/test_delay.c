/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "client/delay.h"

static void test_without_a_delay_pieces_come_out_at_once(void **state) {
    (void)state;
    struct delay_line line = delay_line_of(&memory_heap, 0, 0, 1);
    assert_int_equal(delay_push(&line, bytes_of("abc"), 100), SS_OK);
    assert_true(bytes_equal(delay_peek(&line, 100), bytes_of("abc")));
    delay_drop(&line, 3);
    assert_int_equal(delay_peek(&line, 100).size, 0);
    assert_true(delay_deadline(&line) == SS_NEVER);
    delay_free(&line);
}

static void test_a_piece_waits_its_time_to_the_microsecond(void **state) {
    (void)state;
    struct delay_line line = delay_line_of(&memory_heap, 50, 0, 1);
    delay_push(&line, bytes_of("abc"), 1000);
    assert_int_equal(delay_deadline(&line), 1050);
    assert_int_equal(delay_peek(&line, 1049).size, 0);
    assert_int_equal(delay_peek(&line, 1050).size, 3);
    delay_free(&line);
}

static void test_half_a_piece_may_be_taken(void **state) {
    (void)state;
    struct delay_line line = delay_line_of(&memory_heap, 0, 0, 1);
    delay_push(&line, bytes_of("abcdef"), 0);
    delay_push(&line, bytes_of("gh"), 0);
    delay_drop(&line, 4);
    assert_true(bytes_equal(delay_peek(&line, 0), bytes_of("ef")));
    delay_drop(&line, 2);
    assert_true(bytes_equal(delay_peek(&line, 0), bytes_of("gh")));
    delay_free(&line);
}

static void test_jitter_never_reorders_and_stays_in_its_bounds(void **state) {
    (void)state;
    struct delay_line line = delay_line_of(&memory_heap, 100, 40, 7);
    uint8_t next = 0;
    for (uint8_t i = 0; i < 200; i++)
        assert_int_equal(delay_push(&line, bytes_view(&i, 1), i), SS_OK);
    for (ss_time now = 0; now <= 200 + 140; now++)
        for (struct bytes out; (out = delay_peek(&line, now)).size; delay_drop(&line, 1)) {
            assert_int_equal(out.data[0], next);
            assert_true(now >= next + 100);
            next++;
        }
    assert_int_equal(next, 200);
    delay_free(&line);
}

static void test_an_empty_piece_is_nothing(void **state) {
    (void)state;
    struct delay_line line = delay_line_of(&memory_heap, 5, 0, 1);
    assert_int_equal(delay_push(&line, bytes_view(NULL, 0), 0), SS_OK);
    assert_true(delay_deadline(&line) == SS_NEVER);
}

static void test_a_failed_allocation_loses_only_the_new_piece(void **state) {
    (void)state;
    struct failing failing = {.fail_at = 2};
    struct memory memory = failing_memory(&failing);
    struct delay_line line = delay_line_of(&memory, 0, 0, 1);
    assert_int_equal(delay_push(&line, bytes_of("one"), 0), SS_OK);
    assert_int_equal(delay_push(&line, bytes_of("two"), 0), SS_ERR_NOMEM);
    assert_int_equal(delay_push(&line, bytes_of("three"), 0), SS_OK);
    assert_true(bytes_equal(delay_peek(&line, 0), bytes_of("one")));
    delay_drop(&line, 3);
    assert_true(bytes_equal(delay_peek(&line, 0), bytes_of("three")));
    delay_free(&line);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_delay_pieces_come_out_at_once),
        cmocka_unit_test(test_a_piece_waits_its_time_to_the_microsecond),
        cmocka_unit_test(test_half_a_piece_may_be_taken),
        cmocka_unit_test(test_jitter_never_reorders_and_stays_in_its_bounds),
        cmocka_unit_test(test_an_empty_piece_is_nothing),
        cmocka_unit_test(test_a_failed_allocation_loses_only_the_new_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
