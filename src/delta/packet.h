/* SPDX-License-Identifier: Apache-2.0 */
/* packet.h - one tick of one interest set: a header that names the ticks, then chunks.
 *
 * The header, whole bytes:
 * - head: ms (bits 0-5, 63: a varint follows), no base (bit 6), olders follow (bit 7);
 * - ms since the base, less the base_ms of the model (63 also when that is negative, then the
 *   varint is since the base); in streams since the tick before; without a base the time;
 * - age: a varint, the base is so many ticks old; absent with bit 6 and in streams (1);
 * - olders: how many ticks older than the base the first is (bits 0-3), and the second than the
 *   first (bits 4-7); 0: there is none; 15: a varint follows, the first's first. A third one, where
 *   the model has it, in a byte of its own.
 *
 * The rest, bits up to the end (wire/bits.h), nothing when nothing changed:
 * - 1, all chunks, each telling its own length; or 0, runs;
 * - a run: skip (8 bits as those of olders, the lower four: 15, a varint follows), count - 1 (the
 *   upper four: 15, a varint count follows), count chunks.
 * In streams it is one block for all chunks.
 *
 * Which tick it is says the carrier. Without bit 7 the older ticks follow from the base by the
 * model's rule. A chunk that is not named is as in the base, or empty without one. */
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

/* Appends the packet for the newest tick of the link's course, coded against ticks that it holds.
 * `stats` is added to and may be NULL. SS_OK, SS_ERR_NOMEM. */
int delta_packet_encode(struct delta_link *link, struct buffer *out,
                        struct delta_packet_stats *stats);

/* Decodes the packet of `tick` into the link's course, which then holds it. On an error the course
 * is as before, but for the tick COURSE_TICKS before this one (a model that adapts is not: such a
 * link is broken). SS_OK; SS_ERR_STALE: the base or an older tick is not held, or a tick as new was
 * decoded already; SS_ERR_MALFORMED: truncated, or not written by an encoder. */
int delta_packet_decode(struct delta_link *link, uint32_t tick, struct bytes from);

#endif
