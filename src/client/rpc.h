/* SPDX-License-Identifier: Apache-2.0 */
/* rpc.h - a gRPC client over one TCP (or TLS) connection, driven by a net/loop: what the command
 * line, the bench and the replay speak to a server with.
 *
 * Asynchronous underneath (many clients on one loop), with one blocking helper for unary calls. */
#ifndef CLIENT_RPC_H
#define CLIENT_RPC_H

#include "codec/message.h"
#include "net/loop.h"
#include "transport/connection.h"

struct rpc_client;

/* The strings are borrowed until rpc_close. */
struct rpc_config {
    const char *address; /* "127.0.0.1:7350" */
    const char *world;   /* metadata statesync-world, NULL: default */
    const char *token;   /* bearer token, NULL: none */
    bool tls;
    const char *ca, *cert, *key; /* PEM files, NULL: system roots / none */
    ss_time delay,
        jitter;         /* artificial one-way delay of every byte in both directions, for demos */
    uint64_t seed;      /* of the jitter */
    size_t message_max; /* of one answer, 64 MiB */
};

struct rpc_call;

struct rpc_events {
    void *context;
    void (*on_message)(void *context, struct rpc_call *call, struct bytes message);
    /* The last event of a call, which is gone afterwards: `status` GRPC_OK or what went wrong, with
     * a text for people. */
    void (*on_end)(void *context, struct rpc_call *call, enum grpc_status status,
                   const char *message);
};

/* Begins to connect; errors show as the end of calls. SS_OK, SS_ERR_INVALID (address),
 * SS_ERR_NOMEM. */
int rpc_open(struct rpc_client **client, struct loop *loop, const struct memory *memory,
             const struct rpc_config *config, ss_time now, char *why, size_t why_size);
/* Drops open calls without an event. NULL is allowed; not from inside an event. */
void rpc_close(struct rpc_client *client);
/* When it must be looked at again, and doing so; call rpc_turn after every loop_wait. */
ss_time rpc_deadline(const struct rpc_client *client);
void rpc_turn(struct rpc_client *client, ss_time now);
/* False once the connection is lost for good: every call has ended, none can begin. */
bool rpc_alive(const struct rpc_client *client);
/* Why it was lost, for people; "" while it is alive. */
const char *rpc_why(const struct rpc_client *client);
struct loop *rpc_loop(const struct rpc_client *client);
uint64_t rpc_bytes_in(const struct rpc_client *client);
uint64_t rpc_bytes_out(const struct rpc_client *client);

/* `path` "/necp.realtime.statesync.v1.StateSyncService/SyncState"; `deadline` absolute, or
 * SS_NEVER. SS_OK, SS_ERR_UNAVAILABLE (not alive), SS_ERR_NOMEM. Begun calls and sent messages
 * leave at the next rpc_turn. */
int rpc_begin(struct rpc_client *client, const char *path, const struct rpc_events *events,
              ss_time deadline, ss_time now, struct rpc_call **call);
/* SS_OK, SS_ERR_CLOSED, SS_ERR_NOMEM. */
int rpc_send(struct rpc_call *call, const struct message_type *type, const void *message);
void rpc_half_close(struct rpc_call *call);
void rpc_cancel(struct rpc_call *call);
/* Bytes queued on the call that the connection has not taken yet. */
size_t rpc_backlog(const struct rpc_call *call);

/* One unary call, waited for: sends `request`, decodes into `response` with lists in `arena` (views
 * point into it too). SS_OK or a status (rpc_status); `why` names the gRPC status and its message.
 * Turns the loop and this client, so not from inside an event. */
int rpc_unary(struct rpc_client *client, const char *path, const struct message_type *request_type,
              const void *request, const struct message_type *response_type, void *response,
              struct arena *arena, ss_time timeout, char *why, size_t why_size);
/* The nearest status of ours: NOT_FOUND to SS_ERR_NOT_FOUND, UNAVAILABLE and DEADLINE_EXCEEDED to
 * SS_ERR_UNAVAILABLE and so on; SS_ERR_IO for what has no counterpart. */
int rpc_status(enum grpc_status status);

#endif
