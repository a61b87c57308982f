/* SPDX-License-Identifier: Apache-2.0 */
/* schema_state.h - protobuf states of a declared message: are they one, and what do they keep
 * (format.h: validate, check, locate). `rules` have a schema. */
#ifndef PAYLOAD_SCHEMA_STATE_H
#define PAYLOAD_SCHEMA_STATE_H

#include "payload/invariant.h"
#include "payload/schema_value.h"

int schema_validate(const struct format_rules *rules, struct bytes state, struct reason *why);
int schema_invariants(const struct format_rules *rules, const struct bytes *previous,
                      struct bytes next, ss_time span, struct reason *why);
int schema_locate(const struct format_rules *rules, struct bytes state, float position[3]);

/* The child of `parent` for a field of a state; *hint is where it is looked for first, 0 at the
 * beginning of a message. SCHEMA_NONE: a field that the schema does not know. */
uint32_t schema_step(const struct schema *schema, uint32_t parent, uint32_t number, uint32_t *hint);

#endif
