/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what the files of this folder know of a connection and of a call.
 *
 *   connection.c  the machine: first bytes, time, events that are owed
 *   call.c        calls: their life, their queue, what may be done with them
 *   inbound.c     DATA to whole gRPC messages
 *   http2*.c      what nghttp2 is told and tells (http2.h)
 *   http1.c       what libhttp-parser tells (http1.h)
 *
 * A call never talks to nghttp2: it collects bytes and wishes and stands in the list `ready`, and
 * connection_send walks that list once. So many messages make one DATA frame, and everything that a
 * call may do is allowed from inside an event. Events arise in two ways: while bytes are parsed
 * they are told at once; what happens while bytes are sent is put into `ended` and `drained` and
 * told by the next connection_recv or connection_expire, for which connection_deadline asks. */
#ifndef TRANSPORT_STATE_H
#define TRANSPORT_STATE_H

#include "base/list.h"
#include "transport/connection.h"
#include "transport/glitch.h"
#include "transport/message_encoding.h"
#include "transport/pool.h"
#include "transport/queue.h"
#include "transport/rtt.h"

struct http1;
struct http2;

/* A gRPC message that came in part. */
struct inbound {
    uint8_t prefix[5];
    unsigned prefix_size;
    struct buffer partial;
};

enum { STATUS_NONE = -1 };

struct call {
    struct connection *connection;
    struct call *next_spare;
    struct list link;    /* connection->calls, then connection->ended */
    struct list ready;   /* connection->ready while something must be told to nghttp2 */
    struct list drained; /* connection->drained while on_drained is owed */
    void *context;
    int32_t stream_id; /* 0: closed; HTTP/1.1 has always 1 */

    bool grpc;
    bool told;          /* on_end is owed */
    bool request_whole; /* headers were complete */
    bool peer_done;     /* the peer has half-closed */
    bool deaf;          /* what still comes is discarded */
    bool closing;       /* nothing more is queued: finished, answered or half-closed */
    bool cancelling;    /* RST_STREAM must be sent */
    bool head;          /* the answer has no body (HEAD) */
    bool held;          /* call_hold */
    bool gzip_in, gzip_out;

    bool headers_sent;
    bool deferred;       /* nghttp2 waits for call_flush to say that there are bytes */
    bool trailers_given; /* nghttp2 has them */
    bool trailers_sent;

    struct queue queue;
    size_t promised;    /* bytes of the queue already announced in a DATA frame's header */
    size_t reserved_at; /* call_reserve: where that message's prefix stands, else SIZE_MAX */
    size_t unreturned;  /* received bytes for which the peer has no window back */
    struct inbound inbound;

    ss_time deadline;
    ss_time moved;      /* when queued bytes last left or began to wait; SS_NEVER: just now */
    int status;         /* enum grpc_status or STATUS_NONE */
    struct buffer text; /* server: percent-encoded grpc-message to send; client: the decoded one */
    unsigned http_status;
    char content_type[64];
    const char *allow;   /* of a plain answer: static, or NULL */
    bool tell_encodings; /* answer with grpc-accept-encoding */
};

enum protocol { PROTOCOL_UNKNOWN, PROTOCOL_HTTP1, PROTOCOL_HTTP2 };
enum drain { DRAIN_NONE, DRAIN_ASKED, DRAIN_NOTICE, DRAIN_FINAL };

struct connection {
    struct connection_config config;
    ss_time now;
    enum protocol protocol;
    bool over;   /* nothing more is read; only `out` is left to send */
    bool choked; /* over backlog_max, until half of it */
    enum drain drain;

    uint8_t first[3]; /* the bytes that decide the protocol */
    unsigned first_size;

    struct http1 *http1;
    struct http2 *http2;
    struct queue out; /* bytes made here, sent before anything else */
    ss_time out_moved;
    size_t backlog; /* bytes in the queues of all calls */

    struct list calls, ready, ended, drained;
    size_t open; /* calls in `calls` */
    struct call *spare;
    size_t spare_count;

    struct message_encoding encoding;
    struct glitch glitch;
    struct rtt rtt;

    ss_time headers_at; /* a request must be complete by then */
    ss_time calls_at;   /* no call's deadline is earlier */
    ss_time stall_at;   /* when to look for calls whose bytes do not move */
    ss_time idle_at;    /* no call open: drain */
    ss_time drain_at;   /* the second GOAWAY */
};

/* ---- connection.c -------------------------------------------------------------------------- */

/* Ends the connection at once, for a reason that is ours or the peer's fault: GOAWAY with this code
 * (RFC 9113, section 7) and no more. Safe from inside every callback. */
void connection_cut(struct connection *connection, uint32_t error_code);
/* Takes one glitch; false (and the connection is cut) when there were too many. */
bool connection_glitch(struct connection *connection);

enum { ERROR_NONE = 0x0, ERROR_INTERNAL = 0x2, ERROR_CANCEL = 0x8, ERROR_CALM = 0xb };

/* ---- call.c -------------------------------------------------------------------------------- */

/* A call in connection->calls, from the spare ones if possible; NULL when out of memory. */
struct call *call_open(struct connection *connection);
/* The stream or exchange is over: on_end is owed (if the call was ever told). The first status
 * known stands; `otherwise` is for none. */
void call_closed(struct call *call, enum grpc_status otherwise);
/* Takes back a call that nobody was told of. */
void call_withdraw(struct call *call);
/* Frees or keeps the object after its on_end. */
void call_recycle(struct call *call);
void call_free(struct call *call);
/* Puts it into connection->ready. */
void call_wake(struct call *call);
/* The deadline has passed. */
void call_expire(struct call *call);
/* Takes `size` bytes of the queue for the wire and keeps the connection's account. */
void call_take(struct call *call, uint8_t *into, size_t size);
/* Drops what is queued, except bytes whose DATA header nghttp2 has already made. */
void call_forget(struct call *call);
/* The call failed on this side: trailers from a server, a reset from a client. Nothing more is
 * heard. */
void call_fail(struct call *call, enum grpc_status status, const char *message);
/* An answer without a body, and an Allow header (static; NULL: none). */
void call_refuse(struct call *call, unsigned status, const char *allow);
/* Compresses a reserved message, now that it is written. */
void call_seal(struct call *call);
void call_set_deadline(struct call *call, ss_time deadline);

/* ---- inbound.c ----------------------------------------------------------------------------- */

/* Bytes of the peer's DATA: tells every message that is complete. */
void inbound_feed(struct call *call, struct bytes chunk);
/* The peer has half-closed: on_half_close, or a failure if a message was cut short. */
void inbound_end(struct call *call);

#endif
