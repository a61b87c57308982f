/* SPDX-License-Identifier: Apache-2.0 */
/* course.h - the last ticks of one interest set, as rows by chunk: what is retained on either side.
 */
#ifndef DELTA_COURSE_H
#define DELTA_COURSE_H

#include "delta/chunk.h"
#include "delta/trace.h"

#define COURSE_TICKS 128 /* retained */

struct course {
    const struct memory *memory;
    const struct delta_schema *schema;
    uint32_t chunk_count;
    uint32_t tick;              /* ticks so far; the newest is tick - 1 */
    uint32_t ms[COURSE_TICKS];  /* by tick % COURSE_TICKS, as are the frames */
    struct delta_frame *frames; /* COURSE_TICKS x chunk_count */
};

/* Ticks of a baseline and its older ones; -1: none. */
struct course_past {
    int64_t tick[TICKS];
    uint32_t ms[TICKS]; /* none: as the one before */
};

/* Bytes that a course for so many ids holds. */
size_t course_size(uint32_t id_count);
int course_init(struct course *course, const struct memory *memory,
                const struct delta_schema *schema, uint32_t id_count);
void course_free(struct course *course);

/* Opens a tick: its frames are garbage until written. */
void course_open(struct course *course, uint32_t time_ms);
/* Opens a tick and fills it from a trace. SS_ERR_INVALID for what cannot be quantized. */
int course_feed(struct course *course, const struct trace_tick *tick);

struct delta_frame *course_frame(const struct course *course, int64_t tick, uint32_t chunk);

/* Chooses, for the newest tick, which ticks to code against, by the model's rule. */
void course_choose(const struct course *course, const struct delta_model *model,
                   struct course_past *past);
/* The same for a base that is given (-1: none). */
void course_choose_from(const struct course *course, const struct delta_model *model, int64_t base,
                        struct course_past *past);
/* Points a chunk at the frames of those ticks. */
void course_chunk(const struct course *course, const struct course_past *past, uint32_t index,
                  struct delta_chunk *chunk);

#endif
