/* SPDX-License-Identifier: Apache-2.0 */
/* A decision is checked like a write, written like a write, and closes the conflict in the same
 * transaction. Whoever decided against a state that has moved on is shown the new one first. */
#include <assert.h>
#include <sodium.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/judge.h"
#include "world/outcome.h"
#include "world/write.h"

/* A resolution on its way. */
struct resolving {
    struct world *world;
    const struct resolution *resolution;
    struct parked *parked;
    struct place place;
    uint8_t digest[EFFECT_DIGEST_SIZE];
    bool writes; /* what is decided becomes a version */
    struct write write;
};

static int fail(struct resolved *resolved, int status, const char *text) {
    resolved->status = status;
    resolved->message = status == SS_ERR_NOMEM ? "out of memory: the conflict is still open" : text;
    return status;
}

static void custom_digest(const struct resolution *resolution, uint8_t digest[EFFECT_DIGEST_SIZE]) {
    uint8_t full[crypto_hash_sha256_BYTES];
    memset(digest, 0, EFFECT_DIGEST_SIZE);
    if (resolution->strategy != STRATEGY_MANUAL) return;
    crypto_hash_sha256(full, resolution->custom.data, resolution->custom.size);
    memcpy(digest, full, EFFECT_DIGEST_SIZE);
}

/* ---- what stands --------------------------------------------------------------------------- */

static const struct record *standing(const struct resolving *resolving) {
    const struct cell *cell = resolving->place.cell;
    return cell ? history_newest(&cell->history) : NULL;
}

static struct bytes standing_state(const struct resolving *resolving) {
    const struct record *record = standing(resolving);
    return record ? record_state(record) : (struct bytes){NULL, 0};
}

static bool standing_absent(const struct resolving *resolving) {
    return !resolving->place.cell || !resolving->place.cell->live;
}

static bool moved_on(const struct resolving *resolving) {
    const struct cell *cell = resolving->place.cell;
    return (cell ? cell->version : 0) != resolving->parked->old_version;
}

static int show_what_moved(struct resolving *resolving, struct resolved *resolved) {
    const struct cell *cell = resolving->place.cell;
    if (conflict_refresh(resolving->world, resolving->parked, cell ? cell->version : 0,
                         standing_absent(resolving), standing_state(resolving)) != SS_OK)
        return fail(resolved, SS_ERR_NOMEM, NULL);
    resolved->seq = resolving->parked->seq;
    resolved->conflict = conflict_view_of(resolving->parked);
    return fail(resolved, SS_ERR_CONFLICT,
                "the cell has moved on: look at old_state and decide again");
}

/* ---- what is decided ----------------------------------------------------------------------- */

static int invariants(const struct resolving *resolving, struct bytes next) {
    struct asker asker = {resolving->resolution->player, resolving->resolution->server};
    return judge_invariants(resolving->world, &resolving->place, asker, next);
}

static int decide_incoming(struct resolving *resolving, struct resolved *resolved) {
    const struct parked *parked = resolving->parked;
    struct world *world = resolving->world;
    resolving->writes = !(parked->deletion && standing_absent(resolving));
    resolving->write.state = parked->incoming;
    resolving->write.deleted = parked->deletion;
    resolving->write.writer = parked->writer;
    resolving->write.latency_ms = parked->latency_ms;
    if (!parked->deletion && invariants(resolving, parked->incoming) != SS_OK)
        return fail(resolved, SS_ERR_INVALID, world->why.text);
    return SS_OK;
}

static int decide_custom(struct resolving *resolving, struct resolved *resolved) {
    const struct category *policy = resolving->place.policy;
    struct world *world = resolving->world;
    struct bytes custom = resolving->resolution->custom;
    if (custom.size > policy->state_max)
        return fail(resolved, SS_ERR_TOO_LARGE,
                    "custom_resolved_state is larger than the category allows");
    if (policy->format->validate(policy->rules, custom, &world->why) != SS_OK ||
        invariants(resolving, custom) != SS_OK)
        return fail(resolved, SS_ERR_INVALID, world->why.text);
    resolving->writes = true;
    resolving->write.state = custom;
    resolving->write.writer = resolving->resolution->player;
    return SS_OK;
}

static int run_merge(struct resolving *resolving, struct resolved *resolved) {
    const struct category *policy = resolving->place.policy;
    const struct parked *parked = resolving->parked;
    struct world *world = resolving->world;
    buffer_clear(&world->merged);
    buffer_clear(&world->overwritten.text);
    world->overwritten.count = world->overwritten.more = 0;
    world->why.text[0] = 0;
    switch (policy->format->merge(policy->rules, parked->base, standing_state(resolving),
                                  parked->incoming, &world->merged, &world->overwritten,
                                  &world->why)) {
    case MERGE_DONE: resolving->write.state = buffer_view(&world->merged); return SS_OK;
    case MERGE_NO_MEMORY: return fail(resolved, SS_ERR_NOMEM, NULL);
    case MERGE_MUST_PARK:
        return fail(resolved, SS_ERR_INVALID,
                    "a field that must be decided by hand collides: send the state with MANUAL");
    default: return fail(resolved, SS_ERR_INVALID, world->why.text);
    }
}

/* An edit beats a deletion here too: on an absent cell the parked edit stands as it is. */
static int decide_merge(struct resolving *resolving, struct resolved *resolved) {
    const struct category *policy = resolving->place.policy;
    const struct parked *parked = resolving->parked;
    if (parked->deletion)
        return fail(resolved, SS_ERR_INVALID, "a deletion cannot be merged: apply it or drop it");
    if (standing_absent(resolving)) return decide_incoming(resolving, resolved);
    if (!policy->format->can_merge)
        return fail(resolved, SS_ERR_INVALID, "states of this category cannot be merged");
    if (!parked->has_base)
        return fail(resolved, SS_ERR_INVALID,
                    "the version that the write was built on is not known: it cannot be merged");
    int status = run_merge(resolving, resolved);
    if (status != SS_OK) return status;
    resolving->writes = true;
    resolving->write.writer = parked->writer;
    if (resolving->write.state.size > policy->state_max)
        return fail(resolved, SS_ERR_TOO_LARGE,
                    "the merged state is larger than the category allows");
    if (invariants(resolving, resolving->write.state) != SS_OK)
        return fail(resolved, SS_ERR_INVALID, resolving->world->why.text);
    return SS_OK;
}

static int choose(struct resolving *resolving, struct resolved *resolved) {
    enum strategy strategy = resolving->resolution->strategy;
    bool exact = strategy == STRATEGY_LAST_WRITE_WINS || strategy == STRATEGY_MANUAL;
    if (exact && moved_on(resolving)) return show_what_moved(resolving, resolved);
    switch (strategy) {
    case STRATEGY_LAST_WRITE_WINS: return decide_incoming(resolving, resolved);
    case STRATEGY_MERGE: return decide_merge(resolving, resolved);
    case STRATEGY_MANUAL: return decide_custom(resolving, resolved);
    default: assert(strategy == STRATEGY_KEEP_OLD); return SS_OK;
    }
}

/* ---- doing it ------------------------------------------------------------------------------ */

static void note_decision(struct resolving *resolving, struct bytes resolved) {
    struct world *world = resolving->world;
    struct parked *parked = resolving->parked;
    const struct record *record = standing(resolving);
    struct decision decision = {.strategy = resolving->resolution->strategy,
                                .version = record ? record->version : 0,
                                .absent = standing_absent(resolving),
                                .time = world->now};
    memcpy(decision.digest, resolving->digest, sizeof decision.digest);
    parked->seq = record ? record->seq : 0;
    conflict_decide(world, parked, &decision, resolved);
    if (effects_wanted(world, resolving->place.policy->durability)) {
        parked->seq = ++world->seq;
        effect_decide(world, parked, parked->seq);
    }
    world->stats.resolutions[decision.strategy]++;
}

static int apply(struct resolving *resolving, struct transaction *transaction,
                 struct bytes *resolved_state, struct resolved *resolved) {
    struct world *world = resolving->world;
    struct bytes state = resolving->writes ? resolving->write.state : standing_state(resolving);
    const char *text = NULL;
    size_t room = effect_write_size(resolving->place.category, resolving->place.key,
                                    &(struct clock){.count = CLOCK_ENTRIES_MAX}, state) +
                  effect_floor_size(resolving->place.category) + state.size;
    if (bytes_own(world, state, resolved_state) != SS_OK ||
        conflict_prepare(world, resolving->parked, room) != SS_OK)
        return fail(resolved, SS_ERR_NOMEM, NULL);
    if (!resolving->writes) return SS_OK;
    resolving->write.place = &resolving->place;
    int status = world_write(world, &resolving->write, transaction, &resolving->place.cell, &text);
    return status == SS_OK ? SS_OK : fail(resolved, status, text);
}

static int carry_out(struct resolving *resolving, struct resolved *resolved) {
    struct transaction transaction;
    struct bytes resolved_state = {NULL, 0};
    if (transaction_begin(&transaction, resolving->world, 1) != SS_OK)
        return fail(resolved, SS_ERR_NOMEM, NULL);
    int status = apply(resolving, &transaction, &resolved_state, resolved);
    if (status != SS_OK) {
        bytes_drop(resolving->world, &resolved_state);
        transaction_rollback(&transaction);
        return status;
    }
    note_decision(resolving, resolved_state);
    transaction_commit(&transaction);
    return SS_OK;
}

/* ---- the call ------------------------------------------------------------------------------ */

/* The same answer again is the same success; any other comes too late. */
static void repeat(const struct resolving *resolving, struct resolved *resolved) {
    const struct parked *parked = resolving->parked;
    conflict_report(resolving->world, parked, resolved);
    resolved->repeated = true;
    if (parked->strategy == resolving->resolution->strategy &&
        memcmp(parked->digest, resolving->digest, sizeof parked->digest) == 0)
        return;
    resolved->success = false;
    fail(resolved, SS_ERR_INVALID,
         parked->expired ? "nobody decided in time: what stood was kept"
                         : "the conflict was decided in another way already");
}

static int admit(const struct world *world, const struct resolution *resolution,
                 const struct parked *parked, struct resolved *resolved) {
    if (!parked)
        return fail(resolved, SS_ERR_NOT_FOUND,
                    "no such conflict: it is unknown, or was decided long ago");
    if (!conflict_may_resolve(world, parked, resolution->player, resolution->server))
        return fail(resolved, SS_ERR_DENIED, "the category lets somebody else decide this");
    if (resolution->strategy < STRATEGY_LAST_WRITE_WINS || resolution->strategy > STRATEGY_MANUAL)
        return fail(resolved, SS_ERR_INVALID,
                    "strategy must be LAST_WRITE_WINS, MERGE, KEEP_OLD or MANUAL");
    return SS_OK;
}

void world_resolve(struct world *world, const struct resolution *resolution, ss_time now,
                   struct resolved *resolved) {
    world_begin(world, now);
    *resolved = (struct resolved){.status = SS_OK};
    struct resolving resolving = {.world = world, .resolution = resolution};
    struct parked *parked = resolving.parked = conflict_find(world, resolution->id);
    if (admit(world, resolution, parked, resolved) != SS_OK) return;
    custom_digest(resolution, resolving.digest);
    if (parked->decided) {
        repeat(&resolving, resolved);
        return;
    }
    resolving.place = place_of(world, parked->owner, parked->space, parked->key);
    int status = choose(&resolving, resolved);
    if (status == SS_OK) status = carry_out(&resolving, resolved);
    if (status == SS_OK) {
        conflict_report(world, parked, resolved);
    } else {
        resolved->cell = conflict_cell(world, parked);
        resolved->writer = parked->writer;
    }
    assert(resolved->success == (resolved->status == SS_OK));
}
