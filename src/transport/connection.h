/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h - one HTTP connection as a sans-I/O machine: bytes and now in, bytes and a deadline
 * out.
 *
 * On the server side the first bytes decide: the HTTP/2 preface starts nghttp2 and gRPC, anything
 * that looks like an HTTP/1.1 request is answered by libhttp-parser (GET only), everything else is
 * cut. On the client side it is HTTP/2 with gRPC calls. What happens on it is told to `struct
 * connection_events` from inside connection_recv, connection_expire and connection_lost only (what
 * connection_send brings about is owed: connection_deadline is then not later than now); calls may
 * be answered from inside an event or at any later time. From inside an event everything is allowed
 * except connection_recv, _send, _expire, _lost and _destroy.
 *
 * One turn of a loop: recv what was read, send until it gives 0, expire if the deadline has passed;
 * read on only while connection_wants_read. */
#ifndef TRANSPORT_CONNECTION_H
#define TRANSPORT_CONNECTION_H

#include "base/bytes.h"
#include "base/time.h"
#include "transport/grpc.h"

struct connection;
struct call; /* one HTTP/2 stream or HTTP/1.1 exchange */

/* What a request (server) said in its headers. Borrowed for the event. */
struct request {
    struct bytes method, path, authority;
    struct bytes content_type, user_agent, authorization;
    struct bytes world;  /* metadata statesync-world */
    struct bytes accept; /* header accept */
    bool grpc;           /* content-type application/grpc[+proto]: framed messages follow */
    ss_time deadline;    /* absolute, from grpc-timeout; SS_NEVER */
};

struct connection_events {
    void *context; /* of the whole connection */

    /* Server. Headers are complete. For a plain HTTP request (not gRPC) answer with call_respond; a
     * body is discarded, and the answer leaves when the request has ended (one over HTTP/2 that
     * does not end within headers_timeout is reset). What cannot be served is answered by the
     * machine and never told: 405, 415, 431, a bad grpc-timeout, an unknown grpc-encoding. For gRPC
     * return a context for the call through call_set_context. */
    void (*on_request)(void *context, struct call *call, const struct request *request);
    /* One whole message (decompressed), borrowed. Client: a response message. */
    void (*on_message)(void *context, struct call *call, struct bytes message);
    /* Server: the client will send no more. */
    void (*on_half_close)(void *context, struct call *call);
    /* The call is over and `call` is gone after this returns: finished and flushed, reset by the
     * peer, deadline passed, or the connection lost. Exactly once per call. Client: with the
     * server's status and message. Server: with the status that was sent, CANCELLED when the peer
     * reset it before, UNAVAILABLE when the connection ended; the message is empty. */
    void (*on_end)(void *context, struct call *call, enum grpc_status status, struct bytes message);
    /* The backlog of a call fell below `backlog_low`: a producer may go on. */
    void (*on_drained)(void *context, struct call *call);
    /* A round trip was measured by PING. */
    void (*on_rtt)(void *context, ss_time rtt);
};

struct connection_config {
    bool server;
    const struct memory *memory;
    struct connection_events events;
    size_t message_max;    /* bytes of one incoming message after decompression, 256 KiB */
    uint32_t streams_max;  /* concurrent calls, 100 */
    size_t headers_max;    /* bytes of one header list, 16 KiB */
    size_t backlog_low;    /* 64 KiB */
    size_t backlog_max;    /* of unread answers on all calls: above it nothing more is read from the
                              peer, 1 MiB */
    ss_time ping_interval; /* PING for the round trip and keepalive, 1 s while calls are open; 0:
                              none */
    ss_time ping_timeout;  /* no answer: the connection is lost, 20 s */
    ss_time headers_timeout;    /* first request complete within, 10 s */
    ss_time stall_timeout;      /* data waiting and the peer's window shut, 20 s */
    ss_time idle_timeout;       /* no call open: GOAWAY, 0: never */
    uint32_t glitch_burst;      /* 200: floods of PING, SETTINGS, RST, empty DATA, PRIORITY ... */
    uint32_t glitch_per_second; /* 50 */
    const char *authority;      /* client: ":authority" */
    const char *user_agent;     /* client */
};
struct connection_config connection_config_default(bool server);

int connection_create(struct connection **connection, const struct connection_config *config,
                      ss_time now);
void connection_destroy(struct connection *connection); /* no events; calls are gone */

/* ---- the machine --------------------------------------------------------------------------- */

/* Feeds bytes. SS_OK; SS_ERR_CLOSED when the connection is over (drain what connection_send still
 * gives, then close); SS_ERR_AGAIN never. */
int connection_recv(struct connection *connection, struct bytes bytes, ss_time now);
/* True while bytes should be read from the peer at all (backpressure). */
bool connection_wants_read(const struct connection *connection);
/* Drains up to size_max bytes into buffer: the count, 0 when there is nothing to send now. Give it
 * 64 KiB or more: below 16 KiB large DATA frames take a detour and another copy. */
ptrdiff_t connection_send(struct connection *connection, uint8_t *buffer, size_t size_max,
                          ss_time now);
ss_time connection_deadline(const struct connection *connection);
int connection_expire(struct connection *connection, ss_time now); /* SS_OK or SS_ERR_CLOSED */
/* The socket is gone: every open call ends with UNAVAILABLE. */
void connection_lost(struct connection *connection);
/* Graceful end: GOAWAY, no new calls; over when the open ones have finished. */
void connection_drain(struct connection *connection);
/* True when nothing is open, nothing waits to be sent, and it was drained or ended. */
bool connection_done(const struct connection *connection);
/* Smoothed round trip (RFC 6298), 0: not measured yet. */
ss_time connection_rtt(const struct connection *connection);
bool connection_is_http1(const struct connection *connection);

/* ---- calls --------------------------------------------------------------------------------- */

struct connection *call_connection(const struct call *call);
void call_set_context(struct call *call, void *context);
void *call_context(const struct call *call);

/* Queues one message, copied and framed (gzip when the peer accepts it, asked for it by
 * grpc-encoding, and the message has at least 1 KiB). SS_OK, SS_ERR_CLOSED, SS_ERR_NOMEM. */
int call_send(struct call *call, struct bytes message);
/* Where to write one message of exactly `size` bytes without another copy; NULL when out of memory
 * or closed. Complete it before any other use of the connection. */
uint8_t *call_reserve(struct call *call, size_t size);
/* Server: trailers. `message` may be NULL; percent-encoded here. */
void call_finish(struct call *call, enum grpc_status status, const char *message);
/* Server: a whole plain HTTP answer, copied. `content_type`: at most 63 bytes, "" for none. */
void call_respond(struct call *call, unsigned status, const char *content_type, struct bytes body);
/* Client: no more messages from us. */
void call_half_close(struct call *call);
/* Ends it now: RST_STREAM(CANCEL). on_end follows (not from inside this call). */
void call_cancel(struct call *call);
/* Bytes queued on it and not yet given to connection_send. */
size_t call_backlog(const struct call *call);
/* Stops or resumes giving the peer window on this stream. */
void call_hold(struct call *call, bool hold);

/* Client: begins a call to "/package.Service/Method" with metadata pairs (name, value, name, value,
 * NULL) and a deadline (SS_NEVER: none). */
int connection_call(struct connection *connection, const char *path, const char *const *metadata,
                    ss_time deadline, void *context, ss_time now, struct call **call);

#endif
