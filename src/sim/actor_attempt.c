/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its sending to its end: each ends exactly once, by an answer, by a status or with
 * the connection. */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "sim/actor.h"

#define DECODED_MAX ((size_t)8 << 20)

void *actor_decode(struct actor *actor, const struct message_type *type, struct bytes bytes) {
    arena_reset(&actor->arena, (size_t)1 << 20);
    void *message = arena_alloc(&actor->arena, message_struct_size(type));
    const char *why = "";
    if (!message) abort();
    if (message_decode(type, bytes, message, &actor->arena, DECODED_MAX, &why) == SS_OK)
        return message;
    model_fail(actor->model, "the server sent a %s that cannot be read: %s", message_name(type),
               why);
    return NULL;
}

/* ---- beginning --------------------------------------------------------------------------------
 */

struct attempt *attempt_begin(struct actor *actor, enum ask ask) {
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt) abort();
    attempt->actor = actor;
    attempt->ask = ask;
    attempt->life = *actor->life;
    list_push(&actor->attempts, &attempt->link);
    actor->attempt_count++;
    return attempt;
}

void attempt_free(struct attempt *attempt) {
    list_remove(&attempt->link);
    attempt->actor->attempt_count--;
    glimpse_free(attempt->glimpse);
    free(attempt->pages);
    free(attempt);
}

void actor_retry_later(struct actor *actor, uint32_t number) {
    if (actor->retry_count == actor->retry_capacity) {
        actor->retry_capacity = actor->retry_capacity ? 2 * actor->retry_capacity : 16;
        actor->retry = realloc(actor->retry, actor->retry_capacity * sizeof *actor->retry);
        if (!actor->retry) abort();
    }
    actor->retry[actor->retry_count++] = number;
}

/* Updates of unknown fate that carry a key are asked again until somebody knows. */
void attempt_lost(struct attempt *attempt) {
    struct actor *actor = attempt->actor;
    bool keyed = attempt->count && op_at(actor->model, attempt->questions[0].op)->key_size;
    if (keyed && !attempt->answered) actor_retry_later(actor, attempt->questions[0].op);
    attempt_free(attempt);
}

bool attempt_stands(const struct attempt *attempt) {
    const struct actor *actor = attempt->actor;
    if (attempt->life == *actor->life) return true;
    if (attempt->cell) return attempt->losses == attempt->cell->losses && !attempt->denied;
    for (size_t i = 0; i < attempt->count; i++)
        if (!question_stands(actor->model, &attempt->questions[i])) return false;
    return attempt->count > 0;
}

/* ---- unary calls ------------------------------------------------------------------------------
 */

static void unary_message(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct attempt *attempt = context;
    struct actor *actor = attempt->actor;
    trace_event(actor->trace, actor->machine->now, actor->id, "answer", attempt->ask,
                attempt->count ? attempt->questions[0].op : 0, message);
    actor->answered++;
    attempt->answered = true;
    actor->model->stamp++;
    if (!attempt_stands(attempt)) return;
    switch (attempt->ask) {
    case ASK_UPDATE:
    case ASK_BATCH:
    case ASK_JUNK: {
        const struct state_sync_response *answer =
            actor_decode(actor, &message_state_sync_response, message);
        if (answer) attempt_answer(attempt, answer);
        break;
    }
    case ASK_SNAPSHOT: snapshot_answer(attempt, message); break;
    case ASK_RESOLVE: resolve_answer(attempt, message); break;
    case ASK_CONFLICT: conflict_answer(attempt, message); break;
    case ASK_HISTORY: history_answer(attempt, message); break;
    case ASK_PROPOSALS: proposals_answer(attempt, message); break;
    case ASK_DECIDE: break;
    }
}

/* A unary update that is refused ends with a status instead of a message. */
static void unary_refused(struct attempt *attempt, enum grpc_status status) {
    struct state_sync_response answer = {.result = SYNC_RESULT_ERROR,
                                         .error_code = (uint32_t)status};
    bool update = attempt->ask == ASK_UPDATE || attempt->ask == ASK_BATCH;
    if (status != GRPC_INVALID_ARGUMENT && status != GRPC_PERMISSION_DENIED) return;
    attempt->answered = true;
    if (update && attempt_stands(attempt)) attempt_answer(attempt, &answer);
}

static void check_status(struct attempt *attempt, enum grpc_status status, const char *text) {
    struct actor *actor = attempt->actor;
    struct model *model = actor->model;
    if (attempt->life != *actor->life) return;
    if (status == GRPC_OK && !attempt->answered)
        model_fail(model, "a call ended well without an answer");
    if (attempt->denied && status == GRPC_OK && attempt->ask == ASK_HISTORY)
        model_fail(model, "client %u was shown a history that it may not read", actor->id);
    if (attempt->ask == ASK_CONFLICT && status == GRPC_NOT_FOUND)
        model_fail(model, "the conflict of o%u is not found any more", attempt->questions[0].op);
    bool ours = status == GRPC_UNAVAILABLE || status == GRPC_CANCELLED ||
                status == GRPC_DEADLINE_EXCEEDED || status == GRPC_RESOURCE_EXHAUSTED;
    bool refusal = status == GRPC_INVALID_ARGUMENT || status == GRPC_PERMISSION_DENIED ||
                   status == GRPC_ABORTED || status == GRPC_NOT_FOUND;
    if (status != GRPC_OK && !ours && !refusal && !(model->lean && status == GRPC_INTERNAL))
        model_fail(model, "a call of client %u ended with status %d: %.200s", actor->id,
                   (int)status, text);
}

static void unary_end(void *context, struct rpc_call *call, enum grpc_status status,
                      const char *message) {
    (void)call;
    struct attempt *attempt = context;
    struct actor *actor = attempt->actor;
    trace_event(actor->trace, actor->machine->now, actor->id, "end", attempt->ask, (uint64_t)status,
                bytes_of(message));
    attempt->call = NULL;
    if (status != GRPC_OK && !attempt->answered) unary_refused(attempt, status);
    check_status(attempt, status, message);
    if (attempt->answered) {
        attempt_free(attempt);
    } else {
        attempt_lost(attempt);
    }
}

void attempt_call(struct attempt *attempt, const char *path, const struct message_type *type,
                  const void *message) {
    struct actor *actor = attempt->actor;
    struct rpc_events events = {attempt, unary_message, unary_end};
    ss_time now = loop_now(actor->loop), deadline = SS_NEVER;
    if (!actor->calm && chance(actor, 30))
        deadline = now + 1000 + (ss_time)random_below(&actor->random, 3000000);
    actor->sent++;
    trace_event(actor->trace, actor->machine->now, actor->id, "call", attempt->ask,
                attempt->count ? attempt->questions[0].op : 0, bytes_of(path));
    if (rpc_begin(actor->client, path, &events, deadline, now, &attempt->call) != SS_OK) {
        attempt_lost(attempt);
        return;
    }
    if (rpc_send(attempt->call, type, message) == SS_OK) rpc_half_close(attempt->call);
}

/* ---- answers to updates -----------------------------------------------------------------------
 */

static void learn(struct actor *actor, uint32_t number, bool omit_state,
                  const struct state_sync_response *answer) {
    const struct op *op = op_at(actor->model, number);
    bool stands =
        answer->result == SYNC_RESULT_SUCCESS ||
        (answer->result == SYNC_RESULT_CONFLICT && answer->conflict && answer->conflict->type) ||
        answer->result == SYNC_RESULT_STALE;
    if (!stands || answer->replayed) return;
    if (op->cell->kind == KIND_SUM && omit_state) return;
    believe(actor, op->cell, answer->current_version, !answer->deleted, answer->state_data);
}

static void own_write(struct attempt *attempt, uint32_t number,
                      const struct state_sync_response *answer) {
    struct actor *actor = attempt->actor;
    if (attempt->call || attempt->sequence <= actor->stream.own_from) return;
    if (answer->result != SYNC_RESULT_SUCCESS || answer->replayed) return;
    mirror_own(&actor->stream.mirror, actor->model, op_at(actor->model, number)->cell,
               answer->current_version, answer->deleted);
}

void attempt_answer(struct attempt *attempt, const struct state_sync_response *answer) {
    struct actor *actor = attempt->actor;
    struct model *model = actor->model;
    if (attempt->ask == ASK_JUNK) {
        if (answer->result != SYNC_RESULT_ERROR && answer->result != SYNC_RESULT_RATE_LIMITED)
            model_fail(model, "junk of client %u was answered with result %u", actor->id,
                       answer->result);
        return;
    }
    if (attempt->ask == ASK_BATCH && attempt->atomic)
        check_batch(model, attempt->questions, attempt->count, answer);
    for (size_t i = 0; i < attempt->count; i++) {
        const struct state_sync_response *own = answer;
        if (attempt->ask == ASK_BATCH)
            own = i < answer->results.count ? &answer->results.items[i] : NULL;
        if (!own && attempt->ask == ASK_BATCH && attempt->atomic) continue;
        struct state_sync_response refused = {.result = SYNC_RESULT_ERROR};
        if (!own) own = &refused;
        if (!attempt->atomic) check_answer(model, &attempt->questions[i], own);
        learn(actor, attempt->questions[i].op, attempt->questions[i].omit_state, own);
        own_write(attempt, attempt->questions[i].op, own);
    }
}
