/* SPDX-License-Identifier: Apache-2.0 */
/* schema_record.h - a message as its records sorted by field number: what merges and interpolation
 * walk side by side, like sorted files. */
#ifndef PAYLOAD_SCHEMA_RECORD_H
#define PAYLOAD_SCHEMA_RECORD_H

#include "base/arena.h"
#include "payload/schema_value.h"

/* `keys`: number << 32 | offset, ascending; so records of one number stay in their order. */
struct records {
    struct bytes text;
    uint64_t *keys;
    size_t count, at; /* at: where next_number stands */
};

/* The records of one number: keys[first .. first + count). */
struct record_run {
    const struct records *records;
    size_t first, count;
};

/* Indexes a message that was validated; what it needs lies in `arena`. SS_OK, SS_ERR_NOMEM. */
int records_read(struct records *records, struct arena *arena, struct bytes text);
/* The number that stands next, UINT32_MAX at the end. */
static inline uint32_t records_number(const struct records *records) {
    return records->at < records->count ? (uint32_t)(records->keys[records->at] >> 32) : UINT32_MAX;
}
/* The run of that number if it stands next (then it is stepped over), else an empty one. */
struct record_run records_take(struct records *records, uint32_t number);
/* The run of that number, wherever the walk stands. */
struct record_run records_find(const struct records *records, uint32_t number);

struct protobuf_field run_field(const struct record_run *run, size_t i);
bool run_equal(const struct record_run *a, const struct record_run *b);
void run_put(const struct record_run *run, struct buffer *out);
/* A singular field: the last record counts; absent without presence is the value 0. */
struct schema_value run_value(const struct schema_node *node, const struct record_run *run);
/* The content of a singular message: several records are one, in pieces (which are joined in
 * `arena`). SS_OK or SS_ERR_NOMEM. */
int run_content(const struct record_run *run, struct arena *arena, struct bytes *content);

#endif
