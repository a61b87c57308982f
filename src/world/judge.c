/* SPDX-License-Identifier: Apache-2.0 */
/* An update is looked at in this order, and the first thing that settles it does:
 *
 *   1. may it be at all?          place.c: shape, limits, category, write rule      -> ERROR
 *   2. was it answered before?    idempotency.c                                     -> the first
 * answer
 *   3. are the bytes of the category's format?                                      -> ERROR
 *   4. `write: propose`           held for the game's verdict                       -> CONFLICT
 *   5. does what it expects exist at all?    must_not_exist, absent, the future     -> CONFLICT,
 * STALE
 *   6. which conflict is it?      DATA_INCONSISTENCY, clock, version                (the contract's
 * order)
 *   7. what does the strategy of the category make of it?
 *   8. is there room?             write.c: cells and bytes of the owner             -> ERROR
 *
 * Steps 3 to 7 stand here. They only look: whatever they decide is done by update.c. */
#include "world/judge.h"

#include <assert.h>
#include <sodium.h>

#include "base/status.h"
#include "world/version.h"

static void keep(struct judgement *judgement, enum conflict_type type, enum strategy strategy,
                 const char *text) {
    judgement->kind = DECIDE_KEEP;
    judgement->type = type;
    judgement->strategy = strategy;
    judgement->text = text;
}

static void stale(struct judgement *judgement, const char *text) {
    judgement->kind = DECIDE_STALE;
    judgement->text = text;
}

static void error(struct judgement *judgement, int status, const char *text) {
    judgement->kind = DECIDE_ERROR;
    judgement->status = status;
    judgement->text = text;
}

static bool is_live(const struct cell *cell) {
    return cell && cell->live;
}

/* ---- 6: which conflict --------------------------------------------------------------------- */

static bool digest_differs(const struct update *update, const struct cell *cell) {
    if (update->base_digest.size == 0 || update->expected_version == 0 || !cell) return false;
    const struct record *record = history_find(&cell->history, update->expected_version);
    if (!record) return false;
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, record->state, record->size);
    return memcmp(digest, update->base_digest.data, 8) != 0;
}

/* Of the cell alone. */
static int judge_state(struct world *world, const struct place *place, struct bytes next) {
    const struct category *policy = place->policy;
    if (!policy->rules || !policy->format->check) return SS_OK;
    if (!is_live(place->cell))
        return policy->format->check(policy->rules, NULL, next, 0, &world->why);
    const struct record *record = history_newest(&place->cell->history);
    struct bytes previous = record_state(record);
    assert(world->now >= record->time);
    return policy->format->check(policy->rules, &previous, next, world->now - record->time,
                                 &world->why);
}

int judge_invariants(struct world *world, const struct place *place, struct asker asker,
                     struct bytes next) {
    int status = judge_state(world, place, next);
    if (status == SS_OK && place->policy->unique) status = unique_check(world, place, asker, next);
    return status;
}

static int judge_next(struct world *world, const struct update *update, const struct place *place,
                      struct bytes next) {
    struct asker asker = {update->player, update->server};
    return update->unique_later ? judge_state(world, place, next)
                                : judge_invariants(world, place, asker, next);
}

static bool version_differs(const struct update *update, const struct place *place) {
    const struct cell *cell = place->cell;
    if (update->expected_version == 0)
        return is_live(cell) && category_locking_required(place->policy);
    return version_expand(update->expected_version, cell->version) != cell->version;
}

/* Types 2 to 4; a tombstone has a clock like any other version. */
static enum conflict_type order_conflict(const struct update *update, const struct place *place) {
    if (update->context.present && place->cell) {
        enum clock_order order = clock_compare(&update->context, &place->cell->clock);
        if (order == CLOCK_DIVERGED) return CONFLICT_VECTOR_CLOCK;
        if (order == CLOCK_BEHIND) return CONFLICT_CONCURRENT_UPDATE;
    }
    return version_differs(update, place) ? CONFLICT_VERSION_MISMATCH : CONFLICT_NONE;
}

/* ---- 7: strategies ------------------------------------------------------------------------- */

static ss_time action_time(const struct record *record) {
    return record->time - record->latency_ms * SS_MILLISECOND;
}

static bool wins_race(const struct world *world, const struct update *update,
                      const struct place *place) {
    if (place->policy->lww_order == LWW_ARRIVAL) return true;
    if (update->expected_version && !version_differs(update, place)) return true;
    const struct record *record = history_newest(&place->cell->history);
    ss_time latency = time_min(update->latency_ms * SS_MILLISECOND, world->config.max_rewind);
    ss_time mine = world->now - latency, theirs = action_time(record);
    return mine > theirs || (mine == theirs && update->player >= record->writer);
}

static const struct record *covered(const struct world *world, const struct context *context,
                                    const struct cell *cell) {
    const struct record *found = NULL;
    for (const struct record *record = history_oldest(&cell->history); record;
         record = history_newer(&cell->history, record)) {
        uint64_t version = version_expand(record->version, cell->version);
        if (context_covers(context, world->nodes[record->node], version)) found = record;
    }
    return found;
}

const struct record *judge_base(const struct world *world, const struct update *update,
                                const struct cell *cell) {
    if (!cell) return NULL;
    if (update->expected_version) return history_find(&cell->history, update->expected_version);
    return update->context.present ? covered(world, &update->context, cell) : NULL;
}

static void judge_merged(struct world *world, const struct update *update,
                         const struct place *place, struct judgement *judgement) {
    judgement->state = buffer_view(&world->merged);
    judgement->merged = true;
    if (judgement->state.size > place->policy->state_max) {
        keep(judgement, judgement->type, STRATEGY_MERGE,
             "the merged state is larger than the category allows");
    } else if (judge_next(world, update, place, judgement->state) != SS_OK) {
        keep(judgement, CONFLICT_DATA_INCONSISTENCY, STRATEGY_KEEP_OLD, world->why.text);
    }
}

static void merge(struct world *world, const struct update *update, const struct place *place,
                  struct judgement *judgement) {
    const struct category *policy = place->policy;
    struct bytes standing = record_state(history_newest(&place->cell->history));
    buffer_clear(&world->merged);
    buffer_clear(&world->overwritten.text);
    world->overwritten.count = world->overwritten.more = 0;
    world->why.text[0] = 0;
    switch (policy->format->merge(policy->rules, record_state(judgement->base), standing,
                                  update->state, &world->merged, &world->overwritten,
                                  &world->why)) {
    case MERGE_DONE: judge_merged(world, update, place, judgement); return;
    case MERGE_MUST_PARK:
        judgement->kind = DECIDE_PARK;
        judgement->strategy = STRATEGY_MANUAL;
        return;
    case MERGE_REFUSED:
    case MERGE_IMPOSSIBLE:
        keep(judgement, judgement->type, STRATEGY_MERGE, world->why.text);
        return;
    case MERGE_NO_MEMORY: error(judgement, SS_ERR_NOMEM, NULL); return;
    }
}

/* An edit beats a deletion, whichever came first. */
static void judge_merge(struct world *world, const struct update *update, const struct place *place,
                        struct judgement *judgement) {
    if (update->delete) {
        keep(judgement, judgement->type, STRATEGY_MERGE,
             "the cell was edited since: an edit beats a deletion");
    } else if (!is_live(place->cell)) {
        judgement->kind = DECIDE_WRITE;
    } else {
        judgement->base = judge_base(world, update, place->cell);
        if (!judgement->base || record_deleted(judgement->base)) {
            stale(judgement, "the version that this builds on is not kept: take a snapshot");
        } else {
            merge(world, update, place, judgement);
        }
    }
}

static void judge_conflict(struct world *world, const struct update *update,
                           const struct place *place, struct judgement *judgement) {
    if (update->hard_version && update->expected_version && version_differs(update, place)) {
        keep(judgement, judgement->type, STRATEGY_KEEP_OLD,
             "expected_version is a condition in an atomic batch");
        return;
    }
    judgement->strategy = place->policy->strategy;
    switch (place->policy->strategy) {
    case STRATEGY_LAST_WRITE_WINS:
        if (!wins_race(world, update, place))
            keep(judgement, judgement->type, STRATEGY_LAST_WRITE_WINS, "a later write stands");
        break;
    case STRATEGY_MERGE: judge_merge(world, update, place, judgement); break;
    case STRATEGY_MANUAL: judgement->kind = DECIDE_PARK; break;
    default: keep(judgement, judgement->type, STRATEGY_KEEP_OLD, NULL); break;
    }
}

/* ---- 3 to 7 -------------------------------------------------------------------------------- */

/* Step 5; false when nothing more is to be asked. */
static bool exists_as_expected(const struct update *update, const struct cell *cell,
                               struct judgement *judgement) {
    if (update->must_not_exist && is_live(cell)) {
        keep(judgement, CONFLICT_VERSION_MISMATCH, STRATEGY_KEEP_OLD, "the cell exists already");
    } else if (update->expected_version && !is_live(cell)) {
        stale(judgement, "there is no such cell: create it with expected_version 0");
    } else if (update->expected_version &&
               version_expand(update->expected_version, cell->version) == 0) {
        stale(judgement, "expected_version is one that was never given: take a snapshot");
    } else if (update->delete &&!is_live(cell)) {
        judgement->kind = DECIDE_NOTHING;
    } else {
        return true;
    }
    return false;
}

static bool inconsistent(struct world *world, const struct update *update,
                         const struct place *place, const char **text) {
    *text = update->refused;
    if (update->refused) return true;
    *text = "base_digest is not that of the state at expected_version";
    if (digest_differs(update, place->cell)) return true;
    *text = world->why.text;
    return !update->delete &&judge_next(world, update, place, update->state) != SS_OK;
}

void judge(struct world *world, const struct update *update, const struct place *place,
           struct judgement *judgement) {
    const struct category *policy = place->policy;
    *judgement = (struct judgement){.kind = DECIDE_WRITE};
    if (update->base_missing) {
        stale(judgement, "the version that this delta builds on is not kept: send the whole state");
        return;
    }
    if (!update->delete) {
        judgement->state = update->state;
        if (policy->format->validate(policy->rules, update->state, &world->why) != SS_OK) {
            error(judgement, SS_ERR_INVALID, world->why.text);
            return;
        }
    }
    if (policy->write == ACCESS_PROPOSE && !update->server && !update->verdict &&
        !update->refused) {
        judgement->kind = DECIDE_PROPOSE;
        return;
    }
    if (!exists_as_expected(update, place->cell, judgement)) return;
    const char *text;
    if (inconsistent(world, update, place, &text)) {
        keep(judgement, CONFLICT_DATA_INCONSISTENCY, STRATEGY_KEEP_OLD, text);
        return;
    }
    judgement->type = order_conflict(update, place);
    if (judgement->type != CONFLICT_NONE) judge_conflict(world, update, place, judgement);
    assert(judgement->kind != DECIDE_KEEP || judgement->type != CONFLICT_NONE);
}
