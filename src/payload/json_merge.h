/* SPDX-License-Identifier: Apache-2.0 */
/* json_merge.h - the three-way merge of JSON (format.h, merge; the laws stand in json_merge.c). */
#ifndef PAYLOAD_JSON_MERGE_H
#define PAYLOAD_JSON_MERGE_H

#include "payload/json_tree.h"
#include "payload/rules.h"

enum merge_result json_merge(const struct format_rules *rules, struct bytes base,
                             struct bytes standing, struct bytes incoming, struct buffer *out,
                             struct paths *overwritten, struct reason *why);

/* The elements of both arrays without what either side removed from `base` (an array or nothing),
 * as a set: what is equal in meaning appears once. Appended to `out` in the order of standing, then
 * what is new in incoming. Each value is of a tree of its own. SS_OK or SS_ERR_NOMEM. */
int json_union(struct json_value base, struct json_value standing, struct json_value incoming,
               struct buffer *out);

#endif
