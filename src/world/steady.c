/* SPDX-License-Identifier: Apache-2.0 */
/* One more version of a live cell that world_prefetch has seen, on top of the version that stands, in a
 * ring with room, in a category without rules, and nothing to note for a journal. Then there is nothing
 * to decide, nothing can fail, and no limit is nearer than before; the way through place.c, judge.c,
 * carry.c and write.c would cost three times as much as the rest of the update. Whatever is not known at
 * a glance goes that way: this one may know less than it, never something else (test_steady.c holds them
 * against each other). */
#include "world/steady.h"

#include "base/status.h"
#include "world/carry.h"
#include "world/effect_log.h"
#include "world/write.h"

/* Nothing but a new state. */
static bool is_plain(const struct update *update) {
    return !update->delete && !update->must_not_exist && !update->base_missing &&
           !update->context.present && update->context.count == 0 && !update->refused &&
           update->base_digest.size == 0 && update->idempotency_key.size == 0;
}

/* The category that was seen, when its cells only want room. */
static const struct space *steady_space(const struct world *world, const struct update *update) {
    uint32_t index = update->seen.space - 1;
    if (index >= world->space_count) return NULL;
    const struct space *space = &world->spaces[index];
    const struct category *policy = space->policy;
    bool same = bytes_equal(space->name, update->category) &&
                update->category.size <= world->config.category_bytes;
    if (!same || !policy || policy->rules || policy->ttl != 0) return NULL;
    return effects_wanted(world, policy->durability) ? NULL : space;
}

/* The cell that was seen, when the writer may write it and it stands at what the writer expects. */
static struct cell *steady_cell(const struct world *world, const struct update *update,
                                const struct category *policy) {
    uint64_t owner = update_owner(update, policy);
    if (update->player == 0 || (policy->scope == SCOPE_SHARED && update->owner != 0) ||
        (policy->write == ACCESS_PROPOSE && !update->server) || update->key.size == 0 ||
        update->key.size > world->config.key_bytes || update->state.size > policy->state_max ||
        !category_may_write(policy, update->player, update->server, owner))
        return NULL;
    struct cell *cell = cell_seen(world, update->seen, owner, update->seen.space - 1, update->key);
    if (!cell || !cell->live || cell->expires) return NULL;
    bool expected = update->expected_version
                        ? update->expected_version == version_wire(cell->version)
                        : !category_locking_required(policy);
    return expected && clock_holds_only(&cell->clock, world->nodes[0]) ? cell : NULL;
}

/* A new version of it, wherever there is room in its ring. */
static bool write_steady(struct world *world, struct cell *cell, const struct space *space,
                         const struct update *update) {
    const struct category *policy = space->policy;
    struct write write = {.state = update->state,
                          .writer = update->player,
                          .origin = update->origin,
                          .latency_ms = latency_of(world, update)};
    struct stamp stamp = {.version = version_next(cell->version, space->floor),
                          .seq = world->seq + 1,
                          .node = world->nodes[0],
                          .time = world->now,
                          .tick = world->tick};
    if (world->config.keep_effects && reserves_versions(space, stamp.version)) return false;
    struct record *record =
        history_push_fitting(&cell->history, update->state.size, policy->history_versions,
                             keep_since(policy, world->now));
    if (!record) return false;
    record_fill(record, &write, &stamp);
    cell->clock.one.counter = cell->version = stamp.version;
    cell->origin = write.origin;
    order_touch(&world->changed, cell->handle);
    world->seq = stamp.seq;
    world->stats.updates++;
    return true;
}

bool update_steady(struct world *world, const struct update *update, struct outcome *outcome) {
    if (!is_plain(update)) return false;
    const struct space *space = steady_space(world, update);
    if (!space) return false;
    const struct category *policy = space->policy;
    struct cell *cell = steady_cell(world, update, policy);
    if (!cell || policy->format->validate(NULL, update->state, &world->why) != SS_OK) return false;
    if (!write_steady(world, cell, space, update)) return false;
    outcome_stand(world, outcome, RESULT_SUCCESS, cell);
    return true;
}
