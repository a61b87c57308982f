/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes to a server connection as HTTP/1.1; the first byte chooses the size of the pieces
 * (bits 0 to 3) and whether answers come late (bit 4). Every request ends exactly once, answers
 * begin with a status line, and memory stays bounded and comes back. */
#include <stdlib.h>

#include "base/failing.h"
#include "base/status.h"
#include "transport/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 4 << 20 };

struct run {
    unsigned open;
    bool late;
    struct call *waiting;
};

static void check(bool good) {
    if (!good) abort();
}

static void on_request(void *context, struct call *call, const struct request *request) {
    struct run *run = context;
    check(!request->grpc && run->open++ == 0); /* one exchange at a time */
    run->waiting = run->late ? call : NULL;
    if (!run->late) call_respond(call, 200, "text/plain", request->path);
}

static void on_end(void *context, struct call *call, enum grpc_status status,
                   struct bytes message) {
    struct run *run = context;
    (void)call, (void)status, (void)message;
    check(run->open-- == 1);
    run->waiting = NULL;
}

static void turn(struct run *run, struct connection *connection, ss_time now) {
    uint8_t buffer[4096];
    for (unsigned round = 0; round < 100000; round++) {
        ptrdiff_t size = connection_send(connection, buffer, sizeof buffer, now);
        bool due = connection_deadline(connection) <= now;
        if (due) connection_expire(connection, now);
        if (run->waiting) call_respond(run->waiting, 404, "", bytes_view(NULL, 0));
        bool answered = run->waiting != NULL;
        run->waiting = NULL;
        if (size == 0 && !due && !answered) return;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct run run = {0};
    struct connection *connection;
    if (size < 1) return 0;
    struct connection_config config = connection_config_default(true);
    config.memory = &memory;
    config.events =
        (struct connection_events){.context = &run, .on_request = on_request, .on_end = on_end};
    check(connection_create(&connection, &config, 0) == SS_OK);
    size_t piece = (size_t)1 << (data[0] & 15);
    run.late = data[0] & 16;
    struct bytes rest = bytes_view(data + 1, size - 1);
    if (rest.size && rest.data[0] == 'P') rest.size = 0; /* may become HTTP/2: fuzz_http2 */
    while (rest.size) {
        size_t taken = rest.size < piece ? rest.size : piece;
        connection_recv(connection, bytes_view(rest.data, taken), 1);
        turn(&run, connection, 1);
        rest = bytes_view(rest.data + taken, rest.size - taken);
    }
    check(failing.live < MEMORY_MAX);
    connection_expire(connection, 1000 * SS_SECOND);
    turn(&run, connection, 1000 * SS_SECOND);
    connection_lost(connection);
    check(run.open == 0 && connection_done(connection));
    connection_destroy(connection);
    check(failing.live == 0);
    return 0;
}
