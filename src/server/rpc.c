/* SPDX-License-Identifier: Apache-2.0 */
/* rpc.c - calls on the network side: from events of a connection to commands, from answers to
 * messages.
 *
 * A call may be gone before its answer comes, so commands carry tickets, and an answer whose ticket
 * finds nobody is dropped: what it tells of has happened all the same. */
#include "server/inside.h"

#include "base/status.h"

#define HELD_MAX    (32u << 20) /* bytes of held answers, above it nothing more is read */
#define CREDIT_STEP (64u * 1024)
#define DECODE_MAX  (16u << 20) /* bytes of lists and submessages of one message */

/* ---- the record ---------------------------------------------------------------------------- */

struct rpc *rpc_find(struct ss_server *server, struct ticket ticket) {
    if (ticket.generation == 0 || ticket.handle >= server->rpcs.used) return NULL;
    struct rpc *rpc = slab_at(&server->rpcs, ticket.handle);
    return rpc->generation == ticket.generation ? rpc : NULL;
}

static struct rpc *rpc_create(struct peer *peer, struct call *call, const struct method *method) {
    struct ss_server *server = peer->server;
    uint32_t handle = slab_alloc(&server->rpcs);
    if (handle == SLAB_NONE) return NULL;
    struct rpc *rpc = slab_at(&server->rpcs, handle);
    if (++server->generation == 0) server->generation = 1;
    rpc->handle = handle;
    rpc->generation = server->generation;
    rpc->method = method;
    rpc->call = call;
    rpc->peer = peer;
    list_init(&rpc->watcher);
    call_set_context(call, rpc);
    return rpc;
}

void rpc_finish(struct rpc *rpc, enum grpc_status status, const char *message) {
    if (rpc->finished) return;
    rpc->finished = true;
    rpc->peer->server->counters.statuses[status]++;
    call_finish(rpc->call, status, message);
    peer_touch(rpc->peer);
}

struct command *rpc_command(struct rpc *rpc, enum command_kind kind) {
    struct ss_server *server = rpc->peer->server;
    struct ring *ring = worker_ring(server->worker);
    struct command *command = ring_push(ring);
    if (!command) {
        worker_execute(server->worker, server->now);
        command = ring_push(ring);
    }
    command->kind = kind;
    command->ticket = (struct ticket){rpc->handle, rpc->generation};
    command->world = rpc->world;
    command->server = rpc->identity.server;
    command->stream = rpc->method->stream;
    command->arrived = server->now;
    command->latency_ms = (uint32_t)time_ms(connection_rtt(rpc->peer->connection) / 2);
    return command;
}

void rpc_reply(struct rpc *rpc, const struct message_type *type, const void *message) {
    size_t size = message_size(type, message);
    struct buffer out = buffer_of(&rpc->peer->server->memory);
    buffer_room(&out, size);
    message_encode(type, message, &out);
    if (out.failed || call_send(rpc->call, buffer_view(&out)) != SS_OK) {
        rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
    } else {
        rpc->peer->server->counters.messages_out++;
        if (!rpc->method->stream) rpc_finish(rpc, GRPC_OK, NULL);
    }
    buffer_free(&out);
    peer_touch(rpc->peer);
}

/* ---- events -------------------------------------------------------------------------------- */

static void refuse_call(struct peer *peer, struct call *call, enum grpc_status status,
                        const char *message) {
    peer->server->counters.statuses[status]++;
    call_finish(call, status, message);
}

/* Who is calling; counts the peer as a connection of that player. NULL, or why it is refused. */
static const char *rpc_identify(struct rpc *rpc, const struct request *request,
                                enum grpc_status *status) {
    struct peer *peer = rpc->peer;
    struct ss_server *server = peer->server;
    const char *why = NULL;
    bool trusted = peer->tls && tls_peer_trusted(peer->tls);
    *status = GRPC_UNAUTHENTICATED;
    if (auth_identify(server->auth, request->authorization, peer->loopback && !peer->tls, trusted,
                      server->now, &rpc->identity, &why) != SS_OK) {
        server->counters.unauthenticated++;
        return why;
    }
    if (rpc->identity.player == 0 || peer->player == rpc->identity.player) return NULL;
    *status = GRPC_RESOURCE_EXHAUSTED;
    if (!limiter_connect(server->limiter, rpc->identity.player, server->now))
        return "too many connections of this player";
    if (peer->player) limiter_disconnect(server->limiter, peer->player);
    peer->player = rpc->identity.player;
    return NULL;
}

static void on_request(void *context, struct call *call, const struct request *request) {
    struct peer *peer = context;
    struct ss_server *server = peer->server;
    peer_touch(peer);
    if (!request->grpc) {
        http_request(peer, call, request);
        return;
    }
    const struct method *method = method_find(request->path);
    if (!method || peer->door != DOOR_GRPC) {
        refuse_call(peer, call, GRPC_UNIMPLEMENTED,
                    "unknown method: reflection lists the known ones");
        return;
    }
    if (server->draining && !method->open) {
        refuse_call(peer, call, GRPC_UNAVAILABLE, "the server is going down");
        return;
    }
    struct rpc *rpc = rpc_create(peer, call, method);
    if (!rpc) {
        refuse_call(peer, call, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (method->open) return;
    enum grpc_status status;
    const char *why = rpc_identify(rpc, request, &status);
    if (why) {
        rpc_finish(rpc, status, why);
        return;
    }
    struct bytes world = request->world.size ? request->world : bytes_of("default");
    rpc->world = worker_find_world(server->worker, world);
    if (rpc->world == UINT32_MAX)
        rpc_finish(rpc, GRPC_NOT_FOUND, "no such world: see `worlds` in Capabilities, or open it");
}

static void on_message(void *context, struct call *call, struct bytes message) {
    struct peer *peer = context;
    struct ss_server *server = peer->server;
    struct rpc *rpc = call_context(call);
    if (!rpc || rpc->finished) return;
    peer_touch(peer);
    server->counters.messages_in++;
    const struct method *method = rpc->method;
    if (rpc->messages++ > 0 && !method->stream) {
        rpc_finish(rpc, GRPC_INTERNAL, "a unary call carries one message");
        return;
    }
    struct bytes copy = arena_copy(&server->turn, message);
    void *request = arena_alloc(&server->turn, method->request_size);
    if ((message.size && !copy.data) || !request) {
        rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    const char *why = NULL;
    int status = message_decode(method->request, copy, request, &server->turn, DECODE_MAX, &why);
    if (status != SS_OK) {
        rpc_finish(rpc,
                   status == SS_ERR_MALFORMED ? GRPC_INVALID_ARGUMENT : GRPC_RESOURCE_EXHAUSTED,
                   why ? why : "the message cannot be decoded");
        return;
    }
    method->handle(rpc, request);
}

/* A stream that nobody writes to any more ends when everything was answered, unless it is
 * subscribed. */
static void rpc_settle(struct rpc *rpc) {
    if (rpc->half_closed && rpc->pending == 0 && !rpc->subscribed && list_empty(&rpc->watcher))
        rpc_finish(rpc, GRPC_OK, NULL);
}

static void on_half_close(void *context, struct call *call) {
    (void)context;
    struct rpc *rpc = call_context(call);
    if (!rpc || rpc->finished) return;
    rpc->half_closed = true;
    if (rpc->method->stream) {
        rpc_settle(rpc);
    } else if (rpc->messages == 0) {
        rpc_finish(rpc, GRPC_INTERNAL, "a unary call carries one message");
    }
}

static void on_end(void *context, struct call *call, enum grpc_status status,
                   struct bytes message) {
    (void)message;
    struct peer *peer = context;
    struct ss_server *server = peer->server;
    struct rpc *rpc = call_context(call);
    if (!rpc) return;
    if (!rpc->finished) server->counters.statuses[status]++;
    list_remove(&rpc->watcher);
    if (rpc->method->stream && !rpc->method->open && rpc->world != UINT32_MAX) {
        struct command *command = rpc_command(rpc, COMMAND_SESSION_CLOSE);
        command->player = rpc->session;
    }
    rpc->generation = 0;
    slab_release(&server->rpcs, rpc->handle);
}

static void rpc_give_credit(struct rpc *rpc) {
    if (rpc->pushed == 0) return;
    struct command *command = rpc_command(rpc, COMMAND_CREDIT);
    command->credit = rpc->pushed;
    rpc->pushed = 0;
}

static void on_drained(void *context, struct call *call) {
    (void)context;
    struct rpc *rpc = call_context(call);
    if (rpc) rpc_give_credit(rpc);
}

struct connection_events rpc_events(struct peer *peer) {
    return (struct connection_events){.context = peer,
                                      .on_request = on_request,
                                      .on_message = on_message,
                                      .on_half_close = on_half_close,
                                      .on_end = on_end,
                                      .on_drained = on_drained};
}

/* ---- answers ------------------------------------------------------------------------------- */

static void release_failure(struct rpc *rpc, const struct answer *answer, struct bytes text) {
    char message[512];
    size_t size = text.size < sizeof message - 1 ? text.size : sizeof message - 1;
    memcpy(message, text.data ? text.data : (const uint8_t *)"", size);
    message[size] = 0;
    rpc_finish(rpc, answer->status, size ? message : "out of memory");
}

static void release_to(struct rpc *rpc, const struct answer *answer, struct bytes bytes) {
    if (rpc->finished) return;
    if (!answer->push) rpc->pending--;
    if (answer->subscription) rpc->subscribed = answer->subscription > 0;
    if (answer->status != GRPC_OK) {
        release_failure(rpc, answer, bytes);
        return;
    }
    /* A stream's answer is never empty; a unary answer may be (all defaults). */
    if (answer->size || !rpc->method->stream) {
        if (call_send(rpc->call, bytes) != SS_OK) {
            rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
            return;
        }
        rpc->peer->server->counters.messages_out++;
        peer_touch(rpc->peer);
    }
    if (!rpc->method->stream) {
        rpc_finish(rpc, GRPC_OK, NULL);
        return;
    }
    if (answer->push) rpc->pushed += (uint32_t)answer->size;
    /* Above the low mark the credit comes back when the backlog has drained: on_drained. */
    if (rpc->pushed >= CREDIT_STEP && call_backlog(rpc->call) <= CREDIT_STEP) rpc_give_credit(rpc);
    rpc_settle(rpc);
}

/* Sends an answer, or keeps it until the disk has what it tells of. */
static void release_one(struct ss_server *server, const struct answer *answer, uint64_t durable,
                        ss_time now) {
    struct rpc *rpc = rpc_find(server, answer->ticket);
    struct bytes bytes =
        bytes_view(worker_ring(server->worker)->bytes.data + answer->offset, answer->size);
    if (rpc && answer->lsn > rpc->gate) rpc->gate = answer->lsn;
    if (rpc && (rpc->gate > durable || rpc->held)) {
        struct answer waits = *answer;
        waits.lsn = rpc->gate;
        if (held_push(&server->held, &waits, bytes) == SS_OK) {
            rpc->held++;
        } else {
            rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        }
        return;
    }
    counters_note(&server->counters, answer, now);
    if (rpc) release_to(rpc, answer, bytes);
}

static void release_held(struct ss_server *server, uint64_t durable, ss_time now) {
    struct answer answer;
    struct bytes bytes;
    while (held_pop(&server->held, durable, &answer, &bytes)) {
        counters_note(&server->counters, &answer, now);
        struct rpc *rpc = rpc_find(server, answer.ticket);
        if (!rpc) continue;
        rpc->held--;
        release_to(rpc, &answer, bytes);
    }
}

/* Ends the calls whose answers had no place, before anything else is sent on them: a stream would
 * take the next answer for the missing one, and a unary call would wait for ever. */
static void end_lost(struct ss_server *server, struct ring *ring) {
    size_t count = ring->lost_count;
    ring->lost_count = 0;
    for (size_t i = 0; i < count && count <= RING_LOST; i++) {
        struct rpc *rpc = rpc_find(server, ring->lost[i]);
        if (rpc) rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    for (uint32_t handle = 0; count > RING_LOST && handle < server->rpcs.used; handle++) {
        struct rpc *rpc = slab_at(&server->rpcs, handle);
        if (rpc->generation && rpc->pending)
            rpc_finish(rpc, GRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
}

void rpc_release(struct ss_server *server) {
    struct ring *ring = worker_ring(server->worker);
    if (ring->lost_count) end_lost(server, ring);
    ss_time now = loop_now(server->loop);
    uint64_t durable = worker_durable(server->worker);
    release_held(server, durable, now);
    const struct answer *answer;
    while ((answer = ring_take(ring)))
        release_one(server, answer, durable, now);
    ring_settle(ring);
    bool stuffed = held_bytes(&server->held) > HELD_MAX;
    if (server->stuffed && !stuffed) peer_touch_all(server);
    server->stuffed = stuffed;
}
