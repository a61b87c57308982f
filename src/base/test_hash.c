/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/random.h"

/* What CPython 3.11 (SipHash-1-3) gives for hash(b"...") with PYTHONHASHSEED=0, a key of zeros. */
static void test_known_answers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"a", 0x407448d2b89b1813},
        {"01234567", 0xda3dcedf84ea6cc6},
        {"statesync", 0x4ca3ce74838f9022},
        {"0123456789abcdef", 0x1d42b30f7e060c24},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(hash_bytes((struct hash_key){0, 0}, bytes_of(known[i].text)) == known[i].hash);
}

static void test_seed_is_a_prefix(void **state) {
    (void)state;
    struct hash_key key = {1, 2};
    for (size_t size = 0; size < 40; size++) {
        uint8_t raw[48] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};
        for (size_t i = 0; i < size; i++)
            raw[8 + i] = (uint8_t)i;
        assert_true(hash_seeded(key, 0x0123456789abcdef, bytes_view(raw + 8, size)) ==
                    hash_bytes(key, bytes_view(raw, 8 + size)));
    }
    assert_true(hash_bytes(key, bytes_view(NULL, 0)) == hash_bytes(key, bytes_of("")));
}

static void test_key_and_every_byte_count(void **state) {
    (void)state;
    uint8_t raw[24] = {0};
    struct hash_key key = {1, 2};
    uint64_t plain = hash_bytes(key, bytes_view(raw, sizeof raw));
    assert_true(hash_bytes((struct hash_key){1, 3}, bytes_view(raw, sizeof raw)) != plain);
    assert_true(hash_bytes((struct hash_key){2, 2}, bytes_view(raw, sizeof raw)) != plain);
    for (size_t i = 0; i < sizeof raw; i++) {
        assert_true(hash_bytes(key, bytes_view(raw, i)) != plain);
        raw[i] = 1;
        assert_true(hash_bytes(key, bytes_view(raw, sizeof raw)) != plain);
        raw[i] = 0;
    }
}

static void test_random_stays_in_range(void **state) {
    (void)state;
    struct random random = {1}, again = {1};
    size_t seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t value = random_below(&random, 7);
        assert_true(value < 7);
        seen[value]++;
        assert_int_equal(random_below(&again, 7), value);
    }
    for (size_t i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
    for (int i = 0; i < 1000; i++) {
        double unit = random_unit(&random);
        assert_true(unit >= 0 && unit < 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_seed_is_a_prefix),
        cmocka_unit_test(test_key_and_every_byte_count),
        cmocka_unit_test(test_random_stays_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
