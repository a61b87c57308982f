/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf_scan.h - the fields of a protobuf message, one after the other, without a schema. */
#ifndef PAYLOAD_PROTOBUF_SCAN_H
#define PAYLOAD_PROTOBUF_SCAN_H

#include "base/bytes.h"

#define PROTOBUF_FIELD_MAX 536870911 /* 2^29 - 1 */

enum protobuf_type { PROTOBUF_VARINT = 0, PROTOBUF_I64 = 1, PROTOBUF_LEN = 2, PROTOBUF_I32 = 5 };

struct protobuf_field {
    uint32_t number;
    enum protobuf_type type;
    uint64_t value;   /* VARINT, I64, I32: the bits; LEN: the size of the content */
    struct bytes raw; /* the whole record with its tag */
};

/* Of a LEN field: what stands behind its size. */
static inline struct bytes protobuf_content(const struct protobuf_field *field) {
    size_t size = (size_t)field->value;
    return bytes_view(field->raw.data + field->raw.size - size, size);
}

/* Reads the next field. False at the end, or when the bytes are no message: then reader->failed is
 * set and `*error` says why. */
bool protobuf_next(struct reader *reader, struct protobuf_field *field, const char **error);

#endif
