/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes through the JSON format. The input is a policy byte and three texts:
 *
 *     u8 policy | u8 size, base | u8 size, standing | incoming: the rest
 *
 * so that validating, merging, and a round trip of diff and patch can be held against what they
 * promise. */
#include <stdlib.h>

#include "base/status.h"
#include "payload/json_patch.h"
#include "payload/json_tree.h"

/* Kept in every build: a property that fails must stop the fuzzer. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both walks agree on what is JSON; reasons are UTF-8. */
static bool valid(struct bytes text) {
    struct reason why = {""};
    struct json_tree tree;
    int status = format_json.validate(NULL, text, &why);
    CHECK(bytes_utf8(bytes_of(why.text)));
    CHECK(json_tree_parse(&tree, &memory_heap, text, &why) == status);
    json_tree_free(&tree);
    return status == SS_OK;
}

static bool equal(struct bytes a, struct bytes b) {
    struct json_tree left, right;
    CHECK(json_tree_parse(&left, &memory_heap, a, NULL) == SS_OK);
    CHECK(json_tree_parse(&right, &memory_heap, b, NULL) == SS_OK);
    bool same = json_equal(json_root(&left), json_root(&right));
    CHECK(same == json_equal(json_root(&right), json_root(&left)));
    if (same) CHECK(json_hash(json_root(&left)) == json_hash(json_root(&right)));
    json_tree_free(&left);
    json_tree_free(&right);
    return same;
}

static enum merge_result merge(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out) {
    struct paths lost = {.text = buffer_of(&memory_heap)};
    struct reason why = {""};
    buffer_clear(out);
    enum merge_result result = format_json.merge(rules, base, standing, incoming, out, &lost, &why);
    CHECK(result != MERGE_NO_MEMORY);
    CHECK(lost.count <= PATHS_MAX && (lost.more == 0 || lost.count == PATHS_MAX));
    CHECK(bytes_utf8(buffer_view(&lost.text)) && bytes_utf8(bytes_of(why.text)));
    if (result == MERGE_DONE) CHECK(valid(buffer_view(out)));
    buffer_free(&lost.text);
    return result;
}

static void check_merge(const struct format_rules *rules, struct bytes base, struct bytes standing,
                        struct bytes incoming) {
    struct buffer out = buffer_of(&memory_heap);
    enum merge_result result = merge(rules, base, standing, incoming, &out);
    CHECK((merge(rules, base, incoming, standing, &out) == MERGE_DONE) == (result == MERGE_DONE));
    CHECK(merge(rules, base, standing, base, &out) == MERGE_DONE);
    CHECK(bytes_equal(buffer_view(&out), standing));
    CHECK(merge(rules, base, base, incoming, &out) == MERGE_DONE);
    CHECK(equal(buffer_view(&out), incoming));
    buffer_free(&out);
}

static void check_patch(struct bytes from, struct bytes to) {
    struct buffer patch = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    int status = json_diff(from, to, &patch);
    CHECK(status == SS_OK || status == SS_ERR_UNSUPPORTED);
    if (status == SS_OK) {
        CHECK(valid(buffer_view(&patch)));
        CHECK(json_patch(from, buffer_view(&patch), &out) == SS_OK);
        CHECK(equal(buffer_view(&out), to));
    }
    buffer_clear(&out);
    CHECK(json_patch(from, to, &out) == SS_OK);
    CHECK(valid(buffer_view(&out)));
    buffer_free(&patch);
    buffer_free(&out);
}

static void check_invariants(const struct format_rules *rules, struct bytes previous,
                             struct bytes next) {
    struct reason why = {""};
    float position[3];
    format_json.check(rules, &previous, next, SS_SECOND, &why);
    CHECK(bytes_utf8(bytes_of(why.text)));
    if (format_json.locate(rules, next, position) == SS_OK)
        CHECK(position[0] == position[0] && position[1] == position[1]);
}

static struct bytes take(struct reader *input) {
    size_t size = reader_u8(input);
    return reader_bytes(input, size < input->left ? size : input->left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader input = reader_of(bytes_view(data, size));
    enum merge_policy policy = (enum merge_policy)(reader_u8(&input) % (MERGE_REJECT + 1));
    struct bytes base = take(&input), standing = take(&input);
    struct bytes incoming = reader_bytes(&input, input.left);
    valid(bytes_view(data, size));
    if (!valid(base) || !valid(standing) || !valid(incoming)) return 0;

    const struct format_rule list[] = {{.kind = RULE_POLICY, .path = "", .policy = policy},
                                       {.kind = RULE_POLICY, .path = "/a", .policy = MERGE_SUM},
                                       {.kind = RULE_POLICY, .path = "/b", .policy = MERGE_UNION},
                                       {.kind = RULE_BOUNDS, .path = "/a", .low = -1, .high = 9},
                                       {.kind = RULE_MONOTONE, .path = "/b/0"},
                                       {.kind = RULE_POSITION, .path = "/a", .axis = 0},
                                       {.kind = RULE_POSITION, .path = "/b/1", .axis = 1},
                                       {.kind = RULE_MAX_SPEED, .high = 3}};
    struct format_rules *rules;
    CHECK(format_rules_create(&rules, &memory_heap, &format_json, list, 8, NULL) == SS_OK);
    check_merge(rules, base, standing, incoming);
    check_merge(NULL, base, standing, incoming);
    check_invariants(rules, standing, incoming);
    format_rules_destroy(rules);
    check_patch(standing, incoming);
    return 0;
}
