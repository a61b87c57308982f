/* SPDX-License-Identifier: Apache-2.0 */
/* test_pair.h - for tests: a client and a server connection joined in memory, in virtual time, with
 * a server that does what `behaviour` says and two diaries of what was told. */
#ifndef TRANSPORT_TEST_PAIR_H
#define TRANSPORT_TEST_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "transport/connection.h"

enum behaviour {
    SERVE_ECHO,   /* each message back; finish when the client half-closes */
    SERVE_UNARY,  /* the first message back, and finish at once */
    SERVE_SILENT, /* nothing */
    SERVE_REFUSE  /* finish with NOT_FOUND before any message */
};

struct diary {
    unsigned requests, messages, half_closes, ends, drained, rtts;
    size_t bytes, last_size;
    uint32_t next; /* messages that begin with a counter came in this order */
    bool disorder;
    enum grpc_status status;
    char text[256]; /* message of the last end */
    char path[128], world[64], authorization[64];
    ss_time deadline;
    struct call *call; /* the last one */
    void *ended_context;
};

struct pair {
    struct failing heap;
    struct memory memory;
    struct connection *client, *server;
    struct connection_config client_config, server_config;
    struct diary c, s;
    enum behaviour behaviour;
    ss_time now;
    size_t chunk; /* bytes moved at a time */
};

static void copy_text(char *out, size_t size, struct bytes from) {
    snprintf(out, size, "%.*s", (int)from.size, from.size ? (const char *)from.data : "");
}

static void diary_message(struct diary *diary, struct bytes message) {
    uint32_t counter;
    diary->messages++;
    diary->bytes += message.size;
    diary->last_size = message.size;
    if (message.size < sizeof counter) return;
    memcpy(&counter, message.data, sizeof counter);
    if (counter != diary->next++) diary->disorder = true;
}

static void diary_end(struct diary *diary, struct call *call, enum grpc_status status,
                      struct bytes message) {
    diary->ends++;
    diary->status = status;
    diary->ended_context = call_context(call);
    copy_text(diary->text, sizeof diary->text, message);
    if (diary->call == call) diary->call = NULL;
}

static void server_request(void *context, struct call *call, const struct request *request) {
    struct pair *pair = context;
    pair->s.requests++;
    pair->s.call = call;
    pair->s.deadline = request->deadline;
    copy_text(pair->s.path, sizeof pair->s.path, request->path);
    copy_text(pair->s.world, sizeof pair->s.world, request->world);
    copy_text(pair->s.authorization, sizeof pair->s.authorization, request->authorization);
    if (pair->behaviour == SERVE_REFUSE) call_finish(call, GRPC_NOT_FOUND, "no such 100% thing\n");
}

static void server_message(void *context, struct call *call, struct bytes message) {
    struct pair *pair = context;
    diary_message(&pair->s, message);
    if (pair->behaviour == SERVE_ECHO || pair->behaviour == SERVE_UNARY) call_send(call, message);
    if (pair->behaviour == SERVE_UNARY) call_finish(call, GRPC_OK, NULL);
}

static void server_half_close(void *context, struct call *call) {
    struct pair *pair = context;
    pair->s.half_closes++;
    if (pair->behaviour == SERVE_ECHO) call_finish(call, GRPC_OK, NULL);
}

static void server_end(void *context, struct call *call, enum grpc_status status,
                       struct bytes message) {
    diary_end(&((struct pair *)context)->s, call, status, message);
}
static void server_drained(void *context, struct call *call) {
    (void)call;
    ((struct pair *)context)->s.drained++;
}
static void server_rtt(void *context, ss_time rtt) {
    (void)rtt;
    ((struct pair *)context)->s.rtts++;
}

static void client_message(void *context, struct call *call, struct bytes message) {
    (void)call;
    diary_message(&((struct pair *)context)->c, message);
}
static void client_end(void *context, struct call *call, enum grpc_status status,
                       struct bytes message) {
    diary_end(&((struct pair *)context)->c, call, status, message);
}

static inline void pair_init(struct pair *pair) {
    memset(pair, 0, sizeof *pair);
    pair->memory = failing_memory(&pair->heap);
    pair->now = 1000 * SS_SECOND;
    pair->chunk = 65536;
    pair->server_config = connection_config_default(true);
    pair->client_config = connection_config_default(false);
    pair->server_config.memory = pair->client_config.memory = &pair->memory;
    pair->server_config.events =
        (struct connection_events){pair,       server_request, server_message, server_half_close,
                                   server_end, server_drained, server_rtt};
    pair->client_config.events = (struct connection_events){
        .context = pair, .on_message = client_message, .on_end = client_end};
}

static inline int pair_open(struct pair *pair) {
    int status = connection_create(&pair->server, &pair->server_config, pair->now);
    if (status == SS_OK) status = connection_create(&pair->client, &pair->client_config, pair->now);
    return status;
}

static inline void pair_close(struct pair *pair) {
    connection_destroy(pair->client);
    connection_destroy(pair->server);
    pair->client = pair->server = NULL;
}

/* Moves what one side has to say, `chunk` bytes at a time; false when there was nothing. */
static inline bool pair_move(struct pair *pair, struct connection *from, struct connection *to) {
    uint8_t buffer[65536];
    ptrdiff_t size;
    bool any = false;
    while ((size = connection_send(from, buffer, pair->chunk, pair->now)) > 0) {
        connection_recv(to, bytes_view(buffer, (size_t)size), pair->now);
        any = true;
    }
    return any;
}

static inline bool pair_tick(struct pair *pair, struct connection *connection) {
    if (connection_deadline(connection) > pair->now) return false;
    connection_expire(connection, pair->now);
    return true;
}

/* Until nothing moves and nothing is due. */
static inline void pair_run(struct pair *pair) {
    for (unsigned turn = 0; turn < 100000; turn++) {
        bool any = pair_move(pair, pair->client, pair->server);
        any |= pair_move(pair, pair->server, pair->client);
        any |= pair_tick(pair, pair->client);
        any |= pair_tick(pair, pair->server);
        if (!any) return;
    }
    fail_msg("the pair never comes to rest");
}

/* Lets time pass, stopping wherever one of the two wanted to act. */
static inline void pair_sleep(struct pair *pair, ss_time span) {
    ss_time end = pair->now + span;
    for (;;) {
        pair_run(pair);
        ss_time next =
            time_min(connection_deadline(pair->client), connection_deadline(pair->server));
        if (next > end) break;
        pair->now = next;
    }
    pair->now = end;
    pair_run(pair);
}

static inline struct call *pair_call(struct pair *pair, const char *const *metadata,
                                     ss_time timeout) {
    struct call *call = NULL;
    ss_time deadline = timeout ? pair->now + timeout : SS_NEVER;
    int status = connection_call(pair->client, "/test.Service/Method", metadata, deadline, pair,
                                 pair->now, &call);
    if (status != SS_OK) return NULL;
    pair->c.call = call;
    return call;
}

#endif
