/* SPDX-License-Identifier: Apache-2.0 */
/* The machine around a protocol: which protocol it is, what time brings, and the events that are
 * owed. */
#include "transport/connection.h"

#include "base/status.h"
#include "transport/http1.h"
#include "transport/http2.h"

/* ---- life ---------------------------------------------------------------------------------- */

struct connection_config connection_config_default(bool server) {
    return (struct connection_config){
        .server = server,
        .memory = &memory_heap,
        .message_max = 256 * 1024,
        .streams_max = 100,
        .headers_max = 16 * 1024,
        .backlog_low = 64 * 1024,
        .backlog_max = 1024 * 1024,
        .ping_interval = SS_SECOND,
        .ping_timeout = 20 * SS_SECOND,
        .headers_timeout = 10 * SS_SECOND,
        .stall_timeout = 20 * SS_SECOND,
        .glitch_burst = 200,
        .glitch_per_second = 50,
        .authority = "localhost",
        .user_agent = "statesync",
    };
}

int connection_create(struct connection **created, const struct connection_config *config,
                      ss_time now) {
    struct connection *connection = memory_zeroed(config->memory, 1, sizeof *connection);
    if (!connection) return SS_ERR_NOMEM;
    connection->config = *config;
    connection->now = now;
    connection->out.bytes = buffer_of(config->memory);
    connection->encoding = message_encoding_of(config->memory);
    connection->glitch = glitch_of(config->glitch_burst, config->glitch_per_second, now);
    list_init(&connection->calls);
    list_init(&connection->ready);
    list_init(&connection->ended);
    list_init(&connection->drained);
    connection->calls_at = connection->stall_at = connection->drain_at = SS_NEVER;
    connection->headers_at = config->server ? time_add(now, config->headers_timeout) : SS_NEVER;
    connection->idle_at = config->idle_timeout ? time_add(now, config->idle_timeout) : SS_NEVER;
    if (!config->server) {
        connection->protocol = PROTOCOL_HTTP2;
        if (http2_create(connection) != SS_OK) {
            connection_destroy(connection);
            return SS_ERR_NOMEM;
        }
    }
    *created = connection;
    return SS_OK;
}

static void calls_free(struct list *calls) {
    while (!list_empty(calls)) {
        struct call *call = LIST_ENTRY(calls->next, struct call, link);
        list_remove(&call->link);
        call_free(call);
    }
}

void connection_destroy(struct connection *connection) {
    if (!connection) return;
    const struct memory *memory = connection->config.memory;
    http1_destroy(connection);
    http2_destroy(connection);
    calls_free(&connection->calls);
    calls_free(&connection->ended);
    while (connection->spare) {
        struct call *call = connection->spare;
        connection->spare = call->next_spare;
        call_free(call);
    }
    message_encoding_free(&connection->encoding);
    buffer_free(&connection->out.bytes);
    memory_free(memory, connection, sizeof *connection);
}

void connection_cut(struct connection *connection, uint32_t error_code) {
    if (connection->over) return;
    connection->over = true;
    if (connection->http2) http2_cut(connection, error_code);
}

bool connection_glitch(struct connection *connection) {
    if (glitch_charge(&connection->glitch, connection->now)) return true;
    connection_cut(connection, ERROR_CALM);
    return false;
}

/* ---- events that are owed ------------------------------------------------------------------ */

static void tell_drained(struct connection *connection) {
    const struct connection_events *events = &connection->config.events;
    while (!list_empty(&connection->drained)) {
        struct call *call = LIST_ENTRY(connection->drained.next, struct call, drained);
        list_remove(&call->drained);
        if (events->on_drained) events->on_drained(events->context, call);
    }
}

static void tell_ended(struct connection *connection) {
    const struct connection_events *events = &connection->config.events;
    while (!list_empty(&connection->ended)) {
        struct call *call = LIST_ENTRY(connection->ended.next, struct call, link);
        struct bytes message =
            connection->config.server ? bytes_view(NULL, 0) : buffer_view(&call->text);
        list_remove(&call->link);
        if (call->told)
            events->on_end(events->context, call, (enum grpc_status)call->status, message);
        call_recycle(call);
    }
}

static void calls_close(struct connection *connection) {
    while (!list_empty(&connection->calls)) {
        struct call *call = LIST_ENTRY(connection->calls.next, struct call, link);
        if (call->status == STATUS_NONE || connection->config.server)
            call->status = GRPC_UNAVAILABLE;
        call_closed(call, GRPC_UNAVAILABLE);
    }
}

/* Ends every entry from outside: what happened is told, what it led to is done. */
static int connection_settle(struct connection *connection) {
    if (connection->over) calls_close(connection);
    tell_drained(connection);
    tell_ended(connection);
    if (connection->http1 && !connection->over) http1_resume(connection);
    return connection->over ? SS_ERR_CLOSED : SS_OK;
}

static bool events_owed(const struct connection *connection) {
    return !list_empty(&connection->drained) || !list_empty(&connection->ended) ||
           (connection->http1 && http1_resumable(connection));
}

/* ---- bytes in ------------------------------------------------------------------------------ */

/* "PRI" begins the HTTP/2 preface and no method of HTTP/1.1; three bytes tell. */
static void protocol_choose(struct connection *connection, struct bytes *bytes) {
    static const uint8_t preface[3] = "PRI";
    while (connection->first_size < 3 && bytes->size) {
        connection->first[connection->first_size++] = *bytes->data++;
        bytes->size--;
    }
    bool letter = connection->first[0] >= 'A' && connection->first[0] <= 'Z';
    bool http2 = memcmp(connection->first, preface, connection->first_size) == 0;
    int status = SS_ERR_MALFORMED;
    if (http2 && connection->first_size < 3) return;
    if (http2) {
        connection->protocol = PROTOCOL_HTTP2;
        status = http2_create(connection);
    } else if (letter) {
        connection->protocol = PROTOCOL_HTTP1;
        status = http1_create(connection);
    }
    connection->over = status != SS_OK;
}

static void protocol_recv(struct connection *connection, struct bytes bytes) {
    if (bytes.size == 0 || connection->over) return;
    if (connection->protocol == PROTOCOL_HTTP2) {
        http2_recv(connection, bytes);
    } else {
        http1_recv(connection, bytes);
    }
}

int connection_recv(struct connection *connection, struct bytes bytes, ss_time now) {
    connection->now = time_max(connection->now, now);
    if (connection->over) return connection_settle(connection);
    if (connection->protocol == PROTOCOL_UNKNOWN) {
        protocol_choose(connection, &bytes);
        if (connection->protocol != PROTOCOL_UNKNOWN)
            protocol_recv(connection, bytes_view(connection->first, connection->first_size));
    }
    if (connection->protocol != PROTOCOL_UNKNOWN) protocol_recv(connection, bytes);
    return connection_settle(connection);
}

bool connection_wants_read(const struct connection *connection) {
    if (connection->over || connection->choked) return false;
    return !connection->http1 || http1_wants_read(connection);
}

/* ---- bytes out ----------------------------------------------------------------------------- */

static void out_move(struct connection *connection, struct writer *target) {
    size_t size = queue_size(&connection->out), room = target->capacity - target->size;
    if (size > room) size = room;
    if (size == 0) return;
    queue_take(&connection->out, target->data + target->size, size);
    target->size += size;
    connection->out_moved = connection->now;
}

ptrdiff_t connection_send(struct connection *connection, uint8_t *buffer, size_t size_max,
                          ss_time now) {
    struct writer target = writer_of(buffer, size_max);
    connection->now = time_max(connection->now, now);
    if (connection->http1) http1_flush(connection);
    out_move(connection, &target);
    if (connection->http2 && queue_size(&connection->out) == 0) {
        http2_send(connection, &target);
        out_move(connection, &target);
    }
    if (connection->http1 && queue_size(&connection->out) == 0) http1_sent(connection);
    if (connection->over) calls_close(connection);
    bool waiting = connection->backlog || queue_size(&connection->out);
    if (waiting && connection->stall_at == SS_NEVER)
        connection->stall_at = time_add(connection->now, connection->config.stall_timeout);
    return (ptrdiff_t)target.size;
}

/* ---- time ---------------------------------------------------------------------------------- */

ss_time connection_deadline(const struct connection *connection) {
    if (events_owed(connection)) return connection->now;
    if (connection->over) return SS_NEVER;
    if (connection->drain == DRAIN_ASKED && (connection->config.server || connection->open == 0))
        return connection->now;
    ss_time at = time_min(connection->headers_at, connection->calls_at);
    at = time_min(at, time_min(connection->stall_at, connection->idle_at));
    at = time_min(at, connection->drain_at);
    return connection->http2 ? time_min(at, http2_deadline(connection)) : at;
}

static void calls_expire(struct connection *connection) {
    struct list *link = connection->calls.next, *next;
    connection->calls_at = SS_NEVER;
    for (; link != &connection->calls; link = next) {
        struct call *call = LIST_ENTRY(link, struct call, link);
        next = link->next;
        if (call->deadline <= connection->now) call_expire(call);
        connection->calls_at = time_min(connection->calls_at, call->deadline);
    }
}

/* When the bytes that have waited longest began to. */
static ss_time stalled_since(const struct connection *connection) {
    ss_time since = queue_size(&connection->out) ? connection->out_moved : SS_NEVER;
    const struct list *link = connection->calls.next;
    for (; link != &connection->calls; link = link->next) {
        const struct call *call = LIST_ENTRY(link, struct call, link);
        if (queue_size(&call->queue)) since = time_min(since, call->moved);
    }
    return since;
}

static void stall_expire(struct connection *connection) {
    connection->stall_at = time_add(stalled_since(connection), connection->config.stall_timeout);
    if (connection->stall_at <= connection->now) connection_cut(connection, ERROR_NONE);
}

static void headers_expire(struct connection *connection) {
    connection->headers_at = SS_NEVER;
    if (connection->http1) {
        http1_timeout(connection);
    } else {
        connection_cut(connection, ERROR_NONE);
    }
}

int connection_expire(struct connection *connection, ss_time now) {
    connection->now = now = time_max(connection->now, now);
    if (connection->over) return connection_settle(connection);
    if (now >= connection->headers_at) headers_expire(connection);
    if (now >= connection->calls_at) calls_expire(connection);
    if (now >= connection->stall_at) stall_expire(connection);
    if (now >= connection->idle_at) {
        connection->idle_at = SS_NEVER;
        connection_drain(connection);
    }
    if (connection->http2) http2_expire(connection);
    return connection_settle(connection);
}

/* ---- endings ------------------------------------------------------------------------------- */

void connection_lost(struct connection *connection) {
    connection_cut(connection, ERROR_NONE);
    connection->out.head = connection->out.bytes.size = 0;
    connection_settle(connection);
}

void connection_drain(struct connection *connection) {
    if (connection->drain != DRAIN_NONE) return;
    connection->drain = DRAIN_ASKED;
    bool idle = !connection->http2 && connection->open == 0;
    if (idle) connection->over = true;
}

bool connection_done(const struct connection *connection) {
    return connection->over && connection->open == 0 && list_empty(&connection->ended) &&
           queue_size(&connection->out) == 0;
}

ss_time connection_rtt(const struct connection *connection) {
    return connection->rtt.smoothed;
}

bool connection_is_http1(const struct connection *connection) {
    return connection->protocol == PROTOCOL_HTTP1;
}
