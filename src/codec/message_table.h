/* SPDX-License-Identifier: Apache-2.0 */
/* message_table.h - the table of one message: what decoder, encoder and printer walk.
 *
 * Internal to codec/. Fields stand in the order of their numbers. `slots` leads from a number to
 * its field without a search: numbers 1..31 in the lower part, 100..115 behind them.
 *
 *   number      0 1 2 ... 31 | 100 101 ... 115
 *   slots[]     0 1 2 ... 31 |  32  33 ...  47     1 + index into fields, 0: no such field */
#ifndef CODEC_MESSAGE_TABLE_H
#define CODEC_MESSAGE_TABLE_H

#include "codec/message.h"

enum field_kind {
    KIND_FIXED64,
    KIND_FLOAT,
    KIND_UINT64, /* and int64: the same bits */
    KIND_UINT32,
    KIND_INT32, /* and enum: negative ones are ten bytes long */
    KIND_BOOL,
    KIND_STRING,
    KIND_OPTIONAL_STRING,
    KIND_BYTES,
    KIND_MESSAGE,
    KIND_COUNTERS,
};

enum wire_type { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_GROUP, WIRE_GROUP_END, WIRE_FIXED32 };

/* How a value is shown where its kind does not say it. */
enum field_look { LOOK_PLAIN, LOOK_SIGNED, LOOK_ENUM };

struct enum_value {
    int32_t number;
    const char *name;
};

struct field {
    uint16_t number;
    uint16_t offset; /* of the member */
    uint8_t kind;    /* of one element */
    uint8_t wire;    /* wire type of one element */
    uint8_t look;
    bool repeated;      /* the member is a list; a map is KIND_COUNTERS and not `repeated` */
    uint16_t item_size; /* of a list's item */
    const struct message_type *type; /* KIND_MESSAGE */
    const struct enum_value *values; /* LOOK_ENUM: ends with a NULL name */
    const char *name;
};

#define SLOT_LOW   32
#define SLOT_FIRST 100 /* the lowest extension */
#define SLOT_COUNT 48

/* Appends the fields of a message at `to`, which lies in `out`, growing it as needed; where the
 * next one may go, NULL when out of memory. `out->size` is the caller's to set. */
typedef uint8_t *encode_function(const void *message, uint8_t *to, struct buffer *out);

/* Takes fields as long as they are numbers or views of this message, in their own wire type and
 * sound; where the first one begins that is not, or the end. */
typedef const uint8_t *take_function(const uint8_t *at, const uint8_t *end, void *message);

struct message_type {
    uint16_t size; /* of the struct */
    uint8_t field_count;
    uint8_t slots[SLOT_COUNT];
    const struct field *fields;
    encode_function *encode;
    take_function *take;
    const char *name;
};

#define FUNCTIONS(m, proto)                                                                        \
    encode_function encode_##m; /* message_encode.c */                                             \
    take_function take_##m;     /* message_take.c */
MESSAGE_LIST(FUNCTIONS, FUNCTIONS)
#undef FUNCTIONS

/* Every list struct is laid out like this one. */
struct any_list {
    void *items;
    size_t count;
};

static inline const struct field *field_find(const struct message_type *type, uint32_t number) {
    uint32_t slot = number < SLOT_LOW ? number : number - SLOT_FIRST + SLOT_LOW;
    if (slot >= SLOT_COUNT || (number >= SLOT_LOW && number < SLOT_FIRST)) return NULL;
    return type->slots[slot] ? &type->fields[type->slots[slot] - 1] : NULL;
}

/* Repeated numbers are packed. */
static inline bool field_packed(const struct field *field) {
    return field->repeated && field->wire != WIRE_BYTES;
}

/* What a message says in one field: of a list or map every item (item_size apart), of another field
 * one element, or none where it has its default. A submessage is an element, not its pointer. */
struct elements {
    const uint8_t *at;
    size_t count;
};

static inline struct elements field_elements(const struct field *field, const void *message) {
    const void *member = (const uint8_t *)message + field->offset;
    const struct bytes *view = member;
    bool there = false;
    if (field->repeated || field->kind == KIND_COUNTERS) {
        const struct any_list *list = member;
        return (struct elements){list->items, list->count};
    }
    switch (field->kind) {
    case KIND_FIXED64:
    case KIND_UINT64: there = *(const uint64_t *)member != 0; break;
    case KIND_FLOAT: /* by its bits: -0 is not the default */
    case KIND_UINT32:
    case KIND_INT32: there = *(const uint32_t *)member != 0; break;
    case KIND_BOOL: there = *(const bool *)member; break;
    case KIND_OPTIONAL_STRING: there = view->data != NULL; break;
    case KIND_MESSAGE:
        member = *(const void *const *)member;
        there = member != NULL;
        break;
    default: there = view->size != 0; break;
    }
    return (struct elements){member, there};
}

/* The name of `number`, NULL when the enumeration has none. */
const char *enum_name(const struct enum_value *values, int32_t number);

#endif
