/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - a whole trace as packets, and back: the codec at work on files.
 *
 *   pack     item...        item   u32 size | bytes
 *   item 0   "SSD2" | u8 profile | u8 mode | u32 schema hash | u32 ids | u32 tick_us | u32 rotation
 *            | u32 quantum (bits of an f32) | u32 has_velocity
 *   item n   the packet of tick n - 1 (packet.h)
 */
#ifndef DELTA_PACK_H
#define DELTA_PACK_H

#include "delta/packet.h"
#include "delta/profile.h"

/* The shipped tables of a profile and mode. */
struct bytes delta_table(enum delta_profile profile, enum delta_mode mode);

/* Appends all packets of `trace` to `out`, coded with `table` (delta_table, or one freshly
 * trained). SS_OK; SS_ERR_INVALID for a state that cannot be quantized, SS_ERR_UNSUPPORTED for a
 * table of another schema, SS_ERR_MALFORMED for a damaged one, SS_ERR_NOMEM. */
int delta_pack(const struct trace *trace, enum delta_profile profile, enum delta_mode mode,
               struct bytes table, const struct memory *memory, struct buffer *out,
               struct delta_packet_stats *stats);

/* Makes a trace of dequantized states (fields outside the schema are 0). `table` empty: the shipped
 * one. SS_OK; SS_ERR_UNSUPPORTED: another schema or version; SS_ERR_STALE: a packet names a tick
 * that is not there; SS_ERR_MALFORMED; SS_ERR_TOO_LARGE: the trace, or what must be retained to
 * make it, is over `size_max` bytes; SS_ERR_NOMEM. On an error nothing is held. */
int delta_unpack(struct trace *trace, struct bytes pack, struct bytes table,
                 const struct memory *memory, size_t size_max);

#endif
