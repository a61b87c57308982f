/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/cellname.h"

static char why[320];

static size_t take(struct cell_name *cell, const char *first, const char *second) {
    const char *words[] = {first, second};
    return cell_name_take(cell, words, second ? 2 : 1, why, sizeof why);
}

static void test_two_words_are_taken_as_they_are(void **state) {
    (void)state;
    struct cell_name cell;
    assert_int_equal(take(&cell, "profile", "a/b%2F"), 2);
    assert_string_equal(cell.category, "profile");
    assert_string_equal(cell.key, "a/b%2F");
    assert_false(cell.owner_given);
}

static void test_one_word(void **state) {
    (void)state;
    struct cell_name cell;
    assert_int_equal(take(&cell, "profile/name", NULL), 1);
    assert_string_equal(cell.category, "profile");
    assert_string_equal(cell.key, "name");
    assert_int_equal(take(&cell, "profile/name", "{\"value\":1}"), 1);
}

static void test_one_word_with_owner(void **state) {
    (void)state;
    struct cell_name cell;
    assert_int_equal(take(&cell, "7/inventory/bag", NULL), 1);
    assert_true(cell.owner_given);
    assert_int_equal(cell.owner, 7);
    assert_int_equal(take(&cell, "0xff/a/b", NULL), 1);
    assert_int_equal(cell.owner, 255);
    assert_int_equal(take(&cell, "0/a/b", NULL), 1);
    assert_true(cell.owner_given);
}

static void test_escapes(void **state) {
    (void)state;
    struct cell_name cell;
    assert_int_equal(take(&cell, "a%2Fb/c%25d", NULL), 1);
    assert_string_equal(cell.category, "a/b");
    assert_string_equal(cell.key, "c%d");
}

static void test_what_is_no_cell(void **state) {
    (void)state;
    static const char *const wrong[] = {"/",
                                        "a/",
                                        "/b",
                                        "x/a/b",
                                        "1/2/3/4",
                                        "a/%",
                                        "a/%2",
                                        "a/%zz",
                                        "a/b%00c",
                                        "1//b",
                                        "1/a/",
                                        "-1/a/b",
                                        "18446744073709551616/a/b"};
    struct cell_name cell;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(take(&cell, wrong[i], NULL), 0);
        assert_non_null(strstr(why, "CATEGORY/KEY"));
    }
    assert_int_equal(take(&cell, "lonely", NULL), 0);
    assert_non_null(strstr(why, "lonely/KEY"));
    assert_int_equal(take(&cell, "", "x"), 0);
    assert_int_equal(cell_name_take(&cell, NULL, 0, why, sizeof why), 0);
}

static void test_a_name_that_is_too_long(void **state) {
    (void)state;
    struct cell_name cell;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(take(&cell, longer, "key"), 0);
    assert_int_equal(take(&cell, "category", longer), 2);
}

static void test_printing_gives_what_can_be_read_again(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    struct cell_name cell;
    cell_name_print(&out, 12, bytes_of("a/b %"), bytes_of("k\x1b[31m"));
    buffer_u8(&out, 0);
    assert_string_equal((char *)out.data, "12/a%2Fb%20%25/k%1B[31m");
    assert_int_equal(take(&cell, (char *)out.data, NULL), 1);
    assert_string_equal(cell.category, "a/b %");
    assert_string_equal(cell.key, "k\x1b[31m");
    assert_int_equal(cell.owner, 12);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_words_are_taken_as_they_are),
        cmocka_unit_test(test_one_word),
        cmocka_unit_test(test_one_word_with_owner),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_what_is_no_cell),
        cmocka_unit_test(test_a_name_that_is_too_long),
        cmocka_unit_test(test_printing_gives_what_can_be_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
