/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c - decisions: parked conflicts and proposed writes. */
#include "server/hosted.h"

#include "base/status.h"

/* Whose cell a decision writes is known to the world alone, so it counts as one that is journaled.
 */
static const struct category journaled = {.durability = DURABILITY_SYNC};

static void resolve_answer(struct worker *worker, const struct command *command,
                           const struct resolved *resolved) {
    const struct conflict_resolution_request *request = command->request;
    struct conflict_resolution_response response = {
        .conflict_id = request->conflict_id,
        .success = resolved->success,
        .resolved_state = resolved->state,
        .version = resolved->version,
    };
    if (!resolved->success && resolved->message)
        response.error_message = bytes_of(resolved->message);
    if (resolved->conflict.type != CONFLICT_NONE)
        response.conflict = reply_conflict(&worker->arena, &resolved->conflict);
    worker_answer(worker, command, &message_conflict_resolution_response, &response,
                  RESULT_UNKNOWN);
}

static void resolve_unknown(struct worker *worker, const struct command *command) {
    struct resolved unknown = {.message = "no such conflict: only parked ones have an id, and a "
                                          "decided one is forgotten after 10 minutes"};
    resolve_answer(worker, command, &unknown);
}

void decide_resolve(struct worker *worker, const struct command *command, ss_time now) {
    const struct conflict_resolution_request *request = command->request;
    if (request->strategy < RESOLUTION_STRATEGY_LAST_WRITE_WINS ||
        request->strategy > RESOLUTION_STRATEGY_MANUAL) {
        worker_fail(worker, command, GRPC_INVALID_ARGUMENT,
                    "strategy must be LAST_WRITE_WINS, MERGE, KEEP_OLD or MANUAL");
        return;
    }
    struct resolution resolution = {
        .strategy = (enum strategy)request->strategy,
        .custom = request->custom_resolved_state,
        .player = command->player,
        .server = command->server,
    };
    struct hosted *hosted = uuid_parse(request->conflict_id, resolution.id)
                                ? worker_by_id(worker, resolution.id)
                                : NULL;
    if (!hosted) {
        resolve_unknown(worker, command);
        return;
    }
    const char *refused = worker_refuses(worker, &journaled);
    if (refused) {
        worker_fail(worker, command, GRPC_UNAVAILABLE, refused);
        return;
    }
    struct resolved resolved;
    world_resolve(hosted->world, &resolution, now, &resolved);
    if (resolved.status == SS_ERR_NOT_FOUND) {
        resolve_unknown(worker, command);
        return;
    }
    if (resolved.status == SS_ERR_DENIED) {
        worker_fail(worker, command, GRPC_PERMISSION_DENIED, resolved.message);
        return;
    }
    resolve_answer(worker, command, &resolved);
    if (!resolved.success || resolved.repeated) return;
    char id[UUID_SIZE + 1];
    uuid_print(resolution.id, id);
    feed_outcome(worker, hosted, &resolved, resolution.strategy, id, false, now);
}

void decide_proposal(struct worker *worker, const struct command *command, ss_time now) {
    const struct decide_proposal_request *request = command->request;
    if (!command->server) {
        worker_fail(worker, command, GRPC_PERMISSION_DENIED, "a verdict is for the role server");
        return;
    }
    const char *refused = worker_refuses(worker, &journaled);
    if (refused) {
        worker_fail(worker, command, GRPC_UNAVAILABLE, refused);
        return;
    }
    struct outcome outcome = {.result = RESULT_UNKNOWN};
    int status = world_decide(worker_hosted(worker, command)->world, request->id, request->accept,
                              request->change ? &request->state_data : NULL, now, &outcome);
    struct decide_proposal_response response = {
        .success = status == SS_OK && (!request->accept || outcome.result == RESULT_SUCCESS),
        .version = outcome.version,
    };
    if (status != SS_OK) {
        response.error_message = bytes_of("no such proposal: decided already, or forgotten");
    } else if (!response.success) {
        const char *why = outcome.message ? outcome.message : outcome.conflict.reason;
        response.error_message = bytes_of(why ? why : "the write met a conflict");
    }
    worker_answer(worker, command, &message_decide_proposal_response, &response, RESULT_UNKNOWN);
}
