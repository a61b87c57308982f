/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf messages to structs, by walking the tables of message_table.c (the way back:
 * message_encode.c).
 *
 *   message  field*                      field  tag value          tag  varint (number << 3 | wire
 * type) VARINT   1..10 bytes, 7 bits each, the lowest first; a negative int32 or enum takes ten
 *   FIXED32  4 bytes little-endian       FIXED64  8 bytes little-endian
 *   BYTES    length (varint), then that many bytes: text, bytes, a message, a map's entry {1 key, 2
 *            value}, or numbers one after the other (packed)
 *
 * Decoding allocates for lists and submessages only; a list grows by doubling, so that its capacity
 * follows from its count and a hostile message costs linear time. */
#include "codec/message_cursor.h"
#include "codec/message_table.h"

#include <stdio.h>

#include "base/status.h"

/* ---- decoding ------------------------------------------------------------------------------ */

struct decoder {
    struct arena *arena;
    size_t left; /* bytes that may still be taken from the arena */
    const char *why;
};

/* Leaves the reason, "StateSyncRequest.category: what", and gives the status. */
static int refuse(struct decoder *decoder, const struct message_type *type,
                  const struct field *field, const char *what) {
    char text[160];
    int size = snprintf(text, sizeof text, "%s%s%s: %s", type->name, field ? "." : "",
                        field ? field->name : "", what);
    struct bytes copy = arena_copy(decoder->arena, bytes_view(text, (size_t)size + 1));
    decoder->why = copy.data ? (const char *)copy.data : what;
    return SS_ERR_MALFORMED;
}

/* A tag with a number from 1 to 2^29 - 1. */
static inline bool take_tag(struct cursor *cursor, uint32_t *number, unsigned *wire) {
    uint64_t tag;
    if (!take_varint(cursor, &tag) || tag > UINT32_MAX || tag < 8) return false;
    *number = (uint32_t)(tag >> 3);
    *wire = tag & 7;
    return true;
}

static bool skip(struct cursor *cursor, unsigned wire) {
    uint64_t number;
    struct bytes view;
    switch (wire) {
    case WIRE_VARINT: return take_varint(cursor, &number);
    case WIRE_FIXED64: return take_fixed(cursor, &number, 8);
    case WIRE_FIXED32: return take_fixed(cursor, &number, 4);
    case WIRE_BYTES: return take_bytes(cursor, &view);
    default: return false;
    }
}

static void *take_memory(struct decoder *decoder, size_t size, int *status) {
    *status = size > decoder->left ? SS_ERR_TOO_LARGE : SS_ERR_NOMEM;
    void *piece = size > decoder->left ? NULL : arena_alloc(decoder->arena, size);
    if (piece) decoder->left -= size;
    return piece;
}

/* How many items a list of `count` has room for: a power of two, so it needs no place of its own.
 */
static size_t list_capacity(size_t count) {
    if (count == 0) return 0;
    return count <= 4 ? 4 : (size_t)1 << (64 - __builtin_clzll(count - 1));
}

/* Room for `more` items at the end of the list, cleared; `count` is the caller's to raise. */
static void *list_room(struct decoder *decoder, struct any_list *list, size_t more,
                       size_t item_size, int *status) {
    size_t capacity = list_capacity(list->count);
    if (list->count + more > capacity) {
        capacity = list_capacity(list->count + more);
        void *items = take_memory(decoder, capacity * item_size, status);
        if (!items) return NULL;
        if (list->count) memcpy(items, list->items, list->count * item_size);
        list->items = items;
    }
    return memset((uint8_t *)list->items + list->count * item_size, 0, more * item_size);
}

static int decode_message(struct decoder *decoder, const struct message_type *type,
                          struct bytes from, void *message, unsigned depth);

/* The submessage of a singular field: a new one, or on a duplicate more of the one already there.
 */
static int decode_submessage(struct decoder *decoder, const struct field *field, struct bytes from,
                             void *member, unsigned depth) {
    void *message;
    memcpy(&message, member, sizeof message);
    if (!message) {
        int status;
        message = take_memory(decoder, field->type->size, &status);
        if (!message) return status;
        memset(message, 0, field->type->size);
        memcpy(member, &message, sizeof message);
    }
    return decode_message(decoder, field->type, from, message, depth + 1);
}

/* One entry of a map: key and value in any order, the last of each stands, others are skipped. */
static bool decode_counter(struct bytes from, struct counter *counter) {
    struct cursor cursor = {from.data, from.data + from.size};
    while (cursor.at < cursor.end) {
        uint32_t number;
        unsigned wire;
        uint64_t value;
        if (!take_tag(&cursor, &number, &wire)) return false;
        if (number == 1) {
            if (wire != WIRE_BYTES || !take_bytes(&cursor, &counter->name)) return false;
        } else if (number == 2) {
            if (wire != WIRE_VARINT || !take_varint(&cursor, &value)) return false;
            counter->value = (uint32_t)value;
        } else if (!skip(&cursor, wire)) {
            return false;
        }
    }
    return true;
}

static int decode_counters(struct decoder *decoder, const struct message_type *type,
                           const struct field *field, struct bytes from, struct any_list *list) {
    int status;
    struct counter *counter = list_room(decoder, list, 1, sizeof *counter, &status);
    if (!counter) return status;
    if (!decode_counter(from, counter)) return refuse(decoder, type, field, "a bad entry");
    if (!bytes_utf8(counter->name)) return refuse(decoder, type, field, "a key is not UTF-8");
    list->count++;
    return SS_OK;
}

/* A number of `field`'s kind into `member` (or a list's item). False when it is cut short. */
static inline bool decode_number(const struct field *field, struct cursor *cursor, void *member) {
    uint64_t value;
    if (field->wire == WIRE_FIXED64) return take_fixed(cursor, member, sizeof(uint64_t));
    if (field->wire == WIRE_FIXED32) return take_fixed(cursor, member, sizeof(float));
    if (!take_varint(cursor, &value)) return false;
    switch (field->kind) {
    case KIND_UINT64: *(uint64_t *)member = value; break;
    case KIND_BOOL: *(bool *)member = value != 0; break;
    default: *(uint32_t *)member = (uint32_t)value; break;
    }
    return true;
}

/* What one element is worth, into the member or the list's new item. */
static inline int decode_element(struct decoder *decoder, const struct message_type *type,
                                 const struct field *field, struct cursor *cursor, void *member,
                                 unsigned depth) {
    struct bytes view;
    if (field->wire != WIRE_BYTES)
        return decode_number(field, cursor, member) ? SS_OK
                                                    : refuse(decoder, type, field, "a bad number");
    if (!take_bytes(cursor, &view)) return refuse(decoder, type, field, "longer than the message");
    switch (field->kind) {
    case KIND_MESSAGE: return decode_submessage(decoder, field, view, member, depth);
    case KIND_COUNTERS: return decode_counters(decoder, type, field, view, member);
    case KIND_BYTES: break;
    default:
        if (!bytes_utf8(view)) return refuse(decoder, type, field, "not UTF-8");
    }
    *(struct bytes *)member = view;
    return SS_OK;
}

/* How many whole numbers there are: varints are counted by their last bytes. */
static size_t packed_count(const struct field *field, struct bytes packed) {
    if (field->wire == WIRE_FIXED64) return packed.size / sizeof(uint64_t);
    size_t count = 0;
    for (size_t i = 0; i < packed.size; i++)
        count += packed.data[i] < 0x80;
    return count;
}

/* Numbers one after the other. */
static int decode_packed(struct decoder *decoder, const struct message_type *type,
                         const struct field *field, struct cursor *cursor, struct any_list *list) {
    struct bytes view;
    if (!take_bytes(cursor, &view)) return refuse(decoder, type, field, "longer than the message");
    if (view.size == 0) return SS_OK;
    size_t count = packed_count(field, view);
    if (count == 0) return refuse(decoder, type, field, "a bad number");
    int status;
    uint8_t *item = list_room(decoder, list, count, field->item_size, &status);
    if (!item) return status;
    struct cursor inside = {view.data, view.data + view.size};
    for (size_t i = 0; i < count; i++, item += field->item_size)
        if (!decode_number(field, &inside, item))
            return refuse(decoder, type, field, "a bad number");
    if (inside.at != inside.end) return refuse(decoder, type, field, "a bad number");
    list->count += count;
    return SS_OK;
}

static int decode_repeated(struct decoder *decoder, const struct message_type *type,
                           const struct field *field, struct cursor *cursor, struct any_list *list,
                           unsigned depth) {
    int status;
    void *item = list_room(decoder, list, 1, field->item_size, &status);
    if (!item) return status;
    if (field->kind == KIND_MESSAGE) {
        struct bytes view;
        if (!take_bytes(cursor, &view))
            return refuse(decoder, type, field, "longer than the message");
        status = decode_message(decoder, field->type, view, item, depth + 1);
    } else {
        status = decode_element(decoder, type, field, cursor, item, depth);
    }
    if (status == SS_OK) list->count++;
    return status;
}

/* One field by the table. */
static int decode_field(struct decoder *decoder, const struct message_type *type,
                        const struct field *field, unsigned wire, struct cursor *cursor,
                        void *message, unsigned depth) {
    void *member = (uint8_t *)message + field->offset;
    if (wire == field->wire)
        return field->repeated ? decode_repeated(decoder, type, field, cursor, member, depth)
                               : decode_element(decoder, type, field, cursor, member, depth);
    if (wire == WIRE_BYTES && field->repeated)
        return decode_packed(decoder, type, field, cursor, member);
    return refuse(decoder, type, field, "a wrong wire type");
}

static int decode_message(struct decoder *decoder, const struct message_type *type,
                          struct bytes from, void *message, unsigned depth) {
    if (depth > MESSAGE_DEPTH) return refuse(decoder, type, NULL, "nested too deep");
    if (from.size == 0) return SS_OK;
    struct cursor cursor = {from.data, from.data + from.size};
    do {
        uint32_t number;
        unsigned wire;
        cursor.at = type->take(cursor.at, cursor.end, message);
        if (cursor.at == cursor.end) break;
        if (!take_tag(&cursor, &number, &wire)) return refuse(decoder, type, NULL, "a bad tag");
        const struct field *field = field_find(type, number);
        if (field) {
            int status = decode_field(decoder, type, field, wire, &cursor, message, depth);
            if (status != SS_OK) return status;
        } else if (!skip(&cursor, wire)) {
            return refuse(decoder, type, NULL, "a bad unknown field");
        }
    } while (cursor.at < cursor.end);
    return SS_OK;
}

int message_decode(const struct message_type *type, struct bytes from, void *message,
                   struct arena *arena, size_t arena_max, const char **why) {
    struct decoder decoder = {.arena = arena, .left = arena_max, .why = NULL};
    memset(message, 0, type->size);
    int status = decode_message(&decoder, type, from, message, 1);
    if (why) *why = decoder.why;
    return status;
}

/* ---- measuring ----------------------------------------------------------------------------- */

static size_t tag_size(const struct field *field) {
    return field->number < 16 ? 1 : 2;
}
static size_t prefixed(size_t size) {
    return varint_size(size) + size;
}
static uint64_t sign_extended(uint32_t value) {
    return (uint64_t)(int64_t)(int32_t)value;
}

static size_t counter_size(const struct counter *counter) {
    return 1 + prefixed(counter->name.size) + 1 + varint_size(counter->value);
}

static size_t element_size(const struct field *field, const void *at) {
    switch (field->kind) {
    case KIND_FIXED64: return sizeof(uint64_t);
    case KIND_FLOAT: return sizeof(float);
    case KIND_UINT64: return varint_size(*(const uint64_t *)at);
    case KIND_UINT32: return varint_size(*(const uint32_t *)at);
    case KIND_INT32: return varint_size(sign_extended(*(const uint32_t *)at));
    case KIND_BOOL: return 1;
    case KIND_MESSAGE: return prefixed(message_size(field->type, at));
    case KIND_COUNTERS: return prefixed(counter_size(at));
    default: return prefixed(((const struct bytes *)at)->size);
    }
}

static size_t elements_size(const struct field *field, struct elements elements) {
    size_t size = 0;
    for (size_t i = 0; i < elements.count; i++)
        size += element_size(field, elements.at + i * field->item_size);
    return size;
}

size_t message_size(const struct message_type *type, const void *message) {
    size_t size = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        struct elements elements = field_elements(field, message);
        if (elements.count == 0) continue;
        size_t inside = elements_size(field, elements);
        size += field_packed(field) ? tag_size(field) + prefixed(inside)
                                    : tag_size(field) * elements.count + inside;
    }
    return size;
}
