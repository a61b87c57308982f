/* SPDX-License-Identifier: Apache-2.0 */
/* packet.h - one tick of one interest set: a header that names the ticks, then runs of chunks.
 *
 *   packet   u8 head | [varint ms] | [varint age] | run...        (streams: one block instead of
 * runs) head   bits 0-5: ms since the tick before, 63: a varint follows | bit 6: no base | bit 7: 0
 *     age    the base is so many ticks old; absent with bit 6 and in streams (1)
 *   run      u8: skip (bits 0-3, 15: varint follows) | count - 1 (bits 4-7, 15: varint follows)
 *            | count chunks, each telling its own length
 *
 * The older ticks follow from the base by the model's rule. A chunk that is not named is as in the
 * base, or empty without one. */
#ifndef DELTA_PACKET_H
#define DELTA_PACKET_H

#include "delta/course.h"

/* One direction of one interest set. Sender and receiver each have their own course, and their own
 * model where it adapts. */
struct delta_link {
    const struct delta_schema *schema;
    struct delta_model *model;
    struct course *course;
};

struct delta_packet_stats {
    uint64_t packets, header_bytes, chunk_bytes; /* with a base; runs count as chunk bytes */
    uint64_t whole_packets, whole_bytes;         /* without a base: the first ones of a link */
    uint64_t chunks, updates, births;            /* cells coded as changed or new */
    uint64_t cells;                              /* looked at */
};

/* Appends the packet for the newest tick of the link's course. `stats` is added to and may be NULL.
 * SS_OK, SS_ERR_NOMEM. */
int delta_packet_encode(struct delta_link *link, struct buffer *out,
                        struct delta_packet_stats *stats);

/* Decodes one packet into a new tick of the link's course. On an error the course is as before (a
 * model that adapts is not: such a link is broken). SS_OK; SS_ERR_STALE: the base is not retained;
 * SS_ERR_MALFORMED: truncated, or not written by an encoder. */
int delta_packet_decode(struct delta_link *link, struct bytes from);

#endif
