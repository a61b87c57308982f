/* SPDX-License-Identifier: Apache-2.0 */
/* schema_value.h - one value of a declared field: from its record, to its record, as a number. */
#ifndef PAYLOAD_SCHEMA_VALUE_H
#define PAYLOAD_SCHEMA_VALUE_H

#include "payload/decimal.h"
#include "payload/protobuf_scan.h"
#include "payload/schema.h"

/* Normalised, so that equal values are equal bits however they were written. */
struct schema_value {
    bool present;
    uint64_t bits;        /* of a scalar: integers sign-extended, floats their own bits */
    struct bytes content; /* of a string, bytes or message */
};

enum protobuf_type schema_wire(enum schema_type type);
/* Repeated values may stand in one LEN record. */
bool schema_packable(enum schema_type type);

/* True when the record is written as the field is declared (packed or not). A state that an older
 * schema accepted may hold others: they are passed over. */
static inline bool schema_fits(const struct schema_node *node, const struct protobuf_field *field) {
    if (field->type == schema_wire((enum schema_type)node->type)) return true;
    return node->shape == SCHEMA_REPEATED && field->type == PROTOBUF_LEN;
}

/* What is written in `raw` (value of a varint, I64, I32) as normalised bits. */
uint64_t schema_normal(enum schema_type type, uint64_t raw);
/* The value of a record of the declared wire type. */
struct schema_value schema_value_of(enum schema_type type, const struct protobuf_field *field);
/* The next one of a packed record; false at its end or when it is broken (reader->failed). */
bool schema_packed_next(enum schema_type type, struct reader *reader, uint64_t *bits);

static inline bool schema_value_equal(const struct schema_value *a, const struct schema_value *b) {
    return a->present == b->present && a->bits == b->bits && bytes_equal(a->content, b->content);
}

/* Appends the value without its tag, in the shortest form. */
void schema_value_put(enum schema_type type, const struct schema_value *value, struct buffer *out);
/* Appends tag and value. */
void schema_record_put(enum schema_type type, uint32_t number, const struct schema_value *value,
                       struct buffer *out);
/* Puts the tag and the size of a LEN record in front of what stands in `out` from `start` on. */
void schema_record_wrap(struct buffer *out, size_t start, uint32_t number);

/* Numbers only. */
struct number schema_number(enum schema_type type, uint64_t bits);
/* Integers only: exact, whatever the type. */
__int128 schema_integer(enum schema_type type, uint64_t bits);
/* False when the type cannot hold it. */
bool schema_integer_bits(enum schema_type type, __int128 integer, uint64_t *bits);
double schema_real(enum schema_type type, uint64_t bits);
/* Rounded to the type (floats to nearest even, integers half up and into their range). */
uint64_t schema_real_bits(enum schema_type type, double real);

#endif
