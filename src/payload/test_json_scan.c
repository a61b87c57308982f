/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "payload/json_scan.h"

static bool accepted(struct bytes text) {
    struct json_scan scan = json_scan_of(text);
    enum json_event event;
    do {
        event = json_scan_next(&scan);
    } while (event != JSON_EVENT_END && event != JSON_EVENT_BAD);
    assert_int_equal(json_scan_next(&scan), event);
    return event == JSON_EVENT_END;
}

static void test_accepts(void **state) {
    (void)state;
    static const char *const good[] = {"0",
                                       "-0",
                                       "1.5e+10",
                                       "1E-3",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "[]",
                                       "{}",
                                       " [ ] ",
                                       "\t{\"a\" : [1 , {}]}\r\n",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"",
                                       "\"\\ud83d\\uDE00\"",
                                       "\"\\u0000\"",
                                       "\"\x7f\"",
                                       "\"\xc3\xa4\xf0\x9f\x98\x80\"",
                                       "[1,[2,[3]]]",
                                       "{\"\":{\"\":{}}}",
                                       "\"12345678\\n12345678\"",
                                       "[[],[[]],{}]",
                                       "1e999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!accepted(bytes_of(good[i]))) fail_msg("refused: %s", good[i]);
}

static void test_refuses(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "nul",
                                      "nulll",
                                      "True",
                                      "01",
                                      "-",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "--1",
                                      "NaN",
                                      "Infinity",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1}",
                                      "{",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "{\"a\":1]",
                                      "1 2",
                                      "{} {}",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\\",
                                      "\"\\ud800\"",
                                      "\"\\udc00\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\ud800\\ud800\"",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "\"\x1f\"",
                                      "\"12345678\x01\"",
                                      "\"\x80\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xc3\"",
                                      "{\"\xff\":1}",
                                      "\xef\xbb\xbf"
                                      "1",
                                      "'a'",
                                      "[1]//",
                                      "\xc2\xa0"
                                      "1",
                                      "\f1",
                                      "{\"a\":1,\"b\"}",
                                      "[\"a\":1]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (accepted(bytes_of(bad[i]))) fail_msg("accepted: %s", bad[i]);
    assert_false(accepted(bytes_view("1\0", 2)));
    assert_false(accepted(bytes_view("\"\0\"", 3)));
    assert_false(accepted(bytes_view("\"\\\0\"", 4)));
    assert_false(accepted(bytes_view(NULL, 0)));
    assert_false(accepted(bytes_view("1", JSON_SIZE_MAX + 1)));
}

/* Every proper prefix of an object is refused, and read without a step beyond its end. */
static void test_prefixes(void **state) {
    (void)state;
    const char *text = "{\"a\\ud83d\\ude00\":[true,-1.5e3,\"x\\n\xc3\xa4\"],\"b\":null}";
    for (size_t size = 0; size <= strlen(text); size++) {
        uint8_t copy[64];
        memcpy(copy + sizeof copy - size, text, size);
        assert_int_equal(accepted(bytes_view(copy + sizeof copy - size, size)),
                         size == strlen(text));
    }
}

static void nest(uint8_t *text, size_t depth) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
}

static void test_depth(void **state) {
    (void)state;
    static uint8_t text[200000];
    nest(text, 32);
    assert_true(accepted(bytes_view(text, 64)));
    nest(text, 33);
    assert_false(accepted(bytes_view(text, 66)));
    nest(text, 100000);
    assert_false(accepted(bytes_view(text, 200000)));
    for (size_t i = 0; i + 5 <= sizeof text; i += 5)
        memcpy(text + i, "{\"\":[", 5);
    assert_false(accepted(bytes_view(text, sizeof text)));
}

static void test_yields_names_and_slices(void **state) {
    (void)state;
    struct json_scan scan = json_scan_of(bytes_of("{\"a\" : 1.50, \"\\u0062\":[\"x\", {}]}"));
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_OPEN);
    assert_null(scan.name.raw.data);
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_VALUE);
    assert_true(bytes_equal(scan.name.raw, bytes_of("a")));
    assert_true(bytes_equal(json_scan_slice(&scan), bytes_of("1.50")));
    assert_int_equal(scan.kind, JSON_NUMBER);
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_OPEN);
    assert_true(json_text_equal(scan.name, json_text_of(bytes_of("b"))));
    assert_true(json_scan_in_array(&scan));
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_VALUE);
    assert_null(scan.name.raw.data);
    assert_true(bytes_equal(json_scan_slice(&scan), bytes_of("\"x\"")));
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_OPEN);
    assert_int_equal(scan.depth, 3);
    assert_false(json_scan_in_array(&scan));
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_CLOSE);
    assert_int_equal(scan.kind, JSON_OBJECT);
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_CLOSE);
    assert_int_equal(scan.kind, JSON_ARRAY);
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_CLOSE);
    assert_int_equal(json_scan_next(&scan), JSON_EVENT_END);
}

static struct json_text escaped(const char *raw) {
    return (struct json_text){bytes_of(raw), true};
}

static void test_text_is_compared_decoded(void **state) {
    (void)state;
    static const char *const same[][2] = {{"a", "\\u0061"},
                                          {"\xc3\xa4/\n\"\\", "\\u00E4\\/\\n\\\"\\\\"},
                                          {"\xf0\x9f\x98\x80", "\\ud83d\\ude00"},
                                          {"\xe2\x82\xac", "\\u20ac"},
                                          {"\b\f\r\t", "\\b\\f\\r\\t"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct json_text plain = json_text_of(bytes_of(same[i][0])), text = escaped(same[i][1]);
        assert_true(json_text_equal(plain, text) && json_text_equal(text, plain));
        assert_true(json_text_hash(plain) == json_text_hash(text));
        assert_true(json_name_hash(plain) == json_name_hash(text));
    }
    assert_true(json_text_compare(escaped("\\u0061"), json_text_of(bytes_of("ab"))) < 0);
    assert_true(json_text_compare(escaped("\\uffff"), json_text_of(bytes_of("\xf0\x90\x80\x80"))) <
                0);
    assert_true(json_text_compare(escaped("b"), escaped("\\u0061")) > 0);
}

static void test_hash_of_long_text(void **state) {
    (void)state;
    char plain[801], text[2401];
    for (size_t size = 0; size <= 800; size++) {
        size_t at = 0;
        memset(plain, 'x', size);
        for (size_t i = 0; i < size; i++) {
            if (i % 3 == 0) memcpy(text + at, "\\u0078", 6), at += 6;
            if (i % 3 != 0) text[at++] = 'x';
        }
        struct json_text escaped_text = {bytes_view(text, at), true};
        assert_true(json_text_hash(json_text_of(bytes_view(plain, size))) ==
                    json_text_hash(escaped_text));
        assert_true(json_name_hash(json_text_of(bytes_view(plain, size))) ==
                    json_name_hash(escaped_text));
    }
}

static void test_pointer(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    json_text_pointer(json_text_of(bytes_of("a/b~c")), &out);
    json_text_pointer(escaped("\\u00e4\\ud83d\\ude00\\u0000"), &out);
    json_text_pointer(json_text_of(bytes_of("")), &out);
    assert_true(
        bytes_equal(buffer_view(&out), bytes_of("/a~1b~0c/\xc3\xa4\xf0\x9f\x98\x80\\u0000/")));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_yields_names_and_slices),
        cmocka_unit_test(test_text_is_compared_decoded),
        cmocka_unit_test(test_hash_of_long_text),
        cmocka_unit_test(test_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
