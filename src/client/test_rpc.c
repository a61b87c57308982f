/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the server side of the same HTTP/2 machine, over a real socket, on one loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/list.h"
#include "base/status.h"
#include "client/rpc.h"
#include "net/socket.h"

#define PATH "/grpc.health.v1.Health/Check"

/* ---- a server of one connection that sends every message back ------------------------------ */

struct server {
    struct loop *loop;
    struct watch listener, peer;
    struct connection *connection;
    char address[ADDRESS_TEXT];
    bool refuse; /* ends calls with NOT_FOUND */
    bool silent; /* answers nothing */
    size_t calls;
};

static void server_flush(struct server *server, ss_time now) {
    uint8_t chunk[16384];
    ptrdiff_t size;
    while (server->peer.fd >= 0 &&
           (size = connection_send(server->connection, chunk, sizeof chunk, now)) > 0)
        assert_int_equal(socket_write(server->peer.fd, chunk, (size_t)size), size);
}

static void server_drop(struct server *server) {
    if (server->peer.fd < 0) return;
    loop_forget(server->loop, &server->peer);
    socket_close(server->peer.fd);
    server->peer.fd = -1;
}

static void peer_ready(struct watch *watch, unsigned ready, ss_time now) {
    (void)ready;
    struct server *server = LIST_ENTRY(watch, struct server, peer);
    uint8_t chunk[16384];
    ptrdiff_t size = socket_read(watch->fd, chunk, sizeof chunk);
    if (size == SS_ERR_AGAIN) return;
    if (size <= 0 ||
        connection_recv(server->connection, bytes_view(chunk, (size_t)size), now) != SS_OK) {
        server_drop(server);
        return;
    }
    server_flush(server, now);
}

static void listener_ready(struct watch *watch, unsigned ready, ss_time now) {
    (void)ready, (void)now;
    struct server *server = LIST_ENTRY(watch, struct server, listener);
    char name[ADDRESS_TEXT];
    bool loopback;
    int fd = socket_accept(watch->fd, name, &loopback);
    if (fd < 0) return;
    server->peer = (struct watch){.fd = fd, .events = LOOP_READ, .on_ready = peer_ready};
    assert_int_equal(loop_watch(server->loop, &server->peer), SS_OK);
}

static void on_request(void *context, struct call *call, const struct request *request) {
    struct server *server = context;
    server->calls++;
    assert_true(request->grpc);
    if (server->refuse) call_finish(call, GRPC_NOT_FOUND, "no \"such\" thing");
}

static void on_server_message(void *context, struct call *call, struct bytes message) {
    struct server *server = context;
    if (!server->silent) assert_int_equal(call_send(call, message), SS_OK);
}

static void on_half_close(void *context, struct call *call) {
    struct server *server = context;
    if (!server->silent) call_finish(call, GRPC_OK, NULL);
}

static void on_server_end(void *context, struct call *call, enum grpc_status status,
                          struct bytes message) {
    (void)context, (void)call, (void)status, (void)message;
}

static void server_open(struct server *server, struct loop *loop) {
    struct connection_config config = connection_config_default(true);
    *server = (struct server){.loop = loop, .peer.fd = -1};
    config.memory = &memory_heap;
    config.events = (struct connection_events){.context = server,
                                               .on_request = on_request,
                                               .on_message = on_server_message,
                                               .on_half_close = on_half_close,
                                               .on_end = on_server_end};
    assert_int_equal(connection_create(&server->connection, &config, loop_now(loop)), SS_OK);
    server->listener.fd = socket_listen("127.0.0.1:0", NULL, 0);
    assert_true(server->listener.fd >= 0);
    assert_int_equal(socket_name(server->listener.fd, server->address), SS_OK);
    server->listener.events = LOOP_READ;
    server->listener.on_ready = listener_ready;
    assert_int_equal(loop_watch(loop, &server->listener), SS_OK);
}

static void server_close(struct server *server) {
    server_drop(server);
    loop_forget(server->loop, &server->listener);
    socket_close(server->listener.fd);
    connection_destroy(server->connection);
}

/* ---- both, and what the client heard ------------------------------------------------------- */

struct heard {
    size_t messages, ends;
    size_t size; /* of the last message */
    enum grpc_status status;
    char text[256];
};

static void on_message(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct heard *heard = context;
    heard->messages++;
    heard->size = message.size;
}

static void on_end(void *context, struct rpc_call *call, enum grpc_status status,
                   const char *message) {
    (void)call;
    struct heard *heard = context;
    heard->ends++;
    heard->status = status;
    snprintf(heard->text, sizeof heard->text, "%s", message);
}

struct pair {
    struct loop *loop;
    struct server server;
    struct rpc_client *client;
    struct heard heard;
    struct rpc_events events;
    struct arena arena;
};

static void pair_open(struct pair *pair, const struct memory *memory,
                      const struct rpc_config *like) {
    struct rpc_config config = *like;
    char why[128];
    memset(pair, 0, sizeof *pair);
    pair->events = (struct rpc_events){&pair->heard, on_message, on_end};
    pair->arena = arena_of(&memory_heap, 4096);
    assert_int_equal(loop_create(&pair->loop, &memory_heap), SS_OK);
    server_open(&pair->server, pair->loop);
    config.address = pair->server.address;
    assert_int_equal(
        rpc_open(&pair->client, pair->loop, memory, &config, loop_now(pair->loop), why, sizeof why),
        SS_OK);
}

static void pair_close(struct pair *pair) {
    rpc_close(pair->client);
    server_close(&pair->server);
    arena_free(&pair->arena);
    loop_destroy(pair->loop);
}

/* Turns until that many calls have ended, or a second has gone. */
static void pair_turn(struct pair *pair, size_t ends) {
    ss_time now = loop_now(pair->loop), until = now + SS_SECOND;
    while (pair->heard.ends < ends && now < until) {
        now = loop_wait(pair->loop, time_min(until, rpc_deadline(pair->client)));
        rpc_turn(pair->client, now);
    }
}

static int ask(struct pair *pair, struct bytes text, struct bytes *answer, char *why,
               size_t why_size) {
    struct health_check_request request = {text}, response = {{NULL, 0}};
    int status = rpc_unary(pair->client, PATH, &message_health_check_request, &request,
                           &message_health_check_request, &response, &pair->arena, 2 * SS_SECOND,
                           why, why_size);
    *answer = response.service;
    return status;
}

static struct rpc_call *begin(struct pair *pair) {
    struct rpc_call *call;
    assert_int_equal(
        rpc_begin(pair->client, PATH, &pair->events, SS_NEVER, loop_now(pair->loop), &call), SS_OK);
    return call;
}

/* ---- tests --------------------------------------------------------------------------------- */

static const struct rpc_config plain;

static void test_a_unary_call_brings_its_answer(void **state) {
    (void)state;
    struct pair pair;
    struct bytes answer;
    char why[128];
    pair_open(&pair, &memory_heap, &plain);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&pair, bytes_of("hello"), &answer, why, sizeof why), SS_OK);
        assert_true(bytes_equal(answer, bytes_of("hello")));
    }
    assert_true(rpc_bytes_in(pair.client) > 0 && rpc_bytes_out(pair.client) > 0);
    assert_true(rpc_alive(pair.client));
    pair_close(&pair);
}

static void test_a_refusal_comes_with_name_and_text(void **state) {
    (void)state;
    struct pair pair;
    struct bytes answer;
    char why[128];
    pair_open(&pair, &memory_heap, &plain);
    pair.server.refuse = true;
    assert_int_equal(ask(&pair, bytes_of("x"), &answer, why, sizeof why), SS_ERR_NOT_FOUND);
    assert_string_equal(why, "NOT_FOUND: no \"such\" thing");
    assert_true(rpc_alive(pair.client));
    pair_close(&pair);
}

static void test_many_messages_on_one_stream(void **state) {
    (void)state;
    struct pair pair;
    pair_open(&pair, &memory_heap, &plain);
    struct rpc_call *call = begin(&pair);
    struct health_check_request request = {bytes_of("one of many")};
    for (int i = 0; i < 100; i++)
        assert_int_equal(rpc_send(call, &message_health_check_request, &request), SS_OK);
    rpc_half_close(call);
    pair_turn(&pair, 1);
    assert_int_equal(pair.heard.messages, 100);
    assert_int_equal(pair.heard.status, GRPC_OK);
    pair_close(&pair);
}

static void test_delay_is_felt_in_both_directions(void **state) {
    (void)state;
    struct pair pair;
    struct bytes answer;
    char why[128];
    struct rpc_config config = {.delay = 20 * SS_MILLISECOND, .jitter = 5 * SS_MILLISECOND};
    pair_open(&pair, &memory_heap, &config);
    ss_time before = loop_now(pair.loop);
    assert_int_equal(ask(&pair, bytes_of("slowly"), &answer, why, sizeof why), SS_OK);
    ss_time took = loop_now(pair.loop) - before;
    assert_true(bytes_equal(answer, bytes_of("slowly")));
    assert_true(took >= 40 * SS_MILLISECOND);
    assert_true(took < 400 * SS_MILLISECOND);
    pair_close(&pair);
}

static void test_nobody_listens(void **state) {
    (void)state;
    struct pair pair;
    struct bytes answer;
    char why[256], address[ADDRESS_TEXT];
    pair_open(&pair, &memory_heap, &plain);
    rpc_close(pair.client);
    int listener = socket_listen("127.0.0.1:0", NULL, 0); /* a port that was free a moment ago */
    assert_int_equal(socket_name(listener, address), SS_OK);
    socket_close(listener);
    struct rpc_config config = {.address = address};
    assert_int_equal(rpc_open(&pair.client, pair.loop, &memory_heap, &config, loop_now(pair.loop),
                              why, sizeof why),
                     SS_OK);
    assert_int_equal(ask(&pair, bytes_of("x"), &answer, why, sizeof why), SS_ERR_UNAVAILABLE);
    assert_non_null(strstr(why, "UNAVAILABLE"));
    assert_non_null(strstr(why, address));
    assert_false(rpc_alive(pair.client));
    struct rpc_call *call;
    assert_int_equal(rpc_begin(pair.client, PATH, &pair.events, SS_NEVER, 0, &call),
                     SS_ERR_UNAVAILABLE);
    pair_close(&pair);
}

static void test_a_server_that_goes_away_ends_open_calls(void **state) {
    (void)state;
    struct pair pair;
    pair_open(&pair, &memory_heap, &plain);
    pair.server.silent = true;
    begin(&pair);
    begin(&pair);
    ss_time until = loop_now(pair.loop) + SS_SECOND;
    while (pair.server.calls < 2 && loop_now(pair.loop) < until)
        rpc_turn(pair.client, loop_wait(pair.loop, time_min(until, rpc_deadline(pair.client))));
    server_drop(&pair.server);
    pair_turn(&pair, 2);
    assert_int_equal(pair.heard.ends, 2);
    assert_int_equal(pair.heard.status, GRPC_UNAVAILABLE);
    assert_string_equal(pair.heard.text, "the server closed the connection");
    pair_close(&pair);
}

static void test_a_deadline_ends_a_call_that_nobody_answers(void **state) {
    (void)state;
    struct pair pair;
    struct rpc_call *call;
    pair_open(&pair, &memory_heap, &plain);
    pair.server.silent = true;
    ss_time now = loop_now(pair.loop);
    assert_int_equal(
        rpc_begin(pair.client, PATH, &pair.events, now + 50 * SS_MILLISECOND, now, &call), SS_OK);
    pair_turn(&pair, 1);
    assert_int_equal(pair.heard.ends, 1);
    assert_int_equal(pair.heard.status, GRPC_DEADLINE_EXCEEDED);
    pair_close(&pair);
}

static void test_cancel_and_close_leave_nothing_behind(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct pair pair;
    pair_open(&pair, &memory, &plain);
    pair.server.silent = true;
    rpc_cancel(begin(&pair));
    pair_turn(&pair, 1);
    assert_int_equal(pair.heard.status, GRPC_CANCELLED);
    begin(&pair); /* open when the client is closed: no event */
    pair_close(&pair);
    assert_int_equal(pair.heard.ends, 1);
    assert_int_equal(failing.live, 0);
}

static void test_a_bad_address_is_said_at_once(void **state) {
    (void)state;
    struct loop *loop;
    struct rpc_client *client;
    char why[128] = "";
    struct rpc_config config = {.address = "nonsense"};
    assert_int_equal(loop_create(&loop, &memory_heap), SS_OK);
    assert_int_equal(
        rpc_open(&client, loop, &memory_heap, &config, loop_now(loop), why, sizeof why),
        SS_ERR_INVALID);
    assert_null(client);
    assert_non_null(strstr(why, "nonsense"));
    loop_destroy(loop);
}

/* Every allocation of a unary call fails once; nothing leaks, and in the end it goes through. */
static void test_running_out_of_memory_anywhere(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct pair pair;
        struct bytes answer;
        char why[256];
        pair_open(&pair, &memory_heap, &plain);
        rpc_close(pair.client);
        struct rpc_config config = {.address = pair.server.address, .delay = 1, .token = "secret"};
        int status = rpc_open(&pair.client, pair.loop, &memory, &config, loop_now(pair.loop), why,
                              sizeof why);
        if (status == SS_OK) status = ask(&pair, bytes_of("hello"), &answer, why, sizeof why);
        pair_close(&pair);
        assert_int_equal(failing.live, 0);
        if (failing.calls < n) {
            assert_int_equal(status, SS_OK);
            return;
        }
        assert_true(n < 2000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_unary_call_brings_its_answer),
        cmocka_unit_test(test_a_refusal_comes_with_name_and_text),
        cmocka_unit_test(test_many_messages_on_one_stream),
        cmocka_unit_test(test_delay_is_felt_in_both_directions),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_a_server_that_goes_away_ends_open_calls),
        cmocka_unit_test(test_a_deadline_ends_a_call_that_nobody_answers),
        cmocka_unit_test(test_cancel_and_close_leave_nothing_behind),
        cmocka_unit_test(test_a_bad_address_is_said_at_once),
        cmocka_unit_test(test_running_out_of_memory_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
