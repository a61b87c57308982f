/* SPDX-License-Identifier: Apache-2.0 */
/* A server connection against peers that are wrong, hostile, slow, or merely unusual. */
#include "base/effort.h"
#include "transport/test_raw.h"

struct stage {
    struct pair pair;
    struct raw raw;
};

static int setup(void **state) {
    struct stage *stage = malloc(sizeof *stage);
    pair_init(&stage->pair);
    raw_open(&stage->raw, &stage->pair);
    *state = stage;
    return 0;
}

static int teardown(void **state) {
    struct stage *stage = *state;
    raw_close(&stage->raw);
    assert_int_equal(stage->pair.heap.live, 0);
    free(stage);
    return 0;
}

static void message(struct raw *raw, uint32_t stream, unsigned flags, const char *bytes,
                    size_t size) {
    raw_frame(raw, DATA, flags, stream, bytes_view(bytes, size));
}

/* ---- what a request may be ----------------------------------------------------------------- */

static void test_grpc_bytewise(void **state) {
    struct stage *stage = *state;
    stage->pair.chunk = 1;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    message(&stage->raw, 1, 0, "\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\2x", 19);
    message(&stage->raw, 1, END_STREAM, "y", 1);
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.messages, 3);
    assert_int_equal(stage->pair.s.bytes, 5);
    assert_int_equal(stage->raw.data_bytes, 20);
    assert_said(&stage->raw, ":status: 200\n");
    assert_said(&stage->raw, "content-type: application/grpc\n");
    assert_said(&stage->raw, "grpc-status: 0\n");
    assert_int_equal(stage->raw.resets, 0);
    assert_int_equal(stage->pair.s.ends, 1);
}

static void test_wrong_content_type(void **state) {
    struct stage *stage = *state;
    static const char *const text[] = {"content-type", "text/plain", NULL};
    static const char *const almost[] = {"content-type", "application/grpcx", NULL};
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", text);
    raw_request(&stage->raw, 3, END_STREAM, "POST", "/a.B/C", almost);
    raw_request(&stage->raw, 5, END_STREAM, "POST", "/a.B/C", NULL);
    raw_feed(&stage->raw);
    const char *first = strstr(stage->raw.log, ":status: 415\n");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, ":status: 415\n"));
    assert_int_equal(stage->pair.s.requests + stage->pair.s.ends, 0);
}

static void test_wrong_method(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "GET", "/a.B/C", raw_grpc);
    raw_request(&stage->raw, 3, END_STREAM, "DELETE", "/healthz", NULL);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, ":status: 405\ncontent-length: 0\nallow: POST\n");
    assert_said(&stage->raw, "allow: GET, HEAD, POST\n");
    assert_int_equal(stage->pair.s.requests, 0);
}

static void test_plain_with_body(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "GET", "/healthz", NULL);
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.requests, 1);
    assert_string_equal(stage->pair.s.path, "/healthz");
    call_respond(stage->pair.s.call, 200, "text/plain", bytes_of("ok\n"));
    raw_settle(&stage->raw);
    assert_string_equal(stage->raw.log, ""); /* waits for the end of the request */
    message(&stage->raw, 1, END_STREAM, "ignored", 7);
    raw_feed(&stage->raw);
    assert_string_equal(stage->raw.log,
                        ":status: 200\ncontent-length: 3\ncontent-type: text/plain\n");
    assert_int_equal(stage->raw.data_bytes, 3);
    assert_int_equal(stage->pair.s.ends, 1);
}

static void test_plain_head(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "HEAD", "/healthz", NULL);
    raw_feed(&stage->raw);
    call_respond(stage->pair.s.call, 200, "text/plain", bytes_of("ok\n"));
    raw_settle(&stage->raw);
    assert_said(&stage->raw, "content-length: 3\n");
    assert_int_equal(stage->raw.data_bytes, 0);
    assert_int_equal(stage->pair.s.ends, 1);
}

static void test_plain_body_that_never_ends(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "GET", "/healthz", NULL);
    raw_feed(&stage->raw);
    call_respond(stage->pair.s.call, 200, "text/plain", bytes_of("ok\n"));
    stage->pair.now += 10 * SS_SECOND;
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.resets, 1);
    assert_int_equal(stage->pair.s.ends, 1);
}

static void test_unknown_encoding(void **state) {
    struct stage *stage = *state;
    static const char *const extra[] = {"content-type", "application/grpc+proto", "grpc-encoding",
                                        "zstd", NULL};
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", extra);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-status: 12\n");
    assert_said(&stage->raw, "grpc-accept-encoding: identity,gzip\n");
}

static void test_bad_timeout(void **state) {
    struct stage *stage = *state;
    static const char *const extra[] = {"content-type", "application/grpc;x=y", "grpc-timeout",
                                        "soon", NULL};
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", extra);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-status: 13\n");
}

static void test_bad_messages(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    message(&stage->raw, 1, END_STREAM, "\1\0\0\0\3abc", 8);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-status: 13\ngrpc-message: a compressed message without");
    raw_request(&stage->raw, 3, 0, "POST", "/a.B/C", raw_grpc);
    message(&stage->raw, 3, END_STREAM, "\2\0\0\0\3abc", 8);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "compressed flag is neither");
    raw_request(&stage->raw, 5, 0, "POST", "/a.B/C", raw_grpc);
    message(&stage->raw, 5, END_STREAM, "\0\0\0\0\4abc", 8);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-message: the last message was cut short");
    raw_request(&stage->raw, 7, 0, "POST", "/a.B/C", raw_grpc);
    message(&stage->raw, 7, 0, "\0\xff\xff\xff\xff", 5);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-status: 8\n");
    assert_int_equal(stage->raw.resets, 1); /* NO_ERROR: the rest is not wanted */
    assert_int_equal(stage->raw.reset_code, 0);
    assert_int_equal(stage->pair.s.messages, 0);
    assert_int_equal(stage->pair.s.ends, 4);
}

static void test_bad_gzip(void **state) {
    struct stage *stage = *state;
    static const char *const extra[] = {"content-type", "application/grpc", "grpc-encoding", "gzip",
                                        NULL};
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", extra);
    message(&stage->raw, 1, END_STREAM, "\1\0\0\0\3abc", 8);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, "grpc-message: a message is not valid gzip\n");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void test_large_headers(void **state) {
    struct stage *stage = *state;
    char value[9001];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const char *extra[] = {"content-type", "application/grpc", "x-a", value, NULL, NULL, NULL};
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", extra);
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.requests, 1);
    char part[7201];
    memset(part, 'v', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    extra[4] = "x-b";
    extra[5] = part;
    raw_request(&stage->raw, 3, END_STREAM, "POST", "/a.B/C", extra);
    raw_feed(&stage->raw);
    assert_said(&stage->raw, ":status: 431\n");
    assert_int_equal(stage->pair.s.requests, 1);
}

/* A table entry of 3 KiB, then one byte for each use of it. */
static void test_header_bomb(void **state) {
    struct stage *stage = *state;
    struct buffer block = buffer_of(&memory_heap);
    raw_header(&block, ":method", "POST");
    raw_header(&block, ":scheme", "http");
    raw_header(&block, ":path", "/a.B/C");
    buffer_u8(&block, 0x40); /* literal with incremental indexing, new name */
    buffer_u8(&block, 1);
    buffer_u8(&block, 'x');
    buffer_bytes(&block, bytes_view("\x7f\x81\x16", 3)); /* 127 + 2817 = 2944 */
    for (unsigned i = 0; i < 2944; i++)
        buffer_u8(&block, 'b');
    for (unsigned i = 0; i < 10000; i++)
        buffer_u8(&block, 0x80 | 62);
    raw_begin(&stage->raw);
    uint32_t stream = 1;
    for (; stream < 2000 && !stage->raw.closed; stream += 2) {
        raw_frame(&stage->raw, HEADERS, END_HEADERS | END_STREAM, stream, buffer_view(&block));
        raw_feed(&stage->raw);
        assert_true(stage->pair.heap.live < 1 << 20);
    }
    buffer_free(&block);
    assert_true(stage->raw.closed);
    assert_true(stream < 450);
    assert_int_equal(stage->pair.s.requests, 0);
}

static void test_unclaimed_memory(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    for (uint32_t i = 0; i < 100; i++) { /* each claims 256 KiB and sends a byte of it */
        raw_request(&stage->raw, 1 + 2 * i, 0, "POST", "/a.B/C", raw_grpc);
        message(&stage->raw, 1 + 2 * i, 0, "\0\0\4\0\0x", 6);
    }
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.requests, 100);
    assert_true(stage->pair.heap.live < 1 << 20);
}

static void test_streams_limit(void **state) {
    struct stage *stage = *state;
    stage->pair.behaviour = SERVE_SILENT;
    raw_begin(&stage->raw);
    raw_feed(&stage->raw);
    for (uint32_t i = 0; i < 101; i++)
        raw_request(&stage->raw, 1 + 2 * i, 0, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.requests, 100);
    assert_true(stage->raw.resets + stage->raw.goaways > 0);
}

/* ---- floods -------------------------------------------------------------------------------- */

/* Feeds what `make` makes until the connection is cut; at most 4000 frames. */
static unsigned flood(struct stage *stage, void (*make)(struct raw *raw, uint32_t round)) {
    unsigned frames = 0;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    for (; frames < 4000 && !stage->raw.closed; frames++) {
        make(&stage->raw, frames);
        raw_feed(&stage->raw);
    }
    assert_true(stage->raw.closed);
    assert_int_equal(stage->raw.goaway_code, 0xb);
    assert_true(stage->pair.heap.live < 1 << 20);
    assert_int_equal(stage->pair.s.ends, stage->pair.s.requests);
    assert_true(connection_done(stage->pair.server));
    return frames;
}

static void make_ping(struct raw *raw, uint32_t round) {
    (void)round;
    raw_frame(raw, PING, 0, 0, bytes_of("12345678"));
}
static void make_ping_ack(struct raw *raw, uint32_t round) {
    (void)round;
    raw_frame(raw, PING, ACK, 0, bytes_of("unasked!"));
}
static void make_settings(struct raw *raw, uint32_t round) {
    (void)round;
    raw_frame(raw, SETTINGS, 0, 0, bytes_view(NULL, 0));
}
static void make_reset(struct raw *raw, uint32_t round) {
    raw_request(raw, 3 + 2 * round, 0, "POST", "/a.B/C", raw_grpc);
    raw_u32(raw, RST_STREAM, 3 + 2 * round, 8);
}
static void make_empty_data(struct raw *raw, uint32_t round) {
    (void)round;
    message(raw, 1, 0, "", 0);
}
static void make_priority(struct raw *raw, uint32_t round) {
    raw_frame(raw, PRIORITY, 0, 3 + 2 * round, bytes_view("\0\0\0\0\x10", 5));
}
static void make_unknown(struct raw *raw, uint32_t round) {
    (void)round;
    raw_frame(raw, 0xfe, 0, 0, bytes_of("whatever"));
}
static void make_window(struct raw *raw, uint32_t round) {
    (void)round;
    raw_u32(raw, WINDOW_UPDATE, 1, 1);
}
/* "MadeYouReset": the stream's window overflows and the server must reset it. */
static void make_overflow(struct raw *raw, uint32_t round) {
    raw_request(raw, 3 + 2 * round, 0, "POST", "/a.B/C", raw_grpc);
    raw_u32(raw, WINDOW_UPDATE, 3 + 2 * round, 0x7fffffff);
}

static void test_floods(void **state) {
    static void (*const makers[])(struct raw * raw, uint32_t round) = {
        make_ping,     make_ping_ack, make_settings, make_reset,   make_empty_data,
        make_priority, make_unknown,  make_window,   make_overflow};
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        unsigned frames = flood(stage, makers[i]);
        assert_in_range(frames, 190, 1300);
        raw_close(&stage->raw);
        pair_init(&stage->pair);
        stage->pair.behaviour = SERVE_SILENT;
        raw_open(&stage->raw, &stage->pair);
    }
}

/* The same amount over time, or with work in between, is no flood. */
static void test_no_flood(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    for (uint32_t i = 0; i < 1000; i++) {
        make_ping(&stage->raw, i);
        make_reset(&stage->raw, i);
        raw_feed(&stage->raw);
        stage->pair.now += 50 * SS_MILLISECOND;
    }
    for (uint32_t i = 0; i < 1000; i++) { /* a stack that measures its bandwidth */
        uint32_t stream = 10001 + 2 * i;
        raw_request(&stage->raw, stream, 0, "POST", "/a.B/C", raw_grpc);
        message(&stage->raw, stream, END_STREAM, "\0\0\0\0\1x", 6);
        make_ping(&stage->raw, i);
        raw_feed(&stage->raw);
    }
    assert_false(stage->raw.closed);
    assert_int_equal(stage->raw.ping_acks, 2000);
}

/* ---- wrong bytes --------------------------------------------------------------------------- */

static void test_wrong_preface(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert_true(stage->raw.closed);
    assert_int_equal(stage->raw.goaway_code, 1);
    assert_true(connection_done(stage->pair.server));
}

static void test_no_protocol(void **state) {
    struct stage *stage = *state;
    assert_int_equal(connection_recv(stage->pair.server, bytes_of("\x16\x03\x01"), stage->pair.now),
                     SS_ERR_CLOSED);
    assert_false(connection_wants_read(stage->pair.server));
    assert_true(connection_done(stage->pair.server));
}

static void test_protocol_error(void **state) {
    struct stage *stage = *state;
    stage->pair.behaviour = SERVE_SILENT;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 5, 0, "POST", "/a.B/C", raw_grpc);
    raw_request(&stage->raw, 3, 0, "POST", "/a.B/C", raw_grpc); /* ids must grow */
    raw_feed(&stage->raw);
    assert_true(stage->raw.closed);
    assert_int_equal(stage->raw.goaway_code, 1);
    assert_int_equal(stage->pair.s.requests, 1);
    assert_int_equal(stage->pair.s.ends, 1);
    assert_int_equal(stage->pair.s.status, GRPC_UNAVAILABLE);
    assert_true(connection_done(stage->pair.server));
}

/* A partly sent answer must not be torn by the GOAWAY that ends the connection. */
static void test_error_while_sending(void **state) {
    struct stage *stage = *state;
    static char large[100000];
    uint8_t one[3];
    stage->pair.behaviour = SERVE_SILENT;
    raw_begin(&stage->raw);
    raw_u32(&stage->raw, WINDOW_UPDATE, 0, 1 << 20);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    call_send(stage->pair.s.call, bytes_view(large, sizeof large));
    for (unsigned i = 0; i < 8000; i++) {
        ptrdiff_t size = connection_send(stage->pair.server, one, sizeof one, stage->pair.now);
        buffer_bytes(&stage->raw.out, bytes_view(one, (size_t)size));
    }
    raw_frame(&stage->raw, 0, 0, 0, bytes_of("DATA on stream 0"));
    raw_feed(&stage->raw);
    assert_true(stage->raw.closed);
    assert_int_equal(stage->raw.goaways, 1);
    assert_int_equal(stage->raw.goaway_code, 1);
    assert_int_equal(stage->raw.out.size, 0);
    assert_true(connection_done(stage->pair.server));
}

static void test_random_bytes(void **state) {
    struct stage *stage = *state;
    uint32_t seed = 1;
    for (unsigned round = 0, rounds = effort(300); round < rounds; round++) {
        raw_begin(&stage->raw);
        raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
        size_t from = round % 3 ? 24 : 60;
        for (unsigned i = 0; i < 200; i++) {
            seed = seed * 1664525 + 1013904223;
            buffer_u8(&stage->raw.in, (uint8_t)(seed >> 24 & (round % 2 ? 0xff : 0x0f)));
        }
        stage->raw.in.data[from + seed % 40] ^= (uint8_t)(seed >> 16);
        connection_recv(stage->pair.server, buffer_view(&stage->raw.in), stage->pair.now);
        uint8_t buffer[4096];
        while (connection_send(stage->pair.server, buffer, sizeof buffer, stage->pair.now) > 0)
            continue;
        connection_lost(stage->pair.server);
        assert_int_equal(stage->pair.s.ends, stage->pair.s.requests);
        raw_close(&stage->raw);
        raw_open(&stage->raw, &stage->pair);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

static void test_slow_headers(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_feed(&stage->raw);
    stage->pair.now += 10 * SS_SECOND;
    assert_true(connection_deadline(stage->pair.server) <= stage->pair.now);
    raw_settle(&stage->raw);
    assert_true(stage->raw.closed);
    assert_int_equal(stage->raw.goaways, 1);
}

static void test_slow_continuation(void **state) {
    struct stage *stage = *state;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    stage->pair.now += 60 * SS_SECOND;
    raw_frame(&stage->raw, HEADERS, 0, 3, bytes_of("\x83"));
    raw_feed(&stage->raw);
    assert_false(stage->raw.closed);
    stage->pair.now += 10 * SS_SECOND;
    raw_settle(&stage->raw);
    assert_true(stage->raw.closed);
}

static void test_idle(void **state) {
    struct stage *stage = *state;
    raw_close(&stage->raw);
    stage->pair.server_config.idle_timeout = 30 * SS_SECOND;
    raw_open(&stage->raw, &stage->pair);
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, END_STREAM, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    stage->pair.now += 29 * SS_SECOND;
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.goaways, 0);
    stage->pair.now += SS_SECOND;
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.goaways, 1);
    assert_int_equal(stage->raw.goaway_last, 0x7fffffff);
    stage->pair.now += SS_SECOND; /* no answer to the PING: the second one all the same */
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.goaways, 2);
    assert_int_equal(stage->raw.goaway_last, 1);
    assert_true(connection_done(stage->pair.server));
}

static void test_keepalive(void **state) {
    struct stage *stage = *state;
    stage->pair.behaviour = SERVE_SILENT;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    assert_int_equal(stage->raw.pings, 1);
    stage->pair.now += 19 * SS_SECOND;
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.pings, 1);
    assert_false(stage->raw.closed);
    stage->pair.now += SS_SECOND;
    raw_settle(&stage->raw);
    assert_true(stage->raw.closed);
    assert_int_equal(stage->pair.s.status, GRPC_UNAVAILABLE);
}

static void test_round_trip(void **state) {
    struct stage *stage = *state;
    uint64_t sequence = 1;
    stage->pair.behaviour = SERVE_SILENT;
    raw_begin(&stage->raw);
    raw_request(&stage->raw, 1, 0, "POST", "/a.B/C", raw_grpc);
    raw_feed(&stage->raw);
    stage->pair.now += 40 * SS_MILLISECOND;
    raw_frame(&stage->raw, PING, ACK, 0, bytes_view(&sequence, 8));
    raw_feed(&stage->raw);
    assert_int_equal(connection_rtt(stage->pair.server), 40 * SS_MILLISECOND);
    assert_int_equal(stage->pair.s.rtts, 1);
    stage->pair.now += SS_SECOND;
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.pings, 2);
    raw_frame(&stage->raw, PING, ACK, 0, bytes_view(&sequence, 8)); /* an old answer */
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.s.rtts, 1);
}

/* ---- drain --------------------------------------------------------------------------------- */

static void test_drain(void **state) {
    struct stage *stage = *state;
    raw_close(&stage->raw);
    struct pair *pair = &stage->pair;
    assert_int_equal(pair_open(pair), SS_OK);
    call_send(pair_call(pair, NULL, 0), bytes_of("x"));
    pair_run(pair);
    struct call *call = pair->c.call;
    connection_drain(pair->server);
    pair_run(pair);
    assert_null(pair_call(pair, NULL, 0)); /* the client was told */
    assert_false(connection_done(pair->server));
    assert_int_equal(call_send(call, bytes_of("y")), SS_OK); /* the open one goes on */
    pair_run(pair);
    assert_int_equal(pair->c.messages, 2);
    call_half_close(call);
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_OK);
    assert_true(connection_done(pair->server));
    assert_true(connection_done(pair->client));
    pair_close(pair);
    raw_open(&stage->raw, pair);
}

static void test_client_drain(void **state) {
    struct stage *stage = *state;
    raw_close(&stage->raw);
    struct pair *pair = &stage->pair;
    pair->behaviour = SERVE_UNARY;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    connection_drain(pair->client);
    assert_null(pair_call(pair, NULL, 0));
    call_send(call, bytes_of("x"));
    call_half_close(call);
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_OK);
    assert_true(connection_done(pair->client));
    assert_true(connection_done(pair->server));
    pair_close(pair);
    raw_open(&stage->raw, pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_grpc_bytewise),
        TEST(test_wrong_content_type),
        TEST(test_wrong_method),
        TEST(test_plain_with_body),
        TEST(test_plain_head),
        TEST(test_plain_body_that_never_ends),
        TEST(test_unknown_encoding),
        TEST(test_bad_timeout),
        TEST(test_bad_messages),
        TEST(test_bad_gzip),
        TEST(test_large_headers),
        TEST(test_header_bomb),
        TEST(test_unclaimed_memory),
        TEST(test_streams_limit),
        TEST(test_floods),
        TEST(test_no_flood),
        TEST(test_wrong_preface),
        TEST(test_no_protocol),
        TEST(test_protocol_error),
        TEST(test_error_while_sending),
        TEST(test_random_bytes),
        TEST(test_slow_headers),
        TEST(test_slow_continuation),
        TEST(test_idle),
        TEST(test_keepalive),
        TEST(test_round_trip),
        TEST(test_drain),
        TEST(test_client_drain),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
