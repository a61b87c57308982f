/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/effort.h"
#include "base/failing.h"
#include "base/status.h"
#include "payload/json_patch.h"
#include "payload/random_json.h"

/* The examples of RFC 7396, appendix A, and the order that we promise. */
static void test_examples_of_the_rfc(void **state) {
    (void)state;
    static const char *const examples[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer out = buffer_of(&memory_heap);
        assert_int_equal(json_patch(bytes_of(examples[i][0]), bytes_of(examples[i][1]), &out),
                         SS_OK);
        assert_true(bytes_equal(buffer_view(&out), bytes_of(examples[i][2])));
        buffer_free(&out);
    }
}

static void check_diff(const char *from, const char *to, const char *patch) {
    struct buffer out = buffer_of(&memory_heap);
    buffer_u8(&out, '>');
    int status = format_json.diff(bytes_of(from), bytes_of(to), &out);
    buffer_u8(&out, 0);
    assert_int_equal(status, patch ? SS_OK : SS_ERR_UNSUPPORTED);
    assert_string_equal((const char *)out.data + 1, patch ? patch : "");
    buffer_free(&out);
}

static void test_diff(void **state) {
    (void)state;
    check_diff("{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"c\":3}", "{\"a\":1,\"b\":{\"x\":1,\"y\":5}}",
               "{\"c\":null,\"b\":{\"y\":5}}");
    check_diff("{\"a\":1,\"b\":{\"x\":[1]}}", "{\"b\":{\"x\":[ 1.0 ]},\"\\u0061\":1}", "{}");
    check_diff("{\"a\":1}", "{\"a\":{\"b\":2}}", "{\"a\":{\"b\":2}}");
    check_diff("{\"a\":{\"b\":2}}", "{\"a\":[]}", "{\"a\":[]}");
    check_diff("{\"a\":{\"b\":2}}", "{\"a\":{}}", "{\"a\":{\"b\":null}}");
    check_diff("{}", "{\"a\":{}}", "{\"a\":{}}");
    check_diff("{\"a\":1}", "7", "7");
    check_diff("{\"a\":1}", "null", "null");
    check_diff("7", "{\"a\":1}", "{\"a\":1}");
    check_diff("{\"a\":null}", "{\"a\":null,\"b\":[null]}", "{\"b\":[null]}");
    check_diff("{\"a\":null}", "{}", "{\"a\":null}");
}

static void test_what_a_patch_cannot_say(void **state) {
    (void)state;
    check_diff("{\"a\":1}", "{\"a\":null}", NULL);
    check_diff("{}", "{\"a\":null}", NULL);
    check_diff("{\"o\":{\"a\":1}}", "{\"x\":1,\"o\":{\"a\":null}}", NULL);
    check_diff("{}", "{\"a\":{\"b\":{\"c\":null}}}", NULL);
    check_diff("1", "{\"a\":null}", NULL);
    check_diff("1", "{", NULL);
    check_diff("", "1", NULL);
}

static void test_patch_refuses(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    buffer_text(&out, "kept");
    assert_int_equal(json_patch(bytes_of("{}"), bytes_of("{\"a\":1,\"a\":2}"), &out),
                     SS_ERR_INVALID);
    assert_int_equal(json_patch(bytes_of("x"), bytes_of("{}"), &out), SS_ERR_INVALID);
    assert_true(bytes_equal(buffer_view(&out), bytes_of("kept")));
    buffer_free(&out);
}

/* patch(from, diff(from, to)) = to, whenever there is a diff; without nulls there always is. */
static void test_round_trip(void **state) {
    (void)state;
    struct random random = {99};
    struct buffer from = buffer_of(&memory_heap), to = buffer_of(&memory_heap);
    struct buffer patch = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    unsigned said = 0, rounds = effort(8000);
    for (unsigned i = 0; i < rounds; i++) {
        buffer_clear(&from), buffer_clear(&to), buffer_clear(&patch), buffer_clear(&out);
        random_json(&random, &from, 4, true);
        random_json(&random, &to, 4, i % 2);
        int status = json_diff(buffer_view(&from), buffer_view(&to), &patch);
        if (i % 2 == 0) assert_int_equal(status, SS_OK);
        if (status != SS_OK) continue;
        said++;
        assert_int_equal(json_patch(buffer_view(&from), buffer_view(&patch), &out), SS_OK);
        assert_true(json_texts_equal(buffer_view(&out), buffer_view(&to)));
    }
    assert_true(said > rounds / 2);
    buffer_free(&from), buffer_free(&to), buffer_free(&patch), buffer_free(&out);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static int (*const verbs[])(struct bytes, struct bytes, struct buffer *) = {json_diff,
                                                                                json_patch};
    for (size_t n = 1, verb = 0; verb < 2; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct buffer out = buffer_of(&memory);
        int status = verbs[verb](bytes_of("{\"a\":1,\"b\":{\"c\":\"0123456789\"}}"),
                                 bytes_of("{\"a\":\"0123456789abcdef\",\"b\":{\"d\":1}}"), &out);
        if (status != SS_OK) {
            assert_int_equal(status, SS_ERR_NOMEM);
            assert_int_equal(out.size, 0);
        }
        buffer_free(&out);
        assert_int_equal(failing.live, 0);
        if (status == SS_OK) verb++, n = 0;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_what_a_patch_cannot_say),
        cmocka_unit_test(test_patch_refuses),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
