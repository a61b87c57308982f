/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what the options of one field say together, before it has a place in any state. */
#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include "schema/descriptor.h"

/* Complaints about the options that stand at this very field; true when there were none. */
bool field_check(const struct message_descriptor *message, const struct field_descriptor *field,
                 struct buffer *complaints);
/* The same for the options of a message. */
bool message_check(const struct message_descriptor *message, struct buffer *complaints);

/* A number: what may have bounds, a quantum, a sum. */
bool field_is_number(const struct field_descriptor *field);
bool field_is_map(const struct field_descriptor *field);
/* The number of steps that `bits` bits tell apart. */
double bits_steps(uint32_t bits);
/* How many bits tell `steps` apart, at most 64. */
uint32_t steps_bits(double steps);

#endif
