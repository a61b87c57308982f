/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks. Values stay where HPACK decoded them (reference-counted by nghttp2) until the
 * block is complete; then they become a `struct request`, or an answer's status. */
#include "transport/http2.h"

#include "base/status.h"

#define NAME(text)                                                                                 \
    { text, sizeof(text) - 1 }
static const struct {
    const char *text;
    size_t size;
} names[HEADER_COUNT] = {
    [HEADER_METHOD] = NAME(":method"),
    [HEADER_PATH] = NAME(":path"),
    [HEADER_AUTHORITY] = NAME(":authority"),
    [HEADER_STATUS] = NAME(":status"),
    [HEADER_CONTENT_TYPE] = NAME("content-type"),
    [HEADER_USER_AGENT] = NAME("user-agent"),
    [HEADER_AUTHORIZATION] = NAME("authorization"),
    [HEADER_WORLD] = NAME("statesync-world"),
    [HEADER_ACCEPT] = NAME("accept"),
    [HEADER_TIMEOUT] = NAME("grpc-timeout"),
    [HEADER_ENCODING] = NAME("grpc-encoding"),
    [HEADER_ACCEPT_ENCODING] = NAME("grpc-accept-encoding"),
    [HEADER_GRPC_STATUS] = NAME("grpc-status"),
    [HEADER_GRPC_MESSAGE] = NAME("grpc-message"),
};
#undef NAME

enum { LIST_OVERHEAD = 32 }; /* of each header, RFC 9113 section 6.5.2 */

void header_block_clear(struct header_block *block) {
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (block->values[i]) nghttp2_rcbuf_decref(block->values[i]);
        block->values[i] = NULL;
    }
    block->size = 0;
    block->too_large = false;
}

void header_block_add(struct header_block *block, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                      size_t size_max) {
    nghttp2_vec text = nghttp2_rcbuf_get_buf(name);
    block->size += text.len + nghttp2_rcbuf_get_buf(value).len + LIST_OVERHEAD;
    if (block->size > size_max) block->too_large = true;
    if (block->too_large) return;
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (names[i].size != text.len || memcmp(names[i].text, text.base, text.len) != 0) continue;
        if (block->values[i]) return;
        nghttp2_rcbuf_incref(value);
        block->values[i] = value;
        return;
    }
}

static struct bytes value_of(const struct header_block *block, enum header header) {
    if (!block->values[header]) return bytes_view(NULL, 0);
    nghttp2_vec text = nghttp2_rcbuf_get_buf(block->values[header]);
    return bytes_view(text.base, text.len);
}

static bool value_is(const struct header_block *block, enum header header, const char *text) {
    return bytes_equal(value_of(block, header), bytes_of(text));
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool list_names_gzip(struct bytes list) {
    for (size_t i = 0; i + 4 <= list.size; i++) {
        bool starts = i == 0 || list.data[i - 1] == ',' || list.data[i - 1] == ' ';
        bool ends = i + 4 == list.size || list.data[i + 4] == ',' || list.data[i + 4] == ' ';
        if (starts && ends && memcmp(list.data + i, "gzip", 4) == 0) return true;
    }
    return false;
}

/* False when the call was answered here. */
static bool grpc_accept(struct call *call, const struct header_block *block) {
    struct bytes encoding = value_of(block, HEADER_ENCODING);
    struct bytes timeout = value_of(block, HEADER_TIMEOUT);
    ss_time span;
    call->grpc = true;
    if (bytes_equal(encoding, bytes_of("gzip"))) {
        call->gzip_in = true;
        call->gzip_out = list_names_gzip(value_of(block, HEADER_ACCEPT_ENCODING));
    } else if (encoding.size && !bytes_equal(encoding, bytes_of("identity"))) {
        call->tell_encodings = true;
        call_finish(call, GRPC_UNIMPLEMENTED, "grpc-encoding is neither identity nor gzip");
        return false;
    }
    if (timeout.size == 0) return true;
    if (grpc_timeout_parse(timeout, &span) != SS_OK) {
        call_finish(call, GRPC_INTERNAL, "grpc-timeout cannot be read");
        return false;
    }
    call_set_deadline(call, time_add(call->connection->now, span));
    return true;
}

/* A plain request ends within the time that headers have, so that no body trickles for ever. */
static bool plain_accept(struct call *call, const struct header_block *block) {
    struct connection *connection = call->connection;
    call_set_deadline(call, time_add(connection->now, connection->config.headers_timeout));
    call->head = value_is(block, HEADER_METHOD, "HEAD");
    if (call->head || value_is(block, HEADER_METHOD, "GET")) return true;
    if (value_is(block, HEADER_METHOD, "POST")) {
        call_refuse(call, 415, NULL);
    } else {
        call_refuse(call, 405, "GET, HEAD, POST");
    }
    return false;
}

static bool request_accept(struct call *call, const struct header_block *block) {
    bool grpc = grpc_content_type(value_of(block, HEADER_CONTENT_TYPE));
    if (block->too_large) {
        if (connection_glitch(call->connection)) call_refuse(call, 431, NULL);
        return false;
    }
    if (!grpc) return plain_accept(call, block);
    if (value_is(block, HEADER_METHOD, "POST")) return grpc_accept(call, block);
    call_refuse(call, 405, "POST");
    return false;
}

void http2_request(struct call *call, const struct header_block *block) {
    const struct connection_events *events = &call->connection->config.events;
    call->request_whole = true;
    if (!request_accept(call, block)) return;
    struct request request = {
        .method = value_of(block, HEADER_METHOD),
        .path = value_of(block, HEADER_PATH),
        .authority = value_of(block, HEADER_AUTHORITY),
        .content_type = value_of(block, HEADER_CONTENT_TYPE),
        .user_agent = value_of(block, HEADER_USER_AGENT),
        .authorization = value_of(block, HEADER_AUTHORIZATION),
        .world = value_of(block, HEADER_WORLD),
        .accept = value_of(block, HEADER_ACCEPT),
        .grpc = call->grpc,
        .deadline = call->grpc ? call->deadline : SS_NEVER,
    };
    call->told = true;
    events->on_request(events->context, call, &request);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* A small decimal number, or -1. */
static int number_of(struct bytes text) {
    int value = 0;
    if (text.size == 0 || text.size > 4) return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

/* The first headers of an answer: false when it is not one of gRPC. */
static bool answer_accept(struct call *call, const struct header_block *block) {
    struct bytes encoding = value_of(block, HEADER_ENCODING);
    call->http_status = (unsigned)number_of(value_of(block, HEADER_STATUS));
    call->gzip_in = bytes_equal(encoding, bytes_of("gzip"));
    bool grpc = grpc_content_type(value_of(block, HEADER_CONTENT_TYPE));
    if (call->http_status == 200 && grpc) return true;
    enum grpc_status status =
        call->http_status == 200 ? GRPC_UNKNOWN : grpc_status_of_http(call->http_status);
    call_fail(call, status, "the answer is not gRPC");
    return false;
}

void http2_answer(struct call *call, const struct header_block *block) {
    int status = number_of(value_of(block, HEADER_STATUS));
    if (call->cancelling || (status >= 100 && status < 200)) return;
    if (block->too_large) {
        call_fail(call, GRPC_RESOURCE_EXHAUSTED, "the answer's headers are larger than the limit");
        return;
    }
    if (call->http_status == 0 && !answer_accept(call, block)) return;
    int grpc_status = number_of(value_of(block, HEADER_GRPC_STATUS));
    if (!block->values[HEADER_GRPC_STATUS]) return;
    call->status = grpc_status >= 0 && grpc_status <= 16 ? grpc_status : GRPC_UNKNOWN;
    buffer_clear(&call->text);
    grpc_message_decode(value_of(block, HEADER_GRPC_MESSAGE), &call->text);
}
