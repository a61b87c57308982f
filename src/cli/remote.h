/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - the server at the other end, as a command that asks a few questions sees it: one
 * connection, blocking calls, and failures told on stderr with what to do about them. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "cli/cli.h"
#include "client/rpc.h"

#define SYNC_SERVICE "/necp.realtime.statesync.v1.StateSyncService/"
#define OWN_SERVICE  "/statesync.v1.Statesync/"

struct remote {
    struct cli *cli;
    struct loop *loop;
    struct rpc_client *rpc;
    struct arena arena; /* of the answers */
};

/* What the common flags say about the connection. */
struct rpc_config remote_config(const struct cli *cli);
/* EXIT_OK, or what to exit with (told). Close it in either case. */
int remote_open(struct remote *remote, struct cli *cli);
/* The same on a loop that exists; remote_close ends the loop too. */
int remote_attach(struct remote *remote, struct cli *cli, struct loop *loop);
void remote_close(struct remote *remote);

/* One call: EXIT_OK with `response` filled (it lives as long as the arena), or what to exit with
 * (told). */
int remote_call(struct remote *remote, const char *path, const struct message_type *request_type,
                const void *request, const struct message_type *response_type, void *response);
#define REMOTE_CALL(remote, path, request_struct, request, response_struct, response)              \
    remote_call(remote, path, &message_##request_struct,                                           \
                (1 ? (request) : (const struct request_struct *)NULL), &message_##response_struct, \
                (1 ? (response) : (struct response_struct *)NULL))

/* Tells why a call failed and what may help; returns the exit code. */
int remote_failed(const struct cli *cli, int status, const char *why);

/* A message as one line of JSON on stdout. */
void json_line(const struct cli *cli, const struct message_type *type, const void *message);
/* What the buffer holds, on stdout; frees it. EXIT_OK, or EXIT_FAILED when memory had run out. */
int output(const struct cli *cli, struct buffer *text);

#endif
