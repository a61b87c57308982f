/* SPDX-License-Identifier: Apache-2.0 */
/* schema_redact.h - a state without what its reader may not see (format.h, redact). */
#ifndef PAYLOAD_SCHEMA_REDACT_H
#define PAYLOAD_SCHEMA_REDACT_H

#include "payload/rules.h"

int schema_redact(const struct format_rules *rules, struct bytes state, enum format_reader reader,
                  struct buffer *out);

#endif
