/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - the embeddable server: what it is made of, one turn of its loop, and the calls of a
 * game.
 *
 * One turn: wait, read what came (events become commands), let the worker execute them and close
 * ticks that are due, hand out answers, write once per peer. */
#include "server/inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "net/entropy.h"
#include "server/reply.h"

extern char **environ;

#define TURN_ARENA_BLOCK (256u * 1024)
#define TURN_ARENA_KEPT  (4u << 20)
#define PLAYERS_MAX      1000000
#define DRAIN_STREAMS    SS_SECOND

const char *ss_version(void) {
    return STATESYNC_VERSION;
}

ss_server_config ss_server_config_default(void) {
    return (ss_server_config){0};
}

/* ---- logging ------------------------------------------------------------------------------- */

static void log_stderr(void *context, enum log_level level, const char *line) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    (void)context;
    fprintf(stderr, "statesync: %s: %s\n", names[level], line);
}

static void log_option(void *context, enum log_level level, const char *line) {
    const ss_server *server = context;
    server->options.on_log(server->options.context, (int)level, line);
}

enum log_level server_log_least(const char *name) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++)
        if (name && strcmp(name, names[level]) == 0) return (enum log_level)level;
    return LOG_LEVEL_INFO;
}

/* ---- opening ------------------------------------------------------------------------------- */

int server_policies(const struct memory *memory, const struct config *config,
                    const struct category ***policies) {
    size_t count = config->category_count + 1; /* never an empty allocation */
    *policies = memory_zeroed(memory, count, sizeof **policies);
    if (!*policies) return SS_ERR_NOMEM;
    for (size_t i = 0; i < config->category_count; i++)
        (*policies)[i] = &config->categories[i];
    return SS_OK;
}

struct limiter_config server_limits(const struct config *config) {
    return (struct limiter_config){
        .updates_per_second = config->limits.updates_per_second,
        .burst = config->limits.burst,
        .connections_per_player = config->limits.connections_per_player,
        .players_max = PLAYERS_MAX,
    };
}

int server_open_auth(ss_server *server, const struct config *config, struct auth **auth, char *why,
                     size_t why_size) {
    struct auth_config wanted = {
        .jwt_keys = config->auth_jwt_keys,
        .audience = config->auth_audience,
        .anonymous_loopback = config->anonymous == ANONYMOUS_LOOPBACK,
        .token_life_max = 600 * SS_SECOND,
    };
    return auth_create(auth, &server->memory, &wanted, why, why_size);
}

int server_open_tls(ss_server *server, const struct config *config, struct tls_context **tls,
                    char *why, size_t why_size) {
    *tls = NULL;
    if (!config->tls_cert) return SS_OK;
    return tls_context_create(tls, &server->memory, true, config->tls_cert, config->tls_key,
                              config->tls_client_ca, why, why_size);
}

static int open_worker(ss_server *server) {
    const struct config *config = server->config;
    struct worker_config wanted = {
        .memory = &server->memory,
        .log = &server->log,
        .hooks = {.context = server,
                  .validate = server->options.validate ? hook_validate : NULL,
                  .on_conflict = server->options.on_conflict ? hook_conflict : NULL,
                  .on_change = server->options.on_change ? hook_change : NULL},
        .world = world_config_default(),
        .external_ticks = config->tick_mode == TICK_EXTERNAL,
        .request_updates_max = 4096,
        .snapshot_max = config->limits.snapshot_bytes,
        .worlds_max = config->limits.worlds,
        .subscriptions_per_player = config->limits.subscriptions,
    };
    int status = entropy_fill(&wanted.world.key, sizeof wanted.world.key);
    if (status == SS_OK && !server->journal)
        status = entropy_fill(&server->node, sizeof server->node);
    if (status != SS_OK) return status;
    wanted.world.node = server->node;
    wanted.world.keep_effects = server->journal != NULL;
    wanted.world.categories = server->policies;
    wanted.world.category_count = server->policy_count;
    wanted.world.fallback = config->fallback;
    wanted.world.tick_hz = config->tick_hz;
    wanted.world.max_rewind = config->max_rewind_ms * SS_MILLISECOND;
    wanted.world.category_bytes = config->limits.category_bytes;
    wanted.world.key_bytes = config->limits.key_bytes;
    wanted.world.cells_per_player = config->limits.cells_per_player;
    wanted.world.bytes_per_player = config->limits.bytes_per_player;
    wanted.world.cells_max = config->limits.cells_per_world;
    wanted.world.parked_max = config->limits.parked;
    wanted.world.parked_per_player = config->limits.parked_per_player;
    return worker_create(&server->worker, &wanted);
}

int server_open_worlds(ss_server *server, const struct config *config, char *why, size_t why_size) {
    for (size_t i = 0; i < config->world_count; i++) {
        uint32_t index;
        int status = worker_open_world(server->worker, config->world_names[i], server->now, &index);
        if (status == SS_OK || status == SS_ERR_EXISTS) continue;
        snprintf(why, why_size, "world \"%s\" cannot be opened: %s", config->world_names[i],
                 status_text(status));
        return status;
    }
    return SS_OK;
}

static int open_doors(ss_server *server, char *why, size_t why_size) {
    int status = door_open(server, DOOR_GRPC, server->config->listen_grpc, why, why_size);
    if (status != SS_OK) return status;
    return door_open(server, DOOR_HTTP, server->config->listen_http, why, why_size);
}

static int open_parts(ss_server *server, char *why, size_t why_size) {
    const struct memory *memory = &server->memory;
    uint64_t seed = 0;
    server->read_buffer = memory_alloc(memory, READ_BUFFER_SIZE);
    server->write_buffer = memory_alloc(memory, WRITE_BUFFER_SIZE);
    if (!server->read_buffer || !server->write_buffer) return SS_ERR_NOMEM;
    int status = loop_create(&server->loop, memory);
    if (status != SS_OK) return status;
    server->now = server->started = loop_now(server->loop);
    status = entropy_fill(&seed, sizeof seed);
    if (status != SS_OK) return status;
    struct limiter_config limits = server_limits(server->config);
    status = limiter_create(&server->limiter, memory, seed, &limits);
    if (status != SS_OK) return status;
    status = server_open_auth(server, server->config, &server->auth, why, why_size);
    if (status != SS_OK) return status;
    status = server_open_tls(server, server->config, &server->tls, why, why_size);
    if (status != SS_OK) return status;
    status = keeping_open(server, why, why_size);
    if (status != SS_OK) return status;
    status = dictionaries_open(&server->dictionaries, &server->memory, server->config, why,
                               why_size);
    if (status != SS_OK) return status;
    status = open_worker(server);
    if (status == SS_OK) worker_dictionaries(server->worker, server->dictionaries);
    if (status != SS_OK) return status;
    status = keeping_recover(server, why, why_size);
    if (status != SS_OK) return status;
    status = server_open_worlds(server, server->config, why, why_size);
    if (status != SS_OK) return status;
    return open_doors(server, why, why_size);
}

struct config *server_read_config(ss_server *server, int *status, char *why, size_t why_size) {
    struct config *config = NULL;
    *status = config_read(&config, &server->memory, server->options.file,
                          server->options.ignore_environment ? NULL : environ,
                          server->options.settings, &server->log, why, why_size);
    return config;
}

ss_status ss_server_open(ss_server **out, ss_server_config *config) {
    *out = NULL;
    config->error[0] = 0;
    struct memory memory = memory_heap;
    if (config->resize) memory = (struct memory){config->resize, config->resize_context};
    ss_server *server = memory_zeroed(&memory, 1, sizeof *server);
    if (!server) {
        snprintf(config->error, sizeof config->error, "out of memory");
        return SS_ERR_NOMEM;
    }
    server->memory = memory;
    server->options = *config;
    server->log =
        (struct log_sink){config->on_log ? log_option : log_stderr, server, LOG_LEVEL_INFO};
    list_init(&server->peers);
    list_init(&server->dirty);
    list_init(&server->health_watchers);
    server->deadlines = heap_of(&server->memory);
    server->held = held_of(&server->memory);
    server->rpcs = slab_of(&server->memory, sizeof(struct rpc), 8);
    server->turn = arena_of(&server->memory, TURN_ARENA_BLOCK);
    server->drain_streams = server->drain_end = SS_NEVER;

    int status = SS_OK;
    server->config = server_read_config(server, &status, config->error, sizeof config->error);
    if (server->config) {
        server->log.least = server_log_least(server->config->log_level);
        server->policy_count = server->config->category_count;
        status = server_policies(&server->memory, server->config, &server->policies);
        if (status == SS_OK) status = open_parts(server, config->error, sizeof config->error);
    }
    if (status != SS_OK) {
        if (!config->error[0])
            snprintf(config->error, sizeof config->error, "%s", status_text(status));
        ss_server_close(server);
        return (ss_status)status;
    }
    *out = server;
    return SS_OK;
}

void ss_server_close(ss_server *server) {
    if (!server) return;
    const struct memory *memory = &server->memory;
    while (!list_empty(&server->peers))
        peer_destroy(LIST_ENTRY(server->peers.next, struct peer, link));
    for (int kind = 0; kind < DOOR_COUNT; kind++)
        door_close(server, (enum door_kind)kind);
    keeping_close(server);
    worker_destroy(server->worker);
    held_free(&server->held);
    tls_context_destroy(server->tls);
    dictionaries_close(server->dictionaries);
    auth_destroy(server->auth);
    limiter_destroy(server->limiter);
    heap_free(&server->deadlines);
    slab_free(&server->rpcs);
    arena_free(&server->turn);
    if (server->loop) loop_destroy(server->loop);
    memory_free(memory, server->read_buffer, READ_BUFFER_SIZE);
    memory_free(memory, server->write_buffer, WRITE_BUFFER_SIZE);
    memory_free(memory, server->policies, (server->policy_count + 1) * sizeof *server->policies);
    config_free(server->config);
    struct memory own = server->memory;
    memory_free(&own, server, sizeof *server);
}

/* ---- turning ------------------------------------------------------------------------------- */

static ss_time next_deadline(const ss_server *server, ss_time deadline) {
    if (worker_ring(server->worker)->command_count || !list_empty(&server->dirty))
        return server->now;
    deadline = time_min(deadline, worker_deadline(server->worker));
    struct heap_entry *first = heap_first(&server->deadlines);
    if (first) deadline = time_min(deadline, first->deadline);
    for (int kind = 0; kind < DOOR_COUNT; kind++)
        if (server->doors[kind].paused) deadline = time_min(deadline, server->doors[kind].paused);
    return time_min(deadline, time_min(server->drain_streams, server->drain_end));
}

static void drain_step(ss_server *server) {
    if (server->now >= server->drain_streams) {
        server->drain_streams = SS_NEVER;
        for (uint32_t handle = 0; handle < server->rpcs.used; handle++) {
            struct rpc *rpc = slab_at(&server->rpcs, handle);
            if (rpc->generation && rpc->method->stream)
                rpc_finish(rpc, GRPC_UNAVAILABLE, "the server is going down");
        }
    }
    if (server->now < server->drain_end) return;
    while (!list_empty(&server->peers))
        peer_destroy(LIST_ENTRY(server->peers.next, struct peer, link));
}

ss_status ss_server_poll(ss_server *server, int timeout_ms) {
    ss_time now = loop_now(server->loop);
    ss_time deadline = timeout_ms < 0 ? SS_NEVER : time_add(now, timeout_ms * SS_MILLISECOND);
    server->now = now;
    server->now = loop_wait(server->loop, next_deadline(server, deadline));
    peer_expire_all(server);
    door_resume(server, server->now);
    worker_run(server->worker, server->now);
    arena_reset(&server->turn, TURN_ARENA_KEPT);
    rpc_release(server);
    if (server->draining) drain_step(server);
    peer_flush_all(server);
    if (!worker_healthy(server->worker)) {
        snprintf(server->error, sizeof server->error,
                 "the journal failed: nothing is durable any more, so nothing is answered");
        return SS_ERR_IO;
    }
    return server->draining && list_empty(&server->peers) ? SS_ERR_CLOSED : SS_OK;
}

int ss_server_fd(const ss_server *server) {
    return loop_fd(server->loop);
}
void ss_server_wake(ss_server *server) {
    loop_wake(server->loop);
}

void ss_server_drain(ss_server *server, int grace_ms) {
    if (server->draining) return;
    server->draining = true;
    ss_time grace = grace_ms > 0 ? grace_ms * SS_MILLISECOND : 0;
    server->now = loop_now(server->loop);
    server->drain_end = time_add(server->now, grace);
    server->drain_streams = time_add(server->now, time_min(grace / 2, DRAIN_STREAMS));
    for (int kind = 0; kind < DOOR_COUNT; kind++)
        door_close(server, (enum door_kind)kind);
    health_changed(server);
    for (struct list *link = server->peers.next; link != &server->peers; link = link->next) {
        struct peer *peer = LIST_ENTRY(link, struct peer, link);
        connection_drain(peer->connection);
        peer_touch(peer);
    }
    log_line(&server->log, LOG_LEVEL_INFO, "draining: %zu connections open", server->peer_count);
}
