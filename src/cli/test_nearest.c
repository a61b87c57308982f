/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/nearest.h"

#include <string.h>

static const char *meant(const char *word) {
    static const char *const commands[] = {"serve", "snapshot", "set", "get", "conflicts", "watch"};
    struct nearest nearest = nearest_to(word, strlen(word));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        nearest_offer(&nearest, commands[i]);
    return nearest.found ? nearest.found : "";
}

static void test_small_mistakes(void **state) {
    (void)state;
    assert_string_equal(meant("sevre"), "serve");
    assert_string_equal(meant("snapshoot"), "snapshot");
    assert_string_equal(meant("conflict"), "conflicts");
    assert_string_equal(meant("gte"), "get");
    assert_string_equal(meant("wtach"), "watch");
}

static void test_a_beginning_is_enough(void **state) {
    (void)state;
    assert_string_equal(meant("snap"), "snapshot");
    assert_string_equal(meant("conf"), "conflicts");
}

static void test_something_else_is_nothing(void **state) {
    (void)state;
    assert_string_equal(meant("xyzzy"), "");
    assert_string_equal(meant(""), "");
    assert_string_equal(meant("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                        "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_mistakes),
        cmocka_unit_test(test_a_beginning_is_enough),
        cmocka_unit_test(test_something_else_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
