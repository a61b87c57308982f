/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the schemas under which traces are coded, each an instance of the run-time field
 * table. */
#ifndef DELTA_PROFILE_H
#define DELTA_PROFILE_H

#include "delta/model.h"
#include "delta/trace.h"

enum delta_mode { DELTA_ACKED, DELTA_STREAM };

enum delta_profile {
    PROFILE_PLAYERS,     /* 1/256 m, 16-bit angles, no velocity, no roll */
    PROFILE_ARENA,       /* the same with velocity, 1/32 m/s */
    PROFILE_CUBES,       /* 1/512 m, smallest three of 512 levels */
    PROFILE_ASTEROIDS,   /* 1/100 m, smallest three of 1414 levels */
    PROFILE_EXACT,       /* all 48 bytes as they are, velocity likely derived from position */
    PROFILE_EXACT_ARENA, /* the same, velocity leads */
    PROFILE_COUNT,
};

/* The profile that a trace's header asks for. */
enum delta_profile profile_of(const struct trace *trace, bool exact);
/* Compiles it; its fields are constants. */
void profile_schema(enum delta_profile profile, struct delta_schema *schema);

/* Which ticks a mode retains: fills base_ms, older_ms and adapts, all else zero. */
void profile_retention(enum delta_profile profile, enum delta_mode mode, struct delta_model *model);

#endif
