/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes to a server connection that echoes. The first byte of the input chooses: bit 0, a
 * valid preface and SETTINGS go first; bit 1, a second passes between pieces; bits 4 to 7, the size
 * of the pieces. Whatever comes: every request that was told ends exactly once, memory stays
 * bounded and comes back, and a connection that is over says nothing for ever. */
#include <stdlib.h>

#include "base/failing.h"
#include "base/status.h"
#include "transport/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 16 << 20, ANSWER_MAX = 64 << 20 };

struct run {
    unsigned open;
    size_t answered;
};

static void check(bool good) {
    if (!good) abort();
}

static void on_request(void *context, struct call *call, const struct request *request) {
    struct run *run = context;
    run->open++;
    if (!request->grpc) call_respond(call, 200, "text/plain", request->path);
    if (request->path.size > 8) call_finish(call, GRPC_UNIMPLEMENTED, "no such method");
    if (request->path.size == 3) call_hold(call, true);
    if (request->path.size == 2) call_cancel(call);
}

static void on_message(void *context, struct call *call, struct bytes message) {
    (void)context;
    call_send(call, message);
}

static void on_half_close(void *context, struct call *call) {
    (void)context;
    call_finish(call, GRPC_OK, NULL);
}

static void on_end(void *context, struct call *call, enum grpc_status status,
                   struct bytes message) {
    struct run *run = context;
    (void)call, (void)status, (void)message;
    check(run->open-- > 0);
}

static void drain(struct run *run, struct connection *connection, ss_time now) {
    uint8_t buffer[20000];
    ptrdiff_t size;
    while ((size = connection_send(connection, buffer, sizeof buffer, now)) > 0)
        run->answered += (size_t)size;
    check(run->answered < ANSWER_MAX);
}

static void feed(struct run *run, struct connection *connection, struct bytes bytes, size_t piece,
                 ss_time step) {
    ss_time now = SS_SECOND;
    while (bytes.size) {
        size_t size = bytes.size < piece ? bytes.size : piece;
        connection_recv(connection, bytes_view(bytes.data, size), now);
        drain(run, connection, now);
        if (connection_deadline(connection) <= now) connection_expire(connection, now);
        bytes = bytes_view(bytes.data + size, bytes.size - size);
        now += step;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct run run = {0};
    struct connection *connection;
    if (size < 1) return 0;
    struct connection_config config = connection_config_default(true);
    config.memory = &memory;
    config.events = (struct connection_events){.context = &run,
                                               .on_request = on_request,
                                               .on_message = on_message,
                                               .on_half_close = on_half_close,
                                               .on_end = on_end};
    check(connection_create(&connection, &config, 0) == SS_OK);
    size_t piece = (size_t)1 << (data[0] >> 4);
    if (data[0] & 1) feed(&run, connection, bytes_view(preface, sizeof preface - 1), 65536, 0);
    feed(&run, connection, bytes_view(data + 1, size - 1), piece, data[0] & 2 ? SS_SECOND : 0);
    check(failing.live < MEMORY_MAX);
    connection_expire(connection, 1000 * SS_SECOND);
    drain(&run, connection, 1000 * SS_SECOND);
    connection_lost(connection);
    check(run.open == 0 && connection_done(connection));
    check(connection_deadline(connection) == SS_NEVER);
    connection_destroy(connection);
    check(failing.live == 0);
    return 0;
}
