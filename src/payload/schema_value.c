/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/schema_value.h"

#include <math.h>

enum protobuf_type schema_wire(enum schema_type type) {
    switch (type) {
    case SCHEMA_DOUBLE:
    case SCHEMA_FIXED64:
    case SCHEMA_SFIXED64: return PROTOBUF_I64;
    case SCHEMA_FLOAT:
    case SCHEMA_FIXED32:
    case SCHEMA_SFIXED32: return PROTOBUF_I32;
    case SCHEMA_STRING:
    case SCHEMA_BYTES:
    case SCHEMA_MESSAGE: return PROTOBUF_LEN;
    default: return PROTOBUF_VARINT;
    }
}

bool schema_packable(enum schema_type type) {
    return schema_wire(type) != PROTOBUF_LEN;
}

static uint64_t extend(uint32_t value) {
    return (uint64_t)(int64_t)(int32_t)value;
}

uint64_t schema_normal(enum schema_type type, uint64_t raw) {
    switch (type) {
    case SCHEMA_INT32:
    case SCHEMA_ENUM:
    case SCHEMA_SFIXED32: return extend((uint32_t)raw);
    case SCHEMA_UINT32:
    case SCHEMA_FIXED32:
    case SCHEMA_FLOAT: return (uint32_t)raw;
    case SCHEMA_SINT32: return extend((uint32_t)raw >> 1 ^ (0u - ((uint32_t)raw & 1)));
    case SCHEMA_SINT64: return raw >> 1 ^ (0u - (raw & 1));
    case SCHEMA_BOOL: return raw != 0;
    default: return raw;
    }
}

struct schema_value schema_value_of(enum schema_type type, const struct protobuf_field *field) {
    struct schema_value value = {.present = true};
    if (field->type == PROTOBUF_LEN) {
        value.content = protobuf_content(field);
    } else {
        value.bits = schema_normal(type, field->value);
    }
    return value;
}

bool schema_packed_next(enum schema_type type, struct reader *reader, uint64_t *bits) {
    if (reader->failed || reader->left == 0) return false;
    enum protobuf_type wire = schema_wire(type);
    uint64_t raw = wire == PROTOBUF_I64   ? reader_u64(reader)
                   : wire == PROTOBUF_I32 ? reader_u32(reader)
                                          : reader_varint(reader);
    *bits = schema_normal(type, raw);
    return !reader->failed;
}

/* ---- writing ------------------------------------------------------------------------------- */

static uint64_t to_wire(enum schema_type type, uint64_t bits) {
    if (type == SCHEMA_SINT64 || type == SCHEMA_SINT32) return bits << 1 ^ (0u - (bits >> 63));
    return bits;
}

void schema_value_put(enum schema_type type, const struct schema_value *value, struct buffer *out) {
    switch (schema_wire(type)) {
    case PROTOBUF_I64: buffer_u64(out, value->bits); break;
    case PROTOBUF_I32: buffer_u32(out, (uint32_t)value->bits); break;
    case PROTOBUF_LEN:
        buffer_varint(out, value->content.size);
        buffer_bytes(out, value->content);
        break;
    default: buffer_varint(out, to_wire(type, value->bits)); break;
    }
}

void schema_record_put(enum schema_type type, uint32_t number, const struct schema_value *value,
                       struct buffer *out) {
    buffer_varint(out, (uint64_t)number << 3 | schema_wire(type));
    schema_value_put(type, value, out);
}

void schema_record_wrap(struct buffer *out, size_t start, uint32_t number) {
    size_t size = out->size - start;
    uint64_t tag = (uint64_t)number << 3 | PROTOBUF_LEN;
    size_t head = varint_size(tag) + varint_size(size);
    if (out->failed || !buffer_room(out, head)) return;
    memmove(out->data + start + head, out->data + start, size);
    struct writer writer = writer_of(out->data + start, head);
    writer_varint(&writer, tag);
    writer_varint(&writer, size);
    out->size += head;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool is_unsigned(enum schema_type type) {
    return type == SCHEMA_UINT64 || type == SCHEMA_FIXED64 || type == SCHEMA_UINT32 ||
           type == SCHEMA_FIXED32;
}

__int128 schema_integer(enum schema_type type, uint64_t bits) {
    return is_unsigned(type) ? (__int128)bits : (__int128)(int64_t)bits;
}

bool schema_integer_bits(enum schema_type type, __int128 integer, uint64_t *bits) {
    unsigned width = schema_type_bits(type) - !is_unsigned(type);
    __int128 high = ((__int128)1 << width) - 1, low = is_unsigned(type) ? 0 : -high - 1;
    *bits = (uint64_t)integer;
    return integer >= low && integer <= high;
}

double schema_real(enum schema_type type, uint64_t bits) {
    if (type == SCHEMA_FLOAT) {
        uint32_t low = (uint32_t)bits;
        float single;
        memcpy(&single, &low, sizeof single);
        return (double)single;
    }
    if (type == SCHEMA_DOUBLE) {
        double real;
        memcpy(&real, &bits, sizeof real);
        return real;
    }
    return (double)schema_integer(type, bits);
}

uint64_t schema_real_bits(enum schema_type type, double real) {
    uint64_t bits = 0;
    if (type == SCHEMA_FLOAT) {
        float single = (float)real;
        memcpy(&bits, &single, sizeof single);
        return bits;
    }
    if (type == SCHEMA_DOUBLE) {
        memcpy(&bits, &real, sizeof bits);
        return bits;
    }
    double whole = floor(real + 0.5);
    if (!(whole > -0x1p64)) whole = -0x1p64;
    if (!(whole < 0x1p65)) whole = 0x1p65;
    __int128 integer = (__int128)whole;
    if (schema_integer_bits(type, integer, &bits)) return bits;
    unsigned width = schema_type_bits(type) - !is_unsigned(type);
    __int128 high = ((__int128)1 << width) - 1, low = is_unsigned(type) ? 0 : -high - 1;
    return (uint64_t)(integer > high ? high : low);
}

struct number schema_number(enum schema_type type, uint64_t bits) {
    struct number number = {schema_real(type, bits), 0, false};
    if (schema_is_float(type)) return number;
    number.exact = !is_unsigned(type) || bits <= INT64_MAX;
    number.integer = (int64_t)bits;
    return number;
}
