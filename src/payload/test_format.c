/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"
#include "payload/format.h"

static void test_find(void **state) {
    (void)state;
    assert_ptr_equal(format_find("opaque"), &format_opaque);
    assert_ptr_equal(format_find("json"), &format_json);
    assert_ptr_equal(format_find("protobuf"), &format_protobuf);
    assert_null(format_find("JSON"));
    assert_null(format_find(""));
}

static void test_policies(void **state) {
    (void)state;
    enum merge_policy policy = MERGE_LWW;
    assert_true(merge_policy_find("reject", &policy));
    assert_int_equal(policy, MERGE_REJECT);
    assert_true(merge_policy_find("lww", &policy));
    assert_int_equal(policy, MERGE_LWW);
    assert_true(merge_policy_find("union", &policy));
    assert_int_equal(policy, MERGE_UNION);
    assert_false(merge_policy_find("Sum", &policy));
    assert_int_equal(policy, MERGE_UNION);
}

/* Whatever the length, a reason is UTF-8 and ends. */
static void test_reason_is_cut_between_characters(void **state) {
    (void)state;
    static const char *const letters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t letter = 0; letter < 4; letter++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[1024] = "xxxx";
            size_t size = shift;
            while (size < 900) {
                strcpy(text + size, letters[letter]);
                size += strlen(letters[letter]);
            }
            struct reason why;
            reason_set(&why, "%s", text);
            assert_true(bytes_utf8(bytes_of(why.text)));
            assert_in_range(strlen(why.text), sizeof why.text - 4, sizeof why.text - 1);
        }
    }
    struct reason why;
    reason_set(&why, "%d of %d", 1, 2);
    assert_string_equal(why.text, "1 of 2");
    reason_set(NULL, "nobody asks");
}

static void test_opaque(void **state) {
    (void)state;
    struct bytes any = bytes_of("\xff\x00");
    struct buffer out = buffer_of(&memory_heap);
    float place[3];
    assert_false(format_opaque.can_merge);
    assert_null(format_opaque.merge);
    assert_int_equal(format_opaque.validate(NULL, any, NULL), SS_OK);
    assert_int_equal(format_opaque.validate(NULL, bytes_view(NULL, 0), NULL), SS_OK);
    assert_int_equal(format_opaque.check(NULL, &any, any, 0, NULL), SS_OK);
    assert_int_equal(format_opaque.diff(any, any, &out), SS_ERR_UNSUPPORTED);
    assert_int_equal(format_opaque.locate(NULL, any, place), SS_ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_reason_is_cut_between_characters),
        cmocka_unit_test(test_opaque),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
