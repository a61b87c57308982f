/* SPDX-License-Identifier: Apache-2.0 */
/* speak_grpc.c - gRPC over HTTP/2 written by hand, as little of it as a load generator needs, so
 * that the generator costs a fraction of any server that it measures (a whole HTTP/2 library on
 * this side would be as busy as the server).
 *
 *   frame    length 3 | type 1 | flags 1 | stream 4 | payload          big-endian
 *   DATA     { compressed 1 | length 4 | message }*
 *
 * The first request of a connection puts its headers into the peer's HPACK table; all later ones
 * name them by index, seven bytes in all, as every real client does. Headers of answers are not
 * decoded: success is what the message says, and a call without a message is a failure. */
#include <stdio.h>

#include "bench/lane.h"
#include "codec/message.h"

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FRAME_WINDOW_UPDATE = 8,
};
enum { FLAG_END_STREAM = 1, FLAG_ACK = 1, FLAG_END_HEADERS = 4, FLAG_PADDED = 8 };
enum { SETTING_STREAMS = 3, SETTING_WINDOW = 4 };
enum { HEADER = 9, PREFIX = 5, FRAME_MAX = 16384, MESSAGE_EXTRA = 160 };

#define STREAM_SLOTS ((uint32_t)1 << 16)
#define OUR_WINDOW   ((uint32_t)1 << 30)

static uint32_t big(const uint8_t *at, unsigned size) {
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static void put_big(uint8_t *at, uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static void frame_put(struct buffer *out, size_t size, unsigned type, unsigned flags,
                      uint32_t stream) {
    uint8_t *at = buffer_room(out, HEADER);
    if (!at) return;
    put_big(at, (uint32_t)size, 3);
    at[3] = (uint8_t)type;
    at[4] = (uint8_t)flags;
    put_big(at + 5, stream, 4);
    out->size += HEADER;
}

static void window_put(struct buffer *out, uint32_t stream, size_t size) {
    uint8_t increment[4];
    put_big(increment, (uint32_t)size, 4);
    frame_put(out, 4, FRAME_WINDOW_UPDATE, 0, stream);
    buffer_bytes(out, bytes_view(increment, 4));
}

/* ---- out ----------------------------------------------------------------------------------- */

static void grpc_hello(struct link *link) {
    static const uint8_t settings[] = {0, 2, 0, 0, 0, 0, 0, SETTING_WINDOW, 0x40, 0, 0, 0};
    link->next_stream = 1;
    link->window = link->stream_window = 65535;
    link->streams_max = UINT32_MAX;
    link->by_stream = memory_zeroed(&memory_heap, STREAM_SLOTS, sizeof *link->by_stream);
    if (!link->by_stream) load_fail(link->load, "out of memory");
    buffer_text(&link->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame_put(&link->out, sizeof settings, FRAME_SETTINGS, 0, 0);
    buffer_bytes(&link->out, bytes_view(settings, sizeof settings));
    window_put(&link->out, 0, OUR_WINDOW);
}

/* A literal header that is added to the table: by the static table's number of its name, or 0. */
static void header_put(struct buffer *block, unsigned name_index, const char *name,
                       const char *value) {
    buffer_u8(block, (uint8_t)(0x40 | name_index));
    if (name_index == 0) {
        buffer_u8(block, (uint8_t)strlen(name));
        buffer_text(block, name);
    }
    buffer_u8(block, (uint8_t)strlen(value));
    buffer_text(block, value);
}

static void headers_put(struct link *link, uint32_t stream) {
    static const uint8_t again[] = {0x83, 0x86, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe};
    struct buffer *out = &link->out;
    size_t at = out->size;
    frame_put(out, sizeof again, FRAME_HEADERS, FLAG_END_HEADERS, stream);
    if (link->headers_sent) {
        buffer_bytes(out, bytes_view(again, sizeof again));
        return;
    }
    bool unary = link->load->config->kind == LOAD_UNARY;
    link->headers_sent = true;
    buffer_bytes(out, bytes_view(again, 2)); /* :method POST, :scheme http */
    header_put(out, 4, ":path",
               unary ? "/necp.realtime.statesync.v1.StateSyncService/SyncState"
                     : "/necp.realtime.statesync.v1.StateSyncService/StreamStateUpdates");
    header_put(out, 1, ":authority", link->load->config->address);
    header_put(out, 31, "content-type", "application/grpc");
    header_put(out, 58, "user-agent", "statesync-bench");
    header_put(out, 0, "te", "trailers");
    if (!out->failed) put_big(out->data + at, (uint32_t)(out->size - at - HEADER), 3);
}

static void message_put(struct lane *lane) {
    struct load *load = lane->link->load;
    struct buffer *out = &lane->link->out;
    size_t at = out->size;
    unsigned cell = lane_begin(lane);
    struct state_sync_request request = {
        .player_id = lane->player,
        .client_tick = (uint32_t)lane->sent,
        .client_timestamp_ms = load->now / 1000000,
        .category = bytes_of(load->config->category),
        .key = bytes_of(load->keys[cell]),
        .state_data = load_state(load),
        .expected_version = lane->versions[cell],
        .omit_state = load->config->brief,
    };
    if (!buffer_room(out, PREFIX)) return;
    out->size += PREFIX;
    message_encode(&message_state_sync_request, &request, out);
    if (out->failed) return;
    out->data[at] = 0;
    put_big(out->data + at + 1, (uint32_t)(out->size - at - PREFIX), 4);
}

/* A place for a new stream; false when an old call still stands there or the peer allows no more.
 */
static bool stream_open(struct lane *lane) {
    struct link *link = lane->link;
    uint32_t *slot = &link->by_stream[(link->next_stream >> 1) % STREAM_SLOTS];
    if (*slot) return false;
    *slot = lane->index + 1;
    lane->stream = link->next_stream;
    lane->window = link->stream_window;
    lane->answered = false;
    link->next_stream += 2;
    headers_put(link, lane->stream);
    return true;
}

static void frame_of_messages(struct lane *lane, unsigned flags, unsigned count) {
    struct link *link = lane->link;
    size_t at = link->out.size;
    frame_put(&link->out, 0, FRAME_DATA, flags, lane->stream);
    for (unsigned i = 0; i < count; i++)
        message_put(lane);
    size_t size = link->out.size - at - HEADER;
    if (!link->out.failed) put_big(link->out.data + at, (uint32_t)size, 3);
    lane->window -= (int64_t)size;
    link->window -= (int64_t)size;
}

static bool grpc_send(struct lane *lane, unsigned count) {
    struct link *link = lane->link;
    const struct load_config *config = link->load->config;
    bool unary = config->kind == LOAD_UNARY;
    int64_t each_most = config->state_bytes + MESSAGE_EXTRA;
    int64_t window = lane->stream && !unary ? lane->window : link->stream_window;
    if (config->per_frame * each_most > FRAME_MAX)
        load_fail(link->load, "--per-frame times --state-bytes is over 16 KiB");
    /* Like any client: as much as the peer's windows let through. */
    if (link->window < window) window = link->window;
    if (window / each_most < count) count = window > 0 ? (unsigned)(window / each_most) : 0;
    if (count == 0) return false;
    if ((unary || lane->stream == 0) && !stream_open(lane)) return false;
    for (unsigned left = count, most_each = config->per_frame; left > 0;) {
        unsigned each = left < most_each ? left : most_each;
        frame_of_messages(lane, unary ? FLAG_END_STREAM : 0, each);
        left -= each;
    }
    return true;
}

/* ---- in ------------------------------------------------------------------------------------ */

/* What the generator must know of an answer: result and version, its second and third field. */
static bool answer_read(struct bytes message, uint32_t *version) {
    struct reader reader = reader_of(message);
    uint64_t result = 0;
    *version = 0;
    while (reader.left && !reader.failed) {
        uint64_t tag = reader_varint(&reader);
        if (tag >> 3 > 3) break;
        switch (tag & 7) {
        case 0: {
            uint64_t value = reader_varint(&reader);
            if (tag >> 3 == 2) result = value;
            if (tag >> 3 == 3) *version = (uint32_t)value;
            break;
        }
        case 1: reader_u64(&reader); break;
        default: return false;
        }
    }
    return !reader.failed && result == SYNC_RESULT_SUCCESS;
}

static void answer_take(struct lane *lane, struct bytes message) {
    uint32_t version;
    bool success = answer_read(message, &version);
    if (lane->link->load->config->kind == LOAD_UNARY) {
        lane->answered = true;
        lane->success = success;
        lane->version = version;
    } else {
        lane_answered(lane, success, version);
    }
}

/* Whole messages from `bytes`; how many bytes they were. */
static size_t messages_take(struct lane *lane, struct bytes bytes) {
    size_t taken = 0;
    while (bytes.size - taken >= PREFIX) {
        size_t size = big(bytes.data + taken + 1, 4);
        if (bytes.size - taken - PREFIX < size) break;
        answer_take(lane, bytes_view(bytes.data + taken + PREFIX, size));
        taken += PREFIX + size;
    }
    return taken;
}

static struct lane *lane_of(struct link *link, uint32_t stream) {
    uint32_t index = link->by_stream[(stream >> 1) % STREAM_SLOTS];
    struct lane *lane = index ? &link->load->lanes[index - 1] : NULL;
    return lane && lane->stream == stream ? lane : NULL;
}

static void data_take(struct link *link, struct lane *lane, unsigned flags, struct bytes data) {
    link->received += data.size;
    if (link->received > OUR_WINDOW / 2) {
        window_put(&link->out, 0, link->received);
        link->received = 0;
        link_dirty(link);
    }
    if (!lane) return;
    lane->received += data.size;
    if (lane->received > OUR_WINDOW / 2 && link->load->config->kind == LOAD_STREAM) {
        window_put(&link->out, lane->stream, lane->received);
        lane->received = 0;
        link_dirty(link);
    }
    if (flags & FLAG_PADDED && data.size > data.data[0])
        data = bytes_view(data.data + 1, data.size - 1 - data.data[0]);
    if (lane->partial.size == 0) {
        size_t taken = messages_take(lane, data);
        buffer_bytes(&lane->partial, bytes_view(data.data + taken, data.size - taken));
    } else {
        buffer_bytes(&lane->partial, data);
        buffer_drop(&lane->partial, messages_take(lane, buffer_view(&lane->partial)));
    }
}

static void stream_end(struct link *link, struct lane *lane) {
    if (!lane) return;
    if (link->load->config->kind != LOAD_UNARY) {
        load_fail(link->load, "the server ended a stream");
        return;
    }
    link->by_stream[(lane->stream >> 1) % STREAM_SLOTS] = 0;
    lane->stream = 0;
    lane->received = 0;
    lane_answered(lane, lane->answered && lane->success, lane->answered ? lane->version : 0);
    link_resume(link);
}

/* RFC 9113, section 6.9.2: a new initial window moves the windows of open streams, too. */
static void windows_move(struct link *link, uint32_t initial) {
    struct load *load = link->load;
    int64_t change = (int64_t)initial - link->stream_window;
    for (unsigned i = 0; i < load->config->lanes; i++)
        if (load->lanes[i].link == link && load->lanes[i].stream) load->lanes[i].window += change;
    link->stream_window = initial;
    link_resume(link);
}

static void settings_take(struct link *link, unsigned flags, struct bytes data) {
    if (flags & FLAG_ACK) return;
    for (size_t at = 0; at + 6 <= data.size; at += 6) {
        uint32_t value = big(data.data + at + 2, 4);
        if (big(data.data + at, 2) == SETTING_STREAMS) link->streams_max = value;
        if (big(data.data + at, 2) == SETTING_WINDOW) windows_move(link, value);
    }
    frame_put(&link->out, 0, FRAME_SETTINGS, FLAG_ACK, 0);
    link_dirty(link);
    const struct load_config *config = link->load->config;
    unsigned wanted = (config->lanes + config->connections - 1) / config->connections;
    if (wanted > link->streams_max)
        load_fail(link->load,
                  "the server allows %u streams on a connection, this needs %u: see "
                  "limits.streams_per_connection",
                  link->streams_max, wanted);
    link_ready(link);
}

static void window_take(struct link *link, struct lane *lane, uint32_t stream, struct bytes data) {
    uint32_t increment = data.size == 4 ? big(data.data, 4) : 0;
    if (stream == 0) {
        link->window += increment;
    } else if (lane) {
        lane->window += increment;
    }
    link_resume(link);
}

static void frame_take(struct link *link, const uint8_t *header, struct bytes data) {
    uint32_t stream = big(header + 5, 4) & INT32_MAX;
    unsigned flags = header[4];
    struct lane *lane = stream ? lane_of(link, stream) : NULL;
    switch (header[3]) {
    case FRAME_DATA: data_take(link, lane, flags, data); break;
    case FRAME_HEADERS: break;
    case FRAME_RST_STREAM: stream_end(link, lane); return;
    case FRAME_SETTINGS: settings_take(link, flags, data); return;
    case FRAME_PING:
        if (flags & FLAG_ACK) return;
        frame_put(&link->out, data.size, FRAME_PING, FLAG_ACK, 0);
        buffer_bytes(&link->out, data);
        link_dirty(link);
        return;
    case FRAME_GOAWAY: load_fail(link->load, "the server ended a connection: GOAWAY"); return;
    case FRAME_WINDOW_UPDATE: window_take(link, lane, stream, data); return;
    default: return;
    }
    if (flags & FLAG_END_STREAM) stream_end(link, lane);
}

static size_t grpc_recv(struct link *link) {
    const struct buffer *in = &link->in;
    size_t taken = 0;
    while (in->size - taken >= HEADER) {
        const uint8_t *header = in->data + taken;
        size_t size = big(header, 3);
        if (in->size - taken - HEADER < size) break;
        frame_take(link, header, bytes_view(header + HEADER, size));
        taken += HEADER + size;
    }
    return taken;
}

const struct speaker speaker_grpc = {grpc_hello, grpc_send, grpc_recv};
