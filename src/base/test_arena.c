/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/failing.h"

static void test_pieces_are_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena = arena_of(&memory_heap, 100);
    uint8_t *pieces[50];
    for (size_t i = 0; i < 50; i++) {
        pieces[i] = arena_alloc(&arena, i + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(pieces[i][j], i);
    arena_free(&arena);
}

static void test_reset_reuses_blocks(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct arena arena = arena_of(&memory, 256);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++)
            assert_non_null(arena_alloc(&arena, 64));
        arena_reset(&arena, SIZE_MAX);
    }
    assert_int_equal(failing.calls, 5);
    arena_reset(&arena, 512);
    assert_true(arena.held <= 512 && failing.live > 0);
    arena_free(&arena);
    assert_int_equal(failing.live, 0);
}

static void test_large_piece_after_reset(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct arena arena = arena_of(&memory, 64);
    memset(arena_alloc(&arena, 64), 1, 64);
    arena_reset(&arena, SIZE_MAX);
    memset(arena_alloc(&arena, 5000), 2, 5000);
    uint8_t *small = arena_alloc(&arena, 16);
    memset(small, 3, 16);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_free(&arena);
    assert_int_equal(failing.live, 0);
}

static void test_copy_and_failure(void **state) {
    (void)state;
    struct failing failing = {.fail_at = 2};
    struct memory memory = failing_memory(&failing);
    struct arena arena = arena_of(&memory, 16);
    struct bytes copy = arena_copy(&arena, bytes_of("0123456789abcdef"));
    assert_true(bytes_equal(copy, bytes_of("0123456789abcdef")));
    copy = arena_copy(&arena, bytes_of("x"));
    assert_null(copy.data);
    assert_int_equal(copy.size, 0);
    copy = arena_copy(&arena, bytes_of("y"));
    assert_true(bytes_equal(copy, bytes_of("y")));
    assert_int_equal(arena_copy(&arena, bytes_view(NULL, 0)).size, 0);
    arena_free(&arena);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_and_apart),
        cmocka_unit_test(test_reset_reuses_blocks),
        cmocka_unit_test(test_large_piece_after_reset),
        cmocka_unit_test(test_copy_and_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
