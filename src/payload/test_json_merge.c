/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/effort.h"
#include "base/failing.h"
#include "base/status.h"
#include "payload/random_json.h"

static struct format_rules *rules_of(const char *path, enum merge_policy policy) {
    struct format_rule rule = {.kind = RULE_POLICY, .path = path, .policy = policy};
    struct format_rules *rules;
    assert_int_equal(
        format_rules_create(&rules, &memory_heap, &format_json, &rule, 1, &(struct reason){""}),
        SS_OK);
    return rules;
}

struct merged {
    enum merge_result result;
    struct buffer out;
    struct paths lost;
    struct reason why;
};

static struct merged merge_bytes(const struct format_rules *rules, struct bytes base,
                                 struct bytes standing, struct bytes incoming) {
    struct merged merged = {.out = buffer_of(&memory_heap),
                            .lost = {.text = buffer_of(&memory_heap)}};
    merged.result =
        format_json.merge(rules, base, standing, incoming, &merged.out, &merged.lost, &merged.why);
    if (merged.result == MERGE_DONE) {
        struct reason why = {""};
        if (format_json.validate(NULL, buffer_view(&merged.out), &why) != SS_OK)
            fail_msg("%s: %.*s", why.text, (int)merged.out.size, merged.out.data);
    }
    return merged;
}

static void merged_free(struct merged *merged) {
    buffer_free(&merged->out);
    buffer_free(&merged->lost.text);
}

/* Merges, and compares the text of the result and the paths, each behind a space. */
static void check(const struct format_rules *rules, const char *base, const char *standing,
                  const char *incoming, const char *wanted, const char *lost) {
    struct merged merged =
        merge_bytes(rules, bytes_of(base), bytes_of(standing), bytes_of(incoming));
    struct buffer paths = buffer_of(&memory_heap);
    const char *path = (const char *)merged.lost.text.data;
    for (size_t i = 0; i < merged.lost.count; i++, path += strlen(path) + 1)
        buffer_format(&paths, " %s", path);
    buffer_u8(&paths, 0);
    buffer_u8(&merged.out, 0);
    assert_int_equal(merged.result, MERGE_DONE);
    assert_string_equal((const char *)merged.out.data, wanted);
    assert_string_equal((const char *)paths.data, lost);
    buffer_free(&paths);
    merged_free(&merged);
}

static void test_changes_of_both_sides(void **state) {
    (void)state;
    check(NULL, "{\"a\":1,\"b\":2}", "{\"a\":9,\"b\":2}", "{\"a\":1,\"b\":8}", "{\"a\":9,\"b\":8}",
          "");
    check(NULL, "{\"o\":{\"x\":1,\"y\":1}}", "{\"o\":{\"x\":2,\"y\":1}}",
          "{\"o\":{\"x\":1,\"y\":2}}", "{\"o\":{\"x\":2,\"y\":2}}", "");
    check(NULL, "{}", "{\"s\":1}", "{\"i\":2}", "{\"s\":1,\"i\":2}", "");
    check(NULL, "{\"a\":1,\"b\":1,\"c\":1}", "{\"b\":1,\"c\":1}", "{\"a\":1,\"c\":1}", "{\"c\":1}",
          "");
    check(NULL, "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":2}", "{\"b\":1}", "{\"b\":2}", "");
    check(NULL, "{\"a\":1}", "{\"a\":null}", "{\"a\":1,\"b\":null}", "{\"a\":null,\"b\":null}", "");
}

static void test_unchanged_parts_keep_their_bytes(void **state) {
    (void)state;
    check(NULL, "{\"n\":1.50,\"t\":[ 1 ],\"z\":0}", "{\"n\":1.50,\"t\":[ 1 ],\"z\":1}",
          "{\"t\":[1],\"n\":15e-1,\"z\":0,\"\\u0041\":{ }}",
          "{\"n\":15e-1,\"t\":[1],\"z\":1,\"\\u0041\":{ }}", "");
    check(NULL, "{}", " { } ", "{}", " { } ", "");
    check(NULL, " {\"a\" : 1} ", " {\"a\" : 1} ", "{\"b\":1,\"a\" : 3}", "{\"b\":1,\"a\" : 3}", "");
    check(NULL, "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2,\"c\":3}",
          "{\"b\":2,\"a\":1,\"c\":3}", "");
    check(NULL, "{\"a\":1}", "{\"\\u0061\":2}", "{\"a\":1,\"b\":1}", "{\"\\u0061\":2,\"b\":1}", "");
}

static void test_collisions_by_policy(void **state) {
    (void)state;
    const char *base = "{\"a\":1}", *standing = "{\"a\":5}", *incoming = "{\"a\":3}";
    static const struct {
        enum merge_policy policy;
        const char *wanted, *lost;
    } cases[] = {{MERGE_LWW, "{\"a\":3}", " /a"}, {MERGE_KEEP, "{\"a\":5}", " /a"},
                 {MERGE_MAX, "{\"a\":5}", ""},    {MERGE_MIN, "{\"a\":3}", ""},
                 {MERGE_SUM, "{\"a\":7}", ""},    {MERGE_UNION, "{\"a\":3}", " /a"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct format_rules *rules = rules_of("/a", cases[i].policy);
        check(rules, base, standing, incoming, cases[i].wanted, cases[i].lost);
        check(rules, base, standing, "{\"a\":5.0}",
              cases[i].policy == MERGE_SUM ? "{\"a\":9}" : "{\"a\":5}", "");
        check(rules, base, base, incoming, incoming, "");
        check(rules, base, standing, base, standing, "");
        format_rules_destroy(rules);
    }
}

static void test_sum(void **state) {
    (void)state;
    struct format_rules *rules = rules_of("/hp", MERGE_SUM);
    check(rules, "{\"hp\":100}", "{\"hp\":70}", "{\"hp\":80}", "{\"hp\":50}", "");
    check(rules, "{\"hp\":100}", "{\"hp\":70}", "{\"hp\":70}", "{\"hp\":40}", "");
    check(rules, "{}", "{\"hp\":70}", "{\"hp\":70}", "{\"hp\":140}", "");
    check(rules, "{\"hp\":100}", "{}", "{\"hp\":70}", "{\"hp\":70}", " /hp");
    check(rules, "{\"hp\":100}", "{\"hp\":\"x\"}", "{\"hp\":70}", "{\"hp\":70}", " /hp");
    check(rules, "{\"hp\":null}", "{\"hp\":60}", "{\"hp\":70}", "{\"hp\":70}", " /hp");
    check(rules, "{\"hp\":null}", "{\"hp\":60}", "{\"hp\":60}", "{\"hp\":60}", "");
    check(rules, "{\"hp\":0.1}", "{\"hp\":0.3}", "{\"hp\":0.2}", "{\"hp\":0.4}", "");
    check(rules, "{\"hp\":9223372036854775807}", "{\"hp\":9223372036854775808}",
          "{\"hp\":9223372036854775809}", "{\"hp\":9223372036854775810}", "");
    check(rules, "{\"hp\":100,\"x\":{\"hp\":1}}", "{\"hp\":100,\"x\":{\"hp\":2}}",
          "{\"hp\":100,\"x\":{\"hp\":2}}", "{\"hp\":100,\"x\":{\"hp\":2}}", "");
    struct merged merged = merge_bytes(rules, bytes_of("{\"hp\":1}"), bytes_of("{\"hp\":1e300}"),
                                       bytes_of("{\"hp\":2}"));
    assert_int_equal(merged.result, MERGE_IMPOSSIBLE);
    assert_memory_equal(merged.why.text, "/hp ", 4);
    merged_free(&merged);
    format_rules_destroy(rules);
}

static void test_policies_hold_beneath_their_path(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_POLICY, .path = "/stats", .policy = MERGE_SUM},
        {.kind = RULE_POLICY, .path = "/stats/best", .policy = MERGE_MAX},
        {.kind = RULE_POLICY, .path = "", .policy = MERGE_KEEP}};
    struct format_rules *rules;
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_json, list, 3, NULL), SS_OK);
    check(rules, "{\"stats\":{\"k\":{\"x\":1},\"best\":1},\"t\":\"a\"}",
          "{\"stats\":{\"k\":{\"x\":3},\"best\":7},\"t\":\"b\"}",
          "{\"stats\":{\"k\":{\"x\":3},\"best\":5},\"t\":\"c\"}",
          "{\"stats\":{\"k\":{\"x\":5},\"best\":7},\"t\":\"b\"}", " /t");
    check(rules, "1", "2", "3", "2", " ");
    format_rules_destroy(rules);
}

static void test_an_edit_beats_a_deletion(void **state) {
    (void)state;
    static const enum merge_policy policies[] = {MERGE_LWW, MERGE_KEEP, MERGE_MAX, MERGE_UNION};
    for (size_t i = 0; i < 4; i++) {
        struct format_rules *rules = rules_of("/a", policies[i]);
        check(rules, "{\"a\":1}", "{}", "{\"a\":2}", "{\"a\":2}", " /a");
        check(rules, "{\"a\":1}", "{\"a\":2}", "{}", "{\"a\":2}", " /a");
        format_rules_destroy(rules);
    }
    check(NULL, "{\"o\":{\"x\":1,\"y\":1}}", "{}", "{\"o\":{\"x\":2,\"y\":1}}",
          "{\"o\":{\"x\":2,\"y\":1}}", " /o");
    check(NULL, "{\"o\":{\"x\":1,\"y\":1}}", "{\"z\":1}", "{\"o\":{\"y\":1,\"x\":1}}", "{\"z\":1}",
          "");
}

static void test_manual_and_reject(void **state) {
    (void)state;
    const struct format_rule list[] = {{.kind = RULE_POLICY, .path = "/m", .policy = MERGE_MANUAL},
                                       {.kind = RULE_POLICY, .path = "/r", .policy = MERGE_REJECT}};
    struct format_rules *rules;
    assert_int_equal(format_rules_create(&rules, &memory_heap, &format_json, list, 2, NULL), SS_OK);
    static const struct {
        const char *standing, *incoming;
        enum merge_result result;
        const char *why;
    } cases[] = {
        {"{\"m\":2,\"r\":1}", "{\"m\":3,\"r\":1}", MERGE_MUST_PARK, "/m changed on both sides"},
        {"{\"m\":1,\"r\":2}", "{\"m\":1,\"r\":3}", MERGE_REFUSED, "/r changed on both sides"},
        {"{\"m\":2,\"r\":2}", "{\"m\":3,\"r\":3}", MERGE_REFUSED, "/r changed on both sides"},
        {"{\"r\":1}", "{\"m\":3,\"r\":1}", MERGE_MUST_PARK, "/m changed on both sides"},
        {"{\"m\":1,\"r\":2}", "{\"m\":1}", MERGE_REFUSED, "/r changed on both sides"},
        {"{\"m\":2,\"r\":1}", "{\"m\":1,\"r\":2}", MERGE_DONE, ""},
        {"{\"m\":2,\"r\":2}", "{\"m\":2,\"r\":2.0}", MERGE_DONE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct merged merged =
            merge_bytes(rules, bytes_of("{\"m\":1,\"r\":1}"), bytes_of(cases[i].standing),
                        bytes_of(cases[i].incoming));
        assert_int_equal(merged.result, cases[i].result);
        assert_string_equal(merged.why.text, cases[i].why);
        merged_free(&merged);
    }
    format_rules_destroy(rules);
}

static void test_union(void **state) {
    (void)state;
    struct format_rules *rules = rules_of("/s", MERGE_UNION);
    check(rules, "{\"s\":[1,2,3]}", "{\"s\":[2,3,4]}", "{\"s\":[1,3,5]}", "{\"s\":[3,4,5]}", "");
    check(rules, "{}", "{\"s\":[\"a\"]}", "{\"s\":[\"\\u0061\",\"b\"]}", "{\"s\":[\"a\",\"b\"]}",
          "");
    check(rules, "{\"s\":[]}", "{\"s\":[{\"x\":1,\"y\":2}]}", "{\"s\":[{\"y\":2.0,\"x\":1},[]]}",
          "{\"s\":[{\"x\":1,\"y\":2},[]]}", "");
    check(rules, "{\"s\":[1]}", "{\"s\":[1,7,7,1]}", "{\"s\":[1,8,8,7]}", "{\"s\":[1,7,8]}", "");
    check(rules, "{\"s\":[1,2]}", "{\"s\":[1]}", "{\"s\":[2]}", "{\"s\":[]}", "");
    check(rules, "{\"s\":1}", "{\"s\":[1]}", "{\"s\":[2]}", "{\"s\":[2]}", " /s");
    check(rules, "{\"s\":[1]}", "{\"s\":[2]}", "{\"s\":{}}", "{\"s\":{}}", " /s");
    format_rules_destroy(rules);
}

static void test_paths_are_escaped_and_counted(void **state) {
    (void)state;
    check(NULL, "{\"a/b\":{\"~\":1,\"\\u00e4\":1}}", "{\"a/b\":{\"~\":2,\"\\u00e4\":2}}",
          "{\"a/b\":{\"~\":3,\"\\u00e4\":3}}", "{\"a/b\":{\"~\":3,\"\\u00e4\":3}}",
          " /a~1b/~0 /a~1b/\xc3\xa4");
    struct buffer texts[2] = {buffer_of(&memory_heap), buffer_of(&memory_heap)};
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 100; i++)
            buffer_format(&texts[side], "%c\"%d\":%d", i ? ',' : '{', i, side);
        buffer_u8(&texts[side], '}');
    }
    struct merged merged =
        merge_bytes(NULL, bytes_of("{}"), buffer_view(&texts[0]), buffer_view(&texts[1]));
    assert_int_equal(merged.lost.count, PATHS_MAX);
    assert_int_equal(merged.lost.more, 100 - PATHS_MAX);
    merged_free(&merged);
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
}

static void test_what_is_no_json(void **state) {
    (void)state;
    const char *good = "{\"a\":1}", *bad = "{\"a\":1,}";
    for (int i = 0; i < 3; i++) {
        struct merged merged =
            merge_bytes(NULL, bytes_of(i == 0 ? bad : good), bytes_of(i == 1 ? bad : good),
                        bytes_of(i == 2 ? bad : good));
        assert_int_equal(merged.result, MERGE_IMPOSSIBLE);
        assert_memory_equal(merged.why.text, "JSON ", 5);
        merged_free(&merged);
    }
}

/* ---- laws over random triples -------------------------------------------------------------- */

static void random_text(struct random *random, struct buffer *out) {
    buffer_clear(out);
    random_json(random, out, 4, true);
}

static bool merges_to(const struct format_rules *rules, const struct buffer *base,
                      const struct buffer *standing, const struct buffer *incoming,
                      const struct buffer *wanted) {
    struct merged merged =
        merge_bytes(rules, buffer_view(base), buffer_view(standing), buffer_view(incoming));
    bool equal = merged.result == MERGE_DONE &&
                 json_texts_equal(buffer_view(&merged.out), buffer_view(wanted)) &&
                 merged.lost.count == 0;
    merged_free(&merged);
    return equal;
}

static void test_laws_of_identity(void **state) {
    (void)state;
    struct random random = {2026};
    struct buffer base = buffer_of(&memory_heap), next = buffer_of(&memory_heap);
    for (int policy = MERGE_LWW; policy <= MERGE_REJECT; policy++) {
        struct format_rules *rules = rules_of("", (enum merge_policy)policy);
        for (unsigned i = 0, rounds = effort(1000); i < rounds; i++) {
            random_text(&random, &base);
            random_text(&random, &next);
            assert_true(merges_to(rules, &base, &base, &next, &next));
            assert_true(merges_to(rules, &base, &next, &base, &next));
            if (policy != MERGE_SUM) assert_true(merges_to(rules, &base, &next, &next, &next));
        }
        format_rules_destroy(rules);
    }
    buffer_free(&base);
    buffer_free(&next);
}

/* With these policies and leaves of their type it does not matter who came first. */
static void commutes(enum merge_policy policy, struct random *random) {
    struct format_rules *rules = rules_of("", policy);
    struct buffer texts[3];
    for (size_t i = 0; i < 3; i++) {
        texts[i] = buffer_of(&memory_heap);
        for (size_t j = 0; j < 4; j++) {
            buffer_format(&texts[i], "%s\"%zu\":", j ? "," : "{", j);
            if (policy == MERGE_UNION) {
                buffer_text(&texts[i], "[\"first\"");
                for (uint64_t n = random_below(random, 5); n > 0; n--)
                    buffer_format(&texts[i], ",%d", (int)random_below(random, 6));
                buffer_u8(&texts[i], ']');
            } else {
                buffer_format(&texts[i], "%d.%d", (int)random_below(random, 9) - 4,
                              (int)random_below(random, 10));
            }
        }
        buffer_u8(&texts[i], '}');
    }
    struct bytes base = buffer_view(&texts[0]);
    struct bytes left = buffer_view(&texts[1]), right = buffer_view(&texts[2]);
    struct merged one = merge_bytes(rules, base, left, right);
    struct merged other = merge_bytes(rules, base, right, left);
    assert_int_equal(one.result, MERGE_DONE);
    assert_int_equal(one.lost.count, 0);
    if (policy == MERGE_UNION) {
        /* The same sets: without repeats, the other adds nothing to the one. */
        struct bytes none = bytes_of("{\"0\":[],\"1\":[],\"2\":[],\"3\":[]}");
        struct bytes nothing = bytes_of("{}");
        struct merged left_set = merge_bytes(rules, nothing, buffer_view(&one.out), none);
        struct merged right_set = merge_bytes(rules, nothing, buffer_view(&other.out), none);
        struct merged both =
            merge_bytes(rules, nothing, buffer_view(&left_set.out), buffer_view(&right_set.out));
        assert_true(bytes_equal(buffer_view(&both.out), buffer_view(&left_set.out)));
        assert_int_equal(both.out.size, right_set.out.size);
        merged_free(&both);
        merged_free(&left_set);
        merged_free(&right_set);
    } else {
        assert_true(json_texts_equal(buffer_view(&one.out), buffer_view(&other.out)));
    }
    merged_free(&one);
    merged_free(&other);
    for (size_t i = 0; i < 3; i++)
        buffer_free(&texts[i]);
    format_rules_destroy(rules);
}

static void test_laws_of_order(void **state) {
    (void)state;
    struct random random = {77};
    for (unsigned i = 0, rounds = effort(1000); i < rounds; i++) {
        commutes(MERGE_MAX, &random);
        commutes(MERGE_MIN, &random);
        commutes(MERGE_SUM, &random);
        commutes(MERGE_UNION, &random);
    }
}

/* Whatever meets, the result is JSON, and the two orders lose in the same places. */
static void test_random_triples(void **state) {
    (void)state;
    struct random random = {5};
    struct buffer texts[3] = {buffer_of(&memory_heap), buffer_of(&memory_heap),
                              buffer_of(&memory_heap)};
    for (unsigned i = 0, rounds = effort(6000); i < rounds; i++) {
        struct format_rules *rules =
            rules_of(i % 2 ? "" : "/a", (enum merge_policy)random_below(&random, MERGE_REJECT + 1));
        for (size_t j = 0; j < 3; j++)
            random_text(&random, &texts[j]);
        struct bytes base = buffer_view(&texts[0]);
        struct merged one =
            merge_bytes(rules, base, buffer_view(&texts[1]), buffer_view(&texts[2]));
        struct merged other =
            merge_bytes(rules, base, buffer_view(&texts[2]), buffer_view(&texts[1]));
        assert_int_equal(one.result, other.result);
        if (one.result == MERGE_DONE) assert_int_equal(one.lost.count, other.lost.count);
        merged_free(&one);
        merged_free(&other);
        format_rules_destroy(rules);
    }
    for (size_t j = 0; j < 3; j++)
        buffer_free(&texts[j]);
}

static void test_many_members_and_elements(void **state) {
    (void)state;
    struct format_rules *rules = rules_of("/s", MERGE_UNION);
    struct buffer texts[3];
    for (uint32_t side = 0; side < 3; side++) {
        texts[side] = buffer_of(&memory_heap);
        buffer_text(&texts[side], "{\"s\":[0");
        for (uint32_t i = 1; i < 5000; i++)
            buffer_format(&texts[side], ",%u", i * 7919 % 5000 + side * 2500);
        buffer_u8(&texts[side], ']');
        for (uint32_t i = 0; i < 5000; i++) {
            uint32_t name = side == 1 ? i : i * 7919 % 5000;
            buffer_format(&texts[side], ",\"%u\":%u", name, name % 3 == side ? side : 9);
        }
        buffer_u8(&texts[side], '}');
    }
    struct merged merged =
        merge_bytes(rules, buffer_view(&texts[0]), buffer_view(&texts[1]), buffer_view(&texts[2]));
    assert_int_equal(merged.result, MERGE_DONE);
    merged_free(&merged);
    for (uint32_t side = 0; side < 3; side++)
        buffer_free(&texts[side]);
    format_rules_destroy(rules);
}

static void test_out_of_memory(void **state) {
    (void)state;
    struct format_rules *rules = rules_of("/s", MERGE_UNION);
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct buffer out = buffer_of(&memory);
        struct paths lost = {.text = buffer_of(&memory)};
        enum merge_result result = format_json.merge(
            rules, bytes_of("{\"s\":[1],\"a\":1}"),
            bytes_of("{\"s\":[1,2],\"a\":2,\"long\":\"0123456789012345678901234567890\"}"),
            bytes_of("{\"s\":[1,3],\"a\":3}"), &out, &lost, NULL);
        if (result == MERGE_DONE) assert_int_equal(lost.count, 1);
        buffer_free(&out);
        buffer_free(&lost.text);
        assert_int_equal(failing.live, 0);
        if (result == MERGE_DONE) break;
        assert_int_equal(result, MERGE_NO_MEMORY);
        assert_true(n < 100);
    }
    format_rules_destroy(rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_of_both_sides),
        cmocka_unit_test(test_unchanged_parts_keep_their_bytes),
        cmocka_unit_test(test_collisions_by_policy),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_policies_hold_beneath_their_path),
        cmocka_unit_test(test_an_edit_beats_a_deletion),
        cmocka_unit_test(test_manual_and_reject),
        cmocka_unit_test(test_union),
        cmocka_unit_test(test_paths_are_escaped_and_counted),
        cmocka_unit_test(test_what_is_no_json),
        cmocka_unit_test(test_laws_of_identity),
        cmocka_unit_test(test_laws_of_order),
        cmocka_unit_test(test_random_triples),
        cmocka_unit_test(test_many_members_and_elements),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
