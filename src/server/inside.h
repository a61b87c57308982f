/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - the network side of a server: doors, peers, calls and their counters.
 *
 *   listener -> peer (one socket, one connection machine) -> rpc (one call) -> command -> worker
 *   worker -> answer -> rpc -> connection machine -> peer -> socket
 */
#ifndef SERVER_INSIDE_H
#define SERVER_INSIDE_H

#include "base/heap.h"
#include "base/histogram.h"
#include "base/list.h"
#include "base/slab.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tls.h"
#include "server/auth.h"
#include "server/config.h"
#include "server/dictionary.h"
#include "server/held.h"
#include "server/limit.h"
#include "server/worker.h"
#include "statesync/server.h"
#include "transport/connection.h"

enum door_kind { DOOR_GRPC, DOOR_HTTP, DOOR_COUNT };

struct door {
    struct watch watch; /* fd -1: shut */
    struct ss_server *server;
    enum door_kind kind;
    char name[ADDRESS_TEXT];
    ss_time paused; /* descriptors ran out: not watched until then, 0: watched */
};

struct peer {
    struct watch watch;
    struct ss_server *server;
    struct connection *connection;
    struct tls *tls;   /* NULL: plain */
    struct list link;  /* server.peers */
    struct list dirty; /* server.dirty while something may be to send */
    struct heap_entry deadline;
    struct buffer out; /* bytes that the socket did not take yet */
    size_t out_sent;
    uint64_t player; /* counted at the limiter, 0: not yet */
    bool loopback, closing, dead;
    enum door_kind door;
    char name[ADDRESS_TEXT];
};

struct method;

/* One call. Named by tickets: handle and generation. */
struct rpc {
    uint32_t free; /* of the slab's chain once released */
    uint32_t handle, generation;
    uint32_t world;
    const struct method *method;
    struct call *call;
    struct peer *peer;
    struct identity identity;
    uint64_t session;  /* the player whose session this stream holds open, 0: none */
    uint32_t pending;  /* commands whose answers are still to come */
    uint32_t pushed;   /* bytes of pushes for which no credit was given back yet */
    uint64_t gate;     /* greatest lsn among its answers: a later one does not overtake */
    uint32_t held;     /* answers of it in server.held; those behind others may wait longer than `gate` */
    uint32_t messages; /* received */
    uint32_t limited;  /* limiter_take's `last` */
    bool half_closed, subscribed, finished;
    struct list watcher; /* server.health_watchers, of Health/Watch */
};

struct counters {
    uint64_t accepted, refused, bytes_in, bytes_out, messages_in, messages_out;
    uint64_t results[RESULT_COUNT];
    uint64_t statuses[17]; /* finished calls by gRPC status */
    uint64_t unauthenticated, rate_limited, http_requests;
    struct histogram latency; /* us, from a decoded message to its encoded answer */
};

struct ss_server {
    struct memory memory;
    struct ss_server_config options;
    struct log_sink log;
    struct config *config;
    const struct category **policies; /* of the configuration, without its `default` */
    size_t policy_count;
    struct loop *loop;
    struct auth *auth;
    struct limiter *limiter;
    struct tls_context *tls;
    struct dictionaries *dictionaries;
    struct journal *journal;        /* NULL: everything stays in memory */
    struct committer *committer;
    struct worker *worker;
    struct held held;               /* answers that wait for the disk */
    bool stuffed;                   /* so many that nothing more is read */
    struct door doors[DOOR_COUNT];
    struct list peers, dirty, health_watchers;
    size_t peer_count;
    struct heap deadlines;
    struct slab rpcs;
    uint32_t generation;
    struct arena turn; /* decoded messages, until the worker has run */
    uint8_t *read_buffer, *write_buffer;
    struct counters counters;
    ss_time now, started;
    bool draining;
    ss_time drain_streams, drain_end; /* when open streams are ended, when everything is cut */
    uint64_t node;
    char error[512];
};

/* What is read in one turn is answered before more is read: the calls of a turn then fit into the
 * processor's caches, and the client works while the server does. */
#define READ_BUFFER_SIZE  (32u * 1024)
#define WRITE_BUFFER_SIZE (256u * 1024)

/* ---- server.c: parts that a reload makes anew ---------------------------------------------- */

struct config *server_read_config(struct ss_server *server, int *status, char *why,
                                  size_t why_size);
int server_policies(const struct memory *memory, const struct config *config,
                    const struct category ***policies);
struct limiter_config server_limits(const struct config *config);
int server_open_auth(struct ss_server *server, const struct config *config, struct auth **auth,
                     char *why, size_t why_size);
int server_open_tls(struct ss_server *server, const struct config *config, struct tls_context **tls,
                    char *why, size_t why_size);
int server_open_worlds(struct ss_server *server, const struct config *config, char *why,
                       size_t why_size);
enum log_level server_log_least(const char *name);

/* ---- keeping.c ----------------------------------------------------------------------------- */

/* Opens the journal that the configuration names, if any; afterwards plays it into the worker. */
int keeping_open(struct ss_server *server, char *why, size_t why_size);
int keeping_recover(struct ss_server *server, char *why, size_t why_size);
void keeping_close(struct ss_server *server);

/* ---- hooks.c ------------------------------------------------------------------------------- */

int hook_validate(void *context, const char *world, const struct update *update,
                  const struct cell_view *standing, struct reason *why);
void hook_conflict(void *context, const char *world, const struct update *update,
                   const struct conflict_view *conflict);
void hook_change(void *context, const char *world, const struct update *update,
                 const struct outcome *outcome);
ss_state state_of_view(const struct cell_view *view);
ss_state state_of_outcome(const struct outcome *outcome, uint64_t writer, ss_time now);

/* ---- peer.c -------------------------------------------------------------------------------- */

int door_open(struct ss_server *server, enum door_kind kind, const char *address, char *why,
              size_t why_size);
void door_close(struct ss_server *server, enum door_kind kind);
void door_resume(struct ss_server *server, ss_time now); /* those paused for lack of descriptors */
void peer_touch(struct peer *peer);                      /* something may be to send */
void peer_flush_all(struct ss_server *server);
void peer_expire_all(struct ss_server *server);
void peer_destroy(struct peer *peer);
void peer_touch_all(struct ss_server *server);

/* ---- rpc.c --------------------------------------------------------------------------------- */

struct connection_events rpc_events(struct peer *peer);
struct rpc *rpc_find(struct ss_server *server, struct ticket ticket);
void rpc_finish(struct rpc *rpc, enum grpc_status status, const char *message);
/* A command of this call in the ring, with who and where filled in; runs the worker when it is
 * full. */
struct command *rpc_command(struct rpc *rpc, enum command_kind kind);
/* Hands out every answer that may be shown. */
void rpc_release(struct ss_server *server);

/* ---- methods.c ----------------------------------------------------------------------------- */

struct method {
    const char *path;
    bool open;   /* answered without identity and world: health, reflection */
    bool stream; /* more than one message may come */
    const struct message_type *request;
    size_t request_size;
    void (*handle)(struct rpc *rpc, const void *request);
};

const struct method *method_find(struct bytes path);

/* ---- health.c, reflection.c, http.c, metrics.c --------------------------------------------- */

void health_check(struct rpc *rpc, const void *request);
void health_watch(struct rpc *rpc, const void *request);
void health_changed(struct ss_server *server);
void reflection_info(struct rpc *rpc, const void *request);
void http_request(struct peer *peer, struct call *call, const struct request *request);
void counters_note(struct counters *counters, const struct answer *answer, ss_time now);
/* Prometheus text exposition format 0.0.4. */
void metrics_write(const struct ss_server *server, struct buffer *out);
/* The same numbers as JSON, for the page. */
void metrics_json(const struct ss_server *server, struct buffer *out);
void stats_fill(const struct ss_server *server, uint32_t world, struct get_stats_response *stats);

/* Encodes `message` and sends it on the call. */
void rpc_reply(struct rpc *rpc, const struct message_type *type, const void *message);

#endif
