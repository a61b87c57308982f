/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "server/token.h"

static const struct hash_key key = {1, 2}, other_key = {1, 3};
static const uint64_t world = 0xabcdef012345;

static void tokens_come_back(void **state) {
    (void)state;
    struct snapshot_position position = {.at = 77, .owner = 3, .cell = 9}, read = {0};
    struct token token = token_page(key, world, position);
    assert_int_equal(token_read_page(key, world, bytes_view(token.data, token.size), &read), SS_OK);
    assert_memory_equal(&read, &position, sizeof read);
    uint64_t seq = 0;
    token = token_resume(key, world, UINT64_MAX);
    assert_int_equal(token_read_resume(key, world, bytes_view(token.data, token.size), &seq), SS_OK);
    assert_true(seq == UINT64_MAX);
}

static void strangers_tokens_are_out_of_history(void **state) {
    (void)state;
    uint64_t seq;
    struct token token = token_resume(key, world, 5);
    struct bytes view = bytes_view(token.data, token.size);
    assert_int_equal(token_read_resume(other_key, world, view, &seq), SS_ERR_STALE);
    assert_int_equal(token_read_resume(key, world + 1, view, &seq), SS_ERR_STALE);
}

/* Every single changed byte and every other length is noticed. */
static void damaged_tokens_are_refused(void **state) {
    (void)state;
    struct snapshot_position position = {.at = 1, .owner = 0, .cell = 0}, read;
    struct token token = token_page(key, world, position);
    for (size_t i = 0; i < token.size; i++) {
        struct token damaged = token;
        damaged.data[i] ^= 0x40;
        assert_int_not_equal(
            token_read_page(key, world, bytes_view(damaged.data, damaged.size), &read), SS_OK);
        assert_int_equal(token_read_page(key, world, bytes_view(token.data, i), &read),
                         SS_ERR_MALFORMED);
    }
    uint64_t seq;
    assert_int_equal(token_read_resume(key, world, bytes_view(token.data, token.size), &seq),
                     SS_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_come_back),
        cmocka_unit_test(strangers_tokens_are_out_of_history),
        cmocka_unit_test(damaged_tokens_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
