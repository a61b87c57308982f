/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - from a message of a descriptor set to the field table that runs (payload/schema.h):
 * options are checked, handed down, and resolved; every mistake is told with its place. */
#ifndef SCHEMA_COMPILE_H
#define SCHEMA_COMPILE_H

#include "payload/schema.h"
#include "schema/descriptor.h"

/* The table of `message`, or NULL in *schema. Mistakes are appended to `complaints`, a line each.
 * SS_OK, SS_ERR_INVALID, SS_ERR_NOMEM. The table keeps nothing of the set. */
int schema_compile(struct schema **schema, const struct memory *memory,
                   const struct message_descriptor *message, struct buffer *complaints);

/* Checks every message of the set but protobuf's own and ours; how many in *checked. The same
 * statuses. */
int schema_check(const struct memory *memory, const struct descriptor_set *set, size_t *checked,
                 struct buffer *complaints);

#endif
