/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "transport/pool.h"

#include <string.h>

static void test_sizes(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct pool pool = pool_of(&memory, 1 << 20);
    assert_null(pool_alloc(&pool, 0));
    assert_null(pool_alloc(&pool, SIZE_MAX));
    assert_null(pool_zeroed(&pool, SIZE_MAX / 2, 3));
    for (size_t size = 1; size < 10000; size = size * 5 / 4 + 1) {
        uint8_t *piece = pool_alloc(&pool, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 16, 0);
        memset(piece, 0xab, size);
        pool_release(&pool, piece);
        uint8_t *zeroed = pool_zeroed(&pool, size, 1);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(zeroed[i], 0);
        pool_release(&pool, zeroed);
    }
    pool_release(&pool, NULL);
    pool_free(&pool);
    assert_int_equal(heap.live, 0);
}

static void test_reuse(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct pool pool = pool_of(&memory, 1 << 20);
    void *first = pool_alloc(&pool, 100);
    pool_release(&pool, first);
    assert_ptr_equal(pool_alloc(&pool, 128), first);
    assert_int_equal(heap.calls, 1);
    pool_release(&pool, first);
    pool_free(&pool);
    assert_int_equal(heap.live, 0);
}

static void test_resize_keeps_bytes(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct pool pool = pool_of(&memory, 4096);
    char *piece = pool_resize(&pool, NULL, 10);
    strcpy(piece, "kept");
    for (size_t size = 20; size < 100000; size *= 3) {
        piece = pool_resize(&pool, piece, size);
        assert_string_equal(piece, "kept");
    }
    heap.fail_at = heap.calls + 1;
    assert_null(pool_resize(&pool, piece, 1 << 20));
    assert_string_equal(piece, "kept");
    pool_release(&pool, piece);
    pool_free(&pool);
    assert_int_equal(heap.live, 0);
}

static void test_spare_is_bounded(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct pool pool = pool_of(&memory, 1000);
    void *pieces[100];
    for (unsigned i = 0; i < 100; i++)
        pieces[i] = pool_alloc(&pool, 64);
    for (unsigned i = 0; i < 100; i++)
        pool_release(&pool, pieces[i]);
    assert_in_range(pool.spare_bytes, 1, 1000);
    assert_in_range(heap.live, 1, 1000 + 16 * 64);
    pool_free(&pool);
    assert_int_equal(heap.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_resize_keeps_bytes),
        cmocka_unit_test(test_spare_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
