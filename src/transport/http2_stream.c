/* SPDX-License-Identifier: Apache-2.0 */
/* One stream of HTTP/2: how a call's queue becomes HEADERS, DATA and trailers.
 *
 *   gRPC answer:     HEADERS(200)  DATA...  HEADERS(grpc-status, END_STREAM)
 *   only a status:   HEADERS(200, grpc-status, END_STREAM)
 *   plain answer:    HEADERS(status)  DATA(END_STREAM)
 *   request:         HEADERS(POST)  DATA...  DATA(END_STREAM)
 *
 * DATA is never copied into nghttp2: its data provider only says how many bytes a frame will have,
 * and on_send_data moves them from the call's queue straight to where connection_send writes. */
#include "transport/http2.h"

#include <stdio.h>

#include "base/status.h"

enum { FRAME_HEADER = 9, STATIC = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };

#define NV(name, value)                                                                            \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1,             \
            sizeof(value) - 1, STATIC                                                              \
    }

static const char *const status_digits[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                            "9", "10", "11", "12", "13", "14", "15", "16"};

/* A header whose value lives as long as the call, or is copied by nghttp2 when `flags` say so. */
static nghttp2_nv nv_of(const char *name, struct bytes value, uint8_t flags) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value.data, strlen(name),
                        value.size, flags};
}

static nghttp2_session *session_of(const struct call *call) {
    return call->connection->http2->session;
}

/* ---- trailers ------------------------------------------------------------------------------ */

enum { TRAILERS_MAX = 3 };

static size_t trailers_make(const struct call *call, nghttp2_nv nv[TRAILERS_MAX]) {
    size_t count = 0;
    unsigned status = (unsigned)call->status <= 16 ? (unsigned)call->status : GRPC_UNKNOWN;
    nv[count++] = nv_of("grpc-status", bytes_of(status_digits[status]), STATIC);
    if (call->text.size)
        nv[count++] = nv_of("grpc-message", buffer_view(&call->text), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    if (call->tell_encodings)
        nv[count++] = nv_of("grpc-accept-encoding", bytes_of("identity,gzip"), STATIC);
    return count;
}

static int trailers_submit(struct call *call) {
    nghttp2_nv nv[TRAILERS_MAX];
    call->trailers_given = true;
    return nghttp2_submit_trailer(session_of(call), call->stream_id, nv, trailers_make(call, nv));
}

/* ---- DATA ---------------------------------------------------------------------------------- */

static ssize_t data_read(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
                         size_t length, uint32_t *flags, nghttp2_data_source *source,
                         void *user_data) {
    (void)session, (void)stream_id, (void)buffer, (void)user_data;
    struct call *call = source->ptr;
    size_t size = queue_size(&call->queue);
    call->deferred = size == 0 && !call->closing;
    if (call->deferred) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    call->promised = size < length ? size : length;
    if (!call->closing || size > length) return (ssize_t)call->promised;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (call->grpc && call->connection->config.server) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (trailers_submit(call) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return (ssize_t)call->promised;
}

int http2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                    size_t length, nghttp2_data_source *source, void *user_data) {
    (void)session, (void)frame;
    struct connection *connection = user_data;
    struct call *call = source->ptr;
    struct writer *target = connection->http2->target;
    size_t size = FRAME_HEADER + length;
    uint8_t *room;
    bool fits = target && size <= target->capacity - target->size;
    if (!fits && target && target->size) return NGHTTP2_ERR_WOULDBLOCK;
    if (fits) {
        room = target->data + target->size;
        target->size += size;
    } else {
        room = queue_room(&connection->out, size);
        if (!room) return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    memcpy(room, header, FRAME_HEADER);
    call->promised = 0;
    call_take(call, room + FRAME_HEADER, length);
    return fits || !target ? 0 : NGHTTP2_ERR_PAUSE; /* nothing may overtake what is in out */
}

/* ---- answers ------------------------------------------------------------------------------- */

enum { ANSWER_MAX = 2 + TRAILERS_MAX };

static int grpc_answer(struct call *call) {
    static const nghttp2_nv fixed[] = {NV(":status", "200"),
                                       NV("content-type", "application/grpc")};
    nghttp2_nv nv[ANSWER_MAX] = {fixed[0], fixed[1]};
    size_t count = 2;
    nghttp2_data_provider provider = {{.ptr = call}, data_read};
    bool bare = call->closing && queue_size(&call->queue) == 0;
    if (bare) {
        count += trailers_make(call, nv + count);
        call->trailers_given = true;
    } else if (call->gzip_out) {
        nv[count++] = (nghttp2_nv)NV("grpc-encoding", "gzip");
    }
    return nghttp2_submit_response(session_of(call), call->stream_id, nv, count,
                                   bare ? NULL : &provider);
}

static int plain_answer(struct call *call) {
    char status[12], length[24];
    nghttp2_nv nv[4];
    size_t count = 0, size = queue_size(&call->queue);
    nghttp2_data_provider provider = {{.ptr = call}, data_read};
    snprintf(status, sizeof status, "%u", call->http_status);
    snprintf(length, sizeof length, "%zu", size);
    nv[count++] = nv_of(":status", bytes_of(status), NGHTTP2_NV_FLAG_NONE);
    nv[count++] = nv_of("content-length", bytes_of(length), NGHTTP2_NV_FLAG_NONE);
    if (call->content_type[0])
        nv[count++] = nv_of("content-type", bytes_of(call->content_type), NGHTTP2_NV_FLAG_NONE);
    if (call->allow) nv[count++] = nv_of("allow", bytes_of(call->allow), STATIC);
    call->trailers_given = size == 0 || call->head;
    if (call->head) call_forget(call);
    return nghttp2_submit_response(session_of(call), call->stream_id, nv, count,
                                   call->trailers_given ? NULL : &provider);
}

/* Nothing to say yet: a gRPC call without a message, or a plain request whose body is still coming.
 */
static bool answer_waits(const struct call *call) {
    if (!call->grpc) return !call->closing || !call->peer_done;
    return !call->closing && queue_size(&call->queue) == 0;
}

int http2_answered(struct call *call) {
    call->trailers_sent = true;
    if (call->peer_done) return 0;
    /* RFC 9113, section 8.1: the answer is complete, the rest of the request is not wanted */
    return nghttp2_submit_rst_stream(session_of(call), NGHTTP2_FLAG_NONE, call->stream_id,
                                     NGHTTP2_NO_ERROR);
}

/* ---- flush --------------------------------------------------------------------------------- */

/* Little is left for later, and a peer that has half-closed has nothing more to send into it. */
static int window_return(struct call *call) {
    size_t size = call->unreturned;
    if (call->held || call->peer_done || size < WINDOW_STEP) return 0;
    call->unreturned = 0;
    return nghttp2_session_consume_stream(session_of(call), call->stream_id, size);
}

static int bytes_announce(struct call *call) {
    if (!call->headers_sent) {
        if (!call->connection->config.server || answer_waits(call)) return 0;
        call->headers_sent = true;
        return call->grpc ? grpc_answer(call) : plain_answer(call);
    }
    if (!call->deferred || (queue_size(&call->queue) == 0 && !call->closing)) return 0;
    call->deferred = false;
    return nghttp2_session_resume_data(session_of(call), call->stream_id);
}

int http2_flush(struct call *call) {
    if (call->stream_id == 0) return 0;
    if (call->cancelling)
        return nghttp2_submit_rst_stream(session_of(call), NGHTTP2_FLAG_NONE, call->stream_id,
                                         NGHTTP2_CANCEL);
    call_seal(call);
    if (call->moved == SS_NEVER) call->moved = call->connection->now;
    int result = window_return(call);
    return result != 0 ? result : bytes_announce(call);
}

/* ---- requests ------------------------------------------------------------------------------ */

enum { REQUEST_MAX = 32 };

static size_t metadata_add(struct call *call, const char *const *metadata, nghttp2_nv *nv,
                           size_t count) {
    for (; metadata && metadata[0] && metadata[1]; metadata += 2) {
        if (count == REQUEST_MAX) return 0;
        if (strcmp(metadata[0], "grpc-encoding") == 0)
            call->gzip_out = strcmp(metadata[1], "gzip") == 0;
        nv[count++] = nv_of(metadata[0], bytes_of(metadata[1]), NGHTTP2_NV_FLAG_NONE);
    }
    return count;
}

static int request_submit(struct call *call, const char *path, const char *const *metadata,
                          ss_time span) {
    const struct connection_config *config = &call->connection->config;
    nghttp2_data_provider provider = {{.ptr = call}, data_read};
    char timeout[GRPC_TIMEOUT_TEXT];
    nghttp2_nv nv[REQUEST_MAX] = {NV(":method", "POST"), NV(":scheme", "http")};
    size_t count = 2;
    nv[count++] = nv_of(":path", bytes_of(path), NGHTTP2_NV_FLAG_NONE);
    nv[count++] = nv_of(":authority", bytes_of(config->authority), NGHTTP2_NV_FLAG_NONE);
    nv[count++] = (nghttp2_nv)NV("te", "trailers");
    nv[count++] = (nghttp2_nv)NV("content-type", "application/grpc");
    nv[count++] = nv_of("user-agent", bytes_of(config->user_agent), NGHTTP2_NV_FLAG_NONE);
    nv[count++] = (nghttp2_nv)NV("grpc-accept-encoding", "identity,gzip");
    if (span != SS_NEVER) {
        grpc_timeout_format(span, timeout);
        nv[count++] = nv_of("grpc-timeout", bytes_of(timeout), NGHTTP2_NV_FLAG_NONE);
    }
    count = metadata_add(call, metadata, nv, count);
    if (count == 0) return SS_ERR_INVALID;
    int32_t id = nghttp2_submit_request(session_of(call), NULL, nv, count, &provider, call);
    if (id < 0) return id == NGHTTP2_ERR_NOMEM ? SS_ERR_NOMEM : SS_ERR_UNAVAILABLE;
    call->stream_id = id;
    return SS_OK;
}

int connection_call(struct connection *connection, const char *path, const char *const *metadata,
                    ss_time deadline, void *context, ss_time now, struct call **call) {
    connection->now = now;
    if (connection->over) return SS_ERR_CLOSED;
    if (connection->config.server) return SS_ERR_INVALID;
    if (connection->drain != DRAIN_NONE ||
        !nghttp2_session_check_request_allowed(connection->http2->session))
        return SS_ERR_UNAVAILABLE;
    struct call *opened = call_open(connection);
    if (!opened) return SS_ERR_NOMEM;
    ss_time span = deadline == SS_NEVER ? SS_NEVER : time_max(deadline - now, 0);
    int status = request_submit(opened, path, metadata, span);
    if (status != SS_OK) {
        call_withdraw(opened);
        return status;
    }
    opened->grpc = opened->told = opened->headers_sent = true;
    opened->context = context;
    call_set_deadline(opened, deadline);
    *call = opened;
    return SS_OK;
}
