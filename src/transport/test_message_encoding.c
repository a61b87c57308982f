/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "transport/message_encoding.h"

static void fill(uint8_t *out, size_t size, uint64_t below) {
    struct random random = {size};
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)random_below(&random, below);
}

static void test_round_trip(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 4096, 65537, 300000};
    static uint8_t plain[300000];
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct message_encoding encoding = message_encoding_of(&memory);
    struct buffer packed = buffer_of(&memory);
    for (uint64_t below = 1; below <= 256; below *= 16) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct bytes back;
            fill(plain, sizes[i], below);
            buffer_clear(&packed);
            assert_int_equal(message_deflate(&encoding, bytes_view(plain, sizes[i]), &packed), 0);
            assert_int_equal(message_inflate(&encoding, buffer_view(&packed), sizes[i], &back), 0);
            assert_true(bytes_equal(back, bytes_view(plain, sizes[i])));
        }
    }
    buffer_free(&packed);
    message_encoding_free(&encoding);
    assert_int_equal(heap.live, 0);
}

/* 32 MiB of zeros: refused within twice the cap of memory. */
static void test_bomb(void **state) {
    (void)state;
    struct failing heap = {0};
    struct memory memory = failing_memory(&heap);
    struct message_encoding encoding = message_encoding_of(&memory);
    struct buffer packed = buffer_of(&memory_heap);
    struct bytes back;
    uint8_t *zeros = calloc(1, 32 << 20);
    struct message_encoding other = message_encoding_of(&memory_heap);
    message_deflate(&other, bytes_view(zeros, 32 << 20), &packed);
    assert_int_equal(message_inflate(&encoding, buffer_view(&packed), 262144, &back),
                     SS_ERR_TOO_LARGE);
    assert_int_equal(back.size, 0);
    assert_true(heap.live < 2 * 262144 + 65536);
    free(zeros);
    buffer_free(&packed);
    message_encoding_free(&other);
    message_encoding_free(&encoding);
    assert_int_equal(heap.live, 0);
}

static void test_exact_cap(void **state) {
    (void)state;
    static uint8_t plain[1000];
    struct message_encoding encoding = message_encoding_of(&memory_heap);
    struct buffer packed = buffer_of(&memory_heap);
    struct bytes back;
    message_deflate(&encoding, bytes_view(plain, sizeof plain), &packed);
    assert_int_equal(message_inflate(&encoding, buffer_view(&packed), 1000, &back), SS_OK);
    assert_int_equal(message_inflate(&encoding, buffer_view(&packed), 999, &back),
                     SS_ERR_TOO_LARGE);
    buffer_free(&packed);
    message_encoding_free(&encoding);
}

static void test_malformed(void **state) {
    (void)state;
    uint8_t plain[500];
    struct message_encoding encoding = message_encoding_of(&memory_heap);
    struct buffer packed = buffer_of(&memory_heap);
    struct bytes back;
    fill(plain, sizeof plain, 20);
    message_deflate(&encoding, bytes_view(plain, sizeof plain), &packed);
    for (size_t size = 0; size < packed.size; size++)
        assert_int_equal(message_inflate(&encoding, bytes_view(packed.data, size), 10000, &back),
                         SS_ERR_MALFORMED);
    packed.data[packed.size - 8] ^= 1; /* the checksum */
    assert_int_equal(message_inflate(&encoding, buffer_view(&packed), 10000, &back),
                     SS_ERR_MALFORMED);
    packed.data[packed.size - 8] ^= 1;
    buffer_u8(&packed, 0); /* something behind the end */
    assert_int_equal(message_inflate(&encoding, buffer_view(&packed), 10000, &back),
                     SS_ERR_MALFORMED);
    buffer_free(&packed);
    message_encoding_free(&encoding);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static uint8_t plain[20000];
    bool passed = false;
    for (size_t n = 1; !passed && n < 100; n++) {
        struct failing heap = {.fail_at = n};
        struct memory memory = failing_memory(&heap);
        struct message_encoding encoding = message_encoding_of(&memory);
        struct buffer packed = buffer_of(&memory);
        struct bytes back = {NULL, 0};
        int status = message_deflate(&encoding, bytes_view(plain, sizeof plain), &packed);
        if (status == SS_OK)
            status = message_inflate(&encoding, buffer_view(&packed), 50000, &back);
        passed = heap.calls < n;
        assert_int_equal(status, passed ? SS_OK : SS_ERR_NOMEM);
        buffer_free(&packed);
        message_encoding_free(&encoding);
        assert_int_equal(heap.live, 0);
    }
    assert_true(passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_exact_cap),     cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
