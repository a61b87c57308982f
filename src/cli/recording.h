/* SPDX-License-Identifier: Apache-2.0 */
/* recording.h - a recorded match (delta/trace.h) played again and again: ticks with the time at
 * which each is due, going on from the start when the end is reached. */
#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include "base/time.h"
#include "delta/trace.h"

#define RECORD_STATE  48 /* position, velocity, rotation, discrete: what goes into a cell */
#define RECORD_PLAYER 1

struct recording {
    struct trace trace;
    size_t offset; /* of the next tick */
    uint64_t laps; /* how often it went round */
    uint32_t first_ms;
    ss_time length;        /* of one lap */
    bool players;          /* there are players in it: everything else is left out */
    size_t id_count;       /* ids of what is played are below it */
    float low[3], high[3]; /* the box of all positions, metres */
};

/* SS_OK, or a status with a sentence in `why`. There is at least one tick in what was opened. */
int recording_open(struct recording *recording, const char *path, char *why, size_t why_size);
void recording_close(struct recording *recording);

/* The next tick, due at *at microseconds after the start. */
void recording_next(struct recording *recording, struct trace_tick *tick, ss_time *at);

static inline const uint8_t *record_at(const struct trace_tick *tick, size_t index) {
    return tick->records + index * TRACE_RECORD;
}
/* True when this record is to be played. */
static inline bool recording_plays(const struct recording *recording, const uint8_t *record) {
    return !recording->players || record[2] == RECORD_PLAYER;
}
static inline struct bytes record_state(const uint8_t *record) {
    return bytes_view(record + 4, RECORD_STATE);
}
/* The position in a state of RECORD_STATE bytes, metres. */
void state_position(struct bytes state, float position[3]);

#endif
