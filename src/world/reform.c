/* SPDX-License-Identifier: Apache-2.0 */
/* A reform is prepared aside, with everything that can fail, and then taken or dropped. */
#include "world/reform.h"

#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/follow.h"
#include "world/unique.h"

struct reform {
    const struct category *const *categories;
    size_t category_count;
    const struct category *fallback;
    const struct category **policies; /* by space */
    size_t capacity;
    size_t known;        /* spaces before it */
    struct table claims; /* under these policies */
};

/* ---- policies ------------------------------------------------------------------------------ */

static const char *contradiction(const struct category *policy) {
    if (!policy->name || !policy->name[0]) return "it has no name";
    if (!policy->format) return "it has no format";
    if (policy->strategy < STRATEGY_LAST_WRITE_WINS || policy->strategy > STRATEGY_MANUAL)
        return "it has no strategy";
    if (policy->strategy == STRATEGY_MERGE && !policy->format->can_merge)
        return "its format cannot merge";
    if (policy->history_versions == 0) return "it keeps no version";
    if (policy->session && policy->scope == SCOPE_SHARED)
        return "a shared cell has no owner whose session could end";
    if (policy->unique && !policy->format->uniques) return "its format has no unique fields";
    if (policy->history_span < 0 || policy->ttl < 0) return "a time in it is negative";
    return NULL;
}

int policies_check(const struct category *const *categories, size_t count,
                   const struct category *fallback, struct reason *why) {
    for (size_t i = 0; i < count + (fallback != NULL); i++) {
        const struct category *policy = i < count ? categories[i] : fallback;
        const char *wrong = contradiction(policy);
        if (!wrong) continue;
        reason_set(why, "category %s: %s", policy->name ? policy->name : "?", wrong);
        return SS_ERR_INVALID;
    }
    return follow_check(categories, count, fallback, why);
}

int policies_intern(struct world *world, const struct category *const *categories, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t space;
        int status = space_intern(world, bytes_of(categories[i]->name), categories[i], &space);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static const struct category *policy_in(const struct category *const *categories, size_t count,
                                        const struct category *fallback, struct bytes name) {
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(bytes_of(categories[i]->name), name)) return categories[i];
    return fallback;
}

static bool in_use(const struct world *world, uint32_t space) {
    return world->spaces[space].cells > 0 || conflicts_name(world, space);
}

/* Bytes that were accepted under the old policy must mean the same under the new one. */
static int check_space(const struct world *world, uint32_t index, const struct category *next,
                       struct reason *why) {
    const struct space *space = &world->spaces[index];
    if (!space->policy || !in_use(world, index)) return SS_OK;
    const char *wrong = !next                                   ? "disappears"
                        : next->format != space->policy->format ? "changes its format"
                        : next->scope != space->policy->scope   ? "changes its scope"
                        : next->format == &format_protobuf &&
                                !format_rules_follow(space->policy->rules, next->rules)
                            ? "gets a message that cannot read the old one"
                            : NULL;
    if (!wrong) return SS_OK;
    reason_set(why, "category %.*s %s while something of it is kept", (int)space->name.size,
               (const char *)space->name.data, wrong);
    return SS_ERR_INVALID;
}

/* A ttl may have come or gone: cells are met in the order of their last write. */
static void relink_lives(struct world *world) {
    for (struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        struct space *space = &world->spaces[cell->space];
        if (!cell->live) continue;
        list_remove(&cell->expiry);
        cell->expires = space->policy->ttl != 0;
        if (cell->expires) list_push(&space->lives, &cell->expiry);
    }
}

/* ---- preparing ----------------------------------------------------------------------------- */

static int check_spaces(const struct world *world, const struct reform *reform,
                        struct reason *why) {
    int status = SS_OK;
    for (uint32_t i = 0; i < world->space_count && status == SS_OK; i++)
        status = check_space(world, i,
                             policy_in(reform->categories, reform->category_count, reform->fallback,
                                       world->spaces[i].name),
                             why);
    return status;
}

static int prepare(struct world *world, struct reform *reform, struct reason *why) {
    int status = policies_intern(world, reform->categories, reform->category_count);
    if (status != SS_OK) return status;
    size_t capacity = world->space_count + 1; /* never 0 */
    reform->policies = memory_zeroed(world->memory, capacity, sizeof *reform->policies);
    if (!reform->policies) return SS_ERR_NOMEM;
    reform->capacity = capacity;
    for (size_t i = 0; i < world->space_count; i++)
        reform->policies[i] = policy_in(reform->categories, reform->category_count,
                                        reform->fallback, world->spaces[i].name);
    return unique_index(world, reform->policies, &reform->claims, why);
}

int world_reform(struct world *world, const struct category *const *categories, size_t count,
                 const struct category *fallback, struct reason *why) {
    assert(!world->reform);
    int status = policies_check(categories, count, fallback, why);
    if (status != SS_OK) return status;
    struct reform *reform = memory_zeroed(world->memory, 1, sizeof *reform);
    if (!reform) return SS_ERR_NOMEM;
    *reform = (struct reform){.categories = categories,
                              .category_count = count,
                              .fallback = fallback,
                              .known = world->space_count,
                              .claims = table_of(world->memory)};
    world->reform = reform;
    status = check_spaces(world, reform, why);
    if (status == SS_OK) status = prepare(world, reform, why);
    if (status != SS_OK) world_reform_drop(world);
    return status;
}

/* ---- ending it ----------------------------------------------------------------------------- */

static void reform_free(struct world *world) {
    struct reform *reform = world->reform;
    memory_free(world->memory, reform->policies, reform->capacity * sizeof *reform->policies);
    table_free(&reform->claims);
    memory_free(world->memory, reform, sizeof *reform);
    world->reform = NULL;
}

/* Categories that were met on the way are undeclared ones again. */
void world_reform_drop(struct world *world) {
    for (size_t i = world->reform->known; i < world->space_count; i++)
        world->spaces[i].policy = world->config.fallback;
    reform_free(world);
}

/* Cells that have a position now, or have none any more. */
static bool places_change(const struct world *world) {
    for (size_t i = 0; i < world->space_count; i++) {
        const struct category *old = world->spaces[i].policy, *new = world->reform->policies[i];
        if (old && new && old->spatial != new->spatial && world->spaces[i].cells > 0) return true;
    }
    return false;
}

/* Who watches an area has some cells by the old policies: subscriber.c lets him begin anew. */
static void note_replaced(struct world *world) {
    world->replaced = world->seq;
    world->replacements++;
}

void world_reform_take(struct world *world) {
    struct reform *reform = world->reform;
    assert(reform && reform->capacity == world->space_count + 1);
    bool replaced = places_change(world);
    for (size_t i = 0; i < world->space_count; i++)
        world->spaces[i].policy = reform->policies[i];
    if (follow_link(world) || replaced) note_replaced(world);
    struct table old = world->claims;
    world->claims = reform->claims;
    reform->claims = old;
    world->config.categories = reform->categories;
    world->config.category_count = reform->category_count;
    world->config.fallback = reform->fallback;
    world->reformed = world->seq;
    relink_lives(world);
    reform_free(world);
}

int world_reconfigure(struct world *world, const struct category *const *categories, size_t count,
                      const struct category *fallback, struct reason *why) {
    int status = world_reform(world, categories, count, fallback, why);
    if (status == SS_OK) world_reform_take(world);
    return status;
}
