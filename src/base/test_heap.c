/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/heap.h"
#include "base/random.h"
#include "base/status.h"

/* Random sets, moves and removals against a plain array: the first is always the earliest. */
static void first_is_always_the_earliest(void **state) {
    (void)state;
    struct random random = {7};
    struct heap heap = heap_of(&memory_heap);
    struct heap_entry entries[100] = {0};
    for (int step = 0; step < 20000; step++) {
        struct heap_entry *entry = &entries[random_below(&random, 100)];
        ss_time deadline = random_below(&random, 4) ? (ss_time)random_below(&random, 50) : SS_NEVER;
        assert_int_equal(heap_set(&heap, entry, deadline), SS_OK);
        ss_time earliest = SS_NEVER;
        size_t count = 0;
        for (int i = 0; i < 100; i++) {
            if (entries[i].place == 0) continue;
            count++;
            earliest = time_min(earliest, entries[i].deadline);
        }
        assert_int_equal(heap.count, count);
        struct heap_entry *first = heap_first(&heap);
        assert_int_equal(first ? first->deadline : SS_NEVER, earliest);
    }
    heap_free(&heap);
}

static void a_failed_allocation_leaves_the_entry_out(void **state) {
    (void)state;
    struct failing failing = {.fail_at = 1};
    struct memory memory = failing_memory(&failing);
    struct heap heap = heap_of(&memory);
    struct heap_entry entry = {0};
    assert_int_equal(heap_set(&heap, &entry, 5), SS_ERR_NOMEM);
    assert_int_equal(entry.place, 0);
    assert_int_equal(heap_set(&heap, &entry, 5), SS_OK);
    assert_ptr_equal(heap_first(&heap), &entry);
    heap_remove(&heap, &entry);
    assert_null(heap_first(&heap));
    heap_free(&heap);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_is_always_the_earliest),
        cmocka_unit_test(a_failed_allocation_leaves_the_entry_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
