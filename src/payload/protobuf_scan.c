/* SPDX-License-Identifier: Apache-2.0 */
/* A message is a row of records, each a tag and what the tag announces (LE: little-endian):
 *
 *     varint: number << 3 | type | 0: varint | 1: 8 bytes LE | 2: varint size, bytes | 5: 4 bytes
 * LE
 *
 * Types 3 and 4, groups, are refused: nobody has written them since 2008, and they are the only way
 * to nest without a length. */
#include "payload/protobuf_scan.h"

static bool bad(struct reader *reader, const char **error, const char *text) {
    reader->failed = true;
    *error = text;
    return false;
}

static bool value_read(struct reader *reader, struct protobuf_field *field) {
    switch (field->type) {
    case PROTOBUF_VARINT: field->value = reader_varint(reader); return true;
    case PROTOBUF_I64: field->value = reader_u64(reader); return true;
    case PROTOBUF_I32: field->value = reader_u32(reader); return true;
    case PROTOBUF_LEN:
        field->value = reader_varint(reader);
        if (field->value > reader->left) reader->failed = true;
        reader_bytes(reader, (size_t)field->value);
        return true;
    default: return false;
    }
}

bool protobuf_next(struct reader *reader, struct protobuf_field *field, const char **error) {
    if (reader->failed || reader->left == 0) return false;
    const uint8_t *start = reader->at;
    uint64_t tag = reader_varint(reader);
    if (reader->failed) return bad(reader, error, "has a broken tag");
    if (tag >> 3 == 0 || tag >> 3 > PROTOBUF_FIELD_MAX)
        return bad(reader, error, "has a field number out of range");
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum protobuf_type)(tag & 7);
    if (!value_read(reader, field)) return bad(reader, error, "has a group or an unknown type");
    if (reader->failed) return bad(reader, error, "ends inside a field");
    field->raw = bytes_view(start, (size_t)(reader->at - start));
    return true;
}
