/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "payload/decimal.h"

static struct decimal parsed(const char *text) {
    struct decimal decimal;
    assert_true(decimal_parse(bytes_of(text), &decimal));
    return decimal;
}

static int compared(const char *a, const char *b) {
    struct decimal left = parsed(a), right = parsed(b);
    int order = decimal_compare(&left, &right);
    assert_int_equal(decimal_compare(&right, &left), -order);
    if (order == 0) assert_true(decimal_hash(&left) == decimal_hash(&right));
    return order;
}

static void test_spellings_of_one_number(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"0", "-0"},          {"0", "0.000e99"},      {"1", "1.0"},
        {"1", "10e-1"},       {"100", "1E+2"},        {"0.5", "5e-1"},
        {"0.05", "0.0005e2"}, {"-12.50", "-0.125e2"}, {"1e30", "1000000000000000000000000000000"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_int_equal(compared(same[i][0], same[i][1]), 0);
}

static void test_order(void **state) {
    (void)state;
    static const char *const rising[] = {"-1e1000000",
                                         "-100",
                                         "-99.9",
                                         "-0.1",
                                         "-1e-7",
                                         "0",
                                         "1e-300",
                                         "0.09",
                                         "0.1",
                                         "0.101",
                                         "9",
                                         "10",
                                         "9007199254740992",
                                         "9007199254740993",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "1e1000"};
    size_t count = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            assert_int_equal(compared(rising[i], rising[j]), -1);
}

static void check_sum(const char *a, const char *b, const char *c, const char *wanted) {
    struct decimal terms[3] = {parsed(a), parsed(b), parsed(c)};
    struct buffer out = buffer_of(&memory_heap);
    bool done = decimal_sum(&terms[0], &terms[1], &terms[2], &out);
    buffer_u8(&out, 0);
    assert_string_equal(done ? (const char *)out.data : "impossible", wanted);
    buffer_free(&out);
}

static void test_exact_sums(void **state) {
    (void)state;
    check_sum("70", "80", "100", "50");
    check_sum("70", "70", "100", "40");
    check_sum("0", "0", "100", "-100");
    check_sum("0.1", "0.2", "0", "0.3");
    check_sum("1.50", "-0.5", "1", "0");
    check_sum("9007199254740993", "1", "0", "9007199254740994");
    check_sum("9223372036854775807", "1", "0", "9223372036854775808");
    check_sum("-9223372036854775808", "-1", "0", "-9223372036854775809");
    check_sum("99999999999999999999999999999999", "1", "0", "100000000000000000000000000000000");
    check_sum("1e30", "1", "0", "1000000000000000000000000000001");
    check_sum("1e-3", "1", "2", "-0.999");
    check_sum("1e-200", "2e-200", "0", "3e-200");
    check_sum("12e-200", "-1e-199", "0", "2e-200");
    check_sum("-125e-200", "0", "0", "-1.25e-198");
    check_sum("1e400", "0", "0", "1e400");
    check_sum("1e400", "1", "0", "impossible");
    check_sum("1e127", "1", "0",
              "1000000000000000000000000000000000000000000000000000000000000000"
              "0000000000000000000000000000000000000000000000000000000000000001");
    check_sum("1e128", "1", "0", "impossible");
    check_sum("0.001", "0.009", "0.01", "0");
    check_sum("0.0625", "100", "0", "100.0625");
}

static void test_sums_against_integers(void **state) {
    (void)state;
    struct random random = {11};
    for (int i = 0; i < 20000; i++) {
        char text[4][24];
        int64_t term[4];
        for (size_t j = 0; j < 3; j++) {
            term[j] = (int64_t)random_next(&random) >> (3 + random_below(&random, 60));
            snprintf(text[j], sizeof text[j], "%lld", (long long)term[j]);
        }
        snprintf(text[3], sizeof text[3], "%lld", (long long)(term[0] + term[1] - term[2]));
        check_sum(text[0], text[1], text[2], text[3]);
        assert_int_equal(compared(text[0], text[1]), (term[0] > term[1]) - (term[0] < term[1]));
    }
}

static void test_as_number(void **state) {
    (void)state;
    static const char *const texts[] = {"0",
                                        "1",
                                        "-1",
                                        "1e2",
                                        "0.1",
                                        "-7.25",
                                        "1e308",
                                        "1e-320",
                                        "1e999",
                                        "-1e999",
                                        "1e-999",
                                        "123456789012345678901234567890",
                                        "0.1000000000000000055511151231257827021181583404541015625",
                                        "2.2250738585072011e-308",
                                        "1e999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct decimal decimal = parsed(texts[i]);
        assert_true(decimal_number(&decimal).value == strtod(texts[i], NULL));
    }
    struct decimal decimal = parsed("9223372036854775807");
    struct number number = decimal_number(&decimal);
    assert_true(number.exact && number.integer == INT64_MAX);
    decimal = parsed("9223372036854775808");
    assert_false(decimal_number(&decimal).exact);
    decimal = parsed("1.5e1");
    number = decimal_number(&decimal);
    assert_true(number.exact && number.integer == 15);
}

static void test_absurd_exponents(void **state) {
    (void)state;
    struct decimal decimal;
    assert_false(decimal_parse(bytes_of("1e1000000001"), &decimal));
    assert_false(decimal_parse(bytes_of("1e-99999999999999999999999"), &decimal));
    assert_true(decimal_parse(bytes_of("1e000000000000000000000000001"), &decimal));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings_of_one_number),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_exact_sums),
        cmocka_unit_test(test_sums_against_integers),
        cmocka_unit_test(test_as_number),
        cmocka_unit_test(test_absurd_exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
