/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "server/held.h"
#include "server/ring.h"

static void commands_are_bounded(void **state) {
    (void)state;
    struct ring ring;
    assert_int_equal(ring_create(&ring, &memory_heap), SS_OK);
    for (size_t i = 0; i < RING_COMMANDS; i++)
        assert_non_null(ring_push(&ring));
    assert_null(ring_push(&ring));
    ring_destroy(&ring);
}

static void answers_leave_in_order_and_the_mark_goes_with_them(void **state) {
    (void)state;
    struct ring ring;
    assert_int_equal(ring_create(&ring, &memory_heap), SS_OK);
    for (uint32_t turn = 0; turn < 3; turn++) {
        for (uint32_t i = 0; i < 20; i++) {
            struct answer answer = {.ticket = {i, turn + 1}, .offset = ring.bytes.size, .size = 1};
            buffer_u8(&ring.bytes, (uint8_t)i);
            assert_int_equal(ring_answer(&ring, &answer), SS_OK);
        }
        /* Whoever settles answers must begin at the first of the turn, not where the last one ended. */
        assert_int_equal(ring.answer_settled, 0);
        ring.answer_settled = ring.answer_count;
        for (uint32_t i = 0; i < 20; i++)
            assert_int_equal(ring_take(&ring)->ticket.handle, i);
        assert_null(ring_take(&ring));
        ring_settle(&ring);
    }
    ring_destroy(&ring);
}

static void an_answer_that_could_not_be_encoded_says_so(void **state) {
    (void)state;
    struct ring ring;
    assert_int_equal(ring_create(&ring, &memory_heap), SS_OK);
    struct answer answer = {.ticket = {1, 1}, .size = 100};
    ring.bytes.failed = true;
    assert_int_equal(ring_answer(&ring, &answer), SS_OK);
    assert_int_equal(ring_take(&ring)->status, GRPC_RESOURCE_EXHAUSTED);
    ring_destroy(&ring);
}

/* Thousands of answers waiting for ever later groups: bytes stay right while the queue is compacted. */
static void held_answers_wait_for_their_group(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct held held = held_of(&memory);
    uint8_t payload[3000];
    uint64_t popped = 0;
    for (uint64_t lsn = 1; lsn <= 4000; lsn++) {
        memset(payload, (int)(lsn & 0xff), sizeof payload);
        struct answer answer = {.lsn = lsn, .size = sizeof payload};
        assert_int_equal(held_push(&held, &answer, bytes_view(payload, sizeof payload)), SS_OK);
        struct bytes bytes;
        while (held_pop(&held, lsn > 500 ? lsn - 500 : 0, &answer, &bytes)) {
            assert_int_equal(answer.lsn, ++popped);
            assert_int_equal(bytes.size, sizeof payload);
            assert_int_equal(bytes.data[0], popped & 0xff);
            assert_int_equal(bytes.data[bytes.size - 1], popped & 0xff);
        }
        assert_int_equal(held_bytes(&held), (lsn - popped) * sizeof payload);
    }
    assert_int_equal(popped, 3500);
    assert_true(held.bytes.capacity < 16u << 20);
    held_free(&held);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_bounded),
        cmocka_unit_test(answers_leave_in_order_and_the_mark_goes_with_them),
        cmocka_unit_test(an_answer_that_could_not_be_encoded_says_so),
        cmocka_unit_test(held_answers_wait_for_their_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
