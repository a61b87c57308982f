/* SPDX-License-Identifier: Apache-2.0 */
/* schema_unique.h - the values that only one state of a category may have (format.h, uniques).
 *
 * Of several records the last one counts, several records of a message are one message, and a
 * member of a oneof takes away the others: what a protobuf parser would read. */
#ifndef PAYLOAD_SCHEMA_UNIQUE_H
#define PAYLOAD_SCHEMA_UNIQUE_H

#include "payload/rules.h"

/* `rules` have a schema with unique fields. */
size_t schema_uniques(const struct format_rules *rules, struct bytes state,
                      struct format_unique *values);
/* How many unique fields a schema has. */
size_t schema_unique_count(const struct schema *schema);

#endif
