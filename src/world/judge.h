/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - what an admitted update means for the state that stands. Internal to world/. */
#ifndef WORLD_JUDGE_H
#define WORLD_JUDGE_H

#include "world/unique.h"

enum decision_kind {
    DECIDE_WRITE,   /* SUCCESS: `state` becomes a version */
    DECIDE_NOTHING, /* SUCCESS without a version: it is so already */
    DECIDE_KEEP,    /* CONFLICT: what stands goes on standing */
    DECIDE_PARK,    /* CONFLICT: somebody must decide */
    DECIDE_PROPOSE, /* CONFLICT: the game must decide */
    DECIDE_STALE,
    DECIDE_ERROR,
};

struct judgement {
    enum decision_kind kind;
    enum conflict_type type; /* NONE: there was no conflict */
    enum strategy strategy;  /* with a type: how it was settled */
    struct bytes state;      /* sent, or in world->merged */
    bool merged;             /* world->overwritten tells what lost */
    const struct record *base;
    int status;       /* of ERROR */
    const char *text; /* static or in world->why, or NULL */
};

/* Changes nothing but world->merged, ->overwritten and ->why. */
void judge(struct world *world, const struct update *update, const struct place *place,
           struct judgement *judgement);
/* The version that the update builds on, NULL when unknown: merges and parked writes keep it. */
const struct record *judge_base(const struct world *world, const struct update *update,
                                const struct cell *cell);
/* Bounds, speed and whatever else the category declares, of `next` on what stands at `place`; and
 * that no other cell has its unique values. SS_OK, or SS_ERR_INVALID with world->why. */
int judge_invariants(struct world *world, const struct place *place, struct asker asker,
                     struct bytes next);

#endif
