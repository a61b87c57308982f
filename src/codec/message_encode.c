/* SPDX-License-Identifier: Apache-2.0 */
/* Structs to protobuf messages: from message_list.h one function for each message, a straight line
 * of "is it there, then write it" whose tags are constants. Answers are most of what a server
 * writes, and most fields of an answer are empty: walking a table to learn that costs several times
 * more than the writing.
 *
 * A message makes room once for the numbers of all its fields (`need`); what has no bound (views,
 * submessages, lists) makes room for itself and again for `need`. Nothing is measured first: the
 * length of a submessage is taken to need one byte, and what is longer moves up once when its size
 * is known. */
#include "codec/message_table.h"

#define TAG_MAX    2
#define NUMBER_MAX 10                     /* bytes of the longest number, or length */
#define FIELD_MAX  (TAG_MAX + NUMBER_MAX) /* of a field without the bytes of its view */

/* ---- room ---------------------------------------------------------------------------------- */

static uint8_t *room_grow(uint8_t *to, struct buffer *out, size_t size) {
    out->size = (size_t)(to - out->data);
    return buffer_room(out, size);
}

/* Where to go on with `size` bytes of room; NULL when out of memory. */
static inline uint8_t *room(uint8_t *to, struct buffer *out, size_t size) {
    return (size_t)(out->data + out->capacity - to) >= size ? to : room_grow(to, out, size);
}

/* ---- values -------------------------------------------------------------------------------- */

static inline uint8_t *value_uint64(uint8_t *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static inline uint8_t *value_uint32(uint8_t *to, uint32_t value) {
    return value_uint64(to, value);
}

static inline uint8_t *value_int32(uint8_t *to, int32_t value) {
    return value_uint64(to, (uint64_t)(int64_t)value);
}

static inline uint8_t *value_enum(uint8_t *to, uint32_t value) {
    return value_int32(to, (int32_t)value);
}

static inline uint8_t *value_raw(uint8_t *to, const void *from, size_t size) {
    memcpy(to, from, size);
    return to + size;
}

static inline uint8_t *value_fixed64(uint8_t *to, uint64_t value) {
    return value_raw(to, &value, sizeof value);
}

static inline uint8_t *value_view(uint8_t *to, struct bytes view) {
    to = value_uint64(to, view.size);
    return view.size ? value_raw(to, view.data, view.size) : to;
}

static inline uint8_t *put_tag(uint8_t *to, unsigned number, unsigned wire) {
    return value_uint64(to, number << 3 | wire);
}

/* ---- fields: where to go on, with `need` bytes of room or what of it the field left ---------- */

#define PUT(name, type)                                                                            \
    __attribute__((unused)) static inline uint8_t *put_##name(uint8_t *to, struct buffer *out,     \
                                                              unsigned number, size_t need, type)

PUT(fixed64, uint64_t value) {
    (void)out, (void)need;
    return value ? value_fixed64(put_tag(to, number, WIRE_FIXED64), value) : to;
}

PUT(uint64, uint64_t value) {
    (void)out, (void)need;
    return value ? value_uint64(put_tag(to, number, WIRE_VARINT), value) : to;
}

PUT(int64, int64_t value) {
    return put_uint64(to, out, number, need, (uint64_t)value);
}

PUT(int32, int32_t value) {
    return put_uint64(to, out, number, need, (uint64_t)(int64_t)value);
}

PUT(enum, uint32_t value) {
    return put_int32(to, out, number, need, (int32_t)value);
}

/* By its bits: -0 is not the default. */
PUT(float, float value) {
    uint32_t bits;
    (void)out, (void)need;
    memcpy(&bits, &value, sizeof bits);
    return bits ? value_raw(put_tag(to, number, WIRE_FIXED32), &bits, sizeof bits) : to;
}

PUT(optional, struct bytes view) {
    if (!view.data) return to;
    to = room(to, out, view.size + need);
    return to ? value_view(put_tag(to, number, WIRE_BYTES), view) : NULL;
}

PUT(bytes, struct bytes view) {
    return view.size ? put_optional(to, out, number, need, view) : to;
}

/* ---- lists --------------------------------------------------------------------------------- */

PUT(counters, struct counter_list list) {
    for (size_t i = 0; i < list.count; i++) {
        struct bytes name = list.items[i].name;
        uint32_t value = list.items[i].value;
        size_t size = 2 + varint_size(name.size) + name.size + varint_size(value);
        to = room(to, out, FIELD_MAX + size + need);
        if (!to) return NULL;
        to = value_uint64(put_tag(to, number, WIRE_BYTES), size);
        to = value_view(put_tag(to, 1, WIRE_BYTES), name);
        to = value_uint64(put_tag(to, 2, WIRE_VARINT), value);
    }
    return to;
}

PUT(views, struct bytes_list list) {
    for (size_t i = 0; to && i < list.count; i++) {
        to = room(to, out, FIELD_MAX + list.items[i].size + need);
        if (to) to = value_view(put_tag(to, number, WIRE_BYTES), list.items[i]);
    }
    return to;
}

/* Begins something of unknown length: its tag, and a byte for the length. */
static inline uint8_t *open_length(uint8_t *to, struct buffer *out, unsigned number) {
    to = room(to, out, TAG_MAX + 1);
    return to ? put_tag(to, number, WIRE_BYTES) + 1 : NULL;
}

/* Ends it: writes the length in front of `start`, moving the content where one byte is too little.
 * `to` may be NULL, and stays so. */
static uint8_t *close_length(uint8_t *to, struct buffer *out, size_t start, size_t need) {
    if (!to) return NULL;
    size_t size = (size_t)(to - out->data) - start, more = varint_size(size) - 1;
    to = room(to, out, more + need);
    if (!to) return NULL;
    if (more) memmove(out->data + start + more, out->data + start, size);
    value_uint64(out->data + start - 1, size);
    return to + more;
}

/* Numbers one after the other (packed). */
#define PACKED(kind, list_type)                                                                    \
    PUT(packed_##kind, struct list_type list) {                                                    \
        if (list.count == 0) return to;                                                            \
        to = open_length(to, out, number);                                                         \
        size_t start = to ? (size_t)(to - out->data) : 0;                                          \
        for (size_t i = 0; to && i < list.count; i++) {                                            \
            to = room(to, out, NUMBER_MAX);                                                        \
            if (to) to = value_##kind(to, list.items[i]);                                          \
        }                                                                                          \
        return close_length(to, out, start, need);                                                 \
    }
PACKED(fixed64, u64_list)
PACKED(uint64, u64_list)
PACKED(uint32, u32_list)
PACKED(enum, u32_list)
PACKED(int32, i32_list)

/* ---- messages ------------------------------------------------------------------------------ */

/* A submessage that may be absent, and a list of them. */
#define DECLARE(m, proto)                                                                          \
    PUT(item_##m, const struct m *message) {                                                       \
        to = open_length(to, out, number);                                                         \
        if (!to) return NULL;                                                                      \
        size_t start = (size_t)(to - out->data);                                                   \
        return close_length(encode_##m(message, to, out), out, start, need);                       \
    }                                                                                              \
    PUT(one_##m, const struct m *message) {                                                        \
        return message ? put_item_##m(to, out, number, need, message) : to;                        \
    }                                                                                              \
    PUT(all_##m, struct m##_list list) {                                                           \
        for (size_t i = 0; to && i < list.count; i++)                                              \
            to = put_item_##m(to, out, number, need, &list.items[i]);                              \
        return to;                                                                                 \
    }

#define BY_FIXED64              put_fixed64
#define BY_UINT64               put_uint64
#define BY_INT64                put_int64
#define BY_UINT32               put_uint64
#define BY_INT32                put_int32
#define BY_ENUM(of)             put_enum
#define BY_BOOL                 put_uint64
#define BY_FLOAT                put_float
#define BY_STRING               put_bytes
#define BY_OPTIONAL_STRING      put_optional
#define BY_BYTES                put_bytes
#define BY_COUNTERS             put_counters
#define BY_MESSAGE(of)          put_one_##of
#define BY_REPEATED_MESSAGE(of) put_all_##of
#define BY_REPEATED_STRING      put_views
#define BY_REPEATED_BYTES       put_views
#define BY_REPEATED_FIXED64     put_packed_fixed64
#define BY_REPEATED_UINT64      put_packed_uint64
#define BY_REPEATED_UINT32      put_packed_uint32
#define BY_REPEATED_INT32       put_packed_int32
#define BY_REPEATED_ENUM(of)    put_packed_enum

#define NEED(m, number, kind, name) +FIELD_MAX
#define FIELD(m, number, kind, name)                                                               \
    to = BY_##kind(to, out, number, need, message->name);                                          \
    if (!to) return NULL;
#define DEFINE(m, proto)                                                                           \
    uint8_t *encode_##m(const void *from, uint8_t *to, struct buffer *out) {                       \
        const struct m *message = from;                                                            \
        const size_t need = 0 FIELDS_##m(NEED, m);                                                 \
        to = room(to, out, need);                                                                  \
        if (!to) return NULL;                                                                      \
        FIELDS_##m(FIELD, m) return to;                                                            \
    }
#define DEFINE_EMPTY(m, proto)                                                                     \
    uint8_t *encode_##m(const void *from, uint8_t *to, struct buffer *out) {                       \
        (void)from, (void)out;                                                                     \
        return to;                                                                                 \
    }

MESSAGE_LIST(DECLARE, DECLARE)
MESSAGE_LIST(DEFINE, DEFINE_EMPTY)

void message_encode(const struct message_type *type, const void *message, struct buffer *out) {
    size_t before = out->size;
    uint8_t *to = buffer_room(out, FIELD_MAX);
    if (to) to = type->encode(message, to, out);
    out->size = to ? (size_t)(to - out->data) : before;
}
