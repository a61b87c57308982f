/* SPDX-License-Identifier: Apache-2.0 */
/* generate.h - messages of a set as plain structs of a language, with what puts them into bytes and
 * views bytes as them: one header, nothing to link. */
#ifndef SCHEMA_GENERATE_H
#define SCHEMA_GENERATE_H

#include "schema/descriptor.h"

/* Appends code for the `count` messages of `wanted` and all that they hold (0: every message of the
 * set but protobuf's and ours). SS_OK, SS_ERR_INVALID with complaints, SS_ERR_NOMEM. */
typedef int generate_code(const struct descriptor_set *set,
                          const struct message_descriptor *const *wanted, size_t count,
                          const struct memory *memory, struct buffer *out,
                          struct buffer *complaints);
generate_code generate_c, generate_cpp;

/* ---- what the languages share -------------------------------------------------------------- */

/* A message in the order in which it must be declared: what it holds by value stands before it. */
struct generate_item {
    const struct message_descriptor *message;
    uint64_t hash; /* of its field table */
};

struct generate_plan {
    const struct memory *memory;
    struct generate_item *items;
    size_t count, capacity;
    struct buffer *complaints;
    int status;
};

int generate_plan_make(struct generate_plan *plan, const struct descriptor_set *set,
                       const struct message_descriptor *const *wanted, size_t count,
                       const struct memory *memory, struct buffer *complaints);
void generate_plan_free(struct generate_plan *plan);
/* The field is held by a pointer, because its message stands later in the plan, or is it. */
bool generate_is_behind(const struct generate_plan *plan, const struct message_descriptor *message,
                        const struct field_descriptor *field);
/* Absent differs from 0: the struct says so beside the value. */
bool generate_has_presence(const struct message_descriptor *message,
                           const struct field_descriptor *field);
/* From 1; 0: the field is in no oneof that anybody wrote. */
uint32_t generate_oneof(const struct field_descriptor *field);
/* Appends the name, with '_' for dots, and one behind a word of C or C++. */
void generate_name(struct buffer *out, struct bytes name);

#endif
