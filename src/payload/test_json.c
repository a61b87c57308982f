/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/effort.h"
#include "base/status.h"
#include "payload/json_names.h"
#include "payload/random_json.h"

static bool valid(struct bytes text) {
    struct reason why = {""};
    int status = format_json.validate(NULL, text, &why);
    if (status == SS_ERR_INVALID) assert_memory_equal(why.text, "JSON ", 5);
    struct json_tree tree;
    assert_int_equal(json_tree_parse(&tree, &memory_heap, text, &why), status);
    json_tree_free(&tree);
    return status == SS_OK;
}

static void test_names_are_distinct_within_an_object(void **state) {
    (void)state;
    assert_true(valid(bytes_of("{\"a\":{\"a\":1},\"b\":{\"a\":1}}")));
    assert_true(valid(bytes_of("[{\"a\":1},{\"a\":1}]")));
    assert_true(valid(bytes_of("{\"a\":1,\"A\":1,\"\":1}")));
    assert_false(valid(bytes_of("{\"a\":1,\"a\":1}")));
    assert_false(valid(bytes_of("{\"a\":1,\"b\":{},\"\\u0061\":1}")));
    assert_false(valid(bytes_of("{\"\":1,\"\":1}")));
    assert_false(valid(bytes_of("[0,{\"b\":{\"c\":[{\"x\":1,\"y\":2,\"\\u0078\":3}]}}]")));
    assert_false(valid(bytes_of("{\"a\":{\"a\":1},\"a\":1}")));
}

/* `count` names in an object, one of them twice when `twice` < count; every eighth member is an
 * object that uses the same names. */
static bool many_valid(uint32_t count, uint32_t twice, unsigned depth) {
    struct buffer text = buffer_of(&memory_heap);
    for (unsigned i = 1; i < depth; i++)
        buffer_format(&text, "{\"k%u\":0,\"in\":", count / 2);
    buffer_u8(&text, '{');
    for (uint32_t i = 0; i < count; i++)
        buffer_format(&text, "\"k%u\":%s,", i, i % 8 ? "1" : "{\"k1\":{},\"k2\":2}");
    buffer_format(&text, "\"%s%u\":0}", twice < count ? "\\u006b" : "z", twice);
    for (unsigned i = 1; i < depth; i++)
        buffer_u8(&text, '}');
    bool answer = valid(buffer_view(&text));
    buffer_free(&text);
    return answer;
}

static void test_many_names(void **state) {
    (void)state;
    static const uint32_t counts[] = {1,
                                      15,
                                      16,
                                      17,
                                      100,
                                      JSON_NAMES_MAX - 1,
                                      JSON_NAMES_MAX,
                                      JSON_NAMES_MAX + 1,
                                      3 * JSON_NAMES_MAX,
                                      50000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (unsigned depth = 1; depth <= 3; depth++) {
            assert_true(many_valid(counts[i], UINT32_MAX, depth));
            assert_false(many_valid(counts[i], 0, depth));
            assert_false(many_valid(counts[i], counts[i] / 2, depth));
            assert_false(many_valid(counts[i], counts[i] - 1, depth));
        }
    }
}

/* Objects that are siblings and together have more names than fit, and an outer object that repeats
 * a name only behind them. */
static void test_spilled_objects_are_still_checked(void **state) {
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        struct buffer text = buffer_of(&memory_heap);
        buffer_text(&text, "{\"first\":1");
        for (int i = 0; i < 3; i++) {
            buffer_format(&text, ",\"o%d\":{\"\":[", i);
            for (int j = 0; j < 3000; j++)
                buffer_format(&text, "%s{\"a\":1,\"b\":2}", j ? "," : "");
            buffer_text(&text, "]");
            for (int j = 0; j < 3000; j++)
                buffer_format(&text, ",\"m%d\":1", j);
            buffer_text(&text, "}");
        }
        buffer_text(&text, twice ? ",\"first\":1}" : ",\"last\":1}");
        assert_int_equal(valid(buffer_view(&text)), !twice);
        buffer_free(&text);
    }
}

static double seconds_of(struct bytes text, bool wanted) {
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    assert_int_equal(format_json.validate(NULL, text, NULL), wanted ? SS_OK : SS_ERR_INVALID);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
}

/* 100 000 names in one object would take 5 * 10^9 comparisons pairwise. */
static void test_no_quadratic_time(void **state) {
    (void)state;
    struct buffer text = buffer_of(&memory_heap);
    uint32_t members = effort(100000);
    for (uint32_t i = 0; i < members; i++)
        buffer_format(&text, "%c\"%x\":1", i ? ',' : '{', i);
    buffer_u8(&text, '}');
    assert_true(seconds_of(buffer_view(&text), true) < 10);
    buffer_free(&text);
}

static void test_deep_text_is_refused(void **state) {
    (void)state;
    static uint8_t text[100000];
    memset(text, '[', sizeof text);
    assert_false(valid(bytes_view(text, sizeof text)));
}

/* ---- invariants ---------------------------------------------------------------------------- */

static struct format_rules *rules_of(const struct format_rule *list, size_t count) {
    struct format_rules *rules;
    struct reason why = {""};
    if (format_rules_create(&rules, &memory_heap, &format_json, list, count, &why) != SS_OK)
        fail_msg("%s", why.text);
    return rules;
}

static bool keeps(const struct format_rules *rules, const char *previous, const char *next,
                  ss_time span) {
    struct bytes before = bytes_of(previous ? previous : "");
    struct reason why = {""};
    int status = format_json.check(rules, previous ? &before : NULL, bytes_of(next), span, &why);
    assert_int_equal(status != SS_OK, why.text[0] != '\0');
    return status == SS_OK;
}

static void test_bounds(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_BOUNDS, .path = "/a~1b/1", .low = 0, .high = 100},
        {.kind = RULE_BOUNDS, .path = "/u", .low = -INFINITY, .high = INFINITY}};
    struct format_rules *rules = rules_of(list, 2);
    assert_true(keeps(rules, NULL, "{\"a/b\":[999,100]}", 0));
    assert_true(keeps(rules, NULL, "{\"a\\u002fb\":[999,0]}", 0));
    assert_true(keeps(rules, NULL, "{\"a/b\":[999]}", 0));
    assert_true(keeps(rules, NULL, "{\"a\":{\"b\":[1,999]}}", 0));
    assert_true(keeps(rules, NULL, "{\"b\":[1,999],\"u\":-1e308}", 0));
    assert_true(keeps(rules, NULL, "7", 0));
    assert_false(keeps(rules, NULL, "{\"a/b\":[999,100.001]}", 0));
    assert_false(keeps(rules, NULL, "{\"x\":[[1],{}],\"a/b\":[[],-1]}", 0));
    assert_false(keeps(rules, NULL, "{\"a/b\":[0,\"50\"]}", 0));
    assert_false(keeps(rules, NULL, "{\"a/b\":[0,null]}", 0));
    assert_false(keeps(rules, NULL, "{\"a/b\":[0,{}]}", 0));
    assert_false(keeps(rules, NULL, "{\"u\":1e999}", 0));
    assert_false(keeps(rules, NULL, "{\"u\":1e9999999999}", 0));
    format_rules_destroy(rules);
    assert_true(keeps(NULL, NULL, "{\"a/b\":[0,999]}", 0));
}

static void test_monotone(void **state) {
    (void)state;
    const struct format_rule list[] = {{.kind = RULE_MONOTONE, .path = "/xp"}};
    struct format_rules *rules = rules_of(list, 1);
    assert_true(keeps(rules, NULL, "{\"xp\":5}", 0));
    assert_true(keeps(rules, "{}", "{\"xp\":5}", 0));
    assert_true(keeps(rules, "{\"xp\":\"none\"}", "{\"xp\":5}", 0));
    assert_true(keeps(rules, "{\"xp\":5}", "{\"xp\":5.0}", 0));
    assert_true(keeps(rules, "{\"xp\":5}", "{\"xp\":6}", 0));
    assert_false(keeps(rules, "{\"xp\":5}", "{\"xp\":4.9}", 0));
    assert_false(keeps(rules, "{\"xp\":5}", "{}", 0));
    assert_false(keeps(rules, "{\"xp\":5}", "{\"xp\":null}", 0));
    assert_true(keeps(rules, "{\"xp\":9007199254740992}", "{\"xp\":9007199254740993}", 0));
    assert_false(keeps(rules, "{\"xp\":9007199254740993}", "{\"xp\":9007199254740992}", 0));
    format_rules_destroy(rules);
}

static void test_speed_and_place(void **state) {
    (void)state;
    const struct format_rule list[] = {{.kind = RULE_POSITION, .path = "/p/0", .axis = 0},
                                       {.kind = RULE_POSITION, .path = "/p/1", .axis = 2},
                                       {.kind = RULE_MAX_SPEED, .high = 10}};
    struct format_rules *rules = rules_of(list, 3);
    const char *origin = "{\"p\":[0,0]}";
    assert_true(keeps(rules, NULL, "{\"p\":[1e6,0]}", 0));
    assert_true(keeps(rules, origin, "{\"p\":[6,8]}", SS_SECOND));
    assert_true(keeps(rules, origin, "{\"p\":[0.6,-0.8]}", SS_SECOND / 10));
    assert_true(keeps(rules, origin, origin, 0));
    assert_false(keeps(rules, origin, "{\"p\":[6,8.01]}", SS_SECOND));
    assert_false(keeps(rules, origin, "{\"p\":[0.001,0]}", 0));
    assert_false(keeps(rules, origin, "{\"p\":[0.001,0]}", -SS_SECOND));
    assert_false(keeps(rules, origin, "{}", SS_SECOND));
    assert_false(keeps(rules, origin, "{\"p\":[0,1e999]}", SS_NEVER));

    float place[3];
    assert_int_equal(format_json.locate(rules, bytes_of("{\"p\":[1.5,-2]}"), place), SS_OK);
    assert_true(place[0] == 1.5f && place[1] == 0 && place[2] == -2);
    assert_int_equal(format_json.locate(rules, bytes_of("{\"p\":[1]}"), place), SS_ERR_NOT_FOUND);
    assert_int_equal(format_json.locate(rules, bytes_of("{\"p\":[1,1e39]}"), place),
                     SS_ERR_NOT_FOUND);
    assert_int_equal(format_json.locate(NULL, bytes_of(origin), place), SS_ERR_NOT_FOUND);
    format_rules_destroy(rules);

    rules = rules_of(&(struct format_rule){.kind = RULE_MONOTONE, .path = "/xp"}, 1);
    assert_int_equal(format_json.locate(rules, bytes_of(origin), place), SS_ERR_NOT_FOUND);
    format_rules_destroy(rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_distinct_within_an_object),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_spilled_objects_are_still_checked),
        cmocka_unit_test(test_no_quadratic_time),
        cmocka_unit_test(test_deep_text_is_refused),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_speed_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
