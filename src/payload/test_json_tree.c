/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "payload/random_json.h"

static void test_shape(void **state) {
    (void)state;
    struct json_tree tree;
    const char *text = "{\"a\":{\"b\":1},\"c\":[2,3]}";
    static const uint32_t next[] = {6, 3, 3, 6, 5, 6};
    assert_int_equal(json_tree_parse(&tree, &memory_heap, bytes_of(text), NULL), SS_OK);
    assert_int_equal(tree.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(tree.nodes[i].next, next[i]);
    assert_true(bytes_equal(json_slice((struct json_value){&tree, 1}), bytes_of("{\"b\":1}")));
    assert_true(bytes_equal(json_slice((struct json_value){&tree, 3}), bytes_of("[2,3]")));
    assert_int_equal(tree.nodes[3].count, 2);
    json_tree_free(&tree);
}

static void test_equal_in_meaning(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"{\"a\":1,\"b\":[true,null]}", " { \"b\" : [ true , null ] , \"\\u0061\" : 1.0 } "},
        {"[1e2,\"\\u0041\"]", "[100,\"A\"]"},
        {"{}", "{ }"},
        {"1e99999999999", "1e99999999999"}};
    static const char *const different[][2] = {{"[1,2]", "[2,1]"},
                                               {"{\"a\":1}", "{\"b\":1}"},
                                               {"{\"a\":1}", "{\"a\":2}"},
                                               {"null", "false"},
                                               {"0", "false"},
                                               {"\"1\"", "1"},
                                               {"[]", "{}"},
                                               {"[1]", "[1,1]"},
                                               {"1", "1.0000000000000000000000001"},
                                               {"1e99999999999", "1e99999999998"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(json_texts_equal(bytes_of(same[i][0]), bytes_of(same[i][1])));
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_false(json_texts_equal(bytes_of(different[i][0]), bytes_of(different[i][1])));
}

/* Members of an object of `count` names, found in and out of step. */
static void find_all(uint32_t count) {
    struct buffer forth = buffer_of(&memory_heap), back = buffer_of(&memory_heap);
    for (uint32_t i = 0; i < count; i++) {
        buffer_format(&forth, "%c\"n%u\":%u", i ? ',' : '{', i, i);
        buffer_format(&back, "%c\"\\u006e%u\":%u", i ? ',' : '{', count - 1 - i, count - 1 - i);
    }
    buffer_text(&forth, ",\"only\":0}");
    buffer_u8(&back, '}');
    struct json_tree trees[2];
    assert_int_equal(json_tree_parse(&trees[0], &memory_heap, buffer_view(&forth), NULL), SS_OK);
    assert_int_equal(json_tree_parse(&trees[1], &memory_heap, buffer_view(&back), NULL), SS_OK);
    struct json_value left = json_root(&trees[0]), right = json_root(&trees[1]);
    for (uint32_t in_step = 0; in_step < 2; in_step++) {
        struct json_value in = in_step ? left : right;
        uint32_t hint = 1, found = 0;
        struct json_value at = json_first(left);
        for (; json_present(at); at = json_next(left, at)) {
            struct json_value twin = json_find(in, at, &hint);
            if (json_present(twin)) assert_true(json_equal(at, twin));
            found += json_present(twin);
        }
        assert_int_equal(found, count + in_step);
    }
    json_tree_free(&trees[0]);
    json_tree_free(&trees[1]);
    buffer_free(&forth);
    buffer_free(&back);
}

static void test_find(void **state) {
    (void)state;
    find_all(1);
    find_all(15);
    find_all(16);
    find_all(17);
    find_all(500);
}

static void test_refuses(void **state) {
    (void)state;
    struct reason why;
    struct json_tree tree;
    static const char *const bad[] = {"", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(json_tree_parse(&tree, &memory_heap, bytes_of(bad[i]), &why),
                         SS_ERR_INVALID);
        assert_memory_equal(why.text, "JSON ", 5);
        json_tree_free(&tree);
    }
}

static void test_out_of_memory(void **state) {
    (void)state;
    struct buffer text = buffer_of(&memory_heap);
    buffer_text(&text, "[{");
    for (int i = 0; i < 100; i++)
        buffer_format(&text, "\"%d\":[0,0,0,0,0,0,0],", i);
    buffer_text(&text, "\"\":0}]");
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct json_tree tree;
        int status = json_tree_parse(&tree, &memory, buffer_view(&text), NULL);
        json_tree_free(&tree);
        assert_int_equal(failing.live, 0);
        if (status == SS_OK) break;
        assert_int_equal(status, SS_ERR_NOMEM);
    }
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),         cmocka_unit_test(test_equal_in_meaning),
        cmocka_unit_test(test_find),          cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
