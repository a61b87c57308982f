/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC calls between our client and our server machine. */
#include "transport/test_pair.h"

static int setup(void **state) {
    struct pair *pair = malloc(sizeof *pair);
    pair_init(pair);
    *state = pair;
    return 0;
}

static int teardown(void **state) {
    struct pair *pair = *state;
    pair_close(pair);
    assert_int_equal(pair->heap.live, 0);
    free(pair);
    return 0;
}

static void send_counted(struct call *call, uint32_t counter, size_t size) {
    uint8_t *room = call_reserve(call, size);
    assert_non_null(room);
    memset(room, 'x', size);
    memcpy(room, &counter, sizeof counter);
}

static void test_unary(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"statesync-world", "arena-7", "authorization",
                                           "Bearer abc", NULL};
    static const size_t chunks[] = {65536, 1, 7, 100};
    assert_int_equal(pair_open(pair), SS_OK);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        pair->chunk = chunks[i];
        pair->behaviour = SERVE_UNARY;
        struct call *call = pair_call(pair, metadata, 5 * SS_SECOND);
        assert_int_equal(call_send(call, bytes_of("hello")), SS_OK);
        call_half_close(call);
        pair_run(pair);
        assert_int_equal(pair->c.messages, i + 1);
        assert_int_equal(pair->c.last_size, 5);
        assert_int_equal(pair->c.ends, i + 1);
        assert_int_equal(pair->s.ends, i + 1);
        assert_int_equal(pair->c.status, GRPC_OK);
        assert_int_equal(pair->s.status, GRPC_OK);
        assert_ptr_equal(pair->c.ended_context, pair);
    }
    assert_string_equal(pair->s.path, "/test.Service/Method");
    assert_string_equal(pair->s.world, "arena-7");
    assert_string_equal(pair->s.authorization, "Bearer abc");
    assert_true(pair->s.deadline == pair->now + 5 * SS_SECOND);
}

static void stream_many(struct pair *pair, uint32_t count, size_t size, uint32_t burst) {
    struct call *call = pair_call(pair, NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        send_counted(call, i, size);
        if (i % burst == burst - 1) pair_run(pair);
    }
    call_half_close(call);
    pair_run(pair);
    assert_int_equal(pair->s.messages, count);
    assert_int_equal(pair->c.messages, count);
    assert_int_equal(pair->c.bytes, count * size);
    assert_false(pair->c.disorder || pair->s.disorder);
    assert_int_equal(pair->s.half_closes, 1);
    assert_int_equal(pair->c.status, GRPC_OK);
}

static void test_stream(void **state) {
    struct pair *pair = *state;
    assert_int_equal(pair_open(pair), SS_OK);
    stream_many(pair, 10000, 120, 37);
}

static void test_stream_bytewise(void **state) {
    struct pair *pair = *state;
    pair->chunk = 1;
    assert_int_equal(pair_open(pair), SS_OK);
    stream_many(pair, 300, 120, 3);
}

static void test_stream_large(void **state) {
    struct pair *pair = *state;
    pair->chunk = 30000;
    assert_int_equal(pair_open(pair), SS_OK);
    stream_many(pair, 40, 250000, 2);
}

static void test_empty_messages(void **state) {
    struct pair *pair = *state;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(call_send(call, bytes_view(NULL, 0)), SS_OK);
    call_half_close(call);
    pair_run(pair);
    assert_int_equal(pair->c.messages, 10);
    assert_int_equal(pair->c.bytes, 0);
    assert_int_equal(pair->c.status, GRPC_OK);
}

static void test_refused(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_REFUSE;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    call_send(call, bytes_of("x"));
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_NOT_FOUND);
    assert_string_equal(pair->c.text, "no such 100% thing\n");
    assert_int_equal(pair->s.messages, 0);
    assert_int_equal(pair->s.ends, 1);
    assert_int_equal(pair->s.status, GRPC_NOT_FOUND);
}

static void test_finish_before_half_close(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    for (unsigned i = 1; i <= 400; i++) { /* more than the glitches allowed */
        struct call *call = pair_call(pair, NULL, 0);
        call_send(call, bytes_of("x"));
        pair_run(pair);
        call_send(pair->s.call, bytes_of("answer"));
        pair_run(pair);
        call_finish(pair->s.call, GRPC_ABORTED, "enough");
        pair_run(pair);
        assert_int_equal(pair->c.ends, i);
        assert_int_equal(pair->s.ends, i);
        assert_int_equal(pair->c.status, GRPC_ABORTED);
        assert_string_equal(pair->c.text, "enough");
    }
}

static void test_client_cancels(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    call_send(call, bytes_of("x"));
    pair_run(pair);
    call_cancel(call);
    assert_int_equal(pair->c.ends, 0);
    assert_int_equal(call_send(call, bytes_of("y")), SS_ERR_CLOSED);
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_CANCELLED);
    assert_int_equal(pair->s.status, GRPC_CANCELLED);
    assert_int_equal(pair->c.ends, 1);
    assert_int_equal(pair->s.ends, 1);
}

static void test_client_cancels_unsent(void **state) {
    struct pair *pair = *state;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    call_send(call, bytes_of("x"));
    call_cancel(call);
    pair_run(pair);
    assert_int_equal(pair->c.ends, 1);
    assert_int_equal(pair->c.status, GRPC_CANCELLED);
    assert_int_equal(pair->s.messages, 0);
}

static void test_server_cancels(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    call_send(pair_call(pair, NULL, 0), bytes_of("x"));
    pair_run(pair);
    call_cancel(pair->s.call);
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_CANCELLED);
    assert_int_equal(pair->s.status, GRPC_CANCELLED);
}

static void test_deadline(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, NULL, 300 * SS_MILLISECOND);
    pair_sleep(pair, 299 * SS_MILLISECOND);
    assert_int_equal(pair->c.ends + pair->s.ends, 0);
    pair_sleep(pair, SS_MILLISECOND);
    assert_int_equal(pair->c.ends, 1);
    assert_int_equal(pair->c.status, GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(pair->s.ends, 1);
}

static void test_deadline_by_server(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"grpc-timeout", "50m", NULL};
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, metadata, 0);
    pair_sleep(pair, 49 * SS_MILLISECOND);
    call_send(pair->s.call, bytes_of("half of it"));
    pair_sleep(pair, SS_MILLISECOND);
    assert_int_equal(pair->s.status, GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(pair->c.status, GRPC_DEADLINE_EXCEEDED);
    assert_string_equal(pair->c.text, "deadline exceeded");
    assert_int_equal(pair->s.ends, 1);
    assert_int_equal(pair->c.messages, 1);
}

static void test_gzip(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"grpc-encoding", "gzip", NULL};
    static const size_t sizes[] = {1, 1023, 1024, 5000, 200000};
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, metadata, 0);
    for (uint32_t i = 0; i < 5; i++) {
        size_t size = sizes[i] < 4 ? 4 : sizes[i];
        send_counted(call, i, size);
        if (i == 4) assert_true(call_backlog(call) >= 200000); /* packed when it is sent */
        pair_run(pair);
        assert_int_equal(pair->s.last_size, size);
        assert_int_equal(pair->c.last_size, size);
    }
    uint8_t noise[3000]; /* does not get smaller: goes as it is */
    uint32_t random = 12345;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    call_send(call, bytes_view(noise, sizeof noise));
    call_half_close(call);
    pair_run(pair);
    assert_int_equal(pair->c.last_size, sizeof noise);
    assert_int_equal(pair->c.status, GRPC_OK);
}

static void test_gzip_is_small_on_the_wire(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"grpc-encoding", "gzip", NULL};
    uint8_t buffer[65536];
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, metadata, 0);
    pair_run(pair);
    send_counted(pair->s.call, 0, 60000);
    ptrdiff_t size = connection_send(pair->server, buffer, sizeof buffer, pair->now);
    assert_in_range(size, 50, 2000);
    connection_recv(pair->client, bytes_view(buffer, (size_t)size), pair->now);
    assert_int_equal(pair->c.last_size, 60000);
}

static void test_gzip_bomb(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"grpc-encoding", "gzip", NULL};
    assert_int_equal(pair_open(pair), SS_OK);
    send_counted(pair_call(pair, metadata, 0), 0, 8 << 20);
    pair_run(pair);
    assert_int_equal(pair->s.messages, 0);
    assert_int_equal(pair->c.status, GRPC_RESOURCE_EXHAUSTED);
}

static void test_unknown_encoding(void **state) {
    struct pair *pair = *state;
    static const char *const metadata[] = {"grpc-encoding", "snappy", NULL};
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, metadata, 0);
    pair_run(pair);
    assert_int_equal(pair->c.status, GRPC_UNIMPLEMENTED);
    assert_int_equal(pair->s.requests + pair->s.ends, 0);
}

static void test_oversize(void **state) {
    struct pair *pair = *state;
    assert_int_equal(pair_open(pair), SS_OK);
    send_counted(pair_call(pair, NULL, 0), 0, 256 * 1024);
    pair_run(pair);
    assert_int_equal(pair->s.messages, 1);
    assert_int_equal(pair->c.messages, 1);
    send_counted(pair->c.call, 1, 256 * 1024 + 1);
    pair_run(pair);
    assert_int_equal(pair->s.messages, 1);
    assert_int_equal(pair->c.status, GRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(pair->s.status, GRPC_RESOURCE_EXHAUSTED);
}

static void test_oversize_answer(void **state) {
    struct pair *pair = *state;
    pair->client_config.message_max = 1000;
    assert_int_equal(pair_open(pair), SS_OK);
    send_counted(pair_call(pair, NULL, 0), 0, 1001);
    pair_run(pair);
    assert_int_equal(pair->c.messages, 0);
    assert_int_equal(pair->c.status, GRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(pair->s.status, GRPC_CANCELLED);
}

static void test_lost(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    for (unsigned i = 0; i < 5; i++)
        pair_call(pair, NULL, 0);
    pair_run(pair);
    connection_lost(pair->server);
    connection_lost(pair->client);
    assert_int_equal(pair->c.ends, 5);
    assert_int_equal(pair->s.ends, 5);
    assert_int_equal(pair->c.status, GRPC_UNAVAILABLE);
    assert_int_equal(pair->s.status, GRPC_UNAVAILABLE);
    assert_true(connection_done(pair->client) && connection_done(pair->server));
    assert_null(pair_call(pair, NULL, 0));
}

static void test_more_calls_than_streams(void **state) {
    struct pair *pair = *state;
    pair->server_config.streams_max = 10;
    pair->behaviour = SERVE_UNARY;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_run(pair); /* the client knows the limit */
    for (unsigned i = 0; i < 100; i++) {
        struct call *call = pair_call(pair, NULL, 0);
        call_send(call, bytes_of("x"));
        call_half_close(call);
    }
    pair_run(pair);
    assert_int_equal(pair->c.ends, 100);
    assert_int_equal(pair->s.requests, 100);
    assert_int_equal(pair->c.status, GRPC_OK);
}

/* A reader that does not read: the server's memory stays bounded and it stops reading. */
static void test_backpressure(void **state) {
    struct pair *pair = *state;
    pair->server_config.backlog_max = 100000;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    pair_run(pair);
    uint32_t sent = 0;
    while (connection_wants_read(pair->server) && sent < 10000) {
        send_counted(call, sent++, 10000);
        pair_move(pair, pair->client, pair->server);
    }
    assert_in_range(sent, 10, 12);
    call_half_close(call);
    pair_run(pair);
    assert_true(connection_wants_read(pair->server));
    assert_int_equal(pair->c.messages, sent);
    assert_false(pair->c.disorder);
    assert_int_equal(pair->c.status, GRPC_OK);
}

static void test_drained(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, NULL, 0);
    pair_run(pair);
    for (uint32_t i = 0; i < 20; i++)
        send_counted(pair->s.call, i, 10000);
    assert_in_range(call_backlog(pair->s.call), 200000, 201000);
    assert_int_equal(pair->s.drained, 0);
    pair_run(pair);
    assert_int_equal(pair->s.drained, 1);
    assert_int_equal(call_backlog(pair->s.call), 0);
}

static void test_hold(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    pair_run(pair);
    call_hold(pair->s.call, true);
    for (uint32_t i = 0; i < 100; i++)
        send_counted(call, i, 10000);
    pair_run(pair);
    assert_in_range(pair->s.messages, 25, 27); /* the window of a stream: 256 KiB */
    pair_sleep(pair, SS_SECOND);
    assert_in_range(pair->s.messages, 25, 27);
    call_hold(pair->s.call, false);
    pair_run(pair);
    assert_int_equal(pair->s.messages, 100);
    assert_false(pair->s.disorder);
}

static void test_stall(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_SILENT;
    assert_int_equal(pair_open(pair), SS_OK);
    pair_call(pair, NULL, 0);
    pair_run(pair);
    call_hold(pair->c.call, true);
    pair_sleep(pair, 60 * SS_SECOND); /* nothing waits: nothing stalls */
    assert_int_equal(pair->s.ends, 0);
    for (uint32_t i = 0; i < 40; i++)
        send_counted(pair->s.call, i, 10000);
    pair_sleep(pair, 19 * SS_SECOND);
    assert_int_equal(pair->s.ends, 0);
    pair_sleep(pair, 2 * SS_SECOND);
    assert_int_equal(pair->s.ends, 1);
    assert_int_equal(pair->s.status, GRPC_UNAVAILABLE);
    assert_int_equal(connection_expire(pair->server, pair->now), SS_ERR_CLOSED);
}

static void unary(struct pair *pair) {
    struct call *call = pair_call(pair, NULL, 5 * SS_SECOND);
    assert_non_null(call);
    send_counted(call, 0, 100);
    call_half_close(call);
    pair_run(pair);
}

static void test_steady_calls_allocate_nothing(void **state) {
    struct pair *pair = *state;
    pair->behaviour = SERVE_UNARY;
    assert_int_equal(pair_open(pair), SS_OK);
    for (unsigned i = 0; i < 200; i++) /* nghttp2 remembers as many closed streams as may be open */
        unary(pair);
    size_t before = pair->heap.calls;
    for (unsigned i = 0; i < 1000; i++)
        unary(pair);
    assert_int_equal(pair->heap.calls, before);
    assert_int_equal(pair->c.ends, 1200);
}

static void test_steady_stream_allocates_nothing(void **state) {
    struct pair *pair = *state;
    assert_int_equal(pair_open(pair), SS_OK);
    struct call *call = pair_call(pair, NULL, 0);
    size_t before = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        if (i == 1000) before = pair->heap.calls;
        for (uint32_t k = 0; k < 8; k++)
            send_counted(call, i * 8 + k, 100);
        pair_run(pair);
    }
    assert_int_equal(pair->heap.calls, before);
    assert_false(pair->c.disorder);
}

/* Every allocation of a connection and a call fails once: no leak, no crash, and the other side
 * hears. */
static void test_out_of_memory(void **state) {
    (void)state;
    static const char *const metadata[] = {"grpc-encoding", "gzip", NULL};
    bool passed = false;
    for (size_t n = 1; !passed && n < 2000; n++) {
        struct pair pair;
        pair_init(&pair);
        pair.chunk = 900;
        pair.heap.fail_at = n;
        if (pair_open(&pair) == SS_OK) {
            struct call *call = pair_call(&pair, metadata, 5 * SS_SECOND);
            uint8_t *room = call ? call_reserve(call, 3000) : NULL;
            if (room) memset(room, 0, 3000);
            if (call) call_half_close(call);
            pair_run(&pair);
            passed = pair.heap.calls < n;
            assert_true(pair.c.ends == (call != NULL) || connection_deadline(pair.client) > 0);
            if (passed) assert_int_equal(pair.c.status, GRPC_OK);
            connection_lost(pair.client);
            connection_lost(pair.server);
            assert_int_equal(pair.c.ends, call != NULL);
            assert_int_equal(pair.s.ends, pair.s.requests);
        }
        pair_close(&pair);
        assert_int_equal(pair.heap.live, 0);
    }
    assert_true(passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_unary),
        TEST(test_stream),
        TEST(test_stream_bytewise),
        TEST(test_stream_large),
        TEST(test_empty_messages),
        TEST(test_refused),
        TEST(test_finish_before_half_close),
        TEST(test_client_cancels),
        TEST(test_client_cancels_unsent),
        TEST(test_server_cancels),
        TEST(test_deadline),
        TEST(test_deadline_by_server),
        TEST(test_gzip),
        TEST(test_gzip_is_small_on_the_wire),
        TEST(test_gzip_bomb),
        TEST(test_unknown_encoding),
        TEST(test_oversize),
        TEST(test_oversize_answer),
        TEST(test_lost),
        TEST(test_more_calls_than_streams),
        TEST(test_backpressure),
        TEST(test_drained),
        TEST(test_hold),
        TEST(test_stall),
        TEST(test_steady_calls_allocate_nothing),
        TEST(test_steady_stream_allocates_nothing),
#undef TEST
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
