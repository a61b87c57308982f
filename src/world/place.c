/* SPDX-License-Identifier: Apache-2.0 */
#include "world/place.h"

#include <assert.h>
#include <inttypes.h>

#include "base/status.h"
#include "world/idempotency.h"

static int refuse(struct world *world, int status, const char **text) {
    *text = world->why.text;
    return status;
}

static int refuse_name(struct world *world, const char *what, size_t size, size_t max,
                       const char **text) {
    if (size == 0) {
        reason_set(&world->why, "%s is empty: give it 1 to %zu bytes", what, max);
        return refuse(world, SS_ERR_INVALID, text);
    }
    reason_set(&world->why, "%s has %zu bytes: at most %zu are allowed", what, size, max);
    return refuse(world, SS_ERR_TOO_LARGE, text);
}

static bool fits(struct bytes name, size_t max) {
    return name.size > 0 && name.size <= max;
}

/* What needs no category to be seen. */
static int admit_shape(struct world *world, const struct update *update, const char **text) {
    const struct world_config *config = &world->config;
    if (update->player == 0) {
        *text = "player_id is 0: it must name a player";
        return SS_ERR_INVALID;
    }
    if (!fits(update->category, config->category_bytes))
        return refuse_name(world, "category", update->category.size, config->category_bytes, text);
    if (!fits(update->key, config->key_bytes))
        return refuse_name(world, "key", update->key.size, config->key_bytes, text);
    if (update->context.count > CLOCK_ENTRIES_MAX) {
        reason_set(&world->why, "vector_clock has %zu entries: send at most %d, those of this cell",
                   update->context.count, CLOCK_ENTRIES_MAX);
        return refuse(world, SS_ERR_TOO_LARGE, text);
    }
    if (update->base_digest.size != 0 && update->base_digest.size != 8) {
        *text = "base_digest must be empty or the first 8 bytes of a SHA-256";
        return SS_ERR_INVALID;
    }
    if (update->idempotency_key.size > IDEMPOTENCY_KEY_MAX) {
        *text = "idempotency_key is longer than 64 bytes";
        return SS_ERR_TOO_LARGE;
    }
    return SS_OK;
}

static const char *rule_name(enum access_rule rule) {
    switch (rule) {
    case ACCESS_OWNER: return "owner";
    case ACCESS_ANY: return "any";
    case ACCESS_SERVER: return "server";
    case ACCESS_PROPOSE: return "propose";
    default: return "writer";
    }
}

static int admit_write(struct world *world, const struct update *update, struct place *place,
                       const char **text) {
    const struct category *policy = place->policy;
    if (policy->scope == SCOPE_SHARED && update->owner != 0) {
        *text = "the category is shared: leave owner_id out";
        return SS_ERR_INVALID;
    }
    place->owner = update_owner(update, policy);
    if (!category_may_write(policy, update->player, update->server, place->owner)) {
        reason_set(&world->why,
                   "write: %s - player %" PRIu64 " may not write this cell of owner %" PRIu64,
                   rule_name(policy->write), update->player, place->owner);
        return refuse(world, SS_ERR_DENIED, text);
    }
    if (!update->delete &&update->state.size > policy->state_max) {
        reason_set(&world->why, "the state has %zu bytes: the category allows %u",
                   update->state.size, policy->state_max);
        return refuse(world, SS_ERR_TOO_LARGE, text);
    }
    return SS_OK;
}

int place_admit(struct world *world, const struct update *update, struct place *place,
                const char **text) {
    int status = admit_shape(world, update, text);
    if (status != SS_OK) return status;
    uint32_t space = space_seen(world, update->seen, update->category);
    *place = (struct place){.category = update->category, .key = update->key, .space = space};
    place->policy = space == SPACE_NONE ? world->config.fallback : world->spaces[space].policy;
    if (!place->policy) {
        *text = "the category is not declared";
        return SS_ERR_NOT_FOUND;
    }
    status = admit_write(world, update, place, text);
    if (status != SS_OK || space == SPACE_NONE) return status;
    place->cell = cell_seen(world, update->seen, place->owner, space, place->key);
    if (!place->cell) {
        place->hash = cell_hash(world, place->owner, space, place->key);
        place->cell = cell_lookup(world, place->hash, place->owner, space, place->key);
    }
    assert(!place->cell || place->cell->history.count > 0);
    return SS_OK;
}

struct place place_of(const struct world *world, uint64_t owner, uint32_t space, struct bytes key) {
    return place_at(world, cell_hash(world, owner, space, key), owner, space, key);
}

struct place place_at(const struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                      struct bytes key) {
    assert(space < world->space_count);
    return (struct place){.policy = world->spaces[space].policy,
                          .category = world->spaces[space].name,
                          .key = key,
                          .owner = owner,
                          .hash = hash,
                          .space = space,
                          .cell = cell_lookup(world, hash, owner, space, key)};
}
