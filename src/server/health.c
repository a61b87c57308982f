/* SPDX-License-Identifier: Apache-2.0 */
/* health.c - grpc.health.v1: what load balancers and Kubernetes ask. */
#include "server/inside.h"

static const char *const services[] = {"", "necp.realtime.statesync.v1.StateSyncService",
                                       "statesync.v1.Statesync"};

static bool service_is_known(struct bytes name) {
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (bytes_equal(name, bytes_of(services[i]))) return true;
    return false;
}

static struct health_check_response health_now(const struct ss_server *server) {
    return (struct health_check_response){.status = server->draining ? SERVING_STATUS_NOT_SERVING
                                                                     : SERVING_STATUS_SERVING};
}

void health_check(struct rpc *rpc, const void *message) {
    const struct health_check_request *request = message;
    if (!service_is_known(request->service)) {
        rpc_finish(rpc, GRPC_NOT_FOUND, "unknown service");
        return;
    }
    struct health_check_response response = health_now(rpc->peer->server);
    rpc_reply(rpc, &message_health_check_response, &response);
}

/* A watch of an unknown service stays open with SERVICE_UNKNOWN, as the health protocol demands. */
void health_watch(struct rpc *rpc, const void *message) {
    const struct health_check_request *request = message;
    struct ss_server *server = rpc->peer->server;
    struct health_check_response response = health_now(server);
    if (!list_empty(&rpc->watcher)) {
        rpc_finish(rpc, GRPC_INTERNAL, "Watch takes one request");
        return;
    }
    list_push(&server->health_watchers, &rpc->watcher);
    if (!service_is_known(request->service)) response.status = SERVING_STATUS_SERVICE_UNKNOWN;
    rpc_reply(rpc, &message_health_check_response, &response);
}

void health_changed(struct ss_server *server) {
    struct health_check_response response = health_now(server);
    for (struct list *link = server->health_watchers.next; link != &server->health_watchers;
         link = link->next)
        rpc_reply(LIST_ENTRY(link, struct rpc, watcher), &message_health_check_response, &response);
}
