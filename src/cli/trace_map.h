/* SPDX-License-Identifier: Apache-2.0 */
/* trace_map.h - which field of a message is which of a recorded trace (delta/trace.h), so that a
 * table for the message can be trained on it.
 *
 *   position     the axes of the spatial field, or x, y, z of a message named `position`
 *   velocity     what is velocity_of that, or x, y, z of a message named `velocity`
 *   rotation     quaternions: the first one; angles: fields named yaw, pitch, roll
 *   kind         a field of that name
 *   discrete[n]  fields named discrete0 to discrete7
 */
#ifndef CLI_TRACE_MAP_H
#define CLI_TRACE_MAP_H

#include "delta/trace.h"
#include "schema/lanes.h"

#define TRACE_MAP_MAX (DELTA_LANES_MAX + 4)

struct trace_map {
    const struct lanes *lanes;
    uint64_t there; /* lane_values.there */
    size_t count;
    struct {
        uint32_t node;
        uint8_t offset; /* in the trace's state */
        bool real;      /* f32, else u8 */
    } field[TRACE_MAP_MAX];
};

/* Fields that the trace lacks stay 0, or absent: each is told as a line in `notes`. */
void trace_map_init(struct trace_map *map, const struct lanes *lanes, const struct trace *trace,
                    struct buffer *notes);
/* course_source.row; `context` is a trace_map. */
int trace_map_row(const void *context, const uint8_t *state, uint8_t *row);

#endif
