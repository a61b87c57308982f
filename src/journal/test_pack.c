/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"

enum { SIZE_MAX_HERE = 20000 };

static struct bytes letters(struct random *random, uint8_t *at, size_t size, unsigned kinds) {
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)('a' + random_below(random, kinds));
    return bytes_view(at, size);
}

static void test_there_and_back(void **state) {
    (void)state;
    struct random random = {3};
    struct pack pack = pack_of(&memory_heap);
    uint8_t *from = malloc(SIZE_MAX_HERE), *kept = malloc(SIZE_MAX_HERE);
    unsigned shorter = 0;
    assert_true(from && kept);
    for (int i = 0; i < 300; i++) {
        size_t size = random_below(&random, i % 2 ? 2048 : SIZE_MAX_HERE);
        struct bytes group = letters(&random, from, size, i % 3 ? 4 : 256), back;
        struct bytes stored = pack_group(&pack, group);
        assert_true(stored.size <= size);
        shorter += stored.size < size;
        if (size) memcpy(kept, stored.data, stored.size);
        assert_int_equal(pack_open(&pack, bytes_view(kept, stored.size), size, &back), SS_OK);
        assert_true(bytes_equal(back, group));
    }
    assert_true(shorter > 50);
    free(from);
    free(kept);
    pack_free(&pack);
}

static void test_damage(void **state) {
    (void)state;
    struct random random = {4};
    struct pack pack = pack_of(&memory_heap);
    uint8_t from[4000], kept[4000];
    struct bytes back, group = letters(&random, from, sizeof from, 3);
    struct bytes stored = pack_group(&pack, group);
    size_t size = stored.size;
    assert_true(size < sizeof from);
    memcpy(kept, stored.data, size);
    assert_int_equal(pack_open(&pack, bytes_view(kept, size), 3999, &back), SS_ERR_CORRUPT);
    assert_int_equal(pack_open(&pack, bytes_view(kept, size), 1, &back), SS_ERR_CORRUPT);
    assert_int_equal(pack_open(&pack, bytes_view(kept, size), UINT64_MAX, &back), SS_ERR_CORRUPT);
    assert_int_equal(pack_open(&pack, bytes_view(kept, size - 1), 4000, &back), SS_ERR_CORRUPT);
    assert_int_equal(pack_open(&pack, bytes_view(kept, 0), 4000, &back), SS_ERR_CORRUPT);
    for (size_t bit = 0; bit < size * 8; bit++) {
        kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int status = pack_open(&pack, bytes_view(kept, size), sizeof from, &back);
        assert_true(status == SS_ERR_CORRUPT || (status == SS_OK && back.size == sizeof from));
        kept[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    pack_free(&pack);
}

static void test_without_memory(void **state) {
    (void)state;
    struct random random = {5};
    struct failing failing = {.fail_at = 1};
    struct memory memory = failing_memory(&failing);
    struct pack plenty = pack_of(&memory_heap), pack = pack_of(&memory);
    uint8_t from[4000];
    struct bytes back, group = letters(&random, from, sizeof from, 3);
    assert_ptr_equal(pack_group(&pack, group).data, from); /* stored as it is */
    struct bytes stored = pack_group(&plenty, group);
    failing = (struct failing){.fail_at = failing.calls + 1, .calls = failing.calls};
    assert_int_equal(pack_open(&pack, stored, sizeof from, &back), SS_ERR_NOMEM);
    assert_int_equal(pack_open(&pack, stored, sizeof from, &back), SS_OK);
    pack_free(&pack);
    pack_free(&plenty);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back),
                                       cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
