/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a descriptor set, and any bytes as states of the messages that it declares:
 *
 *     u16 size, descriptor set | u8 size, base | u8 size, standing | incoming: the rest
 */
#include <stdlib.h>

#include "base/status.h"
#include "payload/format.h"
#include "schema/compile.h"

/* Kept in every build: a property that fails must stop the fuzzer. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

#define MESSAGES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct states {
    struct bytes base, standing, incoming;
};

static bool valid(const struct format_rules *rules, struct bytes state) {
    struct reason why = {""};
    int status = format_protobuf.validate(rules, state, &why);
    CHECK(status == SS_OK || (status == SS_ERR_INVALID && why.text[0] != '\0'));
    return status == SS_OK;
}

static enum merge_result merge(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out) {
    struct paths lost = {.text = buffer_of(&memory_heap)};
    struct reason why = {""};
    buffer_clear(out);
    enum merge_result result =
        format_protobuf.merge(rules, base, standing, incoming, out, &lost, &why);
    CHECK(result != MERGE_NO_MEMORY && bytes_utf8(bytes_of(why.text)));
    CHECK(lost.count <= PATHS_MAX && (lost.more == 0 || lost.count == PATHS_MAX));
    if (result == MERGE_DONE) CHECK(valid(rules, buffer_view(out)));
    buffer_free(&lost.text);
    return result;
}

static void check_merge(const struct format_rules *rules, const struct states *states) {
    struct buffer out = buffer_of(&memory_heap), again = buffer_of(&memory_heap);
    enum merge_result result = merge(rules, states->base, states->standing, states->incoming, &out);
    merge(rules, states->base, states->incoming, states->standing, &again);
    CHECK(merge(rules, states->base, states->standing, states->base, &again) == MERGE_DONE);
    CHECK(bytes_equal(buffer_view(&again), states->standing));
    /* A result is canonical: merged with something that says nothing new it stays as it is. */
    if (result == MERGE_DONE) {
        struct buffer same = buffer_of(&memory_heap);
        CHECK(merge(rules, states->base, buffer_view(&out), states->base, &same) == MERGE_DONE);
        CHECK(bytes_equal(buffer_view(&same), buffer_view(&out)));
        buffer_free(&same);
    }
    buffer_free(&out);
    buffer_free(&again);
}

static void check_between(const struct format_rules *rules, const struct states *states) {
    struct buffer out = buffer_of(&memory_heap);
    CHECK(format_protobuf.interpolate(rules, states->base, states->standing, 7, 3, &out) == SS_OK);
    CHECK(valid(rules, buffer_view(&out)));
    buffer_clear(&out);
    CHECK(format_protobuf.redact(rules, states->incoming, READER_OTHER, &out) == SS_OK);
    CHECK(out.size <= states->incoming.size && valid(rules, buffer_view(&out)));
    CHECK(format_rules_hide(rules) || bytes_equal(buffer_view(&out), states->incoming));
    buffer_free(&out);
}

static void check_invariants(const struct format_rules *rules, const struct states *states) {
    struct reason why = {""};
    float position[3];
    format_protobuf.check(rules, &states->standing, states->incoming, SS_SECOND, &why);
    CHECK(bytes_utf8(bytes_of(why.text)));
    if (format_protobuf.locate(rules, states->incoming, position) == SS_OK)
        CHECK(position[0] == position[0] && position[1] == position[1]);
}

/* States that an older schema accepted: whatever they are, nothing may break. */
static void check_foreign(const struct format_rules *rules, const struct states *states) {
    struct buffer out = buffer_of(&memory_heap);
    struct reason why = {""};
    check_invariants(rules, states);
    CHECK(format_protobuf.redact(rules, states->incoming, READER_OTHER, &out) == SS_OK);
    CHECK(out.size <= states->incoming.size);
    buffer_clear(&out);
    CHECK(format_protobuf.interpolate(rules, states->base, states->standing, 7, 3, &out) == SS_OK);
    buffer_clear(&out);
    enum merge_result result = format_protobuf.merge(rules, states->base, states->standing,
                                                     states->incoming, &out, NULL, &why);
    CHECK(result == MERGE_DONE || (result == MERGE_IMPOSSIBLE && why.text[0] != '\0'));
    buffer_free(&out);
}

static void check_states(const struct schema *schema, const struct states *states) {
    struct format_rules *rules;
    struct reason why = {""};
    int status = format_rules_create_typed(&rules, &memory_heap, schema, NULL, 0, &why);
    CHECK(status == SS_OK || (status == SS_ERR_INVALID && why.text[0] != '\0'));
    if (status != SS_OK) return;
    bool all = valid(rules, states->base);
    all &= valid(rules, states->standing);
    all &= valid(rules, states->incoming);
    if (all) {
        check_merge(rules, states);
        check_between(rules, states);
        check_invariants(rules, states);
    } else {
        check_foreign(rules, states);
    }
    format_rules_destroy(rules);
}

static void check_message(const struct message_descriptor *message, const struct states *states) {
    struct buffer complaints = buffer_of(&memory_heap);
    struct schema *schema;
    int status = schema_compile(&schema, &memory_heap, message, &complaints);
    CHECK((status == SS_OK) == (schema != NULL) && (status == SS_OK) == (complaints.size == 0));
    if (schema) {
        for (uint32_t leaf = schema_leaf_next(schema, SCHEMA_NONE); leaf != SCHEMA_NONE;
             leaf = schema_leaf_next(schema, leaf))
            CHECK(leaf < schema->count);
        check_states(schema, states);
    }
    schema_destroy(schema);
    buffer_free(&complaints);
}

static struct bytes take(struct reader *input, size_t size) {
    return reader_bytes(input, size < input->left ? size : input->left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader input = reader_of(bytes_view(data, size));
    struct bytes descriptor = take(&input, reader_u16(&input));
    struct states states;
    states.base = take(&input, reader_u8(&input));
    states.standing = take(&input, reader_u8(&input));
    states.incoming = take(&input, input.left);
    struct buffer complaints = buffer_of(&memory_heap);
    struct descriptor_set set;
    int status = descriptor_read(&set, &memory_heap, descriptor, &complaints);
    CHECK(status == SS_OK || (status == SS_ERR_INVALID && complaints.size > 0));
    CHECK(bytes_utf8(buffer_view(&complaints)));
    size_t left = MESSAGES_MAX;
    if (status == SS_OK)
        for (const struct message_descriptor *at = set.messages; at && left-- > 0; at = at->all)
            check_message(at, &states);
    descriptor_free(&set);
    buffer_free(&complaints);
    return 0;
}
