/* SPDX-License-Identifier: Apache-2.0 */
/* All or nothing: the updates are carried out one after the other in one transaction, so that a
 * later one sees what an earlier one did; the first that does not succeed undoes them all. */
#include <assert.h>

#include "base/status.h"
#include "world/carry.h"
#include "world/idempotency.h"
#include "world/unique.h"

struct batch {
    struct world *world;
    const struct update *updates;
    size_t count;
    struct bytes key;
    struct outcome *outcomes;
};

#define ANOTHER_FAILED "another update of the batch failed"

static void fail_all(const struct batch *batch, int status, const char *text) {
    for (size_t i = 0; i < batch->count; i++)
        outcome_error(&batch->outcomes[i], status, text);
}

/* Where each update stands after all: nothing of the batch has happened. */
static void stand_alone(const struct batch *batch, size_t i) {
    const struct update *update = &batch->updates[i];
    struct outcome *outcome = &batch->outcomes[i];
    struct place place;
    const char *text;
    if (place_admit(batch->world, update, &place, &text) != SS_OK) return;
    outcome_stand(batch->world, outcome, RESULT_CONFLICT, place.cell);
    outcome->conflict.strategy = STRATEGY_KEEP_OLD;
    outcome->conflict.reason = ANOTHER_FAILED;
    outcome_correct(batch->world, update, &place, outcome);
    outcome->correction = (struct bytes){NULL, 0};
    outcome_veil(update, &place, outcome);
}

/* The culprit keeps its own result and reason, told against what stands after all. */
static void stand_culprit(const struct batch *batch, size_t i) {
    struct outcome *outcome = &batch->outcomes[i];
    if (outcome->result == RESULT_ERROR) return;
    struct outcome met = *outcome;
    stand_alone(batch, i);
    outcome->result = met.result;
    outcome->message = met.message;
    met.conflict.old_state = met.conflict.resolved_state = outcome->state;
    met.conflict.old_version = outcome->version;
    outcome->conflict = met.conflict;
}

/* ---- before anything happens --------------------------------------------------------------- */

/* False when some update can be refused as it is; each tells its own reason. */
static bool admit_all(const struct batch *batch, enum durability *strongest) {
    size_t refused = 0, in_memory = 0;
    *strongest = DURABILITY_MEMORY;
    for (size_t i = 0; i < batch->count; i++) {
        struct place place;
        const char *text = "in an atomic batch only the batch has an idempotency_key";
        int status = SS_ERR_INVALID;
        batch->outcomes[i] = (struct outcome){.result = RESULT_UNKNOWN};
        if (batch->updates[i].idempotency_key.size == 0)
            status = place_admit(batch->world, &batch->updates[i], &place, &text);
        if (status != SS_OK) {
            outcome_error(&batch->outcomes[i], status, text);
            outcome_keep(batch->world, &batch->outcomes[i]);
            refused++;
            continue;
        }
        in_memory += place.policy->durability == DURABILITY_MEMORY;
        if (place.policy->durability > *strongest) *strongest = place.policy->durability;
    }
    if (refused == 0 && in_memory != 0 && in_memory != batch->count) {
        fail_all(batch, SS_ERR_INVALID, "an atomic batch cannot mix durability memory with others");
        return false;
    }
    for (size_t i = 0; i < batch->count && refused; i++)
        if (batch->outcomes[i].result == RESULT_UNKNOWN) stand_alone(batch, i);
    return refused == 0;
}

static bool admit_batch(const struct batch *batch) {
    if (batch->count > WORLD_ATOMIC_MAX) {
        fail_all(batch, SS_ERR_TOO_LARGE, "an atomic batch has at most 256 updates");
    } else if (batch->key.size > IDEMPOTENCY_KEY_MAX) {
        fail_all(batch, SS_ERR_TOO_LARGE, "idempotency_key is longer than 64 bytes");
    } else {
        return true;
    }
    return false;
}

/* ---- doing it ------------------------------------------------------------------------------ */

/* Another cell has a unique value of the cell that update i wrote: world->why says which. */
static bool value_taken(const struct batch *batch, size_t i) {
    const struct update *update = &batch->updates[i];
    struct asker asker = {update->player, update->server};
    struct place place;
    const char *text;
    if (place_admit(batch->world, update, &place, &text) != SS_OK) return false;
    if (!place.cell || !place.cell->live) return false;
    struct bytes state = record_state(history_newest(&place.cell->history));
    return unique_check(batch->world, &place, asker, state) != SS_OK;
}

static void refuse_value(const struct batch *batch, size_t i) {
    struct outcome *outcome = &batch->outcomes[i];
    outcome->result = RESULT_CONFLICT;
    outcome->conflict = (struct conflict_view){.type = CONFLICT_DATA_INCONSISTENCY,
                                               .strategy = STRATEGY_KEEP_OLD,
                                               .new_state = batch->updates[i].state,
                                               .base_version = batch->updates[i].expected_version,
                                               .reason = batch->world->why.text};
    if (outcome_keep(batch->world, outcome) != SS_OK) outcome_error(outcome, SS_ERR_NOMEM, NULL);
}

/* A unique value that another cell has is only doubtful, as a later update may take it from there:
 * that is judged when all of the batch stands. */
static void carry_one(const struct batch *batch, size_t i, struct transaction *transaction,
                      bool *doubtful) {
    struct outcome *outcome = &batch->outcomes[i];
    struct update update = batch->updates[i];
    struct place place;
    const char *text;
    update.hard_version = update.unique_later = true;
    int status = place_admit(batch->world, &update, &place, &text);
    if (status == SS_OK) {
        carry_out(batch->world, &update, &place, transaction, outcome);
    } else {
        outcome_error(outcome, status, text);
    }
    if (outcome_keep(batch->world, outcome) != SS_OK) outcome_error(outcome, SS_ERR_NOMEM, NULL);
    *doubtful = status == SS_OK && place.policy->unique && value_taken(batch, i);
}

/* The first that did not succeed; `count` when all did. */
static size_t carry_all(const struct batch *batch, struct transaction *transaction) {
    bool doubtful[WORLD_ATOMIC_MAX];
    for (size_t i = 0; i < batch->count; i++) {
        carry_one(batch, i, transaction, &doubtful[i]);
        if (batch->outcomes[i].result != RESULT_SUCCESS) return i;
    }
    for (size_t i = 0; i < batch->count; i++)
        if (doubtful[i] && value_taken(batch, i)) {
            refuse_value(batch, i);
            return i;
        }
    return batch->count;
}

static void undo(const struct batch *batch, struct transaction *transaction, size_t culprit,
                 enum durability durability) {
    transaction_rollback(transaction);
    for (size_t i = 0; i < batch->count; i++) {
        if (i != culprit) stand_alone(batch, i);
    }
    stand_culprit(batch, culprit);
    if (batch->key.size == 0 || batch->outcomes[culprit].result == RESULT_ERROR) return;
    if (key_note(batch->world, batch->updates, batch->count, batch->key, batch->outcomes,
                 durability) != SS_OK)
        fail_all(batch, SS_ERR_NOMEM, NULL);
}

static void run(const struct batch *batch, enum durability durability) {
    struct transaction transaction;
    if (transaction_begin(&transaction, batch->world, batch->count) != SS_OK) {
        fail_all(batch, SS_ERR_NOMEM, NULL);
        return;
    }
    transaction.atomic = true;
    size_t culprit = carry_all(batch, &transaction);
    if (culprit < batch->count) {
        undo(batch, &transaction, culprit, durability);
    } else if (batch->key.size && key_note(batch->world, batch->updates, batch->count, batch->key,
                                           batch->outcomes, durability) != SS_OK) {
        transaction_rollback(&transaction);
        fail_all(batch, SS_ERR_NOMEM, NULL);
    } else {
        transaction_commit(&transaction);
    }
}

void world_batch(struct world *world, const struct update *updates, size_t count,
                 struct bytes idempotency_key, ss_time now, struct outcome *outcomes) {
    struct batch batch = {world, updates, count, idempotency_key, outcomes};
    enum durability durability;
    world_begin(world, now);
    if (count == 0) return;
    if (admit_batch(&batch) && admit_all(&batch, &durability) &&
        !(idempotency_key.size && key_replay(world, updates, count, idempotency_key, outcomes)))
        run(&batch, durability);
    for (size_t i = 0; i < count; i++) {
        assert(outcomes[i].result != RESULT_UNKNOWN && outcomes[i].result < RESULT_COUNT);
        world->stats.results[outcomes[i].result]++;
    }
}
