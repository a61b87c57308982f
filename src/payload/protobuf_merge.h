/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf_merge.h - the three-way merge of protobuf messages without a schema (format.h, merge;
 * the laws stand in protobuf_merge.c). */
#ifndef PAYLOAD_PROTOBUF_MERGE_H
#define PAYLOAD_PROTOBUF_MERGE_H

#include "payload/protobuf_scan.h"
#include "payload/rules.h"

enum merge_result protobuf_merge(const struct format_rules *rules, struct bytes base,
                                 struct bytes standing, struct bytes incoming, struct buffer *out,
                                 struct paths *overwritten, struct reason *why);

#endif
