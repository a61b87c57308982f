/* SPDX-License-Identifier: Apache-2.0 */
#include "world/follow.h"

#include <assert.h>

#include "base/status.h"
#include "world/round.h"

/* ---- categories ---------------------------------------------------------------------------- */

static const struct category *declared(const struct category *const *categories, size_t count,
                                       const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(categories[i]->name, name) == 0) return categories[i];
    return NULL;
}

int follow_check(const struct category *const *categories, size_t count,
                 const struct category *fallback, struct reason *why) {
    for (size_t i = 0; i < count; i++) {
        const struct category *policy = categories[i];
        if (!policy->follows) continue;
        const struct category *leader = declared(categories, count, policy->follows);
        const char *wrong = category_follow_wrong(policy, leader);
        if (!wrong) continue;
        reason_set(why, "category %s follows %s, but %s", policy->name, policy->follows, wrong);
        return SS_ERR_INVALID;
    }
    if (!fallback || !fallback->follows) return SS_OK;
    reason_set(why, "undeclared categories cannot follow %s: declare those that shall",
               fallback->follows);
    return SS_ERR_INVALID;
}

static uint32_t leader_in(const struct world *world, const struct space *space) {
    const char *name = space->policy ? space->policy->follows : NULL;
    return name ? space_find(world, bytes_of(name)) : SPACE_NONE;
}

bool follow_link(struct world *world) {
    struct space *spaces = world->spaces;
    bool changed = false;
    world->following = 0;
    for (size_t i = 0; i < world->space_count; i++)
        spaces[i].followers = spaces[i].sibling = SPACE_NONE;
    for (uint32_t i = (uint32_t)world->space_count; i-- > 0;) {
        uint32_t leader = leader_in(world, &spaces[i]);
        changed |= leader != spaces[i].leader;
        spaces[i].leader = leader;
        if (leader == SPACE_NONE) continue;
        spaces[i].sibling = spaces[leader].followers;
        spaces[leader].followers = i;
        world->following++;
    }
    return changed;
}

/* ---- cells --------------------------------------------------------------------------------- */

/* Of the same owner and key, in another category. */
static const struct cell *namesake(const struct world *world, const struct cell *cell,
                                   uint32_t space) {
    uint64_t hash = cell_hash(world, cell->owner, space, cell_key(cell));
    return cell_lookup(world, hash, cell->owner, space, cell_key(cell));
}

const struct cell *leader_of(const struct world *world, const struct cell *cell) {
    return namesake(world, cell, world->spaces[cell->space].leader);
}

struct trail trail_of(const struct world *world, const struct cell *leader) {
    return (struct trail){
        .leader = leader, .hash = leader->hash, .space = world->spaces[leader->space].followers};
}

bool trail_broken(const struct trail *trail) {
    return trail_open(trail) &&
           (!slot_holds(trail->leader) || trail->leader->hash != trail->hash);
}

const struct cell *trail_cell(const struct trail *trail, const struct world *world) {
    assert(trail_open(trail) && !trail_broken(trail));
    return namesake(world, trail->leader, trail->space);
}

void trail_step(struct trail *trail, const struct world *world) {
    trail->space = world->spaces[trail->space].sibling;
}
