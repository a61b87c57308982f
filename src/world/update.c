/* SPDX-License-Identifier: Apache-2.0 */
/* One update: admitted, perhaps answered from memory, else carried out. */
#include <assert.h>

#include "base/status.h"
#include "world/carry.h"
#include "world/idempotency.h"
#include "world/steady.h"

/* The write and the memory of its answer hold together, or neither. */
static void update_with_key(struct world *world, const struct update *update, struct place *place,
                            struct outcome *outcome) {
    struct bytes key = update->idempotency_key;
    struct transaction transaction;
    if (key_replay(world, update, 1, key, outcome)) return;
    if (transaction_begin(&transaction, world, 1) != SS_OK) {
        outcome_error(outcome, SS_ERR_NOMEM, NULL);
        return;
    }
    carry_out(world, update, place, &transaction, outcome);
    enum durability durability = place->policy->durability;
    if (outcome->result != RESULT_ERROR &&
        key_note(world, update, 1, key, outcome, durability) != SS_OK)
        outcome_error(outcome, SS_ERR_NOMEM, NULL);
    if (outcome->result == RESULT_ERROR) {
        transaction_rollback(&transaction);
    } else {
        transaction_commit(&transaction);
    }
}

static void update_any(struct world *world, const struct update *update, struct outcome *outcome) {
    struct place place;
    const char *text = NULL;
    int status = place_admit(world, update, &place, &text);
    if (status != SS_OK) {
        outcome_error(outcome, status, text);
    } else if (update->idempotency_key.size == 0) {
        carry_out(world, update, &place, NULL, outcome);
    } else {
        update_with_key(world, update, &place, outcome);
    }
}

void world_update(struct world *world, const struct update *update, ss_time now,
                  struct outcome *outcome) {
    world_begin(world, now);
    if (!update_steady(world, update, outcome)) update_any(world, update, outcome);
    assert(outcome->result != RESULT_UNKNOWN && outcome->result < RESULT_COUNT);
    world->stats.results[outcome->result]++;
}
