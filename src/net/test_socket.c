/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "net/socket.h"

static void wait_for(int fd, short events) {
    struct pollfd poller = {.fd = fd, .events = events};
    assert_int_equal(poll(&poller, 1, 2000), 1);
}

static void round_trip(const char *address) {
    char name[ADDRESS_TEXT], peer[ADDRESS_TEXT], why[200] = "", buffer[100];
    bool loopback = false;
    int listener = socket_listen(address, why, sizeof why);
    assert_string_equal(why, "");
    assert_true(listener >= 0);
    assert_int_equal(socket_name(listener, name), SS_OK);
    assert_int_equal(socket_accept(listener, peer, &loopback), SS_ERR_AGAIN);
    int client = socket_connect(name, why, sizeof why);
    assert_true(client >= 0);
    wait_for(client, POLLOUT);
    assert_int_equal(socket_connected(client, why, sizeof why), SS_OK);
    wait_for(listener, POLLIN);
    int server = socket_accept(listener, peer, &loopback);
    assert_true(server >= 0);
    assert_true(loopback);
    assert_true(strchr(peer, ':') != NULL);
    assert_int_equal(socket_read(server, buffer, sizeof buffer), SS_ERR_AGAIN);
    assert_int_equal(socket_write(client, "hello", 5), 5);
    wait_for(server, POLLIN);
    assert_int_equal(socket_read(server, buffer, sizeof buffer), 5);
    socket_close(client);
    wait_for(server, POLLIN);
    assert_int_equal(socket_read(server, buffer, sizeof buffer), 0);
    while (socket_write(server, "x", 1) == 1) /* no signal */
        wait_for(server, POLLOUT);
    assert_int_equal(socket_write(server, "x", 1), SS_ERR_CLOSED);
    socket_close(server);
    socket_close(listener);
    socket_close(-1);
}

static void test_round_trips(void **state) {
    (void)state;
    round_trip("127.0.0.1:0");
    round_trip("localhost:0");
}

static void test_full_buffer(void **state) {
    (void)state;
    char name[ADDRESS_TEXT], peer[ADDRESS_TEXT];
    static char block[65536];
    bool loopback;
    int listener = socket_listen("127.0.0.1:0", NULL, 0);
    socket_name(listener, name);
    int client = socket_connect(name, NULL, 0);
    wait_for(listener, POLLIN);
    int server = socket_accept(listener, peer, &loopback);
    ptrdiff_t moved = 0;
    while ((moved = socket_write(client, block, sizeof block)) > 0)
        continue;
    assert_int_equal(moved, SS_ERR_AGAIN);
    socket_close(client);
    socket_close(server);
    socket_close(listener);
}

static void test_in_use(void **state) {
    (void)state;
    char name[ADDRESS_TEXT], why[200];
    int listener = socket_listen("127.0.0.1:0", NULL, 0);
    socket_name(listener, name);
    assert_int_equal(socket_listen(name, why, sizeof why), SS_ERR_BUSY);
    assert_non_null(strstr(why, name));
    socket_close(listener);
    int client = socket_connect(name, why, sizeof why); /* nobody listens any more */
    if (client >= 0) {
        wait_for(client, POLLOUT);
        assert_int_equal(socket_connected(client, why, sizeof why), SS_ERR_UNAVAILABLE);
        socket_close(client);
    } else {
        assert_int_equal(client, SS_ERR_UNAVAILABLE);
    }
}

static void test_all_addresses(void **state) {
    (void)state;
    char name[ADDRESS_TEXT], address[ADDRESS_TEXT];
    int listener = socket_listen(":0", NULL, 0);
    assert_true(listener >= 0);
    socket_name(listener, name);
    snprintf(address, sizeof address, "127.0.0.1%s", strrchr(name, ':'));
    int client = socket_connect(address, NULL, 0);
    wait_for(client, POLLOUT);
    assert_int_equal(socket_connected(client, NULL, 0), SS_OK);
    socket_close(client);
    socket_close(listener);
}

static void test_bad_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",        "127.0.0.1",       "127.0.0.1:",   "127.0.0.1:x", "::1:80",
        "[::1:80", "127.0.0.1:65536", "127.0.0.1:-1", "a b:80",      "127.0.0.1:123456"};
    char why[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(socket_listen(bad[i], why, sizeof why), SS_ERR_INVALID);
        assert_non_null(strstr(why, bad[i]));
    }
    assert_int_equal(socket_listen("", NULL, 0), SS_ERR_INVALID);
}

static void test_loopback(void **state) {
    (void)state;
    assert_true(address_is_loopback("127.0.0.1:1"));
    assert_true(address_is_loopback("127.9.8.7:1"));
    assert_true(address_is_loopback("[::1]:1"));
    assert_true(address_is_loopback("[::ffff:127.0.0.1]:1"));
    assert_true(address_is_loopback("localhost:1"));
    assert_false(address_is_loopback(":1"));
    assert_false(address_is_loopback("0.0.0.0:1"));
    assert_false(address_is_loopback("10.0.0.1:1"));
    assert_false(address_is_loopback("[::]:1"));
    assert_false(address_is_loopback("nonsense"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_in_use),      cmocka_unit_test(test_all_addresses),
        cmocka_unit_test(test_bad_text),    cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
