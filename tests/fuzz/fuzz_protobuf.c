/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes through the protobuf format. The input is a policy byte and three messages:
 *
 *     u8 policy | u8 size, base | u8 size, standing | incoming: the rest
 */
#include <stdlib.h>

#include "base/status.h"
#include "payload/format.h"

/* Kept in every build: a property that fails must stop the fuzzer. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool valid(struct bytes state) {
    struct reason why = {""};
    int status = format_protobuf.validate(NULL, state, &why);
    CHECK(status == SS_OK || (status == SS_ERR_INVALID && why.text[0] != '\0'));
    return status == SS_OK;
}

static enum merge_result merge(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out) {
    struct paths lost = {.text = buffer_of(&memory_heap)};
    buffer_clear(out);
    enum merge_result result =
        format_protobuf.merge(rules, base, standing, incoming, out, &lost, NULL);
    CHECK(result != MERGE_NO_MEMORY);
    CHECK(lost.count <= PATHS_MAX && (lost.more == 0 || lost.count == PATHS_MAX));
    if (result == MERGE_DONE) CHECK(valid(buffer_view(out)));
    buffer_free(&lost.text);
    return result;
}

static void check_merge(const struct format_rules *rules, struct bytes base, struct bytes standing,
                        struct bytes incoming) {
    struct buffer out = buffer_of(&memory_heap), again = buffer_of(&memory_heap);
    enum merge_result result = merge(rules, base, standing, incoming, &out);
    CHECK((merge(rules, base, incoming, standing, &again) == MERGE_DONE) == (result == MERGE_DONE));
    /* Merged into itself a result changes no more. */
    if (result == MERGE_DONE) {
        CHECK(merge(NULL, buffer_view(&out), buffer_view(&out), standing, &again) == MERGE_DONE);
        CHECK(bytes_equal(buffer_view(&again), standing));
    }
    CHECK(merge(rules, base, standing, base, &out) == MERGE_DONE);
    CHECK(bytes_equal(buffer_view(&out), standing));
    CHECK(merge(rules, base, base, incoming, &out) == MERGE_DONE);
    CHECK(bytes_equal(buffer_view(&out), incoming));
    buffer_free(&out);
    buffer_free(&again);
}

static void check_invariants(const struct format_rules *rules, struct bytes previous,
                             struct bytes next) {
    struct reason why = {""};
    float position[3];
    format_protobuf.check(rules, &previous, next, SS_SECOND, &why);
    CHECK(bytes_utf8(bytes_of(why.text)));
    if (format_protobuf.locate(rules, next, position) == SS_OK)
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
    if (policy == MERGE_UNION) policy = MERGE_LWW;

    const struct format_rule list[] = {{.kind = RULE_POLICY, .path = "/1", .policy = policy},
                                       {.kind = RULE_POLICY, .path = "/2", .policy = MERGE_SUM},
                                       {.kind = RULE_BOUNDS, .path = "/1", .low = -1, .high = 9},
                                       {.kind = RULE_MONOTONE, .path = "/2"},
                                       {.kind = RULE_POSITION, .path = "/2", .axis = 0},
                                       {.kind = RULE_POSITION, .path = "/3", .axis = 1},
                                       {.kind = RULE_MAX_SPEED, .high = 3}};
    struct format_rules *rules;
    CHECK(format_rules_create(&rules, &memory_heap, &format_protobuf, list, 7, NULL) == SS_OK);
    check_merge(rules, base, standing, incoming);
    check_merge(NULL, base, standing, incoming);
    check_invariants(rules, standing, incoming);
    format_rules_destroy(rules);
    return 0;
}
