/* SPDX-License-Identifier: Apache-2.0 */
/* methods.c - the table of methods, and for each how its request becomes a command.
 *
 * Who, may he, how fast: identity and rate are settled here; an update that fails them still takes
 * its place in the ring, so that a stream's answers stay in the order of its updates. */
#include "server/inside.h"

#include "base/status.h"
#include "server/reply.h"

/* ---- who ----------------------------------------------------------------------------------- */

/* The player that a message acts for. SS_OK, SS_ERR_INVALID (none), SS_ERR_DENIED (not the
 * token's). */
static int act_as(const struct rpc *rpc, uint64_t named, uint64_t *player) {
    *player = named ? named : rpc->identity.player;
    if (*player == 0) return SS_ERR_INVALID;
    if (rpc->identity.server || *player == rpc->identity.player) return SS_OK;
    return SS_ERR_DENIED;
}

static const char *act_error(int status) {
    return status == SS_ERR_DENIED ? "player_id is not the token's subject"
                                   : "player_id 0: name the player who acts";
}

/* Begins a command of a query; NULL when the caller may not ask (the call is finished then). */
static struct command *query_command(struct rpc *rpc, enum command_kind kind, const void *request,
                                     uint64_t named) {
    uint64_t player;
    int status = act_as(rpc, named, &player);
    if (status == SS_ERR_INVALID && rpc->identity.server) status = SS_OK;
    if (status != SS_OK) {
        rpc_finish(rpc, reply_status(status), act_error(status));
        return NULL;
    }
    struct command *command = rpc_command(rpc, kind);
    command->request = request;
    command->player = player;
    rpc->pending++;
    return command;
}

/* ---- updates ------------------------------------------------------------------------------- */

static void sync_refused(struct rpc *rpc, const struct state_sync_request *request,
                         struct refusal refusal) {
    struct command *command = rpc_command(rpc, COMMAND_REFUSED);
    command->refusal = refusal;
    command->refusal.client_sequence = request->client_sequence;
    rpc->pending++;
}

/* Stopping pushes costs nothing: a player over his rate must still be able to. */
static uint32_t sync_cost(const struct state_sync_request *request) {
    bool alone = request->category.size == 0 && !request->batch;
    if (alone && request->subscribe && request->subscribe->cancel) return 0;
    if (!request->batch || request->batch->updates.count == 0) return 1;
    return (uint32_t)request->batch->updates.count;
}

static void open_session(struct rpc *rpc, uint64_t player) {
    if (!rpc->method->stream || rpc->session) return;
    rpc->session = player;
    rpc_command(rpc, COMMAND_SESSION_OPEN)->player = player;
}

static void handle_sync(struct rpc *rpc, const void *message) {
    const struct state_sync_request *request = message;
    struct ss_server *server = rpc->peer->server;
    uint64_t player;
    int status = request->player_id ? act_as(rpc, request->player_id, &player) : SS_ERR_INVALID;
    if (status != SS_OK) {
        sync_refused(rpc, request,
                     (struct refusal){
                         .result = RESULT_ERROR, .status = status, .message = act_error(status)});
        return;
    }
    open_session(rpc, player);
    /* A server with credentials is trusted with its rate; anonymous is limited like the player it
     * names. */
    uint32_t wait =
        rpc->identity.server && !rpc->identity.anonymous
            ? 0
            : limiter_take(server->limiter, player, sync_cost(request), &rpc->limited, server->now);
    if (wait) {
        server->counters.rate_limited++;
        sync_refused(rpc, request,
                     (struct refusal){.result = RESULT_RATE_LIMITED,
                                      .message = wait == UINT32_MAX
                                                     ? "more updates at once than the burst allows"
                                                     : "too many updates a second",
                                      .retry_after_ms = wait == UINT32_MAX ? 0 : wait});
        return;
    }
    struct command *command = rpc_command(rpc, COMMAND_SYNC);
    command->request = request;
    command->player = player;
    rpc->pending++;
}

/* ---- queries ------------------------------------------------------------------------------- */

static void handle_snapshot(struct rpc *rpc, const void *message) {
    const struct state_snapshot_request *request = message;
    if (request->player_id == 0) {
        rpc_finish(rpc, GRPC_INVALID_ARGUMENT, act_error(SS_ERR_INVALID));
        return;
    }
    query_command(rpc, COMMAND_SNAPSHOT, message, request->player_id);
}

static void handle_resolve(struct rpc *rpc, const void *message) {
    const struct conflict_resolution_request *request = message;
    query_command(rpc, COMMAND_RESOLVE, message, request->player_id);
}

static void handle_list_conflicts(struct rpc *rpc, const void *message) {
    const struct list_conflicts_request *request = message;
    query_command(rpc, COMMAND_LIST_CONFLICTS, message, request->player_id);
}

static void handle_get_conflict(struct rpc *rpc, const void *message) {
    const struct get_conflict_request *request = message;
    query_command(rpc, COMMAND_GET_CONFLICT, message, request->player_id);
}

static void handle_history(struct rpc *rpc, const void *message) {
    const struct get_history_request *request = message;
    query_command(rpc, COMMAND_HISTORY, message, request->player_id);
}

static void handle_list_proposals(struct rpc *rpc, const void *message) {
    const struct list_proposals_request *request = message;
    query_command(rpc, COMMAND_LIST_PROPOSALS, message, request->player_id);
}

static void handle_decide(struct rpc *rpc, const void *message) {
    const struct decide_proposal_request *request = message;
    query_command(rpc, COMMAND_DECIDE, message, request->player_id);
}

/* ---- the server itself --------------------------------------------------------------------- */

static const char *const scope_names[] = {"player", "shared"};
static const char *const access_names[] = {"owner", "any", "server", "propose", "writer"};
static const char *const strategy_names[] = {"", "last_write_wins", "merge", "keep_old", "manual"};
static const char *const durability_names[] = {"memory", "async", "sync"};

static struct category_info category_info_of(const struct ss_server *server,
                                             const struct category *category) {
    const struct dictionary *dictionary = dictionaries_of(server->dictionaries, category);
    return (struct category_info){
        .zstd_dictionary = dictionary ? dictionary_id(dictionary) : 0,
        .name = bytes_of(category->name),
        .scope = bytes_of(scope_names[category->scope]),
        .format = bytes_of(category->format->name),
        .strategy = bytes_of(strategy_names[category->strategy]),
        .write = bytes_of(access_names[category->write]),
        .read = bytes_of(access_names[category->read]),
        .resolve = bytes_of(access_names[category->resolve]),
        .durability = bytes_of(durability_names[category->durability]),
        .history_versions = category->history_versions,
        .history_ms = (uint32_t)time_ms(category->history_span),
        .ttl_ms = (uint32_t)time_ms(category->ttl),
        .session = category->session,
    };
}

static struct wire_limits limits_of(const struct config *config) {
    return (struct wire_limits){
        .category_bytes = config->limits.category_bytes,
        .key_bytes = config->limits.key_bytes,
        .state_bytes = config->limits.state_bytes,
        .request_bytes = config->limits.request_bytes,
        .cells_per_player = config->limits.cells_per_player,
        .bytes_per_player = config->limits.bytes_per_player,
        .updates_per_second = config->limits.updates_per_second,
        .burst = config->limits.burst,
        .connections_per_player = config->limits.connections_per_player,
        .clock_entries = CLOCK_ENTRIES_MAX,
        .atomic_updates = WORLD_ATOMIC_MAX,
        .max_rewind_ms = config->max_rewind_ms,
        .tick_hz = config->tick_hz,
    };
}

static void handle_capabilities(struct rpc *rpc, const void *message) {
    (void)message;
    static const char *const features[] = {"batch",  "subscribe", "idempotency", "paging",
                                           "gzip",   "lz4",       "zstd",        "tombstones",
                                           "resume", "propose",   "history",     "deltas"};
    enum { FEATURES = sizeof features / sizeof *features };
    struct ss_server *server = rpc->peer->server;
    struct arena *arena = &server->turn;
    uint32_t worlds = worker_world_count(server->worker);
    struct bytes *names = arena_alloc(arena, worlds * sizeof *names);
    struct category_info *infos = arena_alloc(arena, (server->policy_count + 1) * sizeof *infos);
    if (!names || !infos) {
        rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    struct bytes words[FEATURES];
    char node[NODE_NAME_SIZE + 1];
    node_print(server->node, node);
    for (size_t i = 0; i < FEATURES; i++)
        words[i] = bytes_of(features[i]);
    for (uint32_t i = 0; i < worlds; i++)
        names[i] = bytes_of(world_name(worker_world(server->worker, i)));
    size_t count = 0;
    for (size_t i = 0; i < server->policy_count; i++)
        infos[count++] = category_info_of(server, server->policies[i]);
    if (server->config->fallback) infos[count++] = category_info_of(server, server->config->fallback);
    struct wire_limits limits = limits_of(server->config);
    struct capabilities_response response = {
        .version = bytes_of(ss_version()),
        .protocol = 1,
        .node_id = bytes_of(node),
        .server_time_us = server->now,
        .worlds = {names, worlds},
        .categories = {infos, count},
        .limits = &limits,
        .features = {words, FEATURES},
        .anonymous = rpc->identity.anonymous,
    };
    rpc_reply(rpc, &message_capabilities_response, &response);
}

static void handle_dictionary(struct rpc *rpc, const void *message) {
    const struct get_dictionary_request *request = message;
    const struct dictionary *dictionary =
        dictionaries_find(rpc->peer->server->dictionaries, request->id);
    if (!dictionary) {
        rpc_finish(rpc, GRPC_NOT_FOUND, "no such dictionary: Capabilities names those in use");
        return;
    }
    struct get_dictionary_response response = {.id = request->id,
                                               .dictionary = dictionary_bytes(dictionary)};
    rpc_reply(rpc, &message_get_dictionary_response, &response);
}

static void handle_stats(struct rpc *rpc, const void *message) {
    const struct get_stats_request *request = message;
    struct ss_server *server = rpc->peer->server;
    uint32_t world = rpc->world;
    if (request->world.size) world = worker_find_world(server->worker, request->world);
    if (world == UINT32_MAX) {
        rpc_finish(rpc, GRPC_NOT_FOUND, "no such world");
        return;
    }
    struct world_stats numbers;
    world_stats(worker_world(server->worker, world), &numbers);
    struct get_stats_response stats = {
        .results = {numbers.results, RESULT_COUNT},
        .conflicts = {numbers.conflicts, CONFLICT_TYPE_COUNT},
        .resolutions = {numbers.resolutions, 5},
    };
    stats_fill(server, world, &stats);
    rpc_reply(rpc, &message_get_stats_response, &stats);
}

static void handle_open_world(struct rpc *rpc, const void *message) {
    const struct open_world_request *request = message;
    struct ss_server *server = rpc->peer->server;
    if (!rpc->identity.server) {
        rpc_finish(rpc, GRPC_PERMISSION_DENIED, "worlds are opened by the role server");
        return;
    }
    char name[65] = "";
    if (request->name.size < sizeof name) memcpy(name, request->name.data, request->name.size);
    uint32_t index;
    int status = worker_open_world(server->worker, name, server->now, &index);
    if (status == SS_OK || status == SS_ERR_EXISTS) {
        struct open_world_response response = {.created = status == SS_OK};
        rpc_reply(rpc, &message_open_world_response, &response);
    } else if (status == SS_ERR_INVALID) {
        rpc_finish(rpc, GRPC_INVALID_ARGUMENT, "a world's name is 1 to 64 of A-Z a-z 0-9 . _ : -");
    } else {
        rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "no more worlds: see limits.worlds");
    }
}

/* ---- the table ----------------------------------------------------------------------------- */

#define FIXED      "/necp.realtime.statesync.v1.StateSyncService/"
#define OURS       "/statesync.v1.Statesync/"
#define TYPE(name) &message_##name, sizeof(struct name)

/* path, answered without identity, stream, request type, handler */
static const struct method methods[] = {
    {FIXED "SyncState", false, false, TYPE(state_sync_request), handle_sync},
    {FIXED "StreamStateUpdates", false, true, TYPE(state_sync_request), handle_sync},
    {FIXED "GetStateSnapshot", false, false, TYPE(state_snapshot_request), handle_snapshot},
    {FIXED "ResolveConflict", false, false, TYPE(conflict_resolution_request), handle_resolve},
    {OURS "Capabilities", false, false, TYPE(capabilities_request), handle_capabilities},
    {OURS "ListConflicts", false, false, TYPE(list_conflicts_request), handle_list_conflicts},
    {OURS "GetConflict", false, false, TYPE(get_conflict_request), handle_get_conflict},
    {OURS "GetHistory", false, false, TYPE(get_history_request), handle_history},
    {OURS "GetStats", false, false, TYPE(get_stats_request), handle_stats},
    {OURS "OpenWorld", false, false, TYPE(open_world_request), handle_open_world},
    {OURS "ListProposals", false, false, TYPE(list_proposals_request), handle_list_proposals},
    {OURS "DecideProposal", false, false, TYPE(decide_proposal_request), handle_decide},
    {OURS "GetDictionary", false, false, TYPE(get_dictionary_request), handle_dictionary},
    {"/grpc.health.v1.Health/Check", true, false, TYPE(health_check_request), health_check},
    {"/grpc.health.v1.Health/Watch", true, true, TYPE(health_check_request), health_watch},
    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true, true,
     TYPE(server_reflection_request), reflection_info},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true, true,
     TYPE(server_reflection_request), reflection_info},
};

const struct method *method_find(struct bytes path) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_equal(path, bytes_of(methods[i].path))) return &methods[i];
    return NULL;
}
