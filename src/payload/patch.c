/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways to describe a change, of which the shorter is taken:
 *
 *   in place   both states are equally long: words that differ are added to, long runs that do not
 *              are copied
 *   matched    patch_match.c: what of the base stands where in the new state
 *
 * and when neither is shorter than the state, the state is inserted as it is. */
#include "payload/patch.h"

#include "base/status.h"
#include "payload/patch_match.h"

#define SMALL_MAX  64 /* states up to here that keep their size are not searched */
#define RUN_MIN    12 /* equal words that are cheaper copied than coded */
#define ZIGZAG(s)  (((uint32_t)(s) << 1) ^ (uint32_t)((int32_t)(s) >> 31))
#define OFFSET_MAX ((uint64_t)1 << 40)

/* ---- in place ------------------------------------------------------------------------------ */

static uint32_t word_at(struct bytes from, size_t word) {
    const uint8_t *at = from.data + word * 4;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static unsigned code_of(uint32_t difference) {
    if (difference == 0) return 0;
    return difference < 1u << 16 ? 1 : difference < 1u << 24 ? 2 : 3;
}

static void put_add(struct buffer *out, struct bytes base, struct bytes next, size_t from,
                    size_t to) {
    size_t count = to - from, codes = (count + 3) / 4;
    patch_put_op(out, count, PATCH_ADD);
    uint8_t *room = buffer_room(out, codes + count * 4);
    if (!room) return;
    uint8_t *at = room + codes;
    memset(room, 0, codes);
    for (size_t i = 0; i < count; i++) {
        uint32_t difference = word_at(next, from + i) - word_at(base, from + i);
        difference = ZIGZAG(difference);
        unsigned code = code_of(difference);
        room[i / 4] |= (uint8_t)(code << i % 4 * 2);
        for (unsigned byte = 0; code && byte <= code; byte++)
            *at++ = (uint8_t)(difference >> byte * 8);
    }
    out->size += (size_t)(at - room);
}

static size_t equal_words(struct bytes base, struct bytes next, size_t from, size_t count) {
    size_t at = from;
    while (at < count && word_at(base, at) == word_at(next, at))
        at++;
    return at - from;
}

/* Where the words to be added end: at a run of equal ones that is worth a copy, or at the last that
 * differs. `*equal` is what follows. */
static size_t end_of_add(struct bytes base, struct bytes next, size_t at, size_t count,
                         size_t *equal) {
    *equal = 0;
    while (at < count) {
        *equal = equal_words(base, next, at, count);
        if (*equal >= RUN_MIN || at + *equal == count) return at;
        at += *equal + 1;
        *equal = 0;
    }
    return at;
}

static void put_in_place(struct buffer *out, struct bytes base, struct bytes next) {
    size_t count = next.size / 4, tail = next.size % 4, at = 0, equal;
    bool same_tail = memcmp(base.data + count * 4, next.data + count * 4, tail) == 0;
    while (at < count) {
        size_t end = end_of_add(base, next, at, count, &equal);
        if (end > at) put_add(out, base, next, at, end);
        at = end + equal;
        size_t copied = equal * 4 + (at == count && same_tail ? tail : 0);
        if (copied) patch_put_op(out, copied, PATCH_COPY);
    }
    if (count == 0 || !same_tail) patch_put_insert(out, bytes_view(next.data + count * 4, tail));
}

/* ---- making -------------------------------------------------------------------------------- */

static size_t whole_size(struct bytes next) {
    return next.size ? varint_size((uint64_t)next.size << 2) + next.size : 0;
}

/* Adds the matched form and keeps the shorter of the two. */
static int add_matched(struct buffer *out, struct bytes base, struct bytes next, size_t before,
                       bool alone) {
    size_t middle = out->size;
    int status = patch_match(base, next, out);
    if (status != SS_OK || alone) return status;
    size_t first = middle - before, second = out->size - middle;
    if (second < first) {
        memmove(out->data + before, out->data + middle, second);
        out->size = before + second;
    } else {
        out->size = middle;
    }
    return SS_OK;
}

int patch_make(struct bytes base, struct bytes next, struct buffer *out) {
    size_t before = out->size;
    bool in_place = base.size == next.size && next.size > 0, search = base.size && next.size;
    if (in_place) {
        put_in_place(out, base, next);
        search = next.size > SMALL_MAX && (out->size - before) * 8 > next.size;
    }
    int status = search ? add_matched(out, base, next, before, !in_place) : SS_OK;
    if (status == SS_OK && ((!search && !in_place) || out->size - before > whole_size(next))) {
        out->size = before;
        patch_put_insert(out, next);
    }
    if (status == SS_OK && !out->failed) return SS_OK;
    out->size = before;
    return SS_ERR_NOMEM;
}

/* ---- applying ------------------------------------------------------------------------------ */

struct applying {
    struct bytes base;
    struct reader patch;
    struct buffer *out;
    size_t left; /* of the limit */
    uint64_t cursor;
};

/* The part of the base that an operation means; data NULL when it is not inside. */
static struct bytes apply_part(struct applying *applying, size_t size) {
    struct bytes part = {NULL, 0};
    if (applying->cursor > applying->base.size || size > applying->base.size - applying->cursor)
        return part;
    part = (struct bytes){applying->base.data + applying->cursor, size};
    applying->cursor += size;
    return part;
}

static int apply_insert(struct applying *applying, size_t size) {
    struct bytes part = reader_bytes(&applying->patch, size);
    if (applying->patch.failed) return SS_ERR_MALFORMED;
    applying->cursor += size;
    buffer_bytes(applying->out, part);
    return SS_OK;
}

static int apply_copy(struct applying *applying, size_t size) {
    struct bytes part = apply_part(applying, size);
    if (!part.data) return SS_ERR_MALFORMED;
    buffer_bytes(applying->out, part);
    return SS_OK;
}

static int apply_move(struct applying *applying, size_t size) {
    uint64_t packed = reader_varint(&applying->patch);
    if (applying->patch.failed || packed > OFFSET_MAX) return SS_ERR_MALFORMED;
    /* Below 0 it wraps to far behind any base. */
    applying->cursor += (packed >> 1) ^ -(packed & 1);
    return apply_copy(applying, size);
}

static uint32_t read_difference(struct reader *patch, unsigned code) {
    uint32_t difference = 0;
    for (unsigned byte = 0; code && byte <= code; byte++)
        difference |= (uint32_t)reader_u8(patch) << byte * 8;
    return (difference >> 1) ^ -(difference & 1);
}

static int apply_add(struct applying *applying, size_t count) {
    struct bytes part = apply_part(applying, count * 4);
    struct bytes codes = reader_bytes(&applying->patch, (count + 3) / 4);
    if (!part.data || applying->patch.failed) return SS_ERR_MALFORMED;
    uint8_t *room = buffer_room(applying->out, count * 4);
    if (!room) return SS_ERR_NOMEM;
    struct writer writer = writer_of(room, count * 4);
    for (size_t i = 0; i < count; i++) {
        unsigned code = codes.data[i / 4] >> i % 4 * 2 & 3;
        writer_u32(&writer, word_at(part, i) + read_difference(&applying->patch, code));
    }
    applying->out->size += count * 4;
    return applying->patch.failed ? SS_ERR_MALFORMED : SS_OK;
}

static int apply_op(struct applying *applying) {
    static int (*const kinds[])(struct applying *, size_t) = {
        [PATCH_INSERT] = apply_insert,
        [PATCH_COPY] = apply_copy,
        [PATCH_MOVE] = apply_move,
        [PATCH_ADD] = apply_add,
    };
    uint64_t op = reader_varint(&applying->patch), count = op >> 2;
    if (applying->patch.failed || count == 0) return SS_ERR_MALFORMED;
    uint64_t unit = (op & 3) == PATCH_ADD ? 4 : 1;
    if (count > applying->left / unit) return SS_ERR_TOO_LARGE;
    applying->left -= (size_t)(count * unit);
    return kinds[op & 3](applying, (size_t)count);
}

int patch_apply(struct bytes base, struct bytes patch, size_t limit, struct buffer *out) {
    struct applying applying = {.base = base, .patch = reader_of(patch), .out = out, .left = limit};
    size_t before = out->size;
    int status = SS_OK;
    while (status == SS_OK && applying.patch.left)
        status = apply_op(&applying);
    if (status == SS_OK && out->failed) status = SS_ERR_NOMEM;
    if (status != SS_OK) out->size = before;
    return status;
}
