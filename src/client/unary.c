/* SPDX-License-Identifier: Apache-2.0 */
/* unary.c - one question, one answer, waited for: the asynchronous client turned until the call
 * ends. */
#include "client/rpc.h"

#include <stdio.h>

#include "base/status.h"

#define DECODED_MAX ((size_t)256 << 20) /* lists and submessages of one answer */

struct unary {
    struct arena *arena;
    struct bytes answer;
    bool answered, ended, no_memory;
    enum grpc_status status;
    char message[512];
};

static void unary_message(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct unary *unary = context;
    unary->answer = arena_copy(unary->arena, message);
    unary->no_memory = message.size > 0 && !unary->answer.data;
    unary->answered = true;
}

static void unary_end(void *context, struct rpc_call *call, enum grpc_status status,
                      const char *message) {
    (void)call;
    struct unary *unary = context;
    unary->ended = true;
    unary->status = status;
    snprintf(unary->message, sizeof unary->message, "%s", message);
}

int rpc_status(enum grpc_status status) {
    switch (status) {
    case GRPC_OK: return SS_OK;
    case GRPC_INVALID_ARGUMENT: return SS_ERR_INVALID;
    case GRPC_DEADLINE_EXCEEDED:
    case GRPC_UNAVAILABLE: return SS_ERR_UNAVAILABLE;
    case GRPC_NOT_FOUND: return SS_ERR_NOT_FOUND;
    case GRPC_ALREADY_EXISTS: return SS_ERR_EXISTS;
    case GRPC_PERMISSION_DENIED:
    case GRPC_UNAUTHENTICATED: return SS_ERR_DENIED;
    case GRPC_RESOURCE_EXHAUSTED: return SS_ERR_TOO_LARGE;
    case GRPC_FAILED_PRECONDITION: return SS_ERR_CONFLICT;
    case GRPC_ABORTED: return SS_ERR_STALE;
    case GRPC_UNIMPLEMENTED: return SS_ERR_UNSUPPORTED;
    default: return SS_ERR_IO;
    }
}

static void unary_wait(struct rpc_client *client, const struct unary *unary) {
    while (!unary->ended) {
        ss_time now = loop_wait(rpc_loop(client), rpc_deadline(client));
        rpc_turn(client, now);
    }
}

int rpc_unary(struct rpc_client *client, const char *path, const struct message_type *request_type,
              const void *request, const struct message_type *response_type, void *response,
              struct arena *arena, ss_time timeout, char *why, size_t why_size) {
    struct unary unary = {.arena = arena};
    struct rpc_events events = {&unary, unary_message, unary_end};
    struct rpc_call *call;
    ss_time now = loop_now(rpc_loop(client));
    int status = rpc_begin(client, path, &events, time_add(now, timeout), now, &call);
    if (status != SS_OK) {
        snprintf(why, why_size, "%s", rpc_alive(client) ? status_text(status) : rpc_why(client));
        return status;
    }
    status = rpc_send(call, request_type, request);
    if (status == SS_OK)
        rpc_half_close(call);
    else
        rpc_cancel(call);
    unary_wait(client, &unary);
    if (unary.status != GRPC_OK) {
        snprintf(why, why_size, "%s: %s", grpc_status_name(unary.status), unary.message);
        return status != SS_OK ? status : rpc_status(unary.status);
    }
    const char *reason = "no answer came with the status OK";
    status = unary.no_memory ? SS_ERR_NOMEM : SS_ERR_MALFORMED;
    if (unary.answered && !unary.no_memory)
        status = message_decode(response_type, unary.answer, response, arena, DECODED_MAX, &reason);
    if (status != SS_OK) snprintf(why, why_size, "%s: %s", status_text(status), reason);
    return status;
}
