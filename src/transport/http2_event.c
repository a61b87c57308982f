/* SPDX-License-Identifier: Apache-2.0 */
/* What nghttp2 tells while it parses and sends: frames and headers become requests, messages, round
 * trips and endings of calls. A callback that finds the connection over fails, so that nothing more
 * of the input is looked at. */
#include "transport/http2.h"

/* RFC 9113, section 5.1.1: a new stream's id is higher than any before. nghttp2 takes a lower one
 * for a late frame of a closed stream, which it cannot be if that id was skipped. */
static bool stream_id_skipped(struct stream_ids *ids, const nghttp2_frame_hd *header) {
    int32_t id = header->stream_id;
    if (header->type != NGHTTP2_HEADERS) return false;
    if (id >= ids->gap_first && id <= ids->gap_last) return true;
    if (id > ids->highest + 2) {
        ids->gap_first = ids->highest + 1;
        ids->gap_last = id - 1;
    }
    if (id > ids->highest) ids->highest = id;
    return false;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *header, void *user) {
    (void)session;
    struct connection *connection = user;
    if (connection->config.server && stream_id_skipped(&connection->http2->ids, header))
        connection_cut(connection, NGHTTP2_PROTOCOL_ERROR);
    return !connection->over && flood_received(connection->http2, header)
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct connection *connection = user;
    header_block_clear(&connection->http2->block);
    if (!connection->config.server) return 0;
    connection->headers_at = time_min(
        connection->headers_at, time_add(connection->now, connection->config.headers_timeout));
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    struct call *call = call_open(connection);
    if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    call->stream_id = frame->hd.stream_id;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
}

/* A block somewhat over the limit is read to its end, to be answered with 431. One that goes far
 * beyond it is a bomb: its stream is reset, and nghttp2 skips the rest instead of checking it. */
enum { BOMB_FACTOR = 8 };

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user) {
    (void)session, (void)frame, (void)flags;
    struct connection *connection = user;
    struct header_block *block = &connection->http2->block;
    header_block_add(block, name, value, connection->config.headers_max);
    return block->size / BOMB_FACTOR > connection->config.headers_max
               ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
               : 0;
}

static void headers_whole(struct connection *connection, struct call *call) {
    connection->headers_at = SS_NEVER;
    if (!connection->config.server) {
        http2_answer(call, &connection->http2->block);
    } else if (!call->request_whole) {
        http2_request(call, &connection->http2->block);
    }
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                    size_t size, void *user) {
    (void)flags;
    struct connection *connection = user;
    struct call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    connection->http2->received += size;
    if (!call) return 0;
    call->unreturned += size;
    if (call->grpc) inbound_feed(call, bytes_view(data, size));
    if (call->unreturned < WINDOW_STEP || call->held || connection->over || !call->stream_id)
        return 0;
    size_t unreturned = call->unreturned;
    call->unreturned = 0;
    return nghttp2_session_consume_stream(session, stream_id, unreturned);
}

static void ping_answered(struct connection *connection, const nghttp2_frame *frame) {
    struct http2 *http2 = connection->http2;
    if (!http2->ping_open ||
        memcmp(frame->ping.opaque_data, &http2->ping_sequence, sizeof http2->ping_sequence) != 0)
        return;
    http2->ping_open = false;
    http2->ping_at = time_add(http2->ping_sent, connection->config.ping_interval);
    if (connection->drain == DRAIN_NOTICE) connection->drain_at = connection->now;
    ss_time sample = connection->now - http2->ping_sent;
    rtt_sample(&connection->rtt, sample);
    const struct connection_events *events = &connection->config.events;
    if (events->on_rtt) events->on_rtt(events->context, sample);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct connection *connection = user;
    bool ack = frame->hd.flags & NGHTTP2_FLAG_ACK;
    if (frame->hd.type == NGHTTP2_PING && ack) ping_answered(connection, frame);
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) headers_whole(connection, call);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        inbound_end(call);
        if (!call->grpc) call_wake(call); /* a plain answer waits for the end of the request */
    }
    return connection->over ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct connection *connection = user;
    if (!flood_sent(connection->http2, frame)) return NGHTTP2_ERR_CALLBACK_FAILURE;
    bool ack = frame->hd.flags & NGHTTP2_FLAG_ACK;
    if (frame->hd.type == NGHTTP2_PING && !ack) connection->http2->ping_sent = connection->now;
    if (!connection->config.server || frame->hd.type > NGHTTP2_HEADERS) return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    return call ? http2_answered(call) : 0;
}

static enum grpc_status status_of_close(const struct call *call, uint32_t error_code) {
    if (call->connection->config.server) return GRPC_CANCELLED;
    return error_code == NGHTTP2_NO_ERROR ? GRPC_UNKNOWN : grpc_status_of_reset(error_code);
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user) {
    (void)user;
    struct call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!call) return 0;
    nghttp2_session_set_stream_user_data(session, stream_id, NULL);
    bool server = call->connection->config.server;
    if (server && !call->trailers_sent && call->status != GRPC_DEADLINE_EXCEEDED)
        call->status = STATUS_NONE; /* what was to be said was not said */
    call_closed(call, status_of_close(call, error_code));
    return 0;
}

/* Frames of types that we do not know are told by on_begin_frame and then dropped. */
static int on_unknown(nghttp2_session *session, void **payload, const nghttp2_frame_hd *header,
                      void *user) {
    (void)session, (void)payload, (void)header, (void)user;
    return NGHTTP2_ERR_CANCEL;
}

void http2_callbacks(nghttp2_session_callbacks *callbacks) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, http2_send_data);
    nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, on_unknown);
}
