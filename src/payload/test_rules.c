/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "payload/rules.h"

static bool compiles(const struct format *format, const struct format_rule *list, size_t count) {
    struct format_rules *rules = (struct format_rules *)&rules;
    struct reason why = {""};
    int status = format_rules_create(&rules, &memory_heap, format, list, count, &why);
    assert_int_equal(status == SS_OK, rules != NULL);
    assert_int_equal(status != SS_OK, why.text[0] != '\0');
    format_rules_destroy(rules);
    return status == SS_OK;
}

static bool path_compiles(const struct format *format, const char *path) {
    return compiles(format, &(struct format_rule){.kind = RULE_MONOTONE, .path = path}, 1);
}

static void test_paths(void **state) {
    (void)state;
    static const char *const good[] = {"", "/", "/a", "/a/b", "//", "/a~0~1b", "/0/1", "/\xc3\xa4"};
    static const char *const bad[] = {"a", "/a~", "/a~2", "/\xff", "/~/"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(path_compiles(&format_json, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(path_compiles(&format_json, bad[i]));
    assert_false(path_compiles(&format_json, NULL));
    char long_path[300];
    memset(long_path, 'x', sizeof long_path);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    assert_false(path_compiles(&format_json, long_path));
    for (size_t i = 0; i < 66; i += 2)
        memcpy(long_path + i, "/x", 3);
    assert_false(path_compiles(&format_json, long_path));
    assert_true(path_compiles(&format_json, long_path + 2));

    static const char *const bad_fields[] = {"",     "/",          "/0",  "/01", "/x",
                                             "/1/2", "/536870912", "/-1", "/1 ", "/9999999999"};
    assert_true(path_compiles(&format_protobuf, "/1"));
    assert_true(path_compiles(&format_protobuf, "/536870911"));
    for (size_t i = 0; i < sizeof bad_fields / sizeof *bad_fields; i++)
        assert_false(path_compiles(&format_protobuf, bad_fields[i]));
}

static void test_contradictions(void **state) {
    (void)state;
    const struct format_rule policy = {.kind = RULE_POLICY, .path = "/1", .policy = MERGE_SUM};
    const struct format_rule bounds = {.kind = RULE_BOUNDS, .path = "/1", .low = 0, .high = 1};
    const struct format_rule axis = {.kind = RULE_POSITION, .path = "/1", .axis = 0};
    const struct format_rule speed = {.kind = RULE_MAX_SPEED, .high = 1};
    const struct format_rule twice[][2] = {{policy, policy}, {bounds, bounds}, {axis, axis}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(compiles(&format_json, twice[i], 1));
        assert_false(compiles(&format_json, twice[i], 2));
    }
    const struct format_rule all[] = {policy, bounds, axis, speed, speed};
    assert_true(compiles(&format_json, all, 4));
    assert_true(compiles(&format_protobuf, all, 4));
    assert_false(compiles(&format_json, all, 5));
    assert_false(compiles(&format_json, &speed, 1));

    const struct format_rule bad[] = {
        {.kind = RULE_BOUNDS, .path = "/1", .low = 2, .high = 1},
        {.kind = RULE_BOUNDS, .path = "/1", .low = (double)NAN, .high = 1},
        {.kind = RULE_POSITION, .path = "/1", .axis = 3},
        {.kind = RULE_POSITION, .path = "/1", .axis = -1},
        {.kind = RULE_POLICY, .path = "/1", .policy = (enum merge_policy)99},
        {.kind = (enum format_rule_kind)99, .path = "/1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(compiles(&format_json, &bad[i], 1));
    const struct format_rule speeds[] = {axis, {.kind = RULE_MAX_SPEED, .high = 0}};
    assert_false(compiles(&format_json, speeds, 2));
}

static void test_what_a_format_lacks(void **state) {
    (void)state;
    const struct format_rule united = {.kind = RULE_POLICY, .path = "/1", .policy = MERGE_UNION};
    assert_true(compiles(&format_json, &united, 1));
    assert_false(compiles(&format_protobuf, &united, 1));
    assert_false(compiles(&format_opaque, &united, 1));
    assert_true(compiles(&format_opaque, NULL, 0));
    assert_true(compiles(&format_json, NULL, 0));
}

static void test_number_of_invariants(void **state) {
    (void)state;
    struct format_rule list[RULES_NUMBERS_MAX + 1];
    char paths[RULES_NUMBERS_MAX + 1][8];
    for (size_t i = 0; i <= RULES_NUMBERS_MAX; i++) {
        snprintf(paths[i], sizeof paths[i], "/%zu", i + 1);
        list[i] = (struct format_rule){.kind = RULE_MONOTONE, .path = paths[i]};
    }
    assert_true(compiles(&format_json, list, RULES_NUMBERS_MAX));
    assert_false(compiles(&format_json, list, RULES_NUMBERS_MAX + 1));
}

static struct rule_place step(const struct format_rules *rules, struct rule_place place,
                              const char *name) {
    struct json_text text = json_text_of(bytes_of(name));
    return rules_child(rules, place, text, json_name_hash(text));
}

static void test_walk(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_POLICY, .path = "/a/b", .policy = MERGE_SUM},
        {.kind = RULE_POLICY, .path = "/a", .policy = MERGE_KEEP},
        {.kind = RULE_BOUNDS, .path = "/a/c/2", .low = 0, .high = 1}};
    struct format_rules *rules;
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_json, list, 3, NULL), SS_OK);
    struct rule_place root = rules_root(rules), a = step(rules, root, "a");
    assert_int_equal(root.policy, MERGE_LWW);
    assert_true(root.sums);
    assert_int_equal(a.policy, MERGE_KEEP);
    assert_int_equal(step(rules, a, "b").policy, MERGE_SUM);
    assert_int_equal(step(rules, step(rules, a, "b"), "x").policy, MERGE_SUM);
    assert_int_equal(step(rules, a, "other").policy, MERGE_KEEP);
    assert_false(step(rules, a, "other").sums);
    assert_int_equal(step(rules, root, "b").policy, MERGE_LWW);
    struct rule_place c = step(rules, a, "c");
    assert_int_equal(c.policy, MERGE_KEEP);
    uint32_t watch = rules_watch(rules, rules_child_number(rules, c, 2));
    assert_int_equal(watch, 0);
    assert_string_equal(rules_path(rules, watch), "/a/c/2");
    assert_int_equal(rules_watch(rules, rules_child_number(rules, c, 20)), RULES_NONE);
    assert_true(rules_leads_on(rules, c));
    assert_false(rules_leads_on(rules, step(rules, root, "b")));
    format_rules_destroy(rules);

    root = rules_root(NULL);
    assert_int_equal(step(NULL, root, "a").policy, MERGE_LWW);
    assert_false(rules_leads_on(NULL, root));
}

static void test_out_of_memory(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_POLICY, .path = "/abcdefghij/b/c/d/e/f/g/h/i/j/k/l/m/n", .policy = MERGE_SUM},
        {.kind = RULE_MONOTONE, .path = "/abcdefghij/b/c/d/e/f/g/h/i/j/k/l/m/o"}};
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct format_rules *rules;
        int status = format_rules_create(&rules, &memory, &format_json, list, 2, NULL);
        format_rules_destroy(rules);
        assert_int_equal(failing.live, 0);
        if (status == SS_OK) break;
        assert_int_equal(status, SS_ERR_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_what_a_format_lacks),
        cmocka_unit_test(test_number_of_invariants),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
