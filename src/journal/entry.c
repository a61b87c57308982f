/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/entry.h"

#include <assert.h>

#include "base/status.h"

enum shape { END, U8, U32, U64, VARINT, TEXT, RAW, CLOCK }; /* RAW: 16 bytes */

struct field {
    uint16_t shape, offset;
};

#define FIELD(shape, member)                                                                       \
    { shape, (uint16_t)offsetof(struct entry, member) }
#define FIELDS_MAX 16

static const struct field layouts[][FIELDS_MAX] = {
    [EFFECT_WRITE] = {FIELD(U8, flags), FIELD(U64, owner), FIELD(TEXT, category), FIELD(TEXT, key),
                      FIELD(VARINT, version), FIELD(U64, time), FIELD(VARINT, tick),
                      FIELD(U64, writer), FIELD(VARINT, latency), FIELD(U64, node),
                      FIELD(CLOCK, clock), FIELD(TEXT, state)},
    [EFFECT_FLOOR] = {FIELD(TEXT, category), FIELD(VARINT, version), FIELD(VARINT, reserved)},
    [EFFECT_FORGET] = {FIELD(U64, owner), FIELD(TEXT, category), FIELD(TEXT, key),
                       FIELD(VARINT, version)},
    [EFFECT_PARK] = {FIELD(RAW, id), FIELD(U64, number), FIELD(U8, flags), FIELD(U64, owner),
                     FIELD(TEXT, category), FIELD(TEXT, key), FIELD(U64, writer), FIELD(U64, time),
                     FIELD(VARINT, latency), FIELD(U8, type), FIELD(VARINT, base_version),
                     FIELD(TEXT, base), FIELD(VARINT, version), FIELD(TEXT, state),
                     FIELD(TEXT, incoming)},
    [EFFECT_REFRESH] = {FIELD(RAW, id), FIELD(U8, flags), FIELD(VARINT, version),
                        FIELD(TEXT, state)},
    [EFFECT_DECIDE] = {FIELD(RAW, id), FIELD(U8, flags), FIELD(U8, strategy), FIELD(RAW, digest),
                       FIELD(U64, time), FIELD(VARINT, version), FIELD(TEXT, state)},
    [EFFECT_KEY] = {FIELD(U64, owner), FIELD(TEXT, key), FIELD(RAW, digest), FIELD(U64, time),
                    FIELD(TEXT, state)},
    [EFFECT_BATCH] = {FIELD(U32, count)},
    [EFFECT_EXPIRE] = {FIELD(VARINT, keys), FIELD(VARINT, decided)},
};
#define KIND_COUNT (sizeof layouts / sizeof *layouts)

static void *place(struct entry *entry, const struct field *field) {
    return (uint8_t *)entry + field->offset;
}
static const void *place_const(const struct entry *entry, const struct field *field) {
    return (const uint8_t *)entry + field->offset;
}

/* ---- reading ------------------------------------------------------------------------------- */

static struct bytes read_text(struct reader *body) {
    uint64_t size = reader_varint(body);
    return reader_bytes(body, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
}

static struct bytes read_clock(struct reader *body) {
    const uint8_t *start = body->at;
    uint64_t others = reader_varint(body);
    for (uint64_t i = 0; i < others && !body->failed; i++) {
        reader_u64(body);
        reader_varint(body);
    }
    return body->failed ? (struct bytes){NULL, 0} : bytes_view(start, (size_t)(body->at - start));
}

static void read_field(struct reader *body, enum shape shape, void *to) {
    struct bytes raw;
    switch (shape) {
    case U8: *(uint8_t *)to = reader_u8(body); break;
    case U32: *(uint32_t *)to = reader_u32(body); break;
    case U64: *(uint64_t *)to = reader_u64(body); break;
    case VARINT: *(uint64_t *)to = reader_varint(body); break;
    case TEXT: *(struct bytes *)to = read_text(body); break;
    case CLOCK: *(struct bytes *)to = read_clock(body); break;
    case RAW:
        raw = reader_bytes(body, ENTRY_ID_SIZE);
        if (raw.size) memcpy(to, raw.data, raw.size);
        break;
    case END: assert(false);
    }
}

int entry_read(struct reader *from, struct entry *entry) {
    uint32_t size = reader_u32(from);
    struct reader body = reader_of(reader_bytes(from, size));
    *entry = (struct entry){.kind = reader_u8(&body)};
    entry->seq = reader_u64(&body);
    if (from->failed || body.failed || entry->kind == 0 || entry->kind >= KIND_COUNT)
        return SS_ERR_MALFORMED;
    for (const struct field *field = layouts[entry->kind]; field->shape != END; field++)
        read_field(&body, field->shape, place(entry, field));
    return body.failed || body.left ? SS_ERR_MALFORMED : SS_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_text(struct buffer *out, struct bytes text) {
    buffer_varint(out, text.size);
    buffer_bytes(out, text);
}

static void write_field(struct buffer *out, enum shape shape, const void *from) {
    switch (shape) {
    case U8: buffer_u8(out, *(const uint8_t *)from); break;
    case U32: buffer_u32(out, *(const uint32_t *)from); break;
    case U64: buffer_u64(out, *(const uint64_t *)from); break;
    case VARINT: buffer_varint(out, *(const uint64_t *)from); break;
    case TEXT: write_text(out, *(const struct bytes *)from); break;
    case CLOCK: buffer_bytes(out, *(const struct bytes *)from); break;
    case RAW: buffer_bytes(out, bytes_view(from, ENTRY_ID_SIZE)); break;
    case END: assert(false);
    }
}

void entry_write(struct buffer *out, const struct entry *entry) {
    assert(entry->kind > 0 && entry->kind < KIND_COUNT);
    size_t start = out->size;
    buffer_u32(out, 0);
    buffer_u8(out, entry->kind);
    buffer_u64(out, entry->seq);
    for (const struct field *field = layouts[entry->kind]; field->shape != END; field++)
        write_field(out, field->shape, place_const(entry, field));
    if (out->failed) return;
    struct writer size = writer_of(out->data + start, 4);
    writer_u32(&size, (uint32_t)(out->size - start - 4));
}
