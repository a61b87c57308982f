/* SPDX-License-Identifier: Apache-2.0 */
/* rpc.c - glue between a socket and the HTTP/2 machine, in both directions:
 *
 *     calls -> connection -> [tls] -> [delay line] -> wire -> socket
 *     calls <- connection <- [tls] <- [delay line] <--------- socket
 *
 * Nothing is sent from inside a call of the user: it only makes the client `dirty`, and rpc_turn
 * (which rpc_deadline asks for at once) flushes everything that was queued in one write. */
#include "client/rpc.h"

#include <stdio.h>

#include "base/list.h"
#include "base/status.h"
#include "client/delay.h"
#include "net/socket.h"
#include "net/tls.h"

#define CONNECT_TIMEOUT (5 * SS_SECOND)
#define MESSAGE_MAX     ((size_t)64 << 20)
#define WIRE_MAX        ((size_t)256 << 10) /* above it nothing more is taken from the connection */
#define CHUNK           ((size_t)64 << 10)

struct rpc_call {
    struct list link;
    struct rpc_client *client;
    struct call *call;
    struct rpc_events events;
};

struct rpc_client {
    struct watch watch;
    const struct memory *memory;
    struct loop *loop;
    struct rpc_config config;
    struct connection *connection;
    struct tls_context *tls_context;
    struct tls *tls;
    struct buffer bearer;         /* "Bearer TOKEN" */
    struct buffer plain, scratch; /* of one feed, of one message */
    struct buffer wire;           /* waits for the socket */
    struct delay_line inward, outward;
    struct list calls;
    bool connected, lost, dirty;
    ss_time connect_by;
    uint64_t bytes_in, bytes_out;
    char why[256];
};

/* ---- events of the connection -------------------------------------------------------------- */

static void on_message(void *context, struct call *of, struct bytes message) {
    (void)context;
    struct rpc_call *call = call_context(of);
    if (call->events.on_message) call->events.on_message(call->events.context, call, message);
}

static void on_end(void *context, struct call *of, enum grpc_status status, struct bytes message) {
    struct rpc_client *client = context;
    struct rpc_call *call = call_context(of);
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)message.size, (const char *)message.data);
    bool ours = client->lost && status == GRPC_UNAVAILABLE;
    list_remove(&call->link);
    if (call->events.on_end)
        call->events.on_end(call->events.context, call, status, ours ? client->why : text);
    memory_free(client->memory, call, sizeof *call);
}

/* ---- the socket ---------------------------------------------------------------------------- */

static void rpc_lose(struct rpc_client *client, const char *why) {
    if (client->lost) return;
    client->lost = true;
    snprintf(client->why, sizeof client->why, "%s", why);
    loop_forget(client->loop, &client->watch);
    socket_close(client->watch.fd);
    client->watch.fd = -1;
    connection_lost(client->connection);
}

static void rpc_watch(struct rpc_client *client) {
    unsigned events = 0;
    if (client->connected && connection_wants_read(client->connection)) events |= LOOP_READ;
    if (!client->connected || client->wire.size) events |= LOOP_WRITE;
    if (events != client->watch.events) loop_change(client->loop, &client->watch, events);
    client->watch.events = events;
}

static bool rpc_delays(const struct rpc_client *client) {
    return client->config.delay > 0 || client->config.jitter > 0;
}

/* Sealed bytes on their way out. */
static void rpc_emit(struct rpc_client *client, struct bytes bytes, ss_time now) {
    if (!rpc_delays(client))
        buffer_bytes(&client->wire, bytes);
    else if (delay_push(&client->outward, bytes, now) != SS_OK)
        client->wire.failed = true;
}

static void rpc_seal(struct rpc_client *client, struct bytes plain, ss_time now) {
    if (!client->tls) {
        rpc_emit(client, plain, now);
        return;
    }
    buffer_clear(&client->scratch);
    if (tls_send(client->tls, plain, &client->scratch) != SS_OK) client->wire.failed = true;
    rpc_emit(client, buffer_view(&client->scratch), now);
}

static bool rpc_may_seal(const struct rpc_client *client) {
    return client->connected && client->wire.size < WIRE_MAX && !client->wire.failed &&
           (!client->tls || tls_ready(client->tls));
}

/* Everything that is queued and due goes out, as far as the socket takes it. */
static void rpc_flush(struct rpc_client *client, ss_time now) {
    uint8_t chunk[CHUNK];
    ptrdiff_t size;
    client->dirty = false;
    while (rpc_may_seal(client) &&
           (size = connection_send(client->connection, chunk, sizeof chunk, now)) > 0)
        rpc_seal(client, bytes_view(chunk, (size_t)size), now);
    for (struct bytes due; (due = delay_peek(&client->outward, now)).size;) {
        buffer_bytes(&client->wire, due);
        delay_drop(&client->outward, due.size);
    }
    while (client->connected && client->wire.size &&
           (size = socket_write(client->watch.fd, client->wire.data, client->wire.size)) > 0) {
        client->bytes_out += (uint64_t)size;
        buffer_drop(&client->wire, (size_t)size);
    }
    if (client->wire.failed) rpc_lose(client, "out of memory");
}

/* Bytes that have arrived, as the connection must see them. */
static void rpc_feed(struct rpc_client *client, struct bytes bytes, ss_time now) {
    if (client->tls) {
        buffer_clear(&client->plain);
        buffer_clear(&client->scratch);
        int status = tls_recv(client->tls, bytes, &client->plain, &client->scratch);
        rpc_emit(client, buffer_view(&client->scratch), now);
        bytes = buffer_view(&client->plain);
        if (status != SS_OK && bytes.size == 0) {
            rpc_lose(client, status == SS_ERR_CLOSED ? "the server closed the TLS session"
                                                     : "the TLS handshake failed (certificate?)");
            return;
        }
    }
    if (bytes.size == 0 || connection_recv(client->connection, bytes, now) == SS_OK) return;
    rpc_flush(client, now);
    rpc_lose(client, "the server ended the connection");
}

static void rpc_feed_due(struct rpc_client *client, ss_time now) {
    for (struct bytes due; !client->lost && (due = delay_peek(&client->inward, now)).size;) {
        rpc_feed(client, due, now);
        delay_drop(&client->inward, due.size);
    }
}

static void rpc_read(struct rpc_client *client, ss_time now) {
    uint8_t chunk[CHUNK];
    ptrdiff_t size = socket_read(client->watch.fd, chunk, sizeof chunk);
    if (size == SS_ERR_AGAIN) return;
    if (size <= 0) {
        rpc_feed_due(client, SS_NEVER); /* what came before the end counts */
        rpc_lose(client, "the server closed the connection");
        return;
    }
    client->bytes_in += (uint64_t)size;
    struct bytes bytes = bytes_view(chunk, (size_t)size);
    if (!rpc_delays(client))
        rpc_feed(client, bytes, now);
    else if (delay_push(&client->inward, bytes, now) != SS_OK)
        rpc_lose(client, "out of memory");
}

static void rpc_connected(struct rpc_client *client, ss_time now) {
    char reason[128] = "", why[256];
    if (socket_connected(client->watch.fd, reason, sizeof reason) != SS_OK) {
        snprintf(why, sizeof why, "cannot reach %.100s: %s", client->config.address, reason);
        rpc_lose(client, why);
        return;
    }
    client->connected = true;
    client->dirty = true;
    if (client->tls) rpc_feed(client, bytes_view(NULL, 0), now); /* the hello */
}

static void on_ready(struct watch *watch, unsigned ready, ss_time now) {
    struct rpc_client *client = LIST_ENTRY(watch, struct rpc_client, watch);
    if (!client->connected)
        rpc_connected(client, now);
    else if (ready & LOOP_READ)
        rpc_read(client, now);
    if (client->lost) return;
    rpc_flush(client, now);
    if (!client->lost) rpc_watch(client);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* The host of "host:port" and "[host]:port". */
static void address_host(const char *address, char *host, size_t size) {
    const char *end = strrchr(address, ':');
    size_t length = end ? (size_t)(end - address) : strlen(address);
    if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    snprintf(host, size, "%.*s", (int)length, address);
}

static int rpc_open_tls(struct rpc_client *client, char *why, size_t why_size) {
    const struct rpc_config *config = &client->config;
    char host[256];
    int status = tls_context_create(&client->tls_context, client->memory, false, config->cert,
                                    config->key, config->ca, why, why_size);
    if (status != SS_OK) return status;
    address_host(config->address, host, sizeof host);
    return tls_create(&client->tls, client->tls_context, host);
}

static int rpc_open_connection(struct rpc_client *client, ss_time now) {
    struct connection_config config = connection_config_default(false);
    config.memory = client->memory;
    config.message_max = client->config.message_max ? client->config.message_max : MESSAGE_MAX;
    config.authority = client->config.address;
    config.user_agent = "statesync-c";
    config.events =
        (struct connection_events){.context = client, .on_message = on_message, .on_end = on_end};
    return connection_create(&client->connection, &config, now);
}

static int rpc_open_socket(struct rpc_client *client, char *why, size_t why_size) {
    client->watch.fd = socket_connect(client->config.address, why, why_size);
    if (client->watch.fd < 0) {
        int status = client->watch.fd;
        client->watch.fd = -1;
        return status;
    }
    client->watch.events = LOOP_WRITE;
    client->watch.on_ready = on_ready;
    return loop_watch(client->loop, &client->watch);
}

int rpc_open(struct rpc_client **out, struct loop *loop, const struct memory *memory,
             const struct rpc_config *config, ss_time now, char *why, size_t why_size) {
    *out = NULL;
    if (why_size) why[0] = '\0';
    struct rpc_client *client = memory_zeroed(memory, 1, sizeof *client);
    if (!client) return SS_ERR_NOMEM;
    client->watch.fd = -1;
    client->memory = memory;
    client->loop = loop;
    client->config = *config;
    client->bearer = client->plain = client->scratch = client->wire = buffer_of(memory);
    client->inward = delay_line_of(memory, config->delay, config->jitter, config->seed);
    client->outward = delay_line_of(memory, config->delay, config->jitter, ~config->seed);
    client->connect_by = time_add(now, CONNECT_TIMEOUT);
    list_init(&client->calls);
    if (config->token) buffer_format(&client->bearer, "Bearer %s", config->token);
    if (client->bearer.size) buffer_u8(&client->bearer, 0);

    int status = client->bearer.failed ? SS_ERR_NOMEM : rpc_open_connection(client, now);
    if (status == SS_OK && config->tls) status = rpc_open_tls(client, why, why_size);
    if (status == SS_OK) status = rpc_open_socket(client, why, why_size);
    if (status == SS_OK)
        *out = client;
    else
        rpc_close(client);
    return status;
}

void rpc_close(struct rpc_client *client) {
    if (!client) return;
    if (client->watch.fd >= 0) {
        loop_forget(client->loop, &client->watch);
        socket_close(client->watch.fd);
    }
    if (client->connection) connection_destroy(client->connection);
    while (!list_empty(&client->calls)) {
        struct rpc_call *call = LIST_ENTRY(client->calls.next, struct rpc_call, link);
        list_remove(&call->link);
        memory_free(client->memory, call, sizeof *call);
    }
    if (client->tls) tls_destroy(client->tls);
    if (client->tls_context) tls_context_destroy(client->tls_context);
    delay_free(&client->inward);
    delay_free(&client->outward);
    buffer_free(&client->bearer);
    buffer_free(&client->plain);
    buffer_free(&client->scratch);
    buffer_free(&client->wire);
    memory_free(client->memory, client, sizeof *client);
}

/* ---- time ---------------------------------------------------------------------------------- */

ss_time rpc_deadline(const struct rpc_client *client) {
    if (client->lost) return SS_NEVER;
    ss_time due = connection_deadline(client->connection);
    if (!client->connected) return time_min(due, client->connect_by);
    if (client->dirty) return 0;
    return time_min(due,
                    time_min(delay_deadline(&client->inward), delay_deadline(&client->outward)));
}

void rpc_turn(struct rpc_client *client, ss_time now) {
    if (client->lost) return;
    if (!client->connected && now >= client->connect_by) {
        char why[200];
        snprintf(why, sizeof why, "no answer from %s", client->config.address);
        rpc_lose(client, why);
        return;
    }
    rpc_feed_due(client, now);
    if (client->lost) return;
    if (connection_deadline(client->connection) <= now &&
        connection_expire(client->connection, now) != SS_OK) {
        rpc_flush(client, now);
        rpc_lose(client, "the server does not answer any more");
        return;
    }
    rpc_flush(client, now);
    if (!client->lost) rpc_watch(client);
}

bool rpc_alive(const struct rpc_client *client) {
    return !client->lost;
}
const char *rpc_why(const struct rpc_client *client) {
    return client->why;
}
struct loop *rpc_loop(const struct rpc_client *client) {
    return client->loop;
}
uint64_t rpc_bytes_in(const struct rpc_client *client) {
    return client->bytes_in;
}
uint64_t rpc_bytes_out(const struct rpc_client *client) {
    return client->bytes_out;
}

/* ---- calls --------------------------------------------------------------------------------- */

int rpc_begin(struct rpc_client *client, const char *path, const struct rpc_events *events,
              ss_time deadline, ss_time now, struct rpc_call **out) {
    const char *metadata[5] = {NULL};
    size_t count = 0;
    *out = NULL;
    if (client->lost) return SS_ERR_UNAVAILABLE;
    if (client->config.world) {
        metadata[count++] = "statesync-world";
        metadata[count++] = client->config.world;
    }
    if (client->bearer.size) {
        metadata[count++] = "authorization";
        metadata[count++] = (const char *)client->bearer.data;
    }
    struct rpc_call *call = memory_zeroed(client->memory, 1, sizeof *call);
    if (!call) return SS_ERR_NOMEM;
    call->client = client;
    call->events = *events;
    int status =
        connection_call(client->connection, path, metadata, deadline, call, now, &call->call);
    if (status != SS_OK) {
        memory_free(client->memory, call, sizeof *call);
        return status;
    }
    list_push(&client->calls, &call->link);
    client->dirty = true;
    *out = call;
    return SS_OK;
}

int rpc_send(struct rpc_call *call, const struct message_type *type, const void *message) {
    struct buffer *scratch = &call->client->scratch;
    buffer_clear(scratch);
    message_encode(type, message, scratch);
    if (scratch->failed) return SS_ERR_NOMEM;
    call->client->dirty = true;
    return call_send(call->call, buffer_view(scratch));
}

void rpc_half_close(struct rpc_call *call) {
    call->client->dirty = true;
    call_half_close(call->call);
}

void rpc_cancel(struct rpc_call *call) {
    call->client->dirty = true;
    call_cancel(call->call);
}

size_t rpc_backlog(const struct rpc_call *call) {
    return call_backlog(call->call);
}
