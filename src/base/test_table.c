/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "base/table.h"

#define KEYS 512

/* The key of a handle is the handle; `context` points to the one that is looked for. */
static bool is(const void *context, uint32_t handle) {
    return *(const uint32_t *)context == handle;
}

static uint32_t find(const struct table *table, uint64_t hash, uint32_t handle) {
    return table_find(table, hash, is, &handle);
}

/* A model: present[k], under hashes that a mask makes collide. */
static void against_model(uint64_t mask) {
    struct table table = table_of(&memory_heap);
    bool present[KEYS] = {false};
    size_t count = 0;
    struct random random = {mask};
    for (int i = 0; i < 50000; i++) {
        uint32_t key = (uint32_t)random_below(&random, KEYS);
        uint64_t hash = hash_mix(key) & mask;
        assert_int_equal(find(&table, hash, key), present[key] ? key : TABLE_NONE);
        if (present[key]) {
            assert_true(table_remove(&table, hash, key));
            count--;
        } else {
            assert_false(table_remove(&table, hash, key));
            assert_int_equal(table_add(&table, hash, key), SS_OK);
            count++;
        }
        present[key] = !present[key];
        assert_int_equal(table.count, count);
    }
    for (uint32_t key = 0; key < KEYS; key++)
        assert_int_equal(find(&table, hash_mix(key) & mask, key), present[key] ? key : TABLE_NONE);
    table_free(&table);
}

static void test_against_model(void **state) {
    (void)state;
    against_model(UINT64_MAX);
    against_model(0x0000000f0000001f);
    against_model(0xffffffff00000000); /* one home for all */
    against_model(0);                  /* one hash for all */
}

static void test_homes_that_wrap_around(void **state) {
    (void)state;
    struct table table = table_of(&memory_heap);
    for (uint32_t i = 0; i < 8; i++) /* homes 14, 14, 15, 15, 0, 0, 1, 1 of 16 */
        assert_int_equal(table_add(&table, (14 + i / 2) % 16, i), SS_OK);
    assert_int_equal(table.capacity, 16);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(table_remove(&table, (14 + i / 2) % 16, i));
        for (uint32_t j = 0; j < 8; j++)
            assert_int_equal(find(&table, (14 + j / 2) % 16, j), j > i ? j : TABLE_NONE);
    }
    table_free(&table);
}

/* Neighbours that lead to the same handle: each goes alone. */
static void test_one_handle_twice(void **state) {
    (void)state;
    struct table table = table_of(&memory_heap);
    for (uint64_t hash = 5; hash <= 7; hash++)
        assert_int_equal(table_add(&table, hash, 1), SS_OK);
    assert_false(table_remove(&table, 4, 1));
    assert_true(table_remove(&table, 6, 1));
    assert_int_equal(find(&table, 5, 1), 1);
    assert_int_equal(find(&table, 6, 1), TABLE_NONE);
    assert_int_equal(find(&table, 7, 1), 1);
    assert_true(table_remove(&table, 5, 1));
    assert_int_equal(find(&table, 7, 1), 1);
    table_free(&table);
}

static void test_reserve_makes_adding_safe(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct table table = table_of(&memory);
    assert_int_equal(table_reserve(&table, 1000), SS_OK);
    failing.fail_at = failing.calls + 1;
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(table_add(&table, hash_mix(i), i), SS_OK);
    assert_int_equal(table_reserve(&table, SIZE_MAX), SS_ERR_NOMEM);
    table_free(&table);
    assert_int_equal(failing.live, 0);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct table table = table_of(&memory);
        uint32_t count = 0;
        while (count < 100 && table_add(&table, hash_mix(count), count) == SS_OK)
            count++;
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(find(&table, hash_mix(i), i), i);
        assert_int_equal(table.count, count);
        table_free(&table);
        assert_int_equal(failing.live, 0);
        if (count == 100) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),    cmocka_unit_test(test_homes_that_wrap_around),
        cmocka_unit_test(test_one_handle_twice), cmocka_unit_test(test_reserve_makes_adding_safe),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
