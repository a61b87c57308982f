/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that ends by itself stands in a list, the oldest first, so that a tick looks only at
 * heads. When memory or the budget runs out, the rest waits for the next tick. */
#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/idempotency.h"
#include "world/outcome.h"
#include "world/session.h"
#include "world/write.h"

static struct cell *oldest(struct list *head) {
    return LIST_ENTRY(head->next, struct cell, expiry);
}

static ss_time end_of(const struct cell *cell, ss_time span) {
    return time_add(history_newest(&cell->history)->time, span);
}

/* ---- cells --------------------------------------------------------------------------------- */

static void expire_lives(struct world *world, uint32_t space, size_t *budget) {
    struct list *lives = &world->spaces[space].lives;
    while (*budget && !list_empty(lives)) {
        ss_time ttl = world->spaces[space].policy->ttl;
        struct cell *cell = oldest(lives);
        assert(cell->live);
        assert(ttl > 0);
        if (end_of(cell, ttl) > world->now) return;
        if (cell_bury(world, cell) != SS_OK) return;
        --*budget;
    }
}

static void expire_graves(struct world *world, uint32_t index, size_t *budget) {
    struct space *space = &world->spaces[index];
    while (*budget && !list_empty(&space->graves)) {
        struct cell *cell = oldest(&space->graves);
        assert(!cell->live);
        if (end_of(cell, space->policy->history_span) > world->now) return;
        if (effects_wanted(world, space->policy->durability)) {
            if (effects_reserve(world, effect_forget_size(space->name, cell_key(cell)))) return;
            effect_forget(world, cell, ++world->seq);
        }
        cell_forget_grave(world, cell);
        --*budget;
    }
}

/* ---- conflicts ----------------------------------------------------------------------------- */

/* Nobody decided: what stands is kept. */
static int keep_old(struct world *world, struct parked *parked) {
    struct cell_view view = conflict_cell(world, parked);
    struct decision decision = {.strategy = STRATEGY_KEEP_OLD,
                                .version = view.version,
                                .absent = view.deleted,
                                .expired = true,
                                .time = world->now};
    bool noted = effects_wanted(world, world->spaces[parked->space].policy->durability);
    struct bytes resolved;
    if (conflict_prepare(world, parked, view.state.size) != SS_OK ||
        bytes_own(world, view.state, &resolved) != SS_OK)
        return SS_ERR_NOMEM;
    parked->seq = noted ? ++world->seq : view.seq;
    conflict_decide(world, parked, &decision, resolved);
    if (noted) effect_decide(world, parked, parked->seq);
    world->stats.resolutions[STRATEGY_KEEP_OLD]++;
    return SS_OK;
}

static void expire_parked(struct world *world, size_t *budget) {
    struct list *open = &world->conflicts->open;
    while (*budget && !list_empty(open)) {
        struct parked *parked = LIST_ENTRY(open->next, struct parked, link);
        if (time_add(parked->detected, world->config.parked_life) > world->now) return;
        if (keep_old(world, parked) != SS_OK) return;
        --*budget;
    }
}

/* ---- what is only remembered --------------------------------------------------------------- */

static size_t expire_decided(struct world *world, size_t *budget) {
    struct list *decided = &world->conflicts->decided;
    size_t noted = 0;
    while (*budget && !list_empty(decided)) {
        struct parked *parked = LIST_ENTRY(decided->next, struct parked, link);
        if (time_add(parked->decided_at, world->config.decided_life) > world->now) break;
        noted += world->spaces[parked->space].policy->durability != DURABILITY_MEMORY;
        conflict_oldest_decided_forget(world);
        --*budget;
    }
    return noted;
}

static size_t expire_keys(struct world *world, size_t *budget) {
    struct list *order = &world->keys->order;
    size_t noted = 0;
    while (*budget && !list_empty(order)) {
        struct remembered *remembered = LIST_ENTRY(order->next, struct remembered, all);
        if (time_add(remembered->time, world->config.keys_life) > world->now) break;
        noted += remembered->journaled;
        key_forget(world, remembered);
        --*budget;
    }
    return noted;
}

static void expire_remembered(struct world *world, size_t *budget) {
    if (effects_reserve(world, EFFECT_EXPIRE_SIZE) != SS_OK) return;
    size_t keys = expire_keys(world, budget);
    size_t decided = expire_decided(world, budget);
    if (world->config.keep_effects && keys + decided > 0)
        effect_expire(world, keys, decided, ++world->seq);
}

void world_tick(struct world *world, ss_time now, size_t budget) {
    world_begin(world, now);
    session_expire(world, &budget);
    for (uint32_t i = 0; i < world->space_count && budget; i++) {
        expire_lives(world, i, &budget);
        expire_graves(world, i, &budget);
    }
    expire_parked(world, &budget);
    expire_remembered(world, &budget);
    world->tick++;
}
