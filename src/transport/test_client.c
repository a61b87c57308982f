/* SPDX-License-Identifier: Apache-2.0 */
/* The client role against servers made by hand: what their answers mean to a call. */
#include "transport/test_raw.h"

struct stage {
    struct pair pair;
    struct raw raw;
};

/* The one machine is a client; frames are fed to it as if from a server. */
static int setup(void **state) {
    struct stage *stage = malloc(sizeof *stage);
    struct pair *pair = &stage->pair;
    pair_init(pair);
    pair->server_config = pair->client_config;
    raw_open(&stage->raw, pair);
    pair->client = pair->server;
    raw_frame(&stage->raw, SETTINGS, 0, 0, bytes_view(NULL, 0));
    raw_feed(&stage->raw);
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

/* Headers (name, value, ..., NULL) on a stream, after a :status unless it is NULL. */
static void answer(struct raw *raw, uint32_t stream, unsigned flags, const char *status,
                   const char *const *headers) {
    struct buffer block = buffer_of(&memory_heap);
    if (status) raw_header(&block, ":status", status);
    for (; headers && headers[0]; headers += 2)
        raw_header(&block, headers[0], headers[1]);
    raw_frame(raw, HEADERS, END_HEADERS | flags, stream, buffer_view(&block));
    buffer_free(&block);
}

static const char *const grpc[] = {"content-type", "application/grpc", NULL};
static const char *const finished[] = {"grpc-status", "0", NULL};

/* Begins a call and lets its frames out; the id of its stream. */
static uint32_t begin(struct stage *stage) {
    assert_non_null(pair_call(&stage->pair, NULL, 0));
    call_half_close(stage->pair.c.call);
    raw_settle(&stage->raw);
    return 2 * stage->pair.c.ends + 1;
}

static void expect(struct stage *stage, enum grpc_status status) {
    unsigned before = stage->pair.c.ends;
    raw_feed(&stage->raw);
    assert_int_equal(stage->pair.c.ends, before + 1);
    assert_int_equal(stage->pair.c.status, status);
}

static void test_good(void **state) {
    struct stage *stage = *state;
    uint32_t id = begin(stage);
    answer(&stage->raw, id, 0, "103", NULL); /* an early hint is no answer */
    answer(&stage->raw, id, 0, "200", grpc);
    raw_frame(&stage->raw, DATA, 0, id, bytes_view("\0\0\0\0\2hi", 7));
    answer(&stage->raw, id, END_STREAM, NULL, finished);
    expect(stage, GRPC_OK);
    assert_int_equal(stage->pair.c.messages, 1);
}

static void test_only_a_status(void **state) {
    struct stage *stage = *state;
    static const char *const headers[] = {"content-type", "application/grpc", "grpc-status", "5",
                                          "grpc-message", "no%20such",        NULL};
    answer(&stage->raw, begin(stage), END_STREAM, "200", headers);
    expect(stage, GRPC_NOT_FOUND);
    assert_string_equal(stage->pair.c.text, "no such");
}

static void test_not_grpc(void **state) {
    struct stage *stage = *state;
    static const struct {
        const char *status;
        enum grpc_status expected;
    } answers[] = {{"404", GRPC_UNIMPLEMENTED},   {"503", GRPC_UNAVAILABLE},
                   {"401", GRPC_UNAUTHENTICATED}, {"400", GRPC_INTERNAL},
                   {"418", GRPC_UNKNOWN},         {"200", GRPC_UNKNOWN}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        answer(&stage->raw, begin(stage), END_STREAM, answers[i].status, NULL);
        expect(stage, answers[i].expected);
        assert_string_equal(stage->pair.c.text, "the answer is not gRPC");
    }
}

static void test_strange_status(void **state) {
    struct stage *stage = *state;
    static const char *const texts[] = {"", "abc", "17", "-1", "00000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *headers[] = {"grpc-status", texts[i], NULL};
        uint32_t id = begin(stage);
        answer(&stage->raw, id, 0, "200", grpc);
        answer(&stage->raw, id, END_STREAM, NULL, headers);
        expect(stage, GRPC_UNKNOWN);
    }
}

static void test_no_status(void **state) {
    struct stage *stage = *state;
    uint32_t id = begin(stage);
    answer(&stage->raw, id, 0, "200", grpc);
    raw_frame(&stage->raw, DATA, END_STREAM, id, bytes_view(NULL, 0));
    expect(stage, GRPC_UNKNOWN);
}

static void test_cut_message(void **state) {
    struct stage *stage = *state;
    uint32_t id = begin(stage);
    answer(&stage->raw, id, 0, "200", grpc);
    raw_frame(&stage->raw, DATA, 0, id, bytes_view("\0\0\0\0\2h", 6));
    answer(&stage->raw, id, END_STREAM, NULL, finished);
    expect(stage, GRPC_INTERNAL);
}

static void test_large_headers(void **state) {
    struct stage *stage = *state;
    static char text[9000];
    memset(text, 't', sizeof text - 1);
    const char *headers[] = {"content-type", "application/grpc", "x-a", text, NULL};
    stage->pair.now += SS_SECOND;
    uint32_t id = begin(stage);
    answer(&stage->raw, id, 0, "200", headers);
    const char *trailers[] = {"grpc-status", "0", "x-b", text, NULL};
    answer(&stage->raw, id, END_STREAM, NULL, trailers);
    expect(stage, GRPC_OK); /* each is within the limit */
    raw_close(&stage->raw);
    stage->pair.server_config.headers_max = 4096;
    raw_open(&stage->raw, &stage->pair);
    stage->pair.client = stage->pair.server;
    stage->pair.c.ends = 0;
    raw_frame(&stage->raw, SETTINGS, 0, 0, bytes_view(NULL, 0));
    answer(&stage->raw, begin(stage), END_STREAM, "200", headers);
    expect(stage, GRPC_RESOURCE_EXHAUSTED);
}

static void test_resets(void **state) {
    struct stage *stage = *state;
    static const struct {
        uint32_t code;
        enum grpc_status expected;
    } resets[] = {{7, GRPC_UNAVAILABLE},
                  {8, GRPC_CANCELLED},
                  {11, GRPC_RESOURCE_EXHAUSTED},
                  {2, GRPC_INTERNAL},
                  {0, GRPC_UNKNOWN}};
    for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
        raw_u32(&stage->raw, RST_STREAM, begin(stage), resets[i].code);
        expect(stage, resets[i].expected);
    }
}

static void test_goaway(void **state) {
    struct stage *stage = *state;
    begin(stage);
    raw_frame(&stage->raw, GOAWAY, 0, 0, bytes_view("\0\0\0\0\0\0\0\0", 8));
    expect(stage, GRPC_UNAVAILABLE);
    assert_null(pair_call(&stage->pair, NULL, 0));
    assert_true(connection_done(stage->pair.client));
}

static void test_server_ends_first(void **state) {
    struct stage *stage = *state;
    assert_non_null(pair_call(&stage->pair, NULL, 0)); /* not half-closed */
    raw_settle(&stage->raw);
    answer(&stage->raw, 1, 0, "200", grpc);
    answer(&stage->raw, 1, END_STREAM, NULL, finished);
    expect(stage, GRPC_OK);
    assert_int_equal(stage->raw.resets, 1);
}

static void test_too_much_metadata(void **state) {
    struct stage *stage = *state;
    const char *metadata[2 * 40 + 1] = {NULL};
    for (unsigned i = 0; i < 80; i++)
        metadata[i] = "x";
    struct call *call;
    assert_int_equal(connection_call(stage->pair.client, "/a.B/C", metadata, SS_NEVER, NULL,
                                     stage->pair.now, &call),
                     SS_ERR_INVALID);
    begin(stage);
}

static void test_wrong_role(void **state) {
    struct stage *stage = *state;
    assert_non_null(pair_call(&stage->pair, NULL, 0));
    struct call *call = stage->pair.c.call;
    call_finish(call, GRPC_ABORTED, "servers only");
    call_respond(call, 200, "", bytes_view(NULL, 0));
    assert_int_equal(call_send(call, bytes_of("still open")), SS_OK);
    assert_ptr_equal(call_connection(call), stage->pair.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_good),
        TEST(test_only_a_status),
        TEST(test_not_grpc),
        TEST(test_strange_status),
        TEST(test_no_status),
        TEST(test_cut_message),
        TEST(test_large_headers),
        TEST(test_resets),
        TEST(test_goaway),
        TEST(test_server_ends_first),
        TEST(test_too_much_metadata),
        TEST(test_wrong_role),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
