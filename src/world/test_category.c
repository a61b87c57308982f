/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "world/category.h"

static void defaults(void **state) {
    (void)state;
    struct category category = category_default("x");
    assert_int_equal(category.strategy, STRATEGY_LAST_WRITE_WINS);
    assert_int_equal(category.history_versions, 64);
    assert_int_equal(category.history_span, 10 * SS_SECOND);
    assert_int_equal(category.state_max, 65536);
    assert_ptr_equal(category.format, &format_opaque);
    assert_false(category_locking_required(&category));
    category.locking = LOCKING_REQUIRED;
    assert_true(category_locking_required(&category));
    category.strategy = STRATEGY_MERGE;
    category.locking = LOCKING_DEFAULT;
    assert_true(category_locking_required(&category));
    category.locking = LOCKING_OPTIONAL;
    assert_false(category_locking_required(&category));
}

static void who_writes(void **state) {
    (void)state;
    static const struct {
        enum access_rule rule;
        uint64_t player, owner;
        bool server, may;
    } cases[] = {
        {ACCESS_OWNER, 7, 7, false, true},   {ACCESS_OWNER, 7, 8, false, false},
        {ACCESS_OWNER, 7, 0, false, false},  {ACCESS_OWNER, 7, 8, true, true},
        {ACCESS_ANY, 7, 8, false, true},     {ACCESS_ANY, 7, 0, false, true},
        {ACCESS_SERVER, 7, 7, false, false}, {ACCESS_SERVER, 7, 7, true, true},
        {ACCESS_PROPOSE, 7, 8, false, true}, {ACCESS_WRITER, 7, 7, false, false},
    };
    struct category category = category_default("x");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        category.write = cases[i].rule;
        assert_int_equal(
            category_may_write(&category, cases[i].player, cases[i].server, cases[i].owner),
            cases[i].may);
    }
}

static void who_reads(void **state) {
    (void)state;
    struct category category = category_default("x");
    assert_true(category_may_read(&category, 7, false, 7));
    assert_false(category_may_read(&category, 7, false, 8));
    assert_true(category_may_read(&category, 7, true, 8));
    category.read = ACCESS_ANY;
    assert_true(category_may_read(&category, 7, false, 8));
    category.read = ACCESS_SERVER;
    assert_false(category_may_read(&category, 7, false, 7));
    category.scope = SCOPE_SHARED;
    assert_false(category_may_read(&category, 7, false, 0));
    category.read = ACCESS_OWNER;
    assert_true(category_may_read(&category, 7, false, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(who_writes),
        cmocka_unit_test(who_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
