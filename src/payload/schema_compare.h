/* SPDX-License-Identifier: Apache-2.0 */
/* schema_compare.h - may a message take the place of an older one? */
#ifndef PAYLOAD_SCHEMA_COMPARE_H
#define PAYLOAD_SCHEMA_COMPARE_H

#include "payload/schema.h"

enum schema_verdict {
    SCHEMA_SAME,       /* nothing differs */
    SCHEMA_COMPATIBLE, /* old states and clients go on as before */
    SCHEMA_CARE,       /* they go on, but something means another thing */
    SCHEMA_BREAKS,     /* old states, or those of old clients, are none any more */
};

/* One difference; the node is one of `schema`, the older or the newer table. */
typedef void schema_difference(void *context, enum schema_verdict verdict,
                               const struct schema *schema, uint32_t node, const char *text);

/* The worst of all differences; `tell` (may be NULL) hears each, by field numbers. */
enum schema_verdict schema_compare(const struct schema *old, const struct schema *next,
                                   schema_difference *tell, void *context);

#endif
