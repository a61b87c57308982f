/* SPDX-License-Identifier: Apache-2.0 */
/* schema_merge.h - the three-way merge of a declared message (format.h, merge; the laws stand in
 * schema_merge.c). */
#ifndef PAYLOAD_SCHEMA_MERGE_H
#define PAYLOAD_SCHEMA_MERGE_H

#include "payload/rules.h"
#include "payload/schema_record.h"
#include "payload/schema_state.h"

enum merge_result schema_merge(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out,
                               struct paths *overwritten, struct reason *why);

/* ---- internal to the merge ----------------------------------------------------------------- */

/* One merge at work. */
struct merging {
    const struct schema *schema;
    struct arena arena;
    struct buffer *out;
    struct paths *overwritten;
    struct reason *why;
    bool parked;
    /* Where the walk is: nodes, and the key where a node is a map. */
    uint32_t path[2 * SCHEMA_DEPTH_MAX];
    struct schema_value keys[2 * SCHEMA_DEPTH_MAX];
    size_t depth;
};

/* The same field on three sides. */
struct field_sides {
    struct record_run base, standing, incoming;
};

/* Both changed it: what `policy` makes of the field at the end of the path, where it is no number.
 * When it is DONE, *standing says which side is to be taken. */
enum merge_result merging_collide(struct merging *in, enum merge_policy policy, bool *standing);
/* The policies that only see a collision where one side removed what the other changed. */
enum merge_result merging_removed(struct merging *in, enum merge_policy policy);
/* max, min or sum of one number. */
enum merge_result merging_number(struct merging *in, const struct schema_node *node,
                                 const struct schema_value *base,
                                 const struct schema_value *standing,
                                 const struct schema_value *incoming, struct schema_value *merged);

/* Appends the entries of a map, merged key by key; `value` merges the field `value` of an entry. */
typedef enum merge_result merge_field(struct merging *in, uint32_t node,
                                      const struct field_sides *sides);
enum merge_result merging_map(struct merging *in, uint32_t node, const struct field_sides *sides,
                              merge_field *value);
/* Appends the union of a repeated field. */
enum merge_result merging_union(struct merging *in, uint32_t node, const struct field_sides *sides);

#endif
