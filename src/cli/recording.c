/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recording.h"

#include <stdio.h>

#include "base/status.h"

#define TRACE_MAX ((size_t)1 << 30)

void state_position(struct bytes state, float position[3]) {
    struct reader reader = reader_of(state);
    for (size_t i = 0; i < 3; i++) {
        uint32_t raw = reader_u32(&reader);
        memcpy(&position[i], &raw, sizeof raw);
    }
}

static void recording_widen(struct recording *recording, const uint8_t *record) {
    float position[3];
    state_position(record_state(record), position);
    for (size_t i = 0; i < 3; i++) {
        if (position[i] < recording->low[i]) recording->low[i] = position[i];
        if (position[i] > recording->high[i]) recording->high[i] = position[i];
    }
}

/* Two walks over everything: are there players and how long is it; then, who plays and how far. */
static void recording_survey(struct recording *recording) {
    struct trace_tick tick;
    uint32_t last_ms = 0, ticks = 0;
    size_t offset = 0;
    while (trace_next(&recording->trace, &offset, &tick)) {
        if (ticks++ == 0) recording->first_ms = last_ms = tick.time_ms;
        if (tick.time_ms > last_ms) last_ms = tick.time_ms;
        for (size_t i = 0; i < tick.count; i++)
            if (record_at(&tick, i)[2] == RECORD_PLAYER) recording->players = true;
    }
    ss_time span = (ss_time)(last_ms - recording->first_ms) * SS_MILLISECOND;
    recording->length = span + (ticks > 1 ? span / (ticks - 1) : SS_MILLISECOND);
    for (size_t i = 0; i < 3; i++) {
        recording->low[i] = 1e9f;
        recording->high[i] = -1e9f;
    }
    for (offset = 0; trace_next(&recording->trace, &offset, &tick);)
        for (size_t i = 0; i < tick.count; i++) {
            const uint8_t *record = record_at(&tick, i);
            if (!recording_plays(recording, record)) continue;
            recording_widen(recording, record);
            if (trace_id(record) >= recording->id_count)
                recording->id_count = trace_id(record) + 1u;
        }
}

int recording_open(struct recording *recording, const char *path, char *why, size_t why_size) {
    *recording = (struct recording){0};
    int status = trace_load(&recording->trace, &memory_heap, path, TRACE_MAX);
    if (status != SS_OK) {
        snprintf(why, why_size, "cannot play %s: %s", path,
                 status == SS_ERR_MALFORMED ? "it is not a whole STT1 trace" : status_text(status));
        return status;
    }
    recording_survey(recording);
    if (recording->id_count > 0) return SS_OK;
    snprintf(why, why_size, "cannot play %s: nobody lives in it", path);
    recording_close(recording);
    return SS_ERR_MALFORMED;
}

void recording_close(struct recording *recording) {
    trace_free(&recording->trace);
}

void recording_next(struct recording *recording, struct trace_tick *tick, ss_time *at) {
    if (!trace_next(&recording->trace, &recording->offset, tick)) {
        recording->offset = 0;
        recording->laps++;
        (void)trace_next(&recording->trace, &recording->offset, tick);
    }
    ss_time into = tick->time_ms > recording->first_ms
                       ? (ss_time)(tick->time_ms - recording->first_ms) * SS_MILLISECOND
                       : 0;
    *at = (ss_time)recording->laps * recording->length + into;
}
