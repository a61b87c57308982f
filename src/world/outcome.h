/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h - how an answer is put together, kept and carried. Internal to world/. */
#ifndef WORLD_OUTCOME_H
#define WORLD_OUTCOME_H

#include "world/place.h"

#define SCRATCH_KEPT (256 * 1024)

/* Begins a call: time goes on, and what the last outcome borrowed is given back. */
static inline void world_begin(struct world *world, ss_time now) {
    if (world->scratch.current) arena_reset(&world->scratch, SCRATCH_KEPT);
    if (now > world->now) world->now = now;
}

void outcome_error(struct outcome *outcome, int status, const char *text);
static inline uint64_t outcome_request_id(struct world *world) {
    uint64_t id = hash_mix((world->prefix << 16) + ++world->request);
    return id ? id : 1;
}
/* A fresh answer with a request id and what stands in `cell` (NULL: nothing). */
static inline void outcome_stand(struct world *world, struct outcome *outcome, enum result result,
                                 const struct cell *cell) {
    *outcome = (struct outcome){
        .result = result, .request_id = outcome_request_id(world), .absent = true};
    const struct record *record = cell ? history_newest(&cell->history) : NULL;
    if (!record) return;
    outcome->seq = record->seq;
    outcome->version = record->version;
    outcome->state = record_state(record);
    outcome->absent = record_deleted(record);
    outcome->clock = &cell->clock;
}
/* Compares what was sent with what stands. */
void outcome_correct(struct world *world, const struct update *update, const struct place *place,
                     struct outcome *outcome);
/* Takes away what the writer may not read. */
void outcome_veil(const struct update *update, const struct place *place, struct outcome *outcome);
/* Copies everything borrowed into world->scratch. SS_OK or SS_ERR_NOMEM. */
int outcome_keep(struct world *world, struct outcome *outcome);

/* To bytes and back; the views of a decoded one point into `from` and world->scratch. */
void outcome_encode(struct buffer *out, const struct outcome *outcome);
int outcome_decode(struct world *world, struct reader *from, struct outcome *outcome);

#endif
