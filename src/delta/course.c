/* SPDX-License-Identifier: Apache-2.0 */
/* course.c - a ring of ticks. Cell i of chunk c is id 16 c + i. */
#include "delta/course.h"

#include <string.h>

#include "delta/quantum.h"

static uint32_t chunks_for(uint32_t id_count) {
    return (uint32_t)(((uint64_t)id_count + DELTA_CHUNK_CELLS - 1) / DELTA_CHUNK_CELLS);
}

size_t course_size(uint32_t id_count) {
    return (size_t)COURSE_TICKS * chunks_for(id_count) * sizeof(struct delta_frame);
}

int course_init(struct course *course, const struct memory *memory,
                const struct delta_schema *schema, uint32_t id_count) {
    *course = (struct course){.memory = memory, .schema = schema};
    course->chunk_count = chunks_for(id_count);
    if (id_count == 0) return SS_OK;
    course->frames =
        memory_zeroed(memory, (size_t)COURSE_TICKS * course->chunk_count, sizeof *course->frames);
    return course->frames ? SS_OK : SS_ERR_NOMEM;
}

void course_free(struct course *course) {
    memory_free(course->memory, course->frames,
                (size_t)COURSE_TICKS * course->chunk_count * sizeof *course->frames);
}

struct delta_frame *course_frame(const struct course *course, int64_t tick, uint32_t chunk) {
    return &course->frames[(size_t)(tick % COURSE_TICKS) * course->chunk_count + chunk];
}

void course_open(struct course *course, uint32_t tick, uint32_t time_ms) {
    course->ms[tick % COURSE_TICKS] = time_ms;
    course->held[tick % COURSE_TICKS] = 0;
    course->tick = tick + 1;
}

void course_hold(struct course *course, uint32_t tick) {
    if (tick < course->tick && course->tick - tick <= COURSE_TICKS)
        course->held[tick % COURSE_TICKS] = tick + 1;
}

static int make_row(const struct course_source *source, const uint8_t *state, uint8_t *row) {
    if (source->row) return source->row(source->context, state, row);
    return delta_quantize(source->schema, state, row);
}

int course_feed(struct course *course, const struct trace_tick *tick) {
    struct course_source source = {.schema = course->schema};
    return course_feed_from(course, &source, tick);
}

int course_feed_from(struct course *course, const struct course_source *source,
                     const struct trace_tick *tick) {
    course_open(course, course->tick, tick->time_ms);
    int64_t now = (int64_t)course->tick - 1;
    for (uint32_t i = 0; i < course->chunk_count; i++)
        course_frame(course, now, i)->live = 0;
    for (uint32_t i = 0; i < tick->count; i++) {
        const uint8_t *record = tick->records + (size_t)i * TRACE_RECORD;
        uint16_t id = trace_id(record);
        unsigned cell = id % DELTA_CHUNK_CELLS;
        struct delta_frame *frame = course_frame(course, now, id / DELTA_CHUNK_CELLS);
        int status = make_row(source, record + 2, frame->rows[cell]);
        if (status != SS_OK) return status;
        frame->live = (uint16_t)(frame->live | 1u << cell);
    }
    return SS_OK;
}

/* The newest tick before `at` that is at least `age` older than `origin`; -1: none is retained.
 * `all`: of all, else of those held. */
static int64_t older(const struct course *course, int64_t at, uint32_t origin, uint32_t age,
                     bool all) {
    int64_t newest = (int64_t)course->tick - 1;
    int64_t oldest = newest - COURSE_TICKS + 1 > 0 ? newest - COURSE_TICKS + 1 : 0;
    for (at--; at >= oldest; at--)
        if ((all || course_holds(course, at)) && origin - course->ms[at % COURSE_TICKS] >= age)
            return at;
    return -1;
}

void course_date(const struct course *course, struct course_past *past) {
    past->ms[TICK_NOW] = course->ms[past->tick[TICK_NOW] % COURSE_TICKS];
    for (int t = TICK_BASE; t < TICKS; t++)
        past->ms[t] =
            past->tick[t] < 0 ? past->ms[t - 1] : course->ms[past->tick[t] % COURSE_TICKS];
}

static void choose_older(const struct course *course, const struct delta_model *model,
                         struct course_past *past, bool all) {
    int64_t base = past->tick[TICK_BASE];
    for (int t = TICK_OLD1; t < TICKS; t++) {
        uint32_t age = model->older_ms[t - TICK_OLD1];
        past->tick[t] = -1;
        if (past->tick[t - 1] >= 0 && age > 0)
            past->tick[t] =
                older(course, past->tick[t - 1], course->ms[base % COURSE_TICKS], age, all);
    }
    course_date(course, past);
}

void course_choose_from(const struct course *course, const struct delta_model *model, int64_t base,
                        struct course_past *past) {
    past->tick[TICK_NOW] = (int64_t)course->tick - 1;
    past->tick[TICK_BASE] = base;
    choose_older(course, model, past, false);
}

bool course_choose(const struct course *course, const struct delta_model *model,
                   struct course_past *past) {
    int64_t now = (int64_t)course->tick - 1;
    uint32_t ms = course->ms[now % COURSE_TICKS];
    int64_t base = older(course, now, ms, model->base_ms, false);
    int64_t oldest = now - COURSE_TICKS + 1;
    if (base < 0 && course_holds(course, oldest)) /* a game that stands still: the oldest will do */
        base = oldest;
    course_choose_from(course, model, base, past);
    struct course_past best = *past;
    choose_older(course, model, &best, true);
    return memcmp(best.tick, past->tick, sizeof best.tick) == 0;
}

void course_chunk(const struct course *course, const struct course_past *past, uint32_t index,
                  struct delta_chunk *chunk) {
    chunk->past[TICK_NOW] = NULL;
    for (int t = TICK_BASE; t < TICKS; t++)
        chunk->past[t] = past->tick[t] < 0 ? NULL : course_frame(course, past->tick[t], index);
}
