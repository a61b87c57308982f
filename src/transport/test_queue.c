/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "transport/queue.h"

/* What goes in comes out in order, whatever the sizes, and memory follows what waits. */
static void test_order(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct queue queue = {.bytes = buffer_of(&memory)};
    struct random random = {7};
    uint8_t in = 0, out = 0, taken[300];
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = random_below(&random, 300);
        if (queue_size(&queue) < 5000 && size) {
            uint8_t *room = queue_room(&queue, size);
            for (size_t i = 0; i < size; i++)
                room[i] = in++;
        }
        size = random_below(&random, 300);
        if (size > queue_size(&queue)) size = queue_size(&queue);
        assert_true(size == 0 || queue_view(&queue).data[0] == out);
        queue_take(&queue, taken, size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(taken[i], out++);
    }
    assert_true(queue.bytes.capacity < 4 * 5300);
    buffer_free(&queue.bytes);
    assert_int_equal(heap.live, 0);
}

static void test_empty(void **state) {
    (void)state;
    struct queue queue = {.bytes = buffer_of(&memory_heap)};
    assert_int_equal(queue_bytes(&queue, bytes_view(NULL, 0)), SS_OK);
    assert_int_equal(queue_view(&queue).size, 0);
    queue_take(&queue, NULL, 0);
    assert_int_equal(queue_size(&queue), 0);
}

static void test_out_of_memory(void **state) {
    (void)state;
    struct failing heap = {.fail_at = 2};
    struct memory memory = failing_memory(&heap);
    struct queue queue = {.bytes = buffer_of(&memory)};
    assert_int_equal(queue_bytes(&queue, bytes_of("kept")), SS_OK);
    assert_null(queue_room(&queue, 1000));
    assert_true(bytes_equal(queue_view(&queue), bytes_of("kept")));
    assert_int_equal(queue_bytes(&queue, bytes_of("more")), SS_OK);
    assert_true(bytes_equal(queue_view(&queue), bytes_of("keptmore")));
    buffer_free(&queue.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
