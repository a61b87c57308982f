/* SPDX-License-Identifier: Apache-2.0 */
/* test_raw.h - for tests: a server connection fed with frames made by hand, and a reader of its
 * answers (RFC 9113 frames; headers inflated into lines "name: value"). */
#ifndef TRANSPORT_TEST_RAW_H
#define TRANSPORT_TEST_RAW_H

#include <nghttp2/nghttp2.h>

#include "transport/test_pair.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct raw {
    struct pair *pair; /* its server half is used */
    struct buffer in;  /* what is fed next */
    struct buffer out; /* what the server said and is not read yet */
    nghttp2_hd_inflater *inflater;
    char log[4096]; /* headers of all answers, one a line */
    unsigned goaways, resets, pings, ping_acks, data_frames;
    size_t data_bytes;
    uint32_t goaway_code, goaway_last, reset_code;
    bool closed; /* the machine said SS_ERR_CLOSED */
};

static inline void raw_open(struct raw *raw, struct pair *pair) {
    memset(raw, 0, sizeof *raw);
    raw->pair = pair;
    raw->in = raw->out = buffer_of(&memory_heap);
    assert_int_equal(nghttp2_hd_inflate_new(&raw->inflater), 0);
    assert_int_equal(connection_create(&pair->server, &pair->server_config, pair->now), SS_OK);
}

static inline void raw_close(struct raw *raw) {
    nghttp2_hd_inflate_del(raw->inflater);
    buffer_free(&raw->in);
    buffer_free(&raw->out);
    connection_destroy(raw->pair->server);
    raw->pair->server = NULL;
}

static inline void raw_frame(struct raw *raw, unsigned type, unsigned flags, uint32_t stream,
                             struct bytes payload) {
    uint8_t head[9] = {(uint8_t)(payload.size >> 16),
                       (uint8_t)(payload.size >> 8),
                       (uint8_t)payload.size,
                       (uint8_t)type,
                       (uint8_t)flags,
                       (uint8_t)(stream >> 24),
                       (uint8_t)(stream >> 16),
                       (uint8_t)(stream >> 8),
                       (uint8_t)stream};
    buffer_bytes(&raw->in, bytes_view(head, sizeof head));
    buffer_bytes(&raw->in, payload);
}

static inline void raw_begin(struct raw *raw) {
    buffer_text(&raw->in, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    raw_frame(raw, SETTINGS, 0, 0, bytes_view(NULL, 0));
    raw_frame(raw, SETTINGS, ACK, 0, bytes_view(NULL, 0));
}

static inline void raw_u32(struct raw *raw, unsigned type, uint32_t stream, uint32_t value) {
    uint8_t payload[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                          (uint8_t)value};
    raw_frame(raw, type, 0, stream, bytes_view(payload, 4));
}

/* One literal header without indexing; the value may be up to 16 KiB. */
static inline void raw_header(struct buffer *block, const char *name, const char *value) {
    size_t size = strlen(value);
    buffer_u8(block, 0);
    buffer_u8(block, (uint8_t)strlen(name));
    buffer_text(block, name);
    if (size < 127) {
        buffer_u8(block, (uint8_t)size);
    } else {
        buffer_u8(block, 127);
        for (size -= 127; size >= 128; size >>= 7)
            buffer_u8(block, (uint8_t)(size | 128));
        buffer_u8(block, (uint8_t)size);
    }
    buffer_text(block, value);
}

/* A request with extra headers (name, value, ..., NULL). */
static inline void raw_request(struct raw *raw, uint32_t stream, unsigned flags, const char *method,
                               const char *path, const char *const *extra) {
    struct buffer block = buffer_of(&memory_heap);
    raw_header(&block, ":method", method);
    raw_header(&block, ":scheme", "http");
    raw_header(&block, ":path", path);
    raw_header(&block, ":authority", "test");
    for (; extra && extra[0]; extra += 2)
        raw_header(&block, extra[0], extra[1]);
    raw_frame(raw, HEADERS, END_HEADERS | flags, stream, buffer_view(&block));
    buffer_free(&block);
}

static const char *const raw_grpc[] = {"content-type", "application/grpc", "te", "trailers", NULL};

static inline uint32_t raw_number(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void raw_inflate(struct raw *raw, struct bytes block) {
    nghttp2_nv nv;
    int flags = 0;
    while (block.size || !(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        ssize_t used =
            nghttp2_hd_inflate_hd2(raw->inflater, &nv, &flags, block.data, block.size, 1);
        assert_true(used >= 0);
        block = bytes_view(block.data + used, block.size - (size_t)used);
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) continue;
        size_t at = strlen(raw->log);
        snprintf(raw->log + at, sizeof raw->log - at, "%.*s: %.*s\n", (int)nv.namelen, nv.name,
                 (int)nv.valuelen, nv.value);
    }
    nghttp2_hd_inflate_end_headers(raw->inflater);
}

static inline void raw_note(struct raw *raw, unsigned type, unsigned flags, struct bytes payload) {
    switch (type) {
    case DATA:
        raw->data_frames++;
        raw->data_bytes += payload.size;
        break;
    case HEADERS: raw_inflate(raw, payload); break;
    case RST_STREAM:
        raw->resets++;
        raw->reset_code = raw_number(payload.data);
        break;
    case PING: *(flags & ACK ? &raw->ping_acks : &raw->pings) += 1; break;
    case GOAWAY:
        raw->goaways++;
        raw->goaway_last = raw_number(payload.data);
        raw->goaway_code = raw_number(payload.data + 4);
        break;
    default: break;
    }
}

static inline void raw_read(struct raw *raw) {
    if (raw->out.size >= 24 && memcmp(raw->out.data, "PRI", 3) == 0) buffer_drop(&raw->out, 24);
    while (raw->out.size >= 9) {
        const uint8_t *at = raw->out.data;
        size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        if (raw->out.size - 9 < size) return;
        raw_note(raw, at[3], at[4], bytes_view(at + 9, size));
        buffer_drop(&raw->out, 9 + size);
    }
}

/* Takes what the server says and lets it do what is due. */
static inline void raw_settle(struct raw *raw) {
    struct connection *server = raw->pair->server;
    uint8_t buffer[4096];
    ptrdiff_t size;
    do {
        while ((size = connection_send(server, buffer, sizeof buffer, raw->pair->now)) > 0)
            buffer_bytes(&raw->out, bytes_view(buffer, (size_t)size));
        if (connection_deadline(server) > raw->pair->now) break;
        raw->closed |= connection_expire(server, raw->pair->now) == SS_ERR_CLOSED;
    } while (!connection_done(server));
    if (!connection_is_http1(server)) raw_read(raw);
}

/* Feeds what was collected. */
static inline void raw_feed(struct raw *raw) {
    struct bytes in = buffer_view(&raw->in);
    while (in.size) {
        size_t size = in.size < raw->pair->chunk ? in.size : raw->pair->chunk;
        raw->closed |= connection_recv(raw->pair->server, bytes_view(in.data, size),
                                       raw->pair->now) == SS_ERR_CLOSED;
        in = bytes_view(in.data + size, in.size - size);
    }
    buffer_clear(&raw->in);
    raw_settle(raw);
}

static inline void raw_text(struct raw *raw, const char *text) {
    buffer_text(&raw->in, text);
    raw_feed(raw);
}

#define assert_said(raw, what)                                                                     \
    do {                                                                                           \
        if (!strstr((raw)->log, what)) fail_msg("no \"%s\" in:\n%s", what, (raw)->log);            \
    } while (0)

#endif
