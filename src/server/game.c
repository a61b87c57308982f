/* SPDX-License-Identifier: Apache-2.0 */
/* game.c - the calls of a game that runs the server inside its own process. */
#include "server/inside.h"

#include <stdio.h>

#include "base/status.h"

static int world_of(ss_server *server, const char *name, uint32_t *index) {
    *index = worker_find_world(server->worker, bytes_of(name ? name : "default"));
    if (*index != UINT32_MAX) return SS_OK;
    snprintf(server->error, sizeof server->error, "no world \"%s\"", name ? name : "default");
    return SS_ERR_NOT_FOUND;
}

ss_status ss_server_world(ss_server *server, const char *name) {
    uint32_t index;
    int status = worker_open_world(server->worker, name, loop_now(server->loop), &index);
    if (status != SS_OK)
        snprintf(server->error, sizeof server->error, "world \"%s\": %s", name,
                 status_text(status));
    return (ss_status)status;
}

ss_status ss_server_put(ss_server *server, const ss_update *update, ss_result *result,
                        ss_state *stands) {
    uint32_t world;
    int status = world_of(server, update->world, &world);
    if (status != SS_OK) return (ss_status)status;
    struct update wanted = {
        .player = update->player ? update->player : update->owner,
        .owner = update->owner,
        .server = true,
        .category = bytes_of(update->category),
        .key = bytes_of(update->key),
        .state = bytes_view(update->state, update->remove ? 0 : update->state_size),
        .expected_version = update->expected_version,
        .delete = update->remove,
    };
    struct outcome outcome;
    server->now = loop_now(server->loop);
    worker_put(server->worker, world, &wanted, server->now, &outcome);
    if (result) *result = (ss_result)outcome.result;
    if (stands) *stands = state_of_outcome(&outcome, wanted.player, server->now);
    if (outcome.result != RESULT_ERROR) return SS_OK;
    snprintf(server->error, sizeof server->error, "%s",
             outcome.message ? outcome.message : status_text(outcome.status));
    return (ss_status)outcome.status;
}

ss_status ss_server_get(ss_server *server, const char *world_name, uint64_t owner,
                        const char *category, const char *key, ss_state *state) {
    uint32_t world;
    int status = world_of(server, world_name, &world);
    if (status != SS_OK) return (ss_status)status;
    struct cell_view view;
    if (!world_get(worker_world(server->worker, world), owner, bytes_of(category), bytes_of(key),
                   &view))
        return SS_ERR_NOT_FOUND;
    *state = state_of_view(&view);
    return SS_OK;
}

ss_status ss_server_tick(ss_server *server, const char *name) {
    uint32_t world;
    int status = world_of(server, name, &world);
    if (status != SS_OK) return (ss_status)status;
    worker_tick(server->worker, world, loop_now(server->loop));
    return SS_OK;
}

const char *ss_server_address(const ss_server *server, const char *door) {
    static const char *const names[DOOR_COUNT] = {"grpc", "http"};
    for (int kind = 0; kind < DOOR_COUNT; kind++)
        if (strcmp(door, names[kind]) == 0 && server->doors[kind].server)
            return server->doors[kind].watch.fd >= 0 ? server->doors[kind].name : "";
    return "";
}

const char *ss_server_error(const ss_server *server) {
    return server->error;
}
