/* SPDX-License-Identifier: Apache-2.0 */
/* http2.h - HTTP/2 by nghttp2, both roles, for the files of this folder.
 *
 *   http2.c         the session: its life, bytes in and out, PING, GOAWAY
 *   http2_event.c   what nghttp2 calls back
 *   http2_header.c  header blocks: what a request or an answer said
 *   http2_stream.c  streams: requests, answers, DATA from a call's queue, trailers
 *   http2_flood.c   what an honest peer sends rarely is charged as glitches */
#ifndef TRANSPORT_HTTP2_H
#define TRANSPORT_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "transport/gather.h"
#include "transport/state.h"

enum header {
    HEADER_METHOD,
    HEADER_PATH,
    HEADER_AUTHORITY,
    HEADER_STATUS,
    HEADER_CONTENT_TYPE,
    HEADER_USER_AGENT,
    HEADER_AUTHORIZATION,
    HEADER_WORLD,
    HEADER_ACCEPT,
    HEADER_TIMEOUT,
    HEADER_ENCODING,
    HEADER_ACCEPT_ENCODING,
    HEADER_GRPC_STATUS,
    HEADER_GRPC_MESSAGE,
    HEADER_COUNT
};

/* The header block that is being read: header blocks of a connection never interleave. */
struct header_block {
    nghttp2_rcbuf *values[HEADER_COUNT]; /* the first of each name; references held */
    size_t size;                         /* as SETTINGS_MAX_HEADER_LIST_SIZE counts it */
    bool too_large;
};

/* Frames counted since we last sent HEADERS or DATA: an honest peer's PING and WINDOW_UPDATE answer
 * something. */
struct flood {
    unsigned pings, windows;
    unsigned early_ends; /* streams that we ended first: their late RST_STREAM is no glitch */
    bool ping_owed;      /* the peer's answer to ours */
    bool settings_seen;  /* the peer's first */
    bool settings_acked; /* ours */
};

struct stream_ids {
    int32_t highest;             /* begun by the peer */
    int32_t gap_first, gap_last; /* the last ids that were skipped, and so may never be used */
};

struct http2 {
    struct connection *connection;
    struct pool pool;
    nghttp2_mem mem;
    nghttp2_session *session;
    bool dead; /* the session must not be used any more */
    struct header_block block;
    struct flood flood;
    struct stream_ids ids;
    struct gather gather; /* of what comes in */

    struct bytes pending;  /* of a frame that nghttp2 made: not yet given away */
    struct writer *target; /* where connection_send writes; NULL: into connection->out */
    size_t received;       /* DATA for which the connection window must be returned */

    uint64_t ping_sequence; /* of the last PING; its eight bytes */
    bool ping_open;         /* not answered yet */
    ss_time ping_sent;
    ss_time ping_at; /* the next one is due, if calls are open */
};

/* SS_OK or SS_ERR_NOMEM. */
int http2_create(struct connection *connection);
void http2_destroy(struct connection *connection);
void http2_recv(struct connection *connection, struct bytes bytes);
void http2_send(struct connection *connection, struct writer *target);
bool http2_wants_send(const struct connection *connection);
ss_time http2_deadline(const struct connection *connection);
void http2_expire(struct connection *connection);
/* Appends a GOAWAY to connection->out and lets the session die. */
void http2_cut(struct connection *connection, uint32_t error_code);

enum { WINDOW_STEP = 8 * 1024 }; /* consumed bytes of a stream are told to nghttp2 in steps */

/* ---- http2_event.c ------------------------------------------------------------------------- */

void http2_callbacks(nghttp2_session_callbacks *callbacks);

/* ---- http2_header.c ------------------------------------------------------------------------ */

void header_block_clear(struct header_block *block);
/* Takes one header; the block holds a reference to the value if it is wanted. */
void header_block_add(struct header_block *block, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                      size_t size_max);
/* Server: a request is complete. */
void http2_request(struct call *call, const struct header_block *block);
/* Client: an answer's headers or trailers are complete. */
void http2_answer(struct call *call, const struct header_block *block);

/* ---- http2_stream.c ------------------------------------------------------------------------ */

/* Tells nghttp2 what the call has collected. 0 or a fatal nghttp2 error. */
int http2_flush(struct call *call);
/* nghttp2's on_send_data callback. */
int http2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                    size_t length, nghttp2_data_source *source, void *user_data);
/* Server: HEADERS or DATA with END_STREAM were sent. */
int http2_answered(struct call *call);

/* ---- http2_flood.c ------------------------------------------------------------------------- */

/* Each false: too much, the connection has been cut. */
bool flood_received(struct http2 *http2, const nghttp2_frame_hd *header);
bool flood_sent(struct http2 *http2, const nghttp2_frame *frame);

#endif
