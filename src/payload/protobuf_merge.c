/* SPDX-License-Identifier: Apache-2.0 */
/* All records of one field number, in their order, are a leaf of bytes; none at all is a value too.
 * The three messages are read as lists sorted by field number and merged like three sorted files:
 *
 *     base      1: a      2: b b'  5: c
 *     standing  1: a      2: b     5: c     the result is in the order of field numbers
 *     incoming  1: x      2: b b'  5: c
 *     result    1: x      2: b     5: c
 *
 * What the laws leave open is decided so:
 * - A side that is the base to the byte yields the other side to the byte.
 * - `max`, `min` and `sum` are for leaves of one varint, read as an int64 (int32, int64, uint32,
 * and uint64 below 2^63; not sint), where nothing counts as 0, as proto3 writes it. On any other
 * leaf they do what `lww` does. A sum beyond int64 is impossible, never wrapped.
 * - `sum` adds the changes even if both sides wrote the same value. */
#include "payload/protobuf_merge.h"

#include "base/status.h"
#include "payload/sort.h"

/* The records of a message: number << 32 | offset, ascending. */
struct message {
    struct bytes text;
    uint64_t *keys;
    size_t count, at;
};

/* The records of one number: keys[first .. first + count). */
struct leaf {
    const struct message *message;
    size_t first, count;
};

struct sides {
    uint32_t number;
    struct leaf base, standing, incoming;
};

struct merge {
    const struct format_rules *rules;
    struct message base, standing, incoming;
    struct buffer *out;
    struct paths *overwritten;
    struct reason *why;
    bool parked;
};

/* ---- leaves -------------------------------------------------------------------------------- */

static struct protobuf_field leaf_field(const struct leaf *leaf, size_t i) {
    struct bytes text = leaf->message->text;
    size_t offset = (uint32_t)leaf->message->keys[leaf->first + i];
    struct reader reader = reader_of(bytes_view(text.data + offset, text.size - offset));
    struct protobuf_field field = {0};
    const char *error;
    protobuf_next(&reader, &field, &error);
    return field;
}

static bool leaf_equal(const struct leaf *a, const struct leaf *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!bytes_equal(leaf_field(a, i).raw, leaf_field(b, i).raw)) return false;
    return true;
}

static enum merge_result take(struct merge *merge, const struct leaf *leaf) {
    for (size_t i = 0; i < leaf->count; i++)
        buffer_bytes(merge->out, leaf_field(leaf, i).raw);
    return MERGE_DONE;
}

static bool leaf_integer(const struct leaf *leaf, int64_t *value) {
    *value = 0;
    if (leaf->count == 0) return true;
    struct protobuf_field field = leaf_field(leaf, 0);
    *value = (int64_t)field.value;
    return leaf->count == 1 && field.type == PROTOBUF_VARINT;
}

/* ---- collisions ---------------------------------------------------------------------------- */

static enum merge_result take_over(struct merge *merge, uint32_t number,
                                   const struct leaf *winner) {
    struct paths *paths = merge->overwritten;
    take(merge, winner);
    if (!paths) return MERGE_DONE;
    if (paths->count == PATHS_MAX) {
        paths->more++;
        return MERGE_DONE;
    }
    buffer_format(&paths->text, "/%u", number);
    buffer_u8(&paths->text, 0);
    if (paths->text.failed) return MERGE_NO_MEMORY;
    paths->count++;
    return MERGE_DONE;
}

static enum merge_result collide_numbers(struct merge *merge, const struct sides *sides,
                                         enum merge_policy policy) {
    int64_t base, standing, incoming, sum;
    bool numbers = leaf_integer(&sides->standing, &standing);
    numbers &= leaf_integer(&sides->incoming, &incoming);
    numbers &= policy != MERGE_SUM || leaf_integer(&sides->base, &base);
    if (!numbers) {
        bool agreed = leaf_equal(&sides->standing, &sides->incoming);
        return agreed ? take(merge, &sides->standing)
                      : take_over(merge, sides->number, &sides->incoming);
    }
    if (policy == MERGE_MAX)
        return take(merge, incoming > standing ? &sides->incoming : &sides->standing);
    if (policy == MERGE_MIN)
        return take(merge, incoming < standing ? &sides->incoming : &sides->standing);
    __int128 exact = (__int128)standing + incoming - base;
    sum = (int64_t)exact;
    if (sum != exact) {
        reason_set(merge->why, "/%u has a sum beyond 64 bits", sides->number);
        return MERGE_IMPOSSIBLE;
    }
    buffer_varint(merge->out, (uint64_t)sides->number << 3 | PROTOBUF_VARINT);
    buffer_varint(merge->out, (uint64_t)sum);
    return MERGE_DONE;
}

/* The merge goes on behind a `manual` leaf, because a `reject` leaf may still follow. */
static enum merge_result collide_manual(struct merge *merge, const struct sides *sides) {
    if (!merge->parked) reason_set(merge->why, "/%u changed on both sides", sides->number);
    merge->parked = true;
    return MERGE_DONE;
}

static enum merge_result collide(struct merge *merge, const struct sides *sides,
                                 enum merge_policy policy) {
    switch (policy) {
    case MERGE_KEEP: return take_over(merge, sides->number, &sides->standing);
    case MERGE_MAX:
    case MERGE_MIN:
    case MERGE_SUM: return collide_numbers(merge, sides, policy);
    case MERGE_MANUAL: return collide_manual(merge, sides);
    case MERGE_REJECT:
        reason_set(merge->why, "/%u changed on both sides", sides->number);
        return MERGE_REFUSED;
    default: return take_over(merge, sides->number, &sides->incoming);
    }
}

/* ---- the walk ------------------------------------------------------------------------------ */

static enum merge_result merge_field(struct merge *merge, const struct sides *sides) {
    if (leaf_equal(&sides->base, &sides->incoming)) return take(merge, &sides->standing);
    if (leaf_equal(&sides->base, &sides->standing)) return take(merge, &sides->incoming);
    struct rule_place place =
        rules_child_number(merge->rules, rules_root(merge->rules), sides->number);
    if (place.policy != MERGE_SUM && leaf_equal(&sides->standing, &sides->incoming))
        return take(merge, &sides->standing);
    return collide(merge, sides, place.policy);
}

static uint32_t next_number(const struct message *message) {
    return message->at < message->count ? (uint32_t)(message->keys[message->at] >> 32) : UINT32_MAX;
}

static struct leaf next_leaf(struct message *message, uint32_t number) {
    struct leaf leaf = {message, message->at, 0};
    while (next_number(message) == number)
        message->at++;
    leaf.count = message->at - leaf.first;
    return leaf;
}

static enum merge_result merge_fields(struct merge *merge) {
    for (;;) {
        struct sides sides = {.number = next_number(&merge->base)};
        uint32_t standing = next_number(&merge->standing), incoming = next_number(&merge->incoming);
        if (standing < sides.number) sides.number = standing;
        if (incoming < sides.number) sides.number = incoming;
        if (sides.number == UINT32_MAX) return merge->parked ? MERGE_MUST_PARK : MERGE_DONE;
        sides.base = next_leaf(&merge->base, sides.number);
        sides.standing = next_leaf(&merge->standing, sides.number);
        sides.incoming = next_leaf(&merge->incoming, sides.number);
        enum merge_result result = merge_field(merge, &sides);
        if (result != MERGE_DONE) return result;
    }
}

static bool key_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return a < b;
}

static size_t field_count(struct bytes text, const char **error) {
    struct reader reader = reader_of(text);
    struct protobuf_field field;
    size_t count = 0;
    while (protobuf_next(&reader, &field, error))
        count++;
    return count;
}

static enum merge_result message_read(struct merge *merge, struct message *message,
                                      struct bytes text) {
    const char *error = text.size > UINT32_MAX ? "is too long" : NULL;
    size_t count = error ? 0 : field_count(text, &error);
    if (error) {
        reason_set(merge->why, "the message %s", error);
        return MERGE_IMPOSSIBLE;
    }
    message->text = text;
    message->keys = memory_alloc(merge->out->memory, count * sizeof *message->keys);
    if (count > 0 && !message->keys) return MERGE_NO_MEMORY;
    message->count = count;
    struct reader reader = reader_of(text);
    struct protobuf_field field;
    bool sorted = true;
    for (size_t i = 0; protobuf_next(&reader, &field, &error); i++) {
        size_t offset = (size_t)(field.raw.data - text.data);
        message->keys[i] = (uint64_t)field.number << 32 | offset;
        if (i > 0 && message->keys[i] < message->keys[i - 1]) sorted = false;
    }
    if (!sorted) sort_keys(message->keys, count, key_less, NULL);
    return MERGE_DONE;
}

static void message_free(struct message *message, const struct memory *memory) {
    memory_free(memory, message->keys, message->count * sizeof *message->keys);
}

enum merge_result protobuf_merge(const struct format_rules *rules, struct bytes base,
                                 struct bytes standing, struct bytes incoming, struct buffer *out,
                                 struct paths *overwritten, struct reason *why) {
    struct merge merge = {.rules = rules, .out = out, .overwritten = overwritten, .why = why};
    enum merge_result result = message_read(&merge, &merge.base, base);
    if (result == MERGE_DONE) result = message_read(&merge, &merge.standing, standing);
    if (result == MERGE_DONE) result = message_read(&merge, &merge.incoming, incoming);
    if (result == MERGE_DONE && bytes_equal(base, incoming)) {
        buffer_bytes(out, standing);
    } else if (result == MERGE_DONE && bytes_equal(base, standing)) {
        buffer_bytes(out, incoming);
    } else if (result == MERGE_DONE) {
        result = merge_fields(&merge);
    }
    message_free(&merge.base, out->memory);
    message_free(&merge.standing, out->memory);
    message_free(&merge.incoming, out->memory);
    return out->failed ? MERGE_NO_MEMORY : result;
}
