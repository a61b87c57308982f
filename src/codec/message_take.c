/* SPDX-License-Identifier: Apache-2.0 */
/* The short way of decoding: from message_list.h one switch for each message over the whole tags of
 * its singular numbers, texts and bytes. What it does not take (submessages, lists, maps, unknown
 * fields, everything that is wrong) it leaves where it is for the tables, which also know the words
 * for what is wrong. Requests hardly consist of anything else. */
#include "codec/message_cursor.h"
#include "codec/message_table.h"

static inline bool take_text(struct cursor *cursor, struct bytes *view) {
    return take_bytes(cursor, view) && bytes_utf8(*view);
}

#define CASE(number, wire, fine)                                                                   \
    case (number) << 3 | (wire):                                                                   \
        if (!(fine)) return before;                                                                \
        break;
#define CASE_VARINT(number, member, type)                                                          \
    case (number) << 3 | WIRE_VARINT:                                                              \
        if (!take_varint(&cursor, &value)) return before;                                          \
        member = (type)value;                                                                      \
        break;
#define TAKE_FIXED64(number, member)                                                               \
    CASE(number, WIRE_FIXED64, take_fixed(&cursor, &(member), sizeof(member)))
#define TAKE_FLOAT(number, member)                                                                 \
    CASE(number, WIRE_FIXED32, take_fixed(&cursor, &(member), sizeof(member)))
#define TAKE_UINT64(number, member)          CASE_VARINT(number, member, uint64_t)
#define TAKE_INT64(number, member)           CASE_VARINT(number, member, int64_t)
#define TAKE_UINT32(number, member)          CASE_VARINT(number, member, uint32_t)
#define TAKE_INT32(number, member)           CASE_VARINT(number, member, int32_t)
#define TAKE_ENUM_(number, member)           CASE_VARINT(number, member, uint32_t)
#define TAKE_BOOL(number, member)            CASE_VARINT(number, member, bool)
#define TAKE_STRING(number, member)          CASE(number, WIRE_BYTES, take_text(&cursor, &(member)))
#define TAKE_OPTIONAL_STRING(number, member) TAKE_STRING(number, member)
#define TAKE_BYTES(number, member)           CASE(number, WIRE_BYTES, take_bytes(&cursor, &(member)))
#define TAKE_NOT(number, member)
#define TAKE_ENUM(of)             TAKE_ENUM_
#define TAKE_COUNTERS             TAKE_NOT
#define TAKE_MESSAGE(of)          TAKE_NOT
#define TAKE_REPEATED_MESSAGE(of) TAKE_NOT
#define TAKE_REPEATED_STRING      TAKE_NOT
#define TAKE_REPEATED_BYTES       TAKE_NOT
#define TAKE_REPEATED_FIXED64     TAKE_NOT
#define TAKE_REPEATED_UINT64      TAKE_NOT
#define TAKE_REPEATED_UINT32      TAKE_NOT
#define TAKE_REPEATED_INT32       TAKE_NOT
#define TAKE_REPEATED_ENUM(of)    TAKE_NOT

#define FIELD(m, number, kind, name) TAKE_##kind(number, message->name)
#define DEFINE(m, proto)                                                                           \
    const uint8_t *take_##m(const uint8_t *at, const uint8_t *end, void *into) {                   \
        struct m *message = into;                                                                  \
        struct cursor cursor = {at, end};                                                          \
        (void)message;                                                                             \
        while (cursor.at < cursor.end) {                                                           \
            const uint8_t *before = cursor.at;                                                     \
            uint64_t tag, value;                                                                   \
            (void)value;                                                                           \
            if (!take_varint(&cursor, &tag)) return before;                                        \
            switch (tag) { FIELDS_##m(FIELD, m) default : return before; }                         \
        }                                                                                          \
        return cursor.at;                                                                          \
    }
#define DEFINE_EMPTY(m, proto)                                                                     \
    const uint8_t *take_##m(const uint8_t *at, const uint8_t *end, void *into) {                   \
        (void)end, (void)into;                                                                     \
        return at;                                                                                 \
    }
MESSAGE_LIST(DEFINE, DEFINE_EMPTY)
