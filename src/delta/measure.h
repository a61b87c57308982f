/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - what the codec costs on a trace, as a whole and field by field; every tick decoded
 * and compared. */
#ifndef DELTA_MEASURE_H
#define DELTA_MEASURE_H

#include "delta/pack.h"

/* What is measured. */
struct delta_setup {
    enum delta_profile profile;
    enum delta_mode mode;
    unsigned rotation_levels;           /* of each component; 0: the profile's */
    struct bytes table;                 /* delta_table(), or one freshly trained */
    const struct course_source *source; /* NULL: the profile's schema, else this */
    unsigned walks; /* for the time of packets, see encode_ns_per_update; at least 1 */
};

/* Clocks of the caller, in ns: `cpu` counts only while this thread runs, `now` is quick to read. */
struct delta_clocks {
    uint64_t (*cpu)(void), (*now)(void);
};

/* The last two stand for what belongs to no field. */
enum { MEASURE_FLAGS = DELTA_FIELDS_MAX, MEASURE_ENDS, MEASURE_PARTS };

/* A part of what an update costs; all figures are means over all updates. */
struct delta_part {
    const char *name;            /* NULL: there is no such field */
    double changed;              /* of the updates with a base: how many changed this field; 0..1 */
    double bytes;                /* what was sent */
    double bound;                /* see delta_measure */
    double encode_ns, decode_ns; /* MEASURE_ENDS: not told apart, 0 */
};

struct delta_measure {
    uint64_t ticks, updates, births;
    uint64_t chunk_bytes, header_bytes; /* runs and chunks; packet headers */
    double payload_bytes_per_update;    /* chunk_bytes / updates: cells that differ from the base */
    double header_bytes_per_packet;
    double bytes_per_frame; /* both */
    uint64_t whole_packets;
    uint64_t whole_bytes; /* the first ones, without a base: not in the figures above */
    /* The same symbols in the same contexts, coded with the chances this very trace turned out to
     * have: no headers, no flushes, no mismatch of tables. What a better choice of contexts or
     * predictors would save is not in it. */
    double bound_bytes_per_update;
    /* What each packet took in the fastest of all walks: a processor that others use, too, makes
     * single ones slower, never faster. */
    double encode_ns_per_update, decode_ns_per_update;
    bool verified; /* every decoded row equals the encoder's */
    struct delta_part part[MEASURE_PARTS];
};

/* Errors as delta_pack; SS_ERR_INVALID for levels that cannot be. */
int delta_measure(struct delta_measure *result, const struct trace *trace,
                  const struct delta_setup *setup, const struct memory *memory,
                  const struct delta_clocks *clocks);

#endif
