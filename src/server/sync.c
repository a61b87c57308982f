/* SPDX-License-Identifier: Apache-2.0 */
/* sync.c - updates and batches: hooks first, then the world, then the encoded answer. */
#include "server/hosted.h"

#include "base/status.h"
#include "server/delta.h"

#define RESULTS_TAG ((105u << 3) | 2) /* StateSyncResponse.results, length-delimited */

static void refuse(struct outcome *outcome, int status, const char *message) {
    *outcome = (struct outcome){.result = RESULT_ERROR, .status = status, .message = message};
}

/* Asks the game. Its "no" travels with the update and is judged in its place among the world's own
 * rules, so that a repeated idempotency key still finds its first answer. */
static void sync_validate(struct worker *worker, struct hosted *hosted,
                          const struct category *policy, struct update *update) {
    const struct worker_hooks *hooks = &worker->config.hooks;
    if (!hooks->validate || !policy || update->base_missing) return;
    struct cell_view standing = {.deleted = true};
    world_get(hosted->world, update_owner(update, policy), update->category, update->key,
              &standing);
    struct reason *why = arena_alloc(&worker->arena, sizeof *why);
    if (why) why->text[0] = 0;
    struct reason unheard;
    if (hooks->validate(hooks->context, hosted->name, update, &standing, why ? why : &unheard) !=
        SS_OK)
        update->refused = why && why->text[0] ? why->text : "refused by the game's validator";
}

static void sync_tell(struct worker *worker, struct hosted *hosted, const struct update *update,
                      const struct outcome *outcome) {
    const struct worker_hooks *hooks = &worker->config.hooks;
    if (outcome->replayed) return;
    if (outcome->result == RESULT_SUCCESS) feed_wrote(worker, hosted, update);
    if (outcome->conflict.type != CONFLICT_NONE && hooks->on_conflict)
        hooks->on_conflict(hooks->context, hosted->name, update, &outcome->conflict);
    if (outcome->result == RESULT_SUCCESS && hooks->on_change)
        hooks->on_change(hooks->context, hosted->name, update, outcome);
}

void sync_apply(struct worker *worker, struct hosted *hosted, const struct category *policy,
                struct update *update, ss_time now, struct outcome *outcome) {
    const char *refused = worker_refuses(worker, policy);
    if (refused) {
        refuse(outcome, SS_ERR_UNAVAILABLE, refused);
        return;
    }
    sync_validate(worker, hosted, policy, update);
    world_update(hosted->world, update, now, outcome);
    sync_tell(worker, hosted, update, outcome);
}

/* ---- single updates ------------------------------------------------------------------------ */

static const char *clock_error(int status) {
    return status == SS_ERR_TOO_LARGE
               ? "vector_clock has more than 64 entries: send back the clock "
                 "that came with this very cell"
               : "out of memory";
}

static void sync_answer(struct worker *worker, const struct command *command,
                        const struct state_sync_response *response) {
    if (response->result == SYNC_RESULT_ERROR && !command->stream) {
        size_t size = response->error_message.size;
        char *text = arena_alloc(&worker->arena, size + 1);
        if (text) {
            memcpy(text, response->error_message.data, size);
            text[size] = 0;
        }
        worker_fail(worker, command, (enum grpc_status)response->error_code, text);
        return;
    }
    worker_answer(worker, command, &message_state_sync_response, response,
                  (enum result)response->result);
}

/* Decoded is not yet known: a delta becomes a state only against what stands by now. */
static void sync_one(struct worker *worker, struct hosted *hosted, const struct category *policy,
                     const struct state_sync_request *request, int status, ss_time now,
                     struct update *update, struct outcome *outcome) {
    const char *wrong = status == SS_OK ? NULL : clock_error(status);
    if (status == SS_OK) status = delta_rebuild(worker, hosted, request, update, &wrong);
    if (status == SS_OK) {
        sync_apply(worker, hosted, policy, update, now, outcome);
    } else {
        refuse(outcome, status, wrong);
    }
}

static void sync_single(struct worker *worker, const struct command *command, struct update *update,
                        int status, ss_time now) {
    struct hosted *hosted = worker_hosted(worker, command);
    const struct state_sync_request *request = command->request;
    const struct category *policy = world_category(hosted->world, request->category);
    struct outcome outcome;
    sync_one(worker, hosted, policy, request, status, now, update, &outcome);
    struct reply_frame frame = worker_frame(worker, hosted, now);
    struct state_sync_response response;
    reply_outcome(&frame, command, request, policy, &outcome, &response);
    delta_correct(worker, request, policy, update, &outcome, &response);
    sync_answer(worker, command, &response);
}

void sync_refuse(struct worker *worker, const struct command *command, ss_time now) {
    struct reply_frame frame = worker_frame(worker, worker_hosted(worker, command), now);
    struct state_sync_response response;
    reply_refusal(&frame, &command->refusal, &response);
    sync_answer(worker, command, &response);
}

/* ---- batches ------------------------------------------------------------------------------- */

/* The member's own player counts only from a server. */
static struct command member_command(const struct command *command,
                                     const struct state_sync_request *member) {
    struct command own = *command;
    if (command->server && member->player_id) own.player = member->player_id;
    return own;
}

static void batch_result(struct worker *worker, const struct reply_frame *frame,
                         const struct command *command, struct hosted *hosted,
                         const struct state_sync_request *member, const struct update *update,
                         const struct outcome *outcome) {
    const struct category *policy = world_category(hosted->world, member->category);
    struct state_sync_response response;
    reply_outcome(frame, command, member, policy, outcome, &response);
    delta_correct(worker, member, policy, update, outcome, &response);
    struct buffer *bytes = &worker->ring.bytes;
    buffer_varint(bytes, RESULTS_TAG);
    buffer_varint(bytes, message_size(&message_state_sync_response, &response));
    message_encode(&message_state_sync_response, &response, bytes);
}

/* A batch's own result is the worst of its members': ERROR, then STALE, then CONFLICT. */
static enum result worse(enum result a, enum result b) {
    static const uint8_t badness[RESULT_COUNT] = {0, 1, 2, 3, 5, 4};
    return badness[b] > badness[a] ? b : a;
}

static void batch_each(struct worker *worker, const struct command *command,
                       const struct state_sync_request_list *members, ss_time now,
                       enum result *total) {
    struct hosted *hosted = worker_hosted(worker, command);
    struct reply_frame frame = worker_frame(worker, hosted, now);
    for (size_t i = 0; i < members->count; i++) {
        const struct state_sync_request *member = &members->items[i];
        struct command own = member_command(command, member);
        struct update update;
        struct outcome outcome;
        int status = reply_update(member, &own, &worker->arena, &update);
        const struct category *policy = world_category(hosted->world, member->category);
        sync_one(worker, hosted, policy, member, status, now, &update, &outcome);
        *total = worse(*total, outcome.result);
        batch_result(worker, &frame, &own, hosted, member, &update, &outcome);
    }
}

/* Decodes all members and asks the game about each. False when one cannot even be decoded: then the
 * others have been answered for. */
static bool batch_prepare(struct worker *worker, struct hosted *hosted,
                          const struct command *command,
                          const struct state_sync_request_list *members, struct update *updates,
                          struct outcome *outcomes) {
    bool fine = true;
    for (size_t i = 0; i < members->count; i++) {
        struct command own = member_command(command, &members->items[i]);
        int status = reply_update(&members->items[i], &own, &worker->arena, &updates[i]);
        outcomes[i] = (struct outcome){.result = RESULT_CONFLICT,
                                       .request_id = worker_request_id(worker),
                                       .conflict.reason = "another update of the batch failed"};
        const char *wrong = status == SS_OK ? NULL : clock_error(status);
        if (status == SS_OK)
            status = delta_rebuild(worker, hosted, &members->items[i], &updates[i], &wrong);
        const struct category *policy = world_category(hosted->world, updates[i].category);
        const char *refused = worker_refuses(worker, policy);
        if (status != SS_OK || refused) {
            refuse(&outcomes[i], status != SS_OK ? status : SS_ERR_UNAVAILABLE,
                   status != SS_OK ? wrong : refused);
            fine = false;
        } else {
            sync_validate(worker, hosted, policy, &updates[i]);
        }
    }
    return fine;
}

static void batch_atomic(struct worker *worker, const struct command *command,
                         const struct state_sync_request_list *members, ss_time now,
                         enum result *total) {
    struct hosted *hosted = worker_hosted(worker, command);
    const struct state_sync_request *request = command->request;
    struct update *updates = arena_alloc(&worker->arena, members->count * sizeof *updates);
    struct outcome *outcomes = arena_alloc(&worker->arena, members->count * sizeof *outcomes);
    if (!updates || !outcomes) {
        worker->ring.bytes.failed = true;
        return;
    }
    if (batch_prepare(worker, hosted, command, members, updates, outcomes))
        world_batch(hosted->world, updates, members->count, request->idempotency_key, now,
                    outcomes);
    struct reply_frame frame = worker_frame(worker, hosted, now);
    for (size_t i = 0; i < members->count; i++) {
        sync_tell(worker, hosted, &updates[i], &outcomes[i]);
        *total = worse(*total, outcomes[i].result);
        batch_result(worker, &frame, command, hosted, &members->items[i], &updates[i],
                     &outcomes[i]);
    }
}

static const char *batch_check(const struct worker *worker,
                               const struct state_sync_request *request) {
    const struct wire_batch *batch = request->batch;
    if (batch->updates.count == 0) return "batch without updates";
    if (batch->atomic && batch->updates.count > WORLD_ATOMIC_MAX)
        return "an atomic batch holds at most 256 updates";
    if (batch->updates.count > worker->config.request_updates_max)
        return "a batch holds at most 4096 updates";
    if (!batch->atomic && request->idempotency_key.size)
        return "an idempotency_key belongs to an atomic batch or to each update";
    for (size_t i = 0; i < batch->updates.count; i++)
        if (batch->updates.items[i].batch || batch->updates.items[i].subscribe)
            return "a batch holds updates, no batch and no subscription";
    return NULL;
}

/* The results are written straight behind the encoded head: a message and its further fields may
 * stand one after the other (protobuf's concatenation is merging). */
static void sync_batch(struct worker *worker, const struct command *command, ss_time now) {
    const struct state_sync_request *request = command->request;
    struct ring *ring = &worker->ring;
    size_t offset = ring->bytes.size;
    enum result total = RESULT_SUCCESS;
    if (request->batch->atomic) {
        batch_atomic(worker, command, &request->batch->updates, now, &total);
    } else {
        batch_each(worker, command, &request->batch->updates, now, &total);
    }
    struct hosted *hosted = worker_hosted(worker, command);
    struct state_sync_response head = {
        .result = (uint32_t)total,
        .request_id = total == RESULT_ERROR ? 0 : worker_request_id(worker),
        .server_timestamp_ms = time_ms(now),
        .server_tick = world_tick_number(hosted->world),
        .client_sequence = request->client_sequence,
    };
    message_encode(&message_state_sync_response, &head, &ring->bytes);
    worker_encoded(worker, command, offset, total);
}

/* ---- the request --------------------------------------------------------------------------- */

static void sync_reject(struct worker *worker, const struct command *command, int status,
                        const char *message, ss_time now) {
    const struct state_sync_request *request = command->request;
    struct command refused = *command;
    refused.refusal = (struct refusal){.result = RESULT_ERROR,
                                       .status = status,
                                       .message = message,
                                       .client_sequence = request->client_sequence};
    sync_refuse(worker, &refused, now);
}

void sync_handle(struct worker *worker, const struct command *command, struct update *prepared,
                 int prepared_status, ss_time now) {
    const struct state_sync_request *request = command->request;
    if (request->subscribe) {
        int status = SS_OK;
        const char *wrong = command->stream ? feed_subscribe(worker, command, request, now, &status)
                                            : "subscribe belongs to StreamStateUpdates";
        if (wrong) {
            sync_reject(worker, command, status == SS_OK ? SS_ERR_INVALID : status, wrong, now);
            return;
        }
        if (request->category.size == 0 && !request->batch) {
            worker_silent(worker, command);
            return;
        }
    }
    if (!request->batch) {
        sync_single(worker, command, prepared, prepared_status, now);
        return;
    }
    const char *wrong = batch_check(worker, request);
    if (wrong) {
        sync_reject(worker, command, SS_ERR_INVALID, wrong, now);
    } else {
        sync_batch(worker, command, now);
    }
}
