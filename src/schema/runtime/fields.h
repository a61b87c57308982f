/* SPDX-License-Identifier: Apache-2.0 */
/* What every generated file begins with: structs into protobuf bytes and back by a table of fields,
 * without a library and without an allocation. Lists and fields of a newer schema need room, which
 * the caller gives; texts and bytes stay where they are. */
#ifndef STATESYNC_FIELDS_H
#define STATESYNC_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ssf_bytes { /* borrowed: of the bytes that were viewed, or yours */
    const uint8_t *data;
    size_t size;
} ssf_bytes;

typedef struct ssf_room { /* yours; what was viewed stays good as long as it does */
    uint8_t *data;
    size_t size, used;
} ssf_room;

typedef struct ssf_list { /* what every list looks like */
    void *items;
    size_t count;
} ssf_list;

enum { SSF_ONE, SSF_MANY, SSF_BEHIND }; /* in the struct; a list; behind a pointer */
#define SSF_ALWAYS SIZE_MAX

struct ssf_message;
typedef struct ssf_field {
    uint32_t number;
    uint8_t type, shape; /* type: as in descriptor.proto */
    uint16_t oneof;
    size_t at, has, size; /* in the struct; `has` SSF_ALWAYS: 0 is absent */
    const struct ssf_message *message;
} ssf_field;

typedef struct ssf_message {
    const ssf_field *fields;
    size_t count, size, unknown;
} ssf_message;

/* ---- scalars ------------------------------------------------------------------------------- */

static inline unsigned ssf_wire(uint8_t type) {
    switch (type) {
    case 1: case 6: case 16: return 1;
    case 2: case 7: case 15: return 5;
    case 9: case 11: case 12: return 2;
    default: return 0;
    }
}

static inline uint64_t ssf_load(uint8_t type, const uint8_t *at) {
    uint64_t wide = 0;
    uint32_t narrow = 0;
    switch (type) {
    case 1: case 3: case 4: case 6: case 16: memcpy(&wide, at, 8); return wide;
    case 18: memcpy(&wide, at, 8); return wide << 1 ^ (0 - (wide >> 63));
    case 2: case 7: case 13: case 15: memcpy(&narrow, at, 4); return narrow;
    case 17: memcpy(&narrow, at, 4); return (uint32_t)(narrow << 1 ^ (0 - (narrow >> 31)));
    case 8: { bool flag; memcpy(&flag, at, sizeof flag); return flag; }
    default: { int32_t value; memcpy(&value, at, 4); return (uint64_t)(int64_t)value; }
    }
}

static inline void ssf_store(uint8_t type, uint8_t *at, uint64_t raw) {
    uint32_t narrow = (uint32_t)raw;
    bool flag = raw != 0;
    switch (type) {
    case 1: case 3: case 4: case 6: case 16: memcpy(at, &raw, 8); break;
    case 18: raw = raw >> 1 ^ (0 - (raw & 1)); memcpy(at, &raw, 8); break;
    case 17: narrow = narrow >> 1 ^ (0 - (narrow & 1)); memcpy(at, &narrow, 4); break;
    case 8: memcpy(at, &flag, sizeof flag); break;
    default: memcpy(at, &narrow, 4); break;
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct ssf_writer {
    uint8_t *out;
    size_t room, size; /* size: of all, also of what did not fit */
} ssf_writer;

static inline void ssf_write(ssf_writer *writer, const void *from, size_t size) {
    if (writer->size <= writer->room && size <= writer->room - writer->size && size)
        memcpy(writer->out + writer->size, from, size);
    writer->size += size;
}

static inline void ssf_varint(ssf_writer *writer, uint64_t value) {
    uint8_t bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    ssf_write(writer, bytes, size);
}

static inline void ssf_scalar(ssf_writer *writer, uint8_t type, const uint8_t *at) {
    uint64_t value = ssf_load(type, at);
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    switch (ssf_wire(type)) {
    case 1: ssf_write(writer, bytes, 8); break;
    case 5: ssf_write(writer, bytes, 4); break;
    default: ssf_varint(writer, value); break;
    }
}

static inline void ssf_put(ssf_writer *writer, const ssf_message *message, const uint8_t *from);

static inline void ssf_put_one(ssf_writer *writer, const ssf_field *field, const uint8_t *at) {
    ssf_varint(writer, (uint64_t)field->number << 3 | ssf_wire(field->type));
    if (field->type == 11) {
        ssf_writer counted = {NULL, 0, 0};
        ssf_put(&counted, field->message, at);
        ssf_varint(writer, counted.size);
        ssf_put(writer, field->message, at);
    } else if (ssf_wire(field->type) == 2) {
        ssf_bytes bytes;
        memcpy(&bytes, at, sizeof bytes);
        ssf_varint(writer, bytes.size);
        ssf_write(writer, bytes.data, bytes.size);
    } else {
        ssf_scalar(writer, field->type, at);
    }
}

static inline void ssf_put_many(ssf_writer *writer, const ssf_field *field, const uint8_t *at) {
    ssf_list list;
    memcpy(&list, at, sizeof list);
    const uint8_t *items = (const uint8_t *)list.items;
    if (list.count == 0) return;
    if (ssf_wire(field->type) == 2) {
        for (size_t i = 0; i < list.count; i++)
            ssf_put_one(writer, field, items + i * field->size);
        return;
    }
    ssf_writer counted = {NULL, 0, 0};
    for (size_t i = 0; i < list.count; i++)
        ssf_scalar(&counted, field->type, items + i * field->size);
    ssf_varint(writer, (uint64_t)field->number << 3 | 2);
    ssf_varint(writer, counted.size);
    for (size_t i = 0; i < list.count; i++)
        ssf_scalar(writer, field->type, items + i * field->size);
}

static inline bool ssf_is_there(const ssf_field *field, const uint8_t *from) {
    bool has;
    if (field->has != SSF_ALWAYS) {
        memcpy(&has, from + field->has, sizeof has);
        return has;
    }
    if (ssf_wire(field->type) == 2) {
        ssf_bytes bytes;
        memcpy(&bytes, from + field->at, sizeof bytes);
        return bytes.size > 0;
    }
    return ssf_load(field->type, from + field->at) != 0;
}

static inline void ssf_put(ssf_writer *writer, const ssf_message *message, const uint8_t *from) {
    for (size_t i = 0; i < message->count; i++) {
        const ssf_field *field = &message->fields[i];
        const uint8_t *at = from + field->at;
        const void *behind = NULL;
        if (field->shape == SSF_BEHIND) memcpy(&behind, at, sizeof behind);
        if (field->shape == SSF_MANY) ssf_put_many(writer, field, at);
        if (behind) ssf_put_one(writer, field, (const uint8_t *)behind);
        if (field->shape == SSF_ONE && ssf_is_there(field, from)) ssf_put_one(writer, field, at);
    }
    ssf_bytes unknown;
    memcpy(&unknown, from + message->unknown, sizeof unknown);
    ssf_write(writer, unknown.data, unknown.size);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct ssf_record {
    uint32_t number;
    unsigned wire;
    uint64_t value;
    const uint8_t *start, *content;
    size_t size, whole; /* of the content (wire 2), of the record */
} ssf_record;

static inline bool ssf_read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 63);
        if (byte < 0x80) return true;
    }
    return false;
}

static inline bool ssf_read_fixed(const uint8_t **at, const uint8_t *end, size_t size,
                                  uint64_t *value) {
    *value = 0;
    if ((size_t)(end - *at) < size) return false;
    for (size_t i = 0; i < size; i++)
        *value |= (uint64_t)(*at)[i] << (8 * i);
    *at += size;
    return true;
}

static inline bool ssf_read_value(const uint8_t **at, const uint8_t *end, unsigned wire,
                                  uint64_t *value) {
    if (wire == 1) return ssf_read_fixed(at, end, 8, value);
    if (wire == 5) return ssf_read_fixed(at, end, 4, value);
    return (wire == 0 || wire == 2) && ssf_read_varint(at, end, value);
}

static inline bool ssf_next(const uint8_t **at, const uint8_t *end, ssf_record *record) {
    uint64_t tag;
    record->start = *at;
    if (!ssf_read_varint(at, end, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911) return false;
    record->number = (uint32_t)(tag >> 3);
    record->wire = (unsigned)(tag & 7);
    if (!ssf_read_value(at, end, record->wire, &record->value)) return false;
    record->content = *at;
    record->size = 0;
    if (record->wire == 2) {
        if (record->value > (uint64_t)(end - *at)) return false;
        record->size = (size_t)record->value;
        *at += record->size;
    }
    record->whole = (size_t)(*at - record->start);
    return true;
}

static inline void *ssf_carve(ssf_room *room, size_t size) {
    size_t skip = room ? (size_t)(0 - (uintptr_t)(room->data + room->used)) & 15 : 0;
    if (!room || room->size - room->used < skip || room->size - room->used - skip < size)
        return NULL;
    room->used += skip + size;
    return memset(room->data + room->used - size, 0, size);
}

static inline const ssf_field *ssf_find(const ssf_message *message, uint32_t number) {
    for (size_t i = 0; i < message->count; i++)
        if (message->fields[i].number == number) return &message->fields[i];
    return NULL;
}

/* How many elements a record of a list holds; false: it is broken. */
static inline bool ssf_count(const ssf_field *field, const ssf_record *record, size_t *count) {
    unsigned wire = ssf_wire(field->type);
    const uint8_t *at = record->content;
    uint64_t value;
    *count = 1;
    if (record->wire == wire) return true;
    if (record->wire != 2) return false;
    for (*count = 0; at < record->content + record->size; ++*count)
        if (!ssf_read_value(&at, record->content + record->size, wire, &value)) return false;
    return true;
}

/* First walk: sizes of the lists and of what is unknown, and room for them. */
static inline bool ssf_measure(const ssf_message *message, uint8_t *to, ssf_bytes from,
                               ssf_room *room) {
    const uint8_t *at = from.data, *end = from.data + from.size;
    ssf_bytes unknown = {NULL, 0};
    ssf_record record;
    ssf_list list;
    while (at < end) {
        size_t count;
        if (!ssf_next(&at, end, &record)) return false;
        const ssf_field *field = ssf_find(message, record.number);
        if (!field) unknown.size += record.whole;
        if (!field || field->shape != SSF_MANY) continue;
        if (!ssf_count(field, &record, &count)) return false;
        memcpy(&list, to + field->at, sizeof list);
        list.count += count;
        memcpy(to + field->at, &list, sizeof list);
    }
    for (size_t i = 0; i < message->count; i++) {
        const ssf_field *field = &message->fields[i];
        if (field->shape != SSF_MANY) continue;
        memcpy(&list, to + field->at, sizeof list);
        if (list.count == 0) continue;
        if (list.count > SIZE_MAX / field->size) return false;
        list.items = ssf_carve(room, list.count * field->size);
        list.count = 0;
        memcpy(to + field->at, &list, sizeof list);
        if (!list.items) return false;
    }
    if (unknown.size == 0) return true;
    unknown.data = (const uint8_t *)ssf_carve(room, unknown.size);
    unknown.size = 0;
    memcpy(to + message->unknown, &unknown, sizeof unknown);
    return unknown.data != NULL;
}

/* The pieces of a singular message that came in several records are one. */
static inline bool ssf_gather(ssf_bytes from, const ssf_record *first, ssf_room *room,
                              ssf_bytes *content) {
    const uint8_t *at = from.data, *end = from.data + from.size;
    ssf_record record;
    size_t size = 0, pieces = 0;
    while (at < end && ssf_next(&at, end, &record))
        if (record.number == first->number && record.wire == 2) {
            size += record.size;
            pieces++;
        }
    content->data = first->content;
    content->size = first->size;
    if (pieces < 2) return true;
    uint8_t *joined = (uint8_t *)ssf_carve(room, size);
    if (!joined) return false;
    content->data = joined;
    content->size = size;
    for (at = from.data; at < end && ssf_next(&at, end, &record);)
        if (record.number == first->number && record.wire == 2 && record.size) {
            memcpy(joined, record.content, record.size);
            joined += record.size;
        }
    return true;
}

static inline bool ssf_view(const ssf_message *message, uint8_t *to, ssf_bytes from, ssf_room *room,
                            unsigned depth);

static inline bool ssf_view_message(const ssf_field *field, uint8_t *at, ssf_bytes from,
                                    const ssf_record *record, ssf_room *room, unsigned depth) {
    ssf_bytes content = {record->content, record->size};
    if (field->shape != SSF_MANY && !ssf_gather(from, record, room, &content)) return false;
    if (field->shape == SSF_BEHIND) {
        void *behind = ssf_carve(room, field->size);
        if (!behind) return false;
        memcpy(at, &behind, sizeof behind);
        at = (uint8_t *)behind;
    }
    return depth < 32 && ssf_view(field->message, at, content, room, depth + 1);
}

static inline bool ssf_view_one(const ssf_field *field, uint8_t *at, ssf_bytes from,
                                const ssf_record *record, ssf_room *room, unsigned depth) {
    if (record->wire != ssf_wire(field->type)) return false;
    if (field->type == 11) return ssf_view_message(field, at, from, record, room, depth);
    ssf_bytes bytes = {record->content, record->size};
    if (record->wire == 2) {
        memcpy(at, &bytes, sizeof bytes);
    } else {
        ssf_store(field->type, at, record->value);
    }
    return true;
}

static inline bool ssf_view_many(const ssf_field *field, uint8_t *at, ssf_bytes from,
                                 const ssf_record *record, ssf_room *room, unsigned depth) {
    const uint8_t *packed = record->content, *end = packed + record->size;
    uint64_t value;
    ssf_list list;
    memcpy(&list, at, sizeof list);
    uint8_t *items = (uint8_t *)list.items;
    bool good = true;
    if (record->wire == ssf_wire(field->type)) {
        good = ssf_view_one(field, items + list.count++ * field->size, from, record, room, depth);
    } else {
        while (packed < end && ssf_read_value(&packed, end, ssf_wire(field->type), &value))
            ssf_store(field->type, items + list.count++ * field->size, value);
    }
    memcpy(at, &list, sizeof list);
    return good;
}

/* A member that is set takes the place of the others of its oneof. */
static inline void ssf_choose(const ssf_message *message, uint8_t *to, const ssf_field *chosen) {
    const bool yes = true, no = false;
    void *nothing = NULL;
    for (size_t i = 0; i < message->count && chosen->oneof; i++) {
        const ssf_field *field = &message->fields[i];
        if (field->oneof != chosen->oneof || field == chosen) continue;
        if (field->shape == SSF_BEHIND) memcpy(to + field->at, &nothing, sizeof nothing);
        if (field->has != SSF_ALWAYS) memcpy(to + field->has, &no, sizeof no);
    }
    if (chosen->has != SSF_ALWAYS) memcpy(to + chosen->has, &yes, sizeof yes);
}

static inline bool ssf_is_done(const ssf_field *field, const uint8_t *to) {
    void *behind = NULL;
    if (field->type != 11 || field->shape == SSF_MANY) return false;
    if (field->shape == SSF_BEHIND) memcpy(&behind, to + field->at, sizeof behind);
    return behind || (field->shape == SSF_ONE && ssf_is_there(field, to));
}

static inline bool ssf_view(const ssf_message *message, uint8_t *to, ssf_bytes from, ssf_room *room,
                            unsigned depth) {
    const uint8_t *at = from.data, *end = from.data + from.size;
    ssf_record record;
    memset(to, 0, message->size);
    if (from.size == 0) return true;
    if (!ssf_measure(message, to, from, room)) return false;
    while (at < end && ssf_next(&at, end, &record)) {
        const ssf_field *field = ssf_find(message, record.number);
        if (!field) {
            ssf_bytes unknown;
            memcpy(&unknown, to + message->unknown, sizeof unknown);
            memcpy(room->data + (unknown.data - room->data) + unknown.size, record.start,
                   record.whole);
            unknown.size += record.whole;
            memcpy(to + message->unknown, &unknown, sizeof unknown);
            continue;
        }
        if (ssf_is_done(field, to)) continue; /* gathered with its first piece */
        bool good = field->shape == SSF_MANY
                        ? ssf_view_many(field, to + field->at, from, &record, room, depth)
                        : ssf_view_one(field, to + field->at, from, &record, room, depth);
        if (!good) return false;
        if (field->shape != SSF_MANY) ssf_choose(message, to, field);
    }
    return true;
}

/* The size of the bytes, written to `out` if they fit in `room` (otherwise its content is void). */
static inline size_t ssf_put_all(const ssf_message *message, const void *from, void *out,
                                 size_t room) {
    ssf_writer writer = {(uint8_t *)out, room, 0};
    ssf_put(&writer, message, (const uint8_t *)from);
    return writer.size;
}

/* False when the bytes are no such message, or `room` (NULL: none) is too small. */
static inline bool ssf_view_all(const ssf_message *message, void *to, const void *bytes,
                                size_t size, ssf_room *room) {
    return ssf_view(message, (uint8_t *)to, (ssf_bytes){(const uint8_t *)bytes, size}, room, 1);
}

#endif
