/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that cost us work and the peer nothing are charged to the connection's glitches. nghttp2
 * stops rapid resets, CONTINUATION floods and unread acknowledgements; this is for the rest: PING,
 * SETTINGS, PRIORITY, empty DATA, frames of unknown type, and resets of either direction (a peer
 * can make us send them: "MadeYouReset").
 *
 * Honest stacks measure bandwidth with PINGs while data flows, so PING and WINDOW_UPDATE are free
 * as long as we sent HEADERS or DATA in between. */
#include "transport/http2.h"

enum { FREE_PINGS = 2, FREE_WINDOWS = 1000, EARLY_ENDS_MAX = 1000 };
enum { PADDED_EMPTY = 1 };

static bool ping_charged(struct http2 *http2, const nghttp2_frame_hd *header) {
    if (header->flags & NGHTTP2_FLAG_ACK) {
        bool owed = http2->flood.ping_owed;
        http2->flood.ping_owed = false;
        return !owed;
    }
    return ++http2->flood.pings > FREE_PINGS;
}

static bool settings_charged(struct http2 *http2, const nghttp2_frame_hd *header) {
    if (header->flags & NGHTTP2_FLAG_ACK) {
        http2->flood.settings_acked = true;
        return false; /* nghttp2 makes an error of one too many */
    }
    bool first = !http2->flood.settings_seen;
    http2->flood.settings_seen = true;
    return !first;
}

/* A client opened its streams itself, and a server may end each of them with a reset. */
static bool reset_charged(struct http2 *http2, const nghttp2_frame_hd *header) {
    if (!http2->connection->config.server) return false;
    nghttp2_session *session = http2->session;
    const struct call *call = nghttp2_session_get_stream_user_data(session, header->stream_id);
    if (call && !call->trailers_sent) return true;
    if (http2->flood.early_ends == 0) return true;
    http2->flood.early_ends--;
    return false;
}

static bool data_charged(const nghttp2_frame_hd *header) {
    size_t padding = header->flags & NGHTTP2_FLAG_PADDED ? PADDED_EMPTY : 0;
    return header->length <= padding && !(header->flags & NGHTTP2_FLAG_END_STREAM);
}

static bool frame_charged(struct http2 *http2, const nghttp2_frame_hd *header) {
    switch (header->type) {
    case NGHTTP2_DATA: return data_charged(header);
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_GOAWAY: return false;
    case NGHTTP2_RST_STREAM: return reset_charged(http2, header);
    case NGHTTP2_SETTINGS: return settings_charged(http2, header);
    case NGHTTP2_PING: return ping_charged(http2, header);
    case NGHTTP2_WINDOW_UPDATE: return ++http2->flood.windows > FREE_WINDOWS;
    default: return true;
    }
}

bool flood_received(struct http2 *http2, const nghttp2_frame_hd *header) {
    return !frame_charged(http2, header) || connection_glitch(http2->connection);
}

/* A stream refused before the peer has seen our limits is not its fault. */
static bool reset_sent_charged(const struct http2 *http2, uint32_t error_code) {
    if (error_code == NGHTTP2_REFUSED_STREAM) return http2->flood.settings_acked;
    return error_code != NGHTTP2_NO_ERROR && error_code != NGHTTP2_CANCEL;
}

bool flood_sent(struct http2 *http2, const nghttp2_frame *frame) {
    struct flood *flood = &http2->flood;
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS: flood->pings = flood->windows = 0; return true;
    case NGHTTP2_PING:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) flood->ping_owed = true;
        return true;
    case NGHTTP2_RST_STREAM:
        if (flood->early_ends < EARLY_ENDS_MAX) flood->early_ends++;
        return !reset_sent_charged(http2, frame->rst_stream.error_code) ||
               connection_glitch(http2->connection);
    default: return true;
    }
}
