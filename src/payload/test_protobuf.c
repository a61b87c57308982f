/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "payload/format.h"

static struct bytes raw(const char *text, size_t size) {
    return bytes_view(text, size);
}
#define RAW(text) raw(text, sizeof text - 1)

static bool valid(struct bytes state) {
    struct reason why = {""};
    int status = format_protobuf.validate(NULL, state, &why);
    assert_int_equal(status != SS_OK, why.text[0] != '\0');
    return status == SS_OK;
}

static void test_validate(void **state) {
    (void)state;
    assert_true(valid(RAW("")));
    assert_true(valid(RAW("\x08\x96\x01")));
    assert_true(valid(RAW("\x0a\x02hi\x0d\1\2\3\4\x09\1\2\3\4\5\6\7\x08")));
    assert_true(valid(RAW("\x0a\x00")));
    assert_true(valid(RAW("\xf8\xff\xff\xff\x0f\x01")));                     /* field 2^29 - 1 */
    assert_true(valid(RAW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))); /* -1 */
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {{"\x00\x01", 2},                 /* field 0 */
               {"\x80\x80\x80\x80\x10\x01", 6}, /* field 2^29 */
               {"\x08", 1},
               {"\x08\x80", 2},
               {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},
               {"\x0b\x0c", 2}, /* a group */
               {"\x0c", 1},
               {"\x0e", 1},
               {"\x0f", 1},
               {"\x0a\x03hi", 4},
               {"\x0d\1\2\3", 4},
               {"\x09\1\2\3\4\5\6\7", 8},
               {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
               {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(valid(raw(bad[i].text, bad[i].size)));
}

/* ---- merge --------------------------------------------------------------------------------- */

static struct format_rules *rules_of(const char *path, enum merge_policy policy) {
    struct format_rule rule = {.kind = RULE_POLICY, .path = path, .policy = policy};
    struct format_rules *rules;
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_protobuf, &rule, 1, NULL),
                     SS_OK);
    return rules;
}

static void check(const struct format_rules *rules, struct bytes base, struct bytes standing,
                  struct bytes incoming, struct bytes wanted, const char *lost) {
    struct buffer out = buffer_of(&memory_heap);
    struct paths paths = {.text = buffer_of(&memory_heap)};
    assert_int_equal(format_protobuf.merge(rules, base, standing, incoming, &out, &paths, NULL),
                     MERGE_DONE);
    assert_true(bytes_equal(buffer_view(&out), wanted));
    assert_int_equal(paths.count, *lost != '\0');
    if (paths.count > 0) assert_string_equal((const char *)paths.text.data, lost);
    buffer_free(&out);
    buffer_free(&paths.text);
}

static void test_merge_by_field(void **state) {
    (void)state;
    check(NULL, RAW("\x08\x01\x10\x01"), RAW("\x08\x02\x10\x01"), RAW("\x08\x01\x10\x03"),
          RAW("\x08\x02\x10\x03"), "");
    check(NULL, RAW("\x10\x01"), RAW("\x10\x01\x08\x02"), RAW("\x10\x01\x18\x03"),
          RAW("\x08\x02\x10\x01\x18\x03"), "");
    check(NULL, RAW("\x08\x01\x10\x01"), RAW("\x10\x01"), RAW("\x08\x01"), RAW(""), "");
    /* repeated: all records of a number are one leaf */
    check(NULL,
          RAW("\x0a\x01"
              "a\x0a\x01"
              "b\x10\x01"),
          RAW("\x0a\x01"
              "a\x10\x01"),
          RAW("\x0a\x01"
              "a\x0a\x01"
              "b\x10\x02"),
          RAW("\x0a\x01"
              "a\x10\x02"),
          "");
    check(NULL,
          RAW("\x0a\x01"
              "a\x0a\x01"
              "b"),
          RAW("\x0a\x01"
              "b\x0a\x01"
              "a"),
          RAW("\x0a\x01"
              "a\x0a\x01"
              "c"),
          RAW("\x0a\x01"
              "a\x0a\x01"
              "c"),
          "/1");
    /* absent is a value: the deletion came last */
    check(NULL, RAW("\x08\x01"), RAW("\x08\x02"), RAW(""), RAW(""), "/1");
    check(NULL, RAW("\x08\x01"), RAW(""), RAW("\x08\x02"), RAW("\x08\x02"), "/1");
    /* a side that is the base yields the other to the byte, in whatever order */
    check(NULL, RAW("\x08\x01"), RAW("\x08\x01"), RAW("\x18\x01\x08\x01"), RAW("\x18\x01\x08\x01"),
          "");
    check(NULL, RAW("\x18\x01\x08\x01"), RAW("\x18\x01\x08\x02"), RAW("\x08\x01\x18\x02"),
          RAW("\x08\x02\x18\x02"), "");
}

static void test_policies(void **state) {
    (void)state;
    static const struct {
        enum merge_policy policy;
        const char *wanted, *lost;
    } cases[] = {{MERGE_LWW, "\x08\x50", "/1"},
                 {MERGE_KEEP, "\x08\x46", "/1"},
                 {MERGE_MAX, "\x08\x50", ""},
                 {MERGE_MIN, "\x08\x46", ""},
                 {MERGE_SUM, "\x08\x32", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct format_rules *rules = rules_of("/1", cases[i].policy);
        check(rules, RAW("\x08\x64"), RAW("\x08\x46"), RAW("\x08\x50"), bytes_of(cases[i].wanted),
              cases[i].lost);
        format_rules_destroy(rules);
    }
    struct format_rules *rules = rules_of("/1", MERGE_SUM);
    check(rules, RAW("\x08\x64"), RAW("\x08\x46"), RAW("\x08\x46"), RAW("\x08\x28"), "");
    check(rules, RAW("\x08\x64"), RAW(""), RAW("\x08\x5a"),
          RAW("\x08\xf6\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "");
    check(rules, RAW(""), RAW("\x08\x01"), RAW("\x08\x01"), RAW("\x08\x02"), "");
    check(rules, RAW(""),
          RAW("\x0a\x01"
              "a"),
          RAW("\x0a\x01"
              "b"),
          RAW("\x0a\x01"
              "b"),
          "/1");
    check(rules, RAW(""),
          RAW("\x0a\x01"
              "a"),
          RAW("\x0a\x01"
              "a"),
          RAW("\x0a\x01"
              "a"),
          "");
    check(rules, RAW("\x08\x01"), RAW("\x08\x02\x08\x02"), RAW("\x08\x03"), RAW("\x08\x03"), "/1");
    format_rules_destroy(rules);
}

static enum merge_result result_of(const struct format_rules *rules, struct bytes base,
                                   struct bytes standing, struct bytes incoming, const char *word) {
    struct buffer out = buffer_of(&memory_heap);
    struct reason why = {""};
    enum merge_result result =
        format_protobuf.merge(rules, base, standing, incoming, &out, NULL, &why);
    assert_non_null(strstr(why.text, word));
    buffer_free(&out);
    return result;
}

static void test_merges_that_do_not_end_well(void **state) {
    (void)state;
    struct format_rules *rules = rules_of("/1", MERGE_SUM);
    assert_int_equal(result_of(rules, RAW(""), RAW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
                               RAW("\x08\x01"), "/1"),
                     MERGE_IMPOSSIBLE);
    assert_int_equal(result_of(rules, RAW("\x08"), RAW(""), RAW(""), "ends"), MERGE_IMPOSSIBLE);
    assert_int_equal(result_of(rules, RAW(""), RAW("\x00\x00"), RAW(""), "range"),
                     MERGE_IMPOSSIBLE);
    format_rules_destroy(rules);

    const struct format_rule list[] = {{.kind = RULE_POLICY, .path = "/1", .policy = MERGE_MANUAL},
                                       {.kind = RULE_POLICY, .path = "/2", .policy = MERGE_REJECT}};
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_protobuf, list, 2, NULL),
                     SS_OK);
    assert_int_equal(result_of(rules, RAW(""), RAW("\x08\x01"), RAW("\x08\x02"), "/1"),
                     MERGE_MUST_PARK);
    assert_int_equal(
        result_of(rules, RAW(""), RAW("\x08\x01\x10\x01"), RAW("\x08\x02\x10\x02"), "/2"),
        MERGE_REFUSED);
    assert_int_equal(result_of(rules, RAW("\x08\x01"), RAW("\x08\x01"), RAW("\x08\x02"), ""),
                     MERGE_DONE);
    format_rules_destroy(rules);
}

static void random_message(struct random *random, struct buffer *out) {
    buffer_clear(out);
    for (uint64_t count = random_below(random, 8); count > 0; count--) {
        buffer_varint(out, (1 + random_below(random, 4)) << 3 | random_below(random, 2) * 2);
        bool bytes = (out->data[out->size - 1] & 7) == 2;
        buffer_varint(out, bytes ? 1 : random_below(random, 300));
        if (bytes) buffer_u8(out, (uint8_t)random_next(random));
    }
}

static void test_laws(void **state) {
    (void)state;
    struct random random = {3};
    struct buffer base = buffer_of(&memory_heap), next = buffer_of(&memory_heap);
    for (int i = 0; i < 20000; i++) {
        enum merge_policy policy = (enum merge_policy)random_below(&random, MERGE_UNION);
        struct format_rules *rules = rules_of("/1", policy);
        random_message(&random, &base);
        random_message(&random, &next);
        check(rules, buffer_view(&base), buffer_view(&base), buffer_view(&next), buffer_view(&next),
              "");
        check(rules, buffer_view(&base), buffer_view(&next), buffer_view(&base), buffer_view(&next),
              "");
        format_rules_destroy(rules);
    }
    buffer_free(&base);
    buffer_free(&next);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct buffer out = buffer_of(&memory);
        struct paths paths = {.text = buffer_of(&memory)};
        enum merge_result result =
            format_protobuf.merge(NULL, RAW("\x08\x01\x10\x01"), RAW("\x08\x02\x10\x01"),
                                  RAW("\x08\x03\x0a\x09"
                                      "123456789\x10\x01"),
                                  &out, &paths, NULL);
        buffer_free(&out);
        buffer_free(&paths.text);
        assert_int_equal(failing.live, 0);
        if (result == MERGE_DONE) break;
        assert_int_equal(result, MERGE_NO_MEMORY);
    }
}

/* ---- invariants ---------------------------------------------------------------------------- */

static void test_numbers_by_wire_type(void **state) {
    (void)state;
    const struct format_rule list[] = {{.kind = RULE_POSITION, .path = "/1", .axis = 0},
                                       {.kind = RULE_POSITION, .path = "/2", .axis = 1},
                                       {.kind = RULE_POSITION, .path = "/3", .axis = 2},
                                       {.kind = RULE_BOUNDS, .path = "/3", .low = -5, .high = 5},
                                       {.kind = RULE_MONOTONE, .path = "/4"},
                                       {.kind = RULE_MAX_SPEED, .high = 100}};
    struct format_rules *rules;
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_protobuf, list, 6, NULL),
                     SS_OK);
    float place[3];
    struct bytes here = RAW("\x0d\0\0\xc0\x3f\x11\0\0\0\0\0\0\x04\xc0\x18\x07\x18\x02\x20\x05");
    assert_int_equal(format_protobuf.locate(rules, here, place), SS_OK);
    assert_true(place[0] == 1.5f && place[1] == -2.5f && place[2] == 2);
    assert_int_equal(format_protobuf.locate(rules, RAW(""), place), SS_OK);
    assert_true(place[0] == 0 && place[1] == 0 && place[2] == 0);
    assert_int_equal(format_protobuf.locate(rules, RAW("\x0d\0\0\xc0\x7f"), place),
                     SS_ERR_NOT_FOUND);
    assert_int_equal(format_protobuf.locate(rules, RAW("\x0a\0"), place), SS_ERR_NOT_FOUND);
    assert_int_equal(format_protobuf.locate(NULL, here, place), SS_ERR_NOT_FOUND);

    struct reason why;
    const struct bytes *none = NULL;
    assert_int_equal(format_protobuf.check(rules, none, here, 0, &why), SS_OK);
    assert_int_equal(format_protobuf.check(rules, none, RAW("\x18\x06"), 0, &why), SS_ERR_INVALID);
    assert_int_equal(format_protobuf.check(rules, none, RAW("\x1d\0\0\xc0\x7f"), 0, &why),
                     SS_ERR_INVALID); /* NaN */
    assert_int_equal(format_protobuf.check(rules, none, RAW("\x1d\0\0\x80\xff"), 0, &why),
                     SS_ERR_INVALID); /* -infinity */
    assert_int_equal(format_protobuf.check(rules, &here, here, 0, &why), SS_OK);
    assert_int_equal(format_protobuf.check(rules, &here, RAW("\x20\x05"), SS_SECOND, &why), SS_OK);
    assert_int_equal(format_protobuf.check(rules, &here, RAW("\x20\x05"), 0, &why),
                     SS_ERR_INVALID); /* speed */
    assert_int_equal(format_protobuf.check(rules, &here, RAW(""), SS_SECOND, &why),
                     SS_ERR_INVALID); /* 4 fell to 0 */
    assert_int_equal(format_protobuf.check(NULL, &here, RAW(""), 0, &why), SS_OK);
    format_rules_destroy(rules);
}

static void test_no_patch(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    assert_int_equal(format_protobuf.diff(RAW(""), RAW("\x08\x01"), &out), SS_ERR_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validate),
        cmocka_unit_test(test_merge_by_field),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_merges_that_do_not_end_well),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_numbers_by_wire_type),
        cmocka_unit_test(test_no_patch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
