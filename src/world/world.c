/* SPDX-License-Identifier: Apache-2.0 */
#include "world/world.h"

#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/follow.h"
#include "world/holding.h"
#include "world/idempotency.h"
#include "world/proposal.h"
#include "world/reform.h"

#define SCRATCH_BLOCK (16 * 1024)
#define CELL_CHUNK    8 /* 2^8 cells are allocated at once */
#define OWNER_CHUNK   6

struct world_config world_config_default(void) {
    return (struct world_config){.name = "default",
                                 .node = 1,
                                 .tick_hz = 60,
                                 .max_rewind = 250 * SS_MILLISECOND,
                                 .category_bytes = 64,
                                 .key_bytes = 256,
                                 .cells_per_player = 4096,
                                 .bytes_per_player = (uint64_t)16 << 20,
                                 .parked_max = 1024,
                                 .parked_per_player = 64,
                                 .parked_bytes = (uint64_t)16 << 20,
                                 .parked_life = 24 * 3600 * SS_SECOND,
                                 .decided_life = 600 * SS_SECOND,
                                 .keys_per_player = 1024,
                                 .keys_life = 600 * SS_SECOND,
                                 .proposals_max = 1024};
}

/* ---- life ---------------------------------------------------------------------------------- */

static void world_init(struct world *world, const struct memory *memory,
                       const struct world_config *config, ss_time now) {
    world->memory = memory;
    world->config = *config;
    world->now = now;
    size_t size = strlen(config->name);
    if (size >= sizeof world->name) size = sizeof world->name - 1;
    memcpy(world->name, config->name, size);
    world->config.name = world->name;
    world->prefix = hash_bytes(config->key, bytes_of(config->name)) >> 16;
    world->nodes[0] = config->node;
    world->node_count = 1;
    world->cells = slab_of(memory, sizeof(struct cell), CELL_CHUNK);
    world->cell_index = table_of(memory);
    world->changed = order_of(memory);
    world->owners = slab_of(memory, sizeof(struct owner), OWNER_CHUNK);
    world->owner_index = table_of(memory);
    world->space_index = table_of(memory);
    world->claims = table_of(memory);
    world->effects = buffer_of(memory);
    world->merged = buffer_of(memory);
    world->correction = buffer_of(memory);
    world->overwritten.text = buffer_of(memory);
    world->scratch = arena_of(memory, SCRATCH_BLOCK);
    list_init(&world->leaving);
}

int world_create(struct world **out, const struct memory *memory, const struct world_config *config,
                 ss_time now) {
    struct reason why;
    int status = policies_check(config->categories, config->category_count, config->fallback, &why);
    if (status != SS_OK) return status;
    struct world *world = memory_zeroed(memory, 1, sizeof *world);
    if (!world) return SS_ERR_NOMEM;
    world_init(world, memory, config, now);
    status = policies_intern(world, config->categories, config->category_count);
    if (status == SS_OK) follow_link(world);
    if (status == SS_OK) status = conflicts_create(world);
    if (status == SS_OK) status = keys_create(world);
    if (status == SS_OK) status = proposals_create(world);
    if (status != SS_OK) {
        world_destroy(world);
        return status == SS_ERR_TOO_LARGE ? SS_ERR_INVALID : status;
    }
    *out = world;
    return SS_OK;
}

static void cells_free(struct world *world) {
    for (struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        history_free(&cell->history, world->memory);
        clock_free(&cell->clock, world->memory);
        cell_key_free(world, cell);
    }
    slab_free(&world->cells);
    table_free(&world->cell_index);
    order_free(&world->changed);
}

void world_destroy(struct world *world) {
    if (!world) return;
    proposals_destroy(world);
    holding_free(world);
    keys_destroy(world);
    conflicts_destroy(world);
    cells_free(world);
    slab_free(&world->owners);
    table_free(&world->owner_index);
    spaces_free(world);
    table_free(&world->claims);
    buffer_free(&world->effects);
    buffer_free(&world->merged);
    buffer_free(&world->correction);
    buffer_free(&world->overwritten.text);
    arena_free(&world->scratch);
    memory_free(world->memory, world, sizeof *world);
}

/* ---- asked --------------------------------------------------------------------------------- */

uint64_t world_prefix(const struct world *world) {
    return world->prefix;
}
const char *world_name(const struct world *world) {
    return world->name;
}
uint32_t world_tick_number(const struct world *world) {
    return world->tick;
}

void world_stats(const struct world *world, struct world_stats *stats) {
    *stats = world->stats;
    assert(world->cells.count >= stats->tombstones);
    stats->cells = world->cells.count - stats->tombstones;
    stats->parked = world->conflicts->open_count;
    stats->seq = world->seq;
}
