/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - what the codec costs on a trace, every tick decoded and compared. */
#ifndef DELTA_MEASURE_H
#define DELTA_MEASURE_H

#include "delta/pack.h"

struct delta_measure {
    uint64_t ticks, updates, births;
    uint64_t chunk_bytes, header_bytes; /* runs and chunks; packet headers */
    double payload_bytes_per_update;    /* chunk_bytes / updates: cells that differ from the base */
    double header_bytes_per_packet;
    double bytes_per_frame; /* both */
    uint64_t whole_packets,
        whole_bytes; /* the first ones, without a base: not in the figures above */
    /* The same symbols in the same contexts, coded with the chances this very trace turned out to
     * have: no headers, no flushes, no mismatch of tables. What a better choice of contexts or
     * predictors would save is not in it. */
    double bound_bytes_per_update;
    double encode_ns_per_update, decode_ns_per_update;
    bool verified; /* every decoded row equals the encoder's */
};

/* `clock_ns` is the caller's monotonic clock. Errors as delta_pack. */
int delta_measure(struct delta_measure *result, const struct trace *trace,
                  enum delta_profile profile, enum delta_mode mode, struct bytes table,
                  const struct memory *memory, uint64_t (*clock_ns)(void));

#endif
