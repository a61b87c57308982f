/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - commands are executed in chunks: every update of a chunk is decoded and its cell asked
 * for from memory first, then they are applied in order, so that one cache miss hides behind the
 * others. */
#include "server/hosted.h"

#include <assert.h>
#include <stdio.h>

#include "base/status.h"
#include "world/effect.h"

#define ARENA_KEPT  (1u << 20)
#define TICK_BUDGET 4096

static int worker_begin_world(struct worker *worker, struct hosted *hosted, struct reason *why);

/* ---- worlds -------------------------------------------------------------------------------- */

static bool name_is_valid(const char *name) {
    size_t size =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
    return size >= 1 && size <= 64 && name[size] == 0;
}

uint32_t worker_find_world(const struct worker *worker, struct bytes name) {
    for (uint32_t i = 0; i < worker->world_count; i++)
        if (bytes_equal(bytes_of(worker->worlds[i]->name), name)) return i;
    return UINT32_MAX;
}

int worker_open_world(struct worker *worker, const char *name, ss_time now, uint32_t *index) {
    if (!name_is_valid(name)) return SS_ERR_INVALID;
    *index = worker_find_world(worker, bytes_of(name));
    if (*index != UINT32_MAX) return SS_ERR_EXISTS;
    if (worker->world_count >= worker->config.worlds_max) return SS_ERR_TOO_LARGE;

    const struct memory *memory = worker->config.memory;
    void *worlds = worker->worlds;
    int status = memory_grow(memory, &worlds, &worker->world_capacity, worker->world_count + 1,
                             sizeof(struct hosted *));
    worker->worlds = worlds;
    if (status != SS_OK) return status;
    struct hosted *hosted = memory_zeroed(memory, 1, sizeof *hosted);
    if (!hosted) return SS_ERR_NOMEM;
    snprintf(hosted->name, sizeof hosted->name, "%s", name);

    struct world_config config = worker->config.world;
    config.name = hosted->name;
    status = world_create(&hosted->world, memory, &config, now);
    if (status != SS_OK) {
        memory_free(memory, hosted, sizeof *hosted);
        return status;
    }
    hosted->key = config.key;
    hosted->interval = SS_SECOND / config.tick_hz;
    hosted->next_tick = worker->config.external_ticks ? SS_NEVER : now + hosted->interval;
    list_init(&hosted->feeds);
    if (worker->begun) status = worker_begin_world(worker, hosted, NULL);
    if (status != SS_OK) {
        world_destroy(hosted->world);
        memory_free(memory, hosted, sizeof *hosted);
        return status;
    }
    *index = (uint32_t)worker->world_count;
    worker->worlds[worker->world_count++] = hosted;
    return SS_OK;
}

uint32_t worker_world_count(const struct worker *worker) {
    return (uint32_t)worker->world_count;
}

struct world *worker_world(const struct worker *worker, uint32_t index) {
    return index < worker->world_count ? worker->worlds[index]->world : NULL;
}

int worker_reconfigure(struct worker *worker, const struct category *const *categories,
                       size_t count, const struct category *fallback, struct reason *why) {
    int status = SS_OK;
    size_t ready = 0;
    while (ready < worker->world_count && status == SS_OK) {
        status = world_reform(worker->worlds[ready]->world, categories, count, fallback, why);
        ready += status == SS_OK;
    }
    for (size_t i = 0; i < ready; i++)
        (status == SS_OK ? world_reform_take : world_reform_drop)(worker->worlds[i]->world);
    if (status != SS_OK) return status;
    worker->config.world.categories = categories;
    worker->config.world.category_count = count;
    worker->config.world.fallback = fallback;
    return SS_OK;
}

void worker_dictionaries(struct worker *worker, const struct dictionaries *dictionaries) {
    worker->dictionaries = dictionaries;
}

/* ---- life ---------------------------------------------------------------------------------- */

int worker_create(struct worker **out, const struct worker_config *config) {
    struct worker *worker = memory_zeroed(config->memory, 1, sizeof *worker);
    if (!worker) return SS_ERR_NOMEM;
    worker->config = *config;
    worker->feeds = slab_of(config->memory, sizeof(struct feed), 6);
    worker->feed_index = table_of(config->memory);
    worker->arena = arena_of(config->memory, 16 * 1024);
    worker->chunk_arena = arena_of(config->memory, 64 * 1024);
    worker->delta = buffer_of(config->memory);
    int status = ring_create(&worker->ring, config->memory);
    if (status != SS_OK) {
        worker_destroy(worker);
        return status;
    }
    *out = worker;
    return SS_OK;
}

void worker_destroy(struct worker *worker) {
    if (!worker) return;
    const struct memory *memory = worker->config.memory;
    for (size_t i = 0; i < worker->world_count; i++) {
        struct hosted *hosted = worker->worlds[i];
        while (!list_empty(&hosted->feeds))
            feed_cancel(worker, LIST_ENTRY(hosted->feeds.next, struct feed, link)->ticket);
        world_destroy(hosted->world);
        memory_free(memory, hosted, sizeof *hosted);
    }
    memory_free(memory, worker->worlds, worker->world_capacity * sizeof *worker->worlds);
    table_free(&worker->feed_index);
    slab_free(&worker->feeds);
    arena_free(&worker->arena);
    arena_free(&worker->chunk_arena);
    buffer_free(&worker->delta);
    ring_destroy(&worker->ring);
    memory_free(memory, worker, sizeof *worker);
}

/* ---- answering ----------------------------------------------------------------------------- */

struct ring *worker_ring(struct worker *worker) {
    return &worker->ring;
}
uint64_t worker_durable(const struct worker *worker) {
    return worker->committer ? committer_durable(worker->committer) : UINT64_MAX;
}

bool worker_healthy(const struct worker *worker) {
    return !worker->broken &&
           (!worker->committer || committer_state(worker->committer) != COMMITTER_FAILED);
}

struct hosted *worker_hosted(struct worker *worker, const struct command *command) {
    assert(command->world < worker->world_count);
    return worker->worlds[command->world];
}

struct hosted *worker_by_id(struct worker *worker, const uint8_t id[CONFLICT_ID_SIZE]) {
    uint64_t prefix = 0;
    for (size_t i = 0; i < 6; i++)
        prefix = prefix << 8 | id[i];
    for (size_t i = 0; i < worker->world_count; i++)
        if (world_prefix(worker->worlds[i]->world) == prefix) return worker->worlds[i];
    /* An earlier life of this server named its worlds otherwise: such an id came from the journal.
     */
    for (size_t i = 0; i < worker->world_count; i++) {
        struct parked_view parked;
        int status = world_conflict(worker->worlds[i]->world, id, 0, true, &parked);
        if (status != SS_ERR_NOT_FOUND) return worker->worlds[i];
    }
    return NULL;
}

struct reply_frame worker_frame(struct worker *worker, const struct hosted *hosted, ss_time now) {
    return (struct reply_frame){.arena = &worker->arena,
                                .now = now,
                                .tick = world_tick_number(hosted->world),
                                .max_rewind = worker->config.world.max_rewind};
}

uint64_t worker_request_id(struct worker *worker) {
    return (uint64_t)1 << 63 | ++worker->requests;
}

/* Could the answer show an effect of class sync? Batches and queries are taken as if they did: when
 * all such effects are durable, which is nearly always, they do not wait either. */
static bool worker_reveals(struct worker *worker, const struct command *command) {
    if (!worker->committer || command->kind == COMMAND_REFUSED) return false;
    const struct state_sync_request *request = command->request;
    if (command->kind != COMMAND_SYNC || request->batch) return true;
    const struct category *policy =
        world_category(worker_hosted(worker, command)->world, request->category);
    return policy && policy->durability == DURABILITY_SYNC;
}

static void worker_queue(struct worker *worker, const struct command *command, size_t offset,
                         enum grpc_status status, enum result result) {
    struct ring *ring = &worker->ring;
    struct answer answer = {.ticket = command->ticket,
                            .gated = worker_reveals(worker, command),
                            .world = command->world,
                            .status = status,
                            .offset = offset,
                            .size = ring->bytes.failed ? 0 : ring->bytes.size - offset,
                            .arrived = command->arrived,
                            .result = result};
    const struct state_sync_request *request = command->request;
    if (command->kind == COMMAND_SYNC && request->subscribe)
        answer.subscription = feed_exists(worker, command->ticket) ? 1 : -1;
    if (ring_answer(ring, &answer) == SS_OK) return;
    ring->bytes.failed = false;
    ring->bytes.size = offset;
    ring_lose(ring, command->ticket);
    log_line(worker->config.log, LOG_LEVEL_ERROR, "out of memory: an answer was lost");
}

void worker_answer(struct worker *worker, const struct command *command,
                   const struct message_type *type, const void *message, enum result result) {
    size_t offset = worker->ring.bytes.size;
    message_encode(type, message, &worker->ring.bytes);
    worker_queue(worker, command, offset, GRPC_OK, result);
}

void worker_encoded(struct worker *worker, const struct command *command, size_t offset,
                    enum result result) {
    worker_queue(worker, command, offset, GRPC_OK, result);
}

void worker_fail(struct worker *worker, const struct command *command, enum grpc_status status,
                 const char *message) {
    size_t offset = worker->ring.bytes.size;
    buffer_text(&worker->ring.bytes, message ? message : "");
    worker_queue(worker, command, offset, status, RESULT_UNKNOWN);
}

void worker_silent(struct worker *worker, const struct command *command) {
    worker_queue(worker, command, worker->ring.bytes.size, GRPC_OK, RESULT_UNKNOWN);
}

/* ---- keeping ----------------------------------------------------------------------------- */

/* Gives every answer since the last call its lsn: what it may reveal is in the newest sync group; and
 * no version is shown before the lot is durable that it was taken from. */
static void worker_settle(struct worker *worker) {
    struct ring *ring = &worker->ring;
    for (; ring->answer_settled < ring->answer_count; ring->answer_settled++) {
        struct answer *answer = &ring->answers[ring->answer_settled];
        answer->lsn = answer->gated ? worker->sync_group : worker->lot_group;
    }
}

/* Hands what a world did since the last call to the committer. Effects that cannot even be handed
 * over must not be answered for: then the worker is broken, and nothing is shown any more. */
static void worker_keep(struct worker *worker, struct hosted *hosted) {
    if (!worker->committer) return;
    enum durability strongest;
    struct bytes effects = world_effects(hosted->world, &strongest);
    if (effects.size == 0) return;
    uint64_t group = 0;
    int status = committer_append(worker->committer, hosted->kept, effects, strongest, &group);
    if (status != SS_OK) {
        if (!worker->broken)
            log_line(worker->config.log, LOG_LEVEL_ERROR, "journal: %s; answering stops",
                     status_text(status));
        worker->broken = true;
        worker->sync_group = worker->lot_group = UINT64_MAX;
        return;
    }
    if (world_effects_hold_lot(hosted->world)) worker->lot_group = group;
    world_effects_clear(hosted->world);
    if (strongest == DURABILITY_SYNC) worker->sync_group = group;
}

static void worker_keep_all(struct worker *worker) {
    for (size_t i = 0; i < worker->world_count; i++)
        worker_keep(worker, worker->worlds[i]);
    worker_settle(worker);
}

const char *worker_refuses(const struct worker *worker, const struct category *policy) {
    if (!worker->committer || !policy || policy->durability == DURABILITY_MEMORY) return NULL;
    if (!worker_healthy(worker)) return "the journal has failed: nothing is written any more";
    if (committer_state(worker->committer) == COMMITTER_FULL)
        return "the disk is full: writes are refused, reading goes on";
    if (committer_crowded(worker->committer))
        return "the disk is too slow for so many writes: send it again later";
    return NULL;
}

int worker_replay(struct worker *worker, struct bytes name, struct bytes effects, ss_time now) {
    char text[65] = "";
    if (name.size < sizeof text) memcpy(text, name.data, name.size);
    uint32_t index;
    int status = worker_open_world(worker, text, now, &index);
    if (status != SS_OK && status != SS_ERR_EXISTS) return status;
    status = world_replay_all(worker->worlds[index]->world, effects);
    return status == SS_OK || status == SS_ERR_NOMEM ? status : SS_ERR_INVALID;
}

/* Everything that a world needs before its first update. */
static int worker_begin_world(struct worker *worker, struct hosted *hosted, struct reason *why) {
    int status = world_check(hosted->world, why);
    if (status != SS_OK) return status;
    if (worker->committer) status = committer_world(worker->committer, hosted->name, &hosted->kept);
    if (status == SS_OK) status = world_recovered(hosted->world);
    if (status == SS_OK) worker_keep(worker, hosted);
    return status;
}

int worker_begin(struct worker *worker, struct committer *committer, struct reason *why) {
    worker->committer = committer;
    worker->begun = true;
    for (size_t i = 0; i < worker->world_count; i++) {
        int status = worker_begin_world(worker, worker->worlds[i], why);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

/* ---- running ------------------------------------------------------------------------------- */

static void worker_handle(struct worker *worker, const struct command *command, size_t place,
                          ss_time now) {
    switch (command->kind) {
    case COMMAND_SYNC:
        sync_handle(worker, command, &worker->prepared[place], worker->prepared_status[place], now);
        break;
    case COMMAND_REFUSED: sync_refuse(worker, command, now); break;
    case COMMAND_SNAPSHOT: query_snapshot(worker, command, now); break;
    case COMMAND_RESOLVE: decide_resolve(worker, command, now); break;
    case COMMAND_LIST_CONFLICTS: query_list_conflicts(worker, command, now); break;
    case COMMAND_GET_CONFLICT: query_get_conflict(worker, command, now); break;
    case COMMAND_HISTORY: query_history(worker, command, now); break;
    case COMMAND_LIST_PROPOSALS: query_list_proposals(worker, command, now); break;
    case COMMAND_DECIDE: decide_proposal(worker, command, now); break;
    case COMMAND_CREDIT: feed_credit(worker, command->ticket, command->credit, now); break;
    case COMMAND_SESSION_OPEN:
        if (world_session_open(worker_hosted(worker, command)->world, command->player, now) !=
            SS_OK)
            log_line(worker->config.log, LOG_LEVEL_ERROR,
                     "out of memory: a session is not counted");
        break;
    case COMMAND_SESSION_CLOSE:
        feed_cancel(worker, command->ticket);
        if (command->player)
            world_session_close(worker_hosted(worker, command)->world, command->player, now);
        break;
    }
}

/* Decodes one update ahead; false when the command is none. */
static bool worker_prepare(struct worker *worker, const struct command *command, size_t place) {
    const struct state_sync_request *request = command->request;
    if (command->kind != COMMAND_SYNC || request->batch) return false;
    worker->prepared_status[place] =
        reply_update(request, command, &worker->chunk_arena, &worker->prepared[place]);
    return worker->prepared_status[place] == SS_OK;
}

/* The run of updates to one world that begins at `first`: memory is asked for their cells on the way. */
static struct prefetch worker_prefetch(struct worker *worker, const struct command *commands,
                                       const bool *prepared, size_t first, size_t count) {
    size_t end = first;
    while (end < count && prepared[end] && commands[end].world == commands[first].world)
        end++;
    return world_prefetch(worker_hosted(worker, &commands[first])->world, &worker->prepared[first],
                          end - first);
}

static void worker_execute_chunk(struct worker *worker, const struct command *commands,
                                 size_t count, ss_time now) {
    bool prepared[WORKER_CHUNK];
    struct prefetch prefetch;
    size_t end = 0; /* of the run that is being prefetched */
    for (size_t i = 0; i < count; i++)
        prepared[i] = worker_prepare(worker, &commands[i], i);
    for (size_t i = 0; i < count; i++) {
        if (prepared[i] && i >= end) {
            prefetch = worker_prefetch(worker, commands, prepared, i, count);
            end = i + prefetch.count;
        }
        if (i < end) world_prefetch_next(&prefetch);
        worker_handle(worker, &commands[i], i, now);
        arena_reset(&worker->arena, ARENA_KEPT);
    }
    arena_reset(&worker->chunk_arena, ARENA_KEPT);
}

void worker_execute(struct worker *worker, ss_time now) {
    struct ring *ring = &worker->ring;
    for (size_t first = 0; first < ring->command_count; first += WORKER_CHUNK) {
        size_t count = ring->command_count - first;
        if (count > WORKER_CHUNK) count = WORKER_CHUNK;
        worker_execute_chunk(worker, &ring->commands[first], count, now);
    }
    ring->command_count = 0;
    worker_keep_all(worker);
}

static void worker_close_tick(struct worker *worker, struct hosted *hosted, ss_time now) {
    world_tick(hosted->world, now, TICK_BUDGET);
    struct world_stats stats;
    world_stats(hosted->world, &stats);
    hosted->visible = stats.seq;
    struct resolved expired;
    worker_keep(worker, hosted);
    while (world_expired(hosted->world, &expired)) {
        char id[UUID_SIZE + 1];
        uuid_print(expired.conflict.id, id);
        feed_outcome(worker, hosted, &expired, STRATEGY_KEEP_OLD, id, true, now);
    }
    feed_tick(worker, hosted, now);
    worker_settle(worker);
    arena_reset(&worker->arena, ARENA_KEPT);
}

void worker_run(struct worker *worker, ss_time now) {
    worker_execute(worker, now);
    for (size_t i = 0; i < worker->world_count; i++) {
        struct hosted *hosted = worker->worlds[i];
        if (hosted->next_tick > now) continue;
        worker_close_tick(worker, hosted, now);
        /* After a pause ticks are skipped, not made up for: time goes on, state does not hurry. */
        hosted->next_tick += hosted->interval;
        if (hosted->next_tick <= now) hosted->next_tick = now + hosted->interval;
    }
}

void worker_tick(struct worker *worker, uint32_t world, ss_time now) {
    worker_close_tick(worker, worker->worlds[world], now);
}

ss_time worker_deadline(const struct worker *worker) {
    ss_time deadline = SS_NEVER;
    for (size_t i = 0; i < worker->world_count; i++)
        deadline = time_min(deadline, worker->worlds[i]->next_tick);
    return deadline;
}

void worker_put(struct worker *worker, uint32_t world, struct update *update, ss_time now,
                struct outcome *outcome) {
    struct hosted *hosted = worker->worlds[world];
    sync_apply(worker, hosted, world_category(hosted->world, update->category), update, now,
               outcome);
    worker_keep(worker, hosted);
}

void worker_stats(const struct worker *worker, uint32_t world, struct worker_stats *stats) {
    const struct hosted *hosted = worker->worlds[world];
    *stats = (struct worker_stats){hosted->feed_count, hosted->pushes};
}
