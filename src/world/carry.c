/* SPDX-License-Identifier: Apache-2.0 */
/* What judge.c decided is done here, and told. */
#include "world/carry.h"

#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/judge.h"
#include "world/proposal.h"
#include "world/version.h"
#include "world/write.h"

/* An update on its way. */
struct carried {
    struct world *world;
    const struct update *update;
    struct place *place;
    struct transaction *transaction;
    struct judgement judgement;
    struct outcome *outcome;
};

static const struct record *standing(const struct place *place) {
    return place->cell ? history_newest(&place->cell->history) : NULL;
}

static struct bytes sent_state(const struct update *update) {
    return update->delete ? (struct bytes){NULL, 0} : update->state;
}

/* Asked before a write: then the base may leave the history. */
static uint32_t base_version_of(const struct carried *carried) {
    const struct record *base = carried->judgement.base;
    return base ? base->version : carried->update->expected_version;
}

static void describe_conflict(struct carried *carried, struct bytes old, uint32_t old_version,
                              uint32_t base_version) {
    const struct judgement *judgement = &carried->judgement;
    carried->outcome->conflict = (struct conflict_view){
        .type = judgement->type,
        .strategy = judgement->strategy,
        .old_state = old,
        .new_state = sent_state(carried->update),
        .resolved_state = carried->outcome->state,
        .old_version = old_version,
        .base_version = base_version,
        .reason = judgement->text,
        .overwritten = judgement->merged ? &carried->world->overwritten : NULL,
    };
}

/* ---- written ------------------------------------------------------------------------------- */

static int write_version(struct carried *carried, struct cell **cell, const char **text) {
    const struct update *update = carried->update;
    struct write write = {.place = carried->place,
                          .state = sent_state(update),
                          .deleted = update->delete,
                          .writer = update->player,
                          .origin = update->origin,
                          .latency_ms = latency_of(carried->world, update)};
    if (carried->judgement.merged) write.state = carried->judgement.state;
    return world_write(carried->world, &write, carried->transaction, cell, text);
}

/* The ring may move or reuse what stood: a conflict keeps a copy of it, made while failing is
 * harmless. */
static int remember_old(struct carried *carried, struct bytes *old, uint32_t *old_version) {
    const struct record *before = standing(carried->place);
    if (!before) return SS_OK;
    *old_version = before->version;
    *old = arena_copy(&carried->world->scratch, record_state(before));
    return old->size == before->size ? SS_OK : SS_ERR_NOMEM;
}

static void do_write(struct carried *carried) {
    bool conflict = carried->judgement.type != CONFLICT_NONE;
    struct bytes old = {NULL, 0};
    uint32_t old_version = 0;
    struct cell *cell;
    const char *text = NULL;
    int status = conflict ? remember_old(carried, &old, &old_version) : SS_OK;
    uint32_t base_version = base_version_of(carried);
    if (status == SS_OK) status = write_version(carried, &cell, &text);
    if (status != SS_OK) {
        outcome_error(carried->outcome, status, text);
        return;
    }
    outcome_stand(carried->world, carried->outcome, RESULT_SUCCESS, cell);
    if (!conflict) return;
    describe_conflict(carried, old, old_version, base_version);
    carried->world->stats.resolutions[carried->judgement.strategy]++;
}

/* ---- not written --------------------------------------------------------------------------- */

static void stand_in_conflict(struct carried *carried) {
    const struct record *record = standing(carried->place);
    outcome_stand(carried->world, carried->outcome, RESULT_CONFLICT, carried->place->cell);
    describe_conflict(carried, carried->outcome->state, record ? record->version : 0,
                      base_version_of(carried));
}

static void do_keep(struct carried *carried) {
    stand_in_conflict(carried);
    carried->world->stats.resolutions[carried->judgement.strategy]++;
}

static struct parked draft_of(const struct carried *carried) {
    const struct update *update = carried->update;
    const struct cell *cell = carried->place->cell;
    const struct record *record = standing(carried->place);
    const struct record *base = judge_base(carried->world, update, cell);
    assert(record); /* there is no conflict with what never was */
    struct parked draft = {.owner = carried->place->owner,
                           .writer = update->player,
                           .space = carried->place->space,
                           .latency_ms = latency_of(carried->world, update),
                           .type = carried->judgement.type,
                           .detected = carried->world->now,
                           .key = carried->place->key,
                           .absent = record_deleted(record),
                           .deletion = update->delete,
                           .old_version = cell->version,
                           .old = record_state(record),
                           .incoming = sent_state(update)};
    if (!base || record_deleted(base)) return draft;
    draft.has_base = true;
    draft.base = record_state(base);
    draft.base_version = version_expand(base->version, cell->version);
    return draft;
}

static void do_park(struct carried *carried) {
    struct parked draft = draft_of(carried), *parked;
    const char *text = "an atomic batch parks nothing: send this update alone";
    int status = SS_ERR_UNAVAILABLE;
    if (!carried->transaction || !carried->transaction->atomic)
        status = conflict_park(carried->world, &draft, carried->transaction, &parked, &text);
    if (status == SS_ERR_NOMEM) {
        outcome_error(carried->outcome, status, NULL);
        return;
    }
    stand_in_conflict(carried);
    struct conflict_view *conflict = &carried->outcome->conflict;
    conflict->base_version = version_wire(draft.base_version);
    conflict->resolved_state = (struct bytes){NULL, 0};
    conflict->reason = text;
    if (status != SS_OK) return;
    conflict->parked = conflict->requires_manual = true;
    memcpy(conflict->id, parked->id, sizeof parked->id);
    if (parked->seq > carried->outcome->seq) carried->outcome->seq = parked->seq;
}

static void do_propose(struct carried *carried) {
    uint64_t id = 0;
    bool refused = carried->transaction && carried->transaction->atomic;
    int status =
        refused ? SS_OK : proposal_add(carried->world, carried->update, carried->transaction, &id);
    if (status != SS_OK) {
        outcome_error(carried->outcome, status,
                      "too many proposed writes wait for a verdict: try again later");
        return;
    }
    carried->judgement.strategy = STRATEGY_MANUAL;
    carried->judgement.text = refused ? "an atomic batch proposes nothing: send this update alone"
                                      : "proposed: waits for the game's verdict";
    stand_in_conflict(carried);
    carried->outcome->proposal = id;
    carried->outcome->conflict.requires_manual = !refused;
}

static void do_tell(struct carried *carried, enum result result) {
    outcome_stand(carried->world, carried->outcome, result, carried->place->cell);
    carried->outcome->message = carried->judgement.text;
}

/* ---- which of them ------------------------------------------------------------------------- */

static void do_it(struct carried *carried) {
    switch (carried->judgement.kind) {
    case DECIDE_WRITE: do_write(carried); return;
    case DECIDE_NOTHING: do_tell(carried, RESULT_SUCCESS); return;
    case DECIDE_KEEP: do_keep(carried); return;
    case DECIDE_PARK: do_park(carried); return;
    case DECIDE_PROPOSE: do_propose(carried); return;
    case DECIDE_STALE: do_tell(carried, RESULT_STALE); return;
    case DECIDE_ERROR:
        outcome_error(carried->outcome, carried->judgement.status, carried->judgement.text);
        return;
    }
}

void carry_out(struct world *world, const struct update *update, struct place *place,
               struct transaction *transaction, struct outcome *outcome) {
    struct carried carried; /* the judgement is set by judge() */
    carried.world = world;
    carried.update = update;
    carried.place = place;
    carried.transaction = transaction;
    carried.outcome = outcome;
    judge(world, update, place, &carried.judgement);
    do_it(&carried);
    enum conflict_type type = carried.judgement.type;
    if (outcome->result == RESULT_ERROR) return;
    assert(outcome->request_id != 0);
    if (type != CONFLICT_NONE) world->stats.conflicts[type]++;
    if (type == CONFLICT_NONE && outcome->result == RESULT_SUCCESS) return;
    outcome_correct(world, update, place, outcome);
    outcome_veil(update, place, outcome);
}
