/* SPDX-License-Identifier: Apache-2.0 */
/* course.h - the last ticks of one interest set, as rows by chunk: what is retained on either side.
 *
 * A tick that is *held* may be a base: the receiver holds what it decoded, the sender what it knows
 * the receiver to hold. So the sender's held ticks are always among the receiver's. */
#ifndef DELTA_COURSE_H
#define DELTA_COURSE_H

#include "delta/chunk.h"
#include "delta/trace.h"

#define COURSE_TICKS 128 /* retained */

struct course {
    const struct memory *memory;
    const struct delta_schema *schema;
    uint32_t chunk_count;
    uint32_t tick;               /* ticks so far; the newest is tick - 1 */
    uint32_t ms[COURSE_TICKS];   /* by tick % COURSE_TICKS, as are the frames */
    uint32_t held[COURSE_TICKS]; /* the tick that is held there, + 1; 0: none */
    struct delta_frame *frames;  /* COURSE_TICKS x chunk_count */
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

/* Opens `tick`, which becomes the newest: its frames are garbage until written, and it is not held.
 * It takes the place of the tick COURSE_TICKS before. */
void course_open(struct course *course, uint32_t tick, uint32_t time_ms);
/* What makes rows of the states of a trace, for schemas that do not lie in them as they are. */
struct course_source {
    const struct delta_schema *schema;
    /* Of TRACE_STATE bytes; errors as delta_quantize. NULL: it is delta_quantize. */
    int (*row)(const void *context, const uint8_t *state, uint8_t *row);
    const void *context;
};
/* Opens the next tick and fills it from a trace. SS_ERR_INVALID for what cannot be quantized. */
int course_feed(struct course *course, const struct trace_tick *tick);
/* The same by a source of the course's schema. */
int course_feed_from(struct course *course, const struct course_source *source,
                     const struct trace_tick *tick);

/* A tick that is still retained is held from now on. */
void course_hold(struct course *course, uint32_t tick);
static inline bool course_holds(const struct course *course, int64_t tick) {
    return tick >= 0 && course->held[tick % COURSE_TICKS] == (uint32_t)tick + 1 &&
           tick + COURSE_TICKS >= (int64_t)course->tick;
}

struct delta_frame *course_frame(const struct course *course, int64_t tick, uint32_t chunk);

/* Chooses, for the newest tick, held ticks to code against, by the model's rule. True when any side
 * that holds these and the base finds the same older ones by course_choose_from. Only a sender can
 * say: it needs the time of each tick. */
bool course_choose(const struct course *course, const struct delta_model *model,
                   struct course_past *past);
/* The older ticks for a base that is given (-1: none): of those held, by the model's rule. */
void course_choose_from(const struct course *course, const struct delta_model *model, int64_t base,
                        struct course_past *past);
/* Fills `ms` for ticks that are given. */
void course_date(const struct course *course, struct course_past *past);
/* Points a chunk at the frames of those ticks. */
void course_chunk(const struct course *course, const struct course_past *past, uint32_t index,
                  struct delta_chunk *chunk);

#endif
