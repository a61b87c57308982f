/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of a client: answers must come in the order of its updates, pushes between them. */
#include <stdio.h>

#include "base/status.h"
#include "sim/actor.h"

#define SUBSCRIPTIONS ((uint64_t)1 << 40) /* their sequence numbers begin above */

/* ---- what comes -------------------------------------------------------------------------------
 */

static void subscription_refused(struct actor *actor, const struct state_sync_response *answer) {
    struct stream *stream = &actor->stream;
    if (answer->result != SYNC_RESULT_ERROR && answer->result != SYNC_RESULT_RATE_LIMITED)
        model_fail(actor->model, "a subscription was answered with result %u", answer->result);
    if (answer->client_sequence != stream->subscription) return;
    stream->subscribed = false;
    stream->resume_size = 0;
    mirror_restart(&stream->mirror, actor->model, false);
}

static void stream_answer(struct actor *actor, const struct state_sync_response *answer) {
    struct stream *stream = &actor->stream;
    struct model *model = actor->model;
    if (answer->client_sequence > SUBSCRIPTIONS) {
        subscription_refused(actor, answer);
        return;
    }
    if (list_empty(&stream->attempts)) {
        if (answer->client_sequence) model_fail(model, "an answer to nothing");
        return;
    }
    struct attempt *attempt = LIST_ENTRY(stream->attempts.next, struct attempt, link);
    if (answer->client_sequence != attempt->sequence) {
        model_fail(model,
                   "client %u: answer %llu came on its stream where %llu was due (result %u)",
                   actor->id, (unsigned long long)answer->client_sequence,
                   (unsigned long long)attempt->sequence, answer->result);
        return;
    }
    attempt->answered = true;
    actor->answered++;
    if (attempt_stands(attempt)) attempt_answer(attempt, answer);
    attempt_free(attempt);
}

static void stream_caught_up(struct actor *actor, const struct state_sync_response *push) {
    struct stream *stream = &actor->stream;
    if (push->client_sequence != stream->subscription) return;
    stream->mirror.caught_up = true;
    if (push->resume_token.size == 0 || push->resume_token.size > sizeof stream->resume) return;
    memcpy(stream->resume, push->resume_token.data, push->resume_token.size);
    stream->resume_size = push->resume_token.size;
}

static void stream_outcome(struct actor *actor, const struct wire_outcome *outcome) {
    struct model *model = actor->model;
    struct cell *cell = model_find(model, outcome->category, outcome->owner_id, outcome->key);
    if (!cell || outcome->version == 0) return;
    /* A dropped write shows the state that stands, which is some version's. */
    struct view view = {.client = actor->id,
                        .cell = cell,
                        .version = outcome->version,
                        .deleted = outcome->resolved_state.size == 0,
                        .has_state = outcome->resolved_state.size > 0,
                        .state = outcome->resolved_state,
                        .where = "outcome"};
    if (view.has_state) check_view(model, &view);
}

/* Changes were forgotten before they were told: what this copy has may be old for good. */
static void stream_lost(struct actor *actor) {
    actor->stream.resume_size = 0;
    stream_subscribe(actor, 0, EVERYWHERE, false);
}

static void remark(const struct actor *actor, const struct cell *cell,
                   const struct wire_update *update) {
    char name[48] = "?";
    if (!actor->trace->out) return;
    if (cell) cell_print(cell, name);
    trace_remark(actor->trace, actor->machine->now, "client %u: told of %s at %u%s", actor->id,
                 name, update->version,
                 update->deleted ? ", deleted"
                 : update->left  ? ", left"
                                 : "");
}

static void on_message(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct actor *actor = context;
    struct stream *stream = &actor->stream;
    trace_event(actor->trace, actor->machine->now, actor->id, "stream", message.size, 0, message);
    actor->model->stamp++;
    const struct state_sync_response *response =
        actor_decode(actor, &message_state_sync_response, message);
    if (!response) return;
    bool push = response->update || response->caught_up || response->outcome;
    bool lost = !push && response->result == SYNC_RESULT_STALE && response->request_id == 0;
    if (!push && !lost) {
        stream_answer(actor, response);
        return;
    }
    if (response->request_id) model_fail(actor->model, "a push with a request_id");
    if (stream->life != *actor->life) return;
    if (response->update) {
        struct wire_update whole = *response->update;
        const struct wire_update *update = &whole;
        told_push(actor->model, &stream->told, response->client_sequence, &whole);
        struct cell *cell =
            model_find(actor->model, update->category, update->owner_id, update->key);
        remark(actor, cell, update);
        bool former = response->client_sequence != stream->subscription;
        mirror_push(actor->model, &stream->mirror, update, former);
        if (cell && !update->left && !actor->model->lean)
            check_clock(actor->model, cell, update->version, update->vector_clock);
        if (cell && chance(actor, 50))
            believe(actor, cell, update->version, !update->deleted, update->state);
    }
    if (response->caught_up) stream_caught_up(actor, response);
    if (response->outcome) stream_outcome(actor, response->outcome);
    if (lost && response->client_sequence == stream->subscription) stream_lost(actor);
}

static void on_end(void *context, struct rpc_call *call, enum grpc_status status,
                   const char *message) {
    (void)call;
    struct actor *actor = context;
    struct stream *stream = &actor->stream;
    trace_event(actor->trace, actor->machine->now, actor->id, "stream-end", (uint64_t)status, 0,
                bytes_of(message));
    if (status == GRPC_OK && !list_empty(&stream->attempts) && stream->life == *actor->life)
        model_fail(actor->model, "the stream of client %u ended well before its answers came",
                   actor->id);
    if (status == GRPC_OK && !stream->half_closed)
        model_fail(actor->model, "the stream of client %u ended well by itself", actor->id);
    if (status == GRPC_INTERNAL && !actor->model->lean)
        model_fail(actor->model, "the stream of client %u failed: %.200s", actor->id, message);
    stream->call = NULL;
    stream->subscribed = false;
    while (!list_empty(&stream->attempts))
        attempt_lost(LIST_ENTRY(stream->attempts.next, struct attempt, link));
}

/* ---- what goes --------------------------------------------------------------------------------
 */

void stream_open(struct actor *actor) {
    struct rpc_events events = {actor, on_message, on_end};
    struct stream *stream = &actor->stream;
    if (stream->call || !actor->client) return;
    if (rpc_begin(actor->client, SERVICE "StreamStateUpdates", &events, SS_NEVER,
                  loop_now(actor->loop), &stream->call) != SS_OK) {
        stream->call = NULL;
        return;
    }
    stream->life = *actor->life;
    told_forget(&stream->told);
    if (stream->subscription < SUBSCRIPTIONS) stream->subscription = SUBSCRIPTIONS;
    stream->subscribed = stream->half_closed = false;
}

void stream_send(struct actor *actor, struct attempt *attempt, struct state_sync_request *request) {
    struct stream *stream = &actor->stream;
    list_remove(&attempt->link);
    list_push(&stream->attempts, &attempt->link);
    attempt->sequence = request->client_sequence = ++stream->sequence;
    actor->sent++;
    trace_event(actor->trace, actor->machine->now, actor->id, "send", attempt->sequence,
                attempt->count ? attempt->questions[0].op : 0, request->state_data);
    if (rpc_send(stream->call, &message_state_sync_request, request) != SS_OK)
        model_fail(actor->model, "an open stream of client %u takes nothing", actor->id);
}

void stream_subscribe(struct actor *actor, uint32_t kinds, unsigned center, bool resume) {
    struct stream *stream = &actor->stream;
    if (!stream->call || stream->half_closed || stream->life != *actor->life) return;
    struct bytes categories[KIND_COUNT];
    const uint32_t formats[] = {DELTA_FORMAT_PATCH};
    struct wire_subscribe subscribe = {.categories = {categories, 0},
                                       .accept_deltas = {formats, actor->model->deltas ? 1 : 0}};
    kinds &= (1u << KIND_COUNT) - 1;
    bool resumes = resume && stream->resume_size && stream->mirror.caught_up;
    if (resumes) {
        subscribe.resume_token = bytes_view(stream->resume, stream->resume_size);
        kinds = (uint32_t)stream->categories;
        center = stream->mirror.center;
    }
    struct wire_area area = {.x = (float)(center * PLACES_APART), .radius = AREA_RADIUS};
    if (center != EVERYWHERE) subscribe.area = &area;
    stream->mirror.center = center;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        stream->mirror.kinds[kind] = kinds == 0 || (kinds >> kind & 1);
        if (kinds >> kind & 1)
            categories[subscribe.categories.count++] = bytes_of(kind_rules[kind].name);
    }
    stream->categories = kinds;
    mirror_restart(&stream->mirror, actor->model, resumes);
    stream->subscribed = true;
    stream->own_from = stream->sequence;
    struct state_sync_request request = {.player_id = actor->id ? actor->id : 1,
                                         .client_sequence = ++stream->subscription,
                                         .subscribe = &subscribe};
    trace_event(actor->trace, actor->machine->now, actor->id, "subscribe", kinds,
                resumes | center << 1, subscribe.resume_token);
    rpc_send(stream->call, &message_state_sync_request, &request);
}

void stream_unsubscribe(struct actor *actor) {
    struct stream *stream = &actor->stream;
    if (!stream->call || stream->half_closed) return;
    struct wire_subscribe cancel = {.cancel = true};
    struct state_sync_request request = {.player_id = actor->id ? actor->id : 1,
                                         .subscribe = &cancel};
    stream->subscribed = false;
    stream->resume_size = 0;
    rpc_send(stream->call, &message_state_sync_request, &request);
}

void stream_half_close(struct actor *actor) {
    struct stream *stream = &actor->stream;
    if (!stream->call || stream->half_closed) return;
    stream_unsubscribe(actor);
    stream->half_closed = true;
    rpc_half_close(stream->call);
}
