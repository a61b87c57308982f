/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/test_raw.h"

struct stage {
    struct pair pair;
    struct raw raw;
};

static void answer(void *context, struct call *call, const struct request *request) {
    server_request(context, call, request);
    if (bytes_equal(request->path, bytes_of("/later"))) return;
    bool known = bytes_equal(request->path, bytes_of("/healthz"));
    call_respond(call, known ? 200 : 404, "text/plain", bytes_of(known ? "ok\n" : "no\n"));
}

static int setup(void **state) {
    struct stage *stage = malloc(sizeof *stage);
    pair_init(&stage->pair);
    stage->pair.server_config.events.on_request = answer;
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

static void expect(struct raw *raw, const char *text) {
    buffer_u8(&raw->out, 0);
    assert_string_equal((const char *)raw->out.data, text);
    buffer_clear(&raw->out);
}

#define OK_ANSWER                                                                                  \
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n"                         \
    "connection: keep-alive\r\n\r\nok\n"

static void test_get(void **state) {
    struct stage *stage = *state;
    static const size_t chunks[] = {65536, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        stage->pair.chunk = chunks[i];
        raw_text(&stage->raw, "GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n"
                              "Statesync-World: w\r\nX-Other: y\r\n\r\n");
        expect(&stage->raw, OK_ANSWER);
        assert_int_equal(stage->pair.s.requests, i + 1);
        assert_int_equal(stage->pair.s.ends, i + 1);
    }
    assert_true(connection_is_http1(stage->pair.server));
    assert_string_equal(stage->pair.s.path, "/healthz");
    assert_string_equal(stage->pair.s.authorization, "Bearer x");
    assert_string_equal(stage->pair.s.world, "w");
    assert_false(stage->raw.closed);
}

static void test_head_and_missing(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "HEAD /healthz HTTP/1.1\r\n\r\n");
    expect(&stage->raw, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n"
                        "connection: keep-alive\r\n\r\n");
    raw_text(&stage->raw, "GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect(&stage->raw, "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n"
                        "content-type: text/plain\r\nconnection: close\r\n\r\nno\n");
    assert_true(stage->raw.closed);
    assert_true(connection_done(stage->pair.server));
}

static void test_old_version_closes(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_true(connection_done(stage->pair.server));
    assert_int_equal(stage->pair.s.ends, 1);
}

static void test_pipelined(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /healthz HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
                          "GET /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\nGE");
    expect(&stage->raw, OK_ANSWER OK_ANSWER OK_ANSWER);
    raw_text(&stage->raw, "T /healthz HTTP/1.1\r\n\r\n");
    expect(&stage->raw, OK_ANSWER);
    assert_int_equal(stage->pair.s.ends, 4);
}

static void test_answered_later(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /later HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
    assert_int_equal(stage->raw.out.size, 0);
    assert_int_equal(stage->pair.s.requests, 1);
    assert_false(connection_wants_read(stage->pair.server));
    stage->pair.now += 60 * SS_SECOND; /* our time, not the peer's */
    raw_settle(&stage->raw);
    assert_false(stage->raw.closed);
    call_respond(stage->pair.s.call, 503, "", bytes_view(NULL, 0));
    raw_settle(&stage->raw);
    expect(&stage->raw, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n"
                        "connection: keep-alive\r\n\r\n" OK_ANSWER);
    assert_true(connection_wants_read(stage->pair.server));
}

/* Every status that the registry names has its phrase. */
static void test_phrases(void **state) {
    struct stage *stage = *state;
    unsigned named = 0;
    for (unsigned status = 200; status < 600; status++) {
        raw_text(&stage->raw, "GET /later HTTP/1.1\r\n\r\n");
        call_respond(stage->pair.s.call, status, "", bytes_view(NULL, 0));
        raw_settle(&stage->raw);
        buffer_u8(&stage->raw.out, 0);
        unsigned said = 0;
        char letter = 0;
        assert_in_range(
            sscanf((const char *)stage->raw.out.data, "HTTP/1.1 %u%*1[ ]%c", &said, &letter), 1, 2);
        assert_int_equal(said, status);
        named += letter >= 'A' && letter <= 'Z';
        buffer_clear(&stage->raw.out);
    }
    assert_in_range(named, 50, 70);
}

static void test_cancelled(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /later HTTP/1.1\r\n\r\n");
    call_cancel(stage->pair.s.call);
    raw_settle(&stage->raw);
    assert_int_equal(stage->raw.out.size, 0);
    assert_int_equal(stage->pair.s.status, GRPC_CANCELLED);
    assert_true(connection_done(stage->pair.server));
}

static void test_lost_while_waiting(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /later HTTP/1.1\r\n\r\n");
    connection_lost(stage->pair.server);
    assert_int_equal(stage->pair.s.ends, 1);
    assert_int_equal(stage->pair.s.status, GRPC_UNAVAILABLE);
    raw_settle(&stage->raw);
}

static void refused(struct stage *stage, const char *request, const char *status) {
    stage->pair.s.requests = 0;
    raw_text(&stage->raw, request);
    buffer_u8(&stage->raw.out, 0);
    if (!strstr((const char *)stage->raw.out.data, status))
        fail_msg("%s answered by %s", request, (const char *)stage->raw.out.data);
    assert_true(stage->raw.closed);
    assert_true(connection_done(stage->pair.server));
    assert_int_equal(stage->pair.s.requests, 0);
    raw_close(&stage->raw);
    raw_open(&stage->raw, &stage->pair);
}

static void test_refused(void **state) {
    struct stage *stage = *state;
    refused(stage, "POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", " 405 ");
    refused(stage, "OPTIONS * HTTP/1.1\r\n\r\n", "allow: GET, HEAD\r\n");
    refused(stage, "GET / HTTP/1.1\r\nA(b): c\r\n\r\n", " 400 Bad Request");
    refused(stage, "GET / HTTP/9.x\r\n\r\n", " 400 ");
    refused(stage, "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", " 400 ");
    refused(stage, "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            " 400 ");
}

static void test_not_http(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GARBAGE / HTTP/1.1\r\n\r\n");
    assert_int_equal(stage->raw.out.size, 0);
    assert_true(connection_done(stage->pair.server));
}

static void test_large(void **state) {
    struct stage *stage = *state;
    static char text[200000];
    int at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nX: ");
    memset(text + at, 'h', 17000);
    refused(stage, text, " 431 ");
    at = snprintf(text, sizeof text, "GET /");
    memset(text + at, 'u', 17000);
    refused(stage, text, " 431 ");
    for (at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n"); at < 20000;)
        at += snprintf(text + at, 10, "A: b\r\n");
    text[at] = '\0';
    refused(stage, text, " 431 ");
    at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
    memset(text + at, 'b', 100000);
    refused(stage, text, " 413 ");
}

static void test_slow(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /healthz HTTP/1.1\r\n");
    stage->pair.now += 10 * SS_SECOND;
    raw_settle(&stage->raw);
    buffer_u8(&stage->raw.out, 0);
    assert_non_null(strstr((const char *)stage->raw.out.data, " 408 "));
    assert_true(connection_done(stage->pair.server));
}

static void test_idle_between_requests(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /healthz HTTP/1.1\r\n\r\n");
    stage->pair.now += 3600 * SS_SECOND;
    raw_settle(&stage->raw);
    assert_false(stage->raw.closed);
    connection_drain(stage->pair.server);
    raw_settle(&stage->raw);
    assert_true(connection_done(stage->pair.server));
}

static void test_upgrade_is_ignored(void **state) {
    struct stage *stage = *state;
    raw_text(&stage->raw, "GET /healthz HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                          "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
    expect(&stage->raw, OK_ANSWER);
}

/* Every allocation fails once: no leak, no crash, and never half an answer. */
static void test_out_of_memory(void **state) {
    (void)state;
    bool passed = false;
    for (size_t n = 1; !passed && n < 100; n++) {
        struct stage stage;
        pair_init(&stage.pair);
        stage.pair.server_config.events.on_request = answer;
        raw_open(&stage.raw, &stage.pair);
        stage.pair.heap.fail_at = stage.pair.heap.calls + n;
        raw_text(&stage.raw, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /h");
        passed = stage.pair.heap.calls < stage.pair.heap.fail_at;
        assert_true(stage.raw.closed != passed || stage.raw.out.size);
        if (passed) assert_int_equal(stage.raw.out.size, strlen(OK_ANSWER));
        connection_lost(stage.pair.server);
        assert_int_equal(stage.pair.s.ends, stage.pair.s.requests);
        raw_close(&stage.raw);
        assert_int_equal(stage.pair.heap.live, 0);
    }
    assert_true(passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_get),
        TEST(test_head_and_missing),
        TEST(test_old_version_closes),
        TEST(test_pipelined),
        TEST(test_answered_later),
        TEST(test_phrases),
        TEST(test_cancelled),
        TEST(test_lost_while_waiting),
        TEST(test_refused),
        TEST(test_not_http),
        TEST(test_large),
        TEST(test_slow),
        TEST(test_idle_between_requests),
        TEST(test_upgrade_is_ignored),
#undef TEST
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
