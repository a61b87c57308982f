/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/columns.h"

static void expect(const struct columns *columns, size_t width, const char *wanted) {
    struct buffer out = buffer_of(&memory_heap);
    columns_print(columns, &out, width, "<", ">");
    buffer_u8(&out, 0);
    assert_string_equal((char *)out.data, wanted);
    buffer_free(&out);
}

static void test_columns_are_as_wide_as_needed(void **state) {
    (void)state;
    struct columns columns = columns_of(&memory_heap, "lrl");
    columns_add(&columns, "NAME");
    columns_add(&columns, "N");
    columns_add(&columns, "TEXT");
    columns_add(&columns, "ä");
    columns_add(&columns, "%d", 1234);
    columns_add(&columns, "x");
    expect(&columns, 0, "<NAME     N  TEXT>\nä     1234  x\n");
    columns_free(&columns);
}

static void test_the_last_column_is_cut(void **state) {
    (void)state;
    struct columns columns = columns_of(&memory_heap, "ll");
    columns_add(&columns, "a");
    columns_add(&columns, "b");
    columns_add(&columns, "c");
    columns_add(&columns, "0123456789");
    expect(&columns, 8, "<a  b>\nc  01234\n");
    columns_free(&columns);
}

static void test_a_nul_shifts_nothing(void **state) {
    (void)state;
    struct columns columns = columns_of(&memory_heap, "ll");
    columns_bytes(&columns, bytes_view("a\0b", 3));
    columns_add(&columns, "c");
    expect(&columns, 0, "<a b  c>\n");
    columns_free(&columns);
}

static void test_an_empty_table(void **state) {
    (void)state;
    struct columns columns = columns_of(&memory_heap, "l");
    expect(&columns, 80, "");
    columns_free(&columns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_needed),
        cmocka_unit_test(test_the_last_column_is_cut),
        cmocka_unit_test(test_a_nul_shifts_nothing),
        cmocka_unit_test(test_an_empty_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
