/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/text.h"

static struct buffer out;

static const char *text(void) {
    buffer_u8(&out, 0);
    return (char *)out.data;
}

static int setup(void **state) {
    (void)state;
    out = buffer_of(&memory_heap);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    buffer_free(&out);
    return 0;
}

static void test_text_is_shown_as_text(void **state) {
    (void)state;
    state_print(&out, bytes_of("{\"name\":\"Änn\"}"), 0);
    assert_string_equal(text(), "{\"name\":\"Änn\"}");
}

static void test_bytes_are_shown_as_digits(void **state) {
    (void)state;
    state_print(&out, bytes_view("\x00\xff\x10", 3), 0);
    assert_string_equal(text(), "0x00ff10");
}

static void test_nothing_steers_the_terminal(void **state) {
    (void)state;
    assert_false(text_printable(bytes_of("a\x1b[2J")));
    assert_false(text_printable(bytes_of("\xc2\x9b"
                                         "2J"))); /* the one-byte CSI, as UTF-8 */
    assert_false(text_printable(bytes_of("\x7f")));
    assert_false(text_printable(bytes_of("\xff")));
    assert_true(text_printable(bytes_of("a\tb\n")));
    assert_true(text_printable(bytes_of("\xc2\xa0")));
}

static void test_a_cut_is_shown(void **state) {
    (void)state;
    state_print(&out, bytes_of("äöüäöüäöü"), 5);
    assert_string_equal(text(), "äöüä…");
    buffer_clear(&out);
    state_print(&out, bytes_of("one\ntwo"), 20);
    assert_string_equal(text(), "one two");
    buffer_clear(&out);
    state_print(&out, bytes_view("\x00\x01\x02\x03\x04\x05\x06", 7), 8);
    assert_string_equal(text(), "0x00010…");
}

static void test_a_long_text_cut_in_a_character_is_still_text(void **state) {
    (void)state;
    char longer[402];
    for (size_t i = 0; i < 200; i++)
        memcpy(longer + 1 + 2 * i, "ä", 2);
    longer[0] = 'x';
    longer[401] = '\0';
    state_print(&out, bytes_of(longer), 10);
    assert_string_equal(text(), "xääääääää…");
}

static void test_hex(void **state) {
    (void)state;
    assert_true(hex_parse("0x0aFF", &out));
    assert_true(bytes_equal(buffer_view(&out), bytes_view("\x0a\xff", 2)));
    buffer_clear(&out);
    assert_true(hex_parse("", &out));
    assert_false(hex_parse("0x0", &out));
    assert_false(hex_parse("zz", &out));
}

static void test_counts(void **state) {
    (void)state;
    static const struct {
        double count;
        const char *text;
    } cases[] = {{0, "0"},       {7, "7"},      {999, "999"},     {1234, "1.2k"},
                 {56789, "57k"}, {1e6, "1.0M"}, {999999, "1.0M"}, {2.5, "2.5"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&out);
        count_print(&out, cases[i].count);
        assert_string_equal(text(), cases[i].text);
    }
    buffer_clear(&out);
    size_print(&out, 1234);
    buffer_text(&out, ", ");
    size_print(&out, 12);
    assert_string_equal(text(), "1.2 kB, 12 B");
}

static void test_spans(void **state) {
    (void)state;
    static const struct {
        ss_time span;
        const char *text;
    } cases[] = {{0, "0 us"},
                 {812, "812 us"},
                 {4100, "4.1 ms"},
                 {12345678, "12 s"},
                 {180000000, "3.0 min"},
                 {36000000000, "10 h"},
                 {259200000000, "3.0 d"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&out);
        span_print(&out, cases[i].span);
        assert_string_equal(text(), cases[i].text);
    }
}

static void test_words_for_a_shell(void **state) {
    (void)state;
    shell_print(&out, bytes_of("127.0.0.1:7350"));
    buffer_u8(&out, ' ');
    shell_print(&out, bytes_of("it's"));
    buffer_u8(&out, ' ');
    shell_print(&out, bytes_of(""));
    assert_string_equal(text(), "127.0.0.1:7350 'it'\\''s' ''");
}

static void test_strings_of_json(void **state) {
    (void)state;
    json_print(&out, "a \"b\" \\c\n\x01 \xc3\xa9");
    assert_string_equal(text(), "\"a \\\"b\\\" \\\\c\\u000a\\u0001 \xc3\xa9\"");
    buffer_clear(&out);
    json_print(&out, "");
    assert_string_equal(text(), "\"\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_is_shown_as_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_are_shown_as_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_steers_the_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_text_cut_in_a_character_is_still_text, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hex, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_for_a_shell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings_of_json, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
