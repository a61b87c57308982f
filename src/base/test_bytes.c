/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/failing.h"

static void test_order(void **state) {
    (void)state;
    assert_int_equal(bytes_compare(bytes_of(""), bytes_of("")), 0);
    assert_true(bytes_compare(bytes_of("a"), bytes_of("ab")) < 0);
    assert_true(bytes_compare(bytes_of("b"), bytes_of("ab")) > 0);
    assert_true(bytes_compare(bytes_of("\xff"), bytes_of("a")) > 0);
    assert_true(bytes_equal(bytes_view(NULL, 0), bytes_of("")));
    assert_false(bytes_equal(bytes_of("a"), bytes_of("b")));
}

static void test_utf8(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "plain ascii of more than eight bytes",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "12345678\xc3\xa4.12345678"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "12345678\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "\xf0\x90\x80\x28"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(bytes_utf8(bytes_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(bytes_utf8(bytes_of(bad[i])));
    assert_true(bytes_utf8(bytes_view("\0\0", 2)));
}

static void test_writer_and_reader_are_a_pair(void **state) {
    (void)state;
    uint8_t raw[64];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u8(&writer, 0x12);
    writer_u16(&writer, 0x3456);
    writer_u32(&writer, 0x789abcde);
    writer_u64(&writer, 0x0123456789abcdef);
    writer_varint(&writer, 300);
    writer_bytes(&writer, bytes_of("end"));
    assert_false(writer.failed);
    assert_memory_equal(raw, "\x12\x56\x34\xde\xbc\x9a\x78\xef\xcd\xab\x89\x67\x45\x23\x01\xac\x02",
                        17);

    struct reader reader = reader_of(bytes_view(raw, writer.size));
    assert_int_equal(reader_u8(&reader), 0x12);
    assert_int_equal(reader_u16(&reader), 0x3456);
    assert_int_equal(reader_u32(&reader), 0x789abcde);
    assert_int_equal(reader_u64(&reader), 0x0123456789abcdef);
    assert_int_equal(reader_varint(&reader), 300);
    assert_true(bytes_equal(reader_bytes(&reader, 3), bytes_of("end")));
    assert_int_equal(reader.left, 0);
    assert_false(reader.failed);
}

static void test_reader_stays_failed(void **state) {
    (void)state;
    struct reader reader = reader_of(bytes_of("\x01\x02\x03"));
    assert_int_equal(reader_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(reader_u8(&reader), 0);
    assert_int_equal(reader_bytes(&reader, 0).size, 0);
    assert_true(reader.failed);
    reader = reader_of(bytes_of("abc"));
    assert_null(reader_bytes(&reader, SIZE_MAX).data);
    assert_true(reader.failed);
}

static void test_writer_stays_failed(void **state) {
    (void)state;
    uint8_t raw[5] = {0};
    struct writer writer = writer_of(raw, 4);
    writer_u16(&writer, 0x0101);
    writer_u32(&writer, 0xffffffff);
    assert_true(writer.failed);
    writer_u8(&writer, 0xff);
    assert_int_equal(writer.size, 2);
    assert_memory_equal(raw, "\x01\x01\0\0\0", 5);
}

static void test_varint_limits(void **state) {
    (void)state;
    static const uint64_t values[] = {0,     1,          127,       128,       16383,
                                      16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t raw[10];
        struct writer writer = writer_of(raw, sizeof raw);
        writer_varint(&writer, values[i]);
        assert_int_equal(writer.size, varint_size(values[i]));
        struct reader reader = reader_of(bytes_view(raw, writer.size));
        assert_true(reader_varint(&reader) == values[i]);
        assert_int_equal(reader.left, 0);
    }
    static const char *const bad[] = {"", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                                      "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reader reader = reader_of(bytes_of(bad[i]));
        assert_int_equal(reader_varint(&reader), 0);
        assert_true(reader.failed);
    }
}

static void test_buffer_grows_and_drops(void **state) {
    (void)state;
    struct buffer buffer = buffer_of(&memory_heap);
    buffer_text(&buffer, "ab");
    buffer_u8(&buffer, 'c');
    buffer_u32(&buffer, 0x04030201);
    buffer_u64(&buffer, 1);
    buffer_varint(&buffer, 300);
    buffer_format(&buffer, "%d-%s", 42, "x");
    assert_true(bytes_equal(buffer_view(&buffer), bytes_view("abc\1\2\3\4\1\0\0\0\0\0\0\0\xac\2"
                                                             "42-x",
                                                             21)));
    buffer_drop(&buffer, 17);
    assert_true(bytes_equal(buffer_view(&buffer), bytes_of("42-x")));
    buffer_drop(&buffer, 4);
    assert_int_equal(buffer.size, 0);
    assert_null(buffer_room(&buffer, SIZE_MAX));
    assert_true(buffer.failed);
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    buffer_free(&buffer);
    assert_null(buffer.data);
}

static void test_buffer_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct buffer buffer = buffer_of(&memory);
        for (size_t i = 0; i < 100; i++)
            buffer_format(&buffer, "%03zu", i);
        bool failed = buffer.failed;
        assert_int_equal(buffer.size % 3, 0);
        if (buffer.size > 0) assert_memory_equal(buffer.data, "000", 3);
        if (!failed) assert_int_equal(buffer.size, 300);
        buffer_free(&buffer);
        assert_int_equal(failing.live, 0);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_writer_and_reader_are_a_pair),
        cmocka_unit_test(test_reader_stays_failed),
        cmocka_unit_test(test_writer_stays_failed),
        cmocka_unit_test(test_varint_limits),
        cmocka_unit_test(test_buffer_grows_and_drops),
        cmocka_unit_test(test_buffer_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
