/* SPDX-License-Identifier: Apache-2.0 */
/* hosted.h - the inside of a worker: its worlds, its feeds, and the handlers of commands. */
#ifndef SERVER_HOSTED_H
#define SERVER_HOSTED_H

#include "base/list.h"
#include "base/slab.h"
#include "base/table.h"
#include "server/reply.h"
#include "server/worker.h"

#define WORKER_CHUNK 64 /* commands that are decoded together, so that memory is asked ahead */

struct hosted {
    struct world *world;
    char name[65];
    struct hash_key key; /* of tokens */
    ss_time next_tick, interval;
    uint32_t kept;    /* number of the world at the committer */
    uint64_t visible; /* the newest effect when the last tick closed */
    struct list feeds;
    uint32_t feed_count;
    uint32_t area_count; /* feeds with an area */
    uint64_t pushes;
};

#define FEED_DELTAS 4 /* formats that one reader names; more say nothing new */

/* One subscription of one stream. */
struct feed {
    struct list link; /* hosted.feeds */
    struct ticket ticket;
    uint32_t world, handle;
    uint64_t player;
    bool server, area;
    struct subscriber *subscriber;
    int64_t credit; /* bytes that the stream still takes */
    uint64_t from;  /* effects up to here are shown though their tick is open: the start */
    uint64_t client_sequence;
    uint32_t deltas[FEED_DELTAS]; /* formats that the reader accepts */
    uint32_t delta_count;
    bool lost; /* a push could not be queued: the reader must be told to start over */
};

struct worker {
    struct worker_config config;
    struct ring ring;
    struct hosted **worlds;
    size_t world_count, world_capacity;
    struct slab feeds;
    struct table feed_index; /* by ticket */
    struct arena arena;      /* of one command */
    struct arena chunk_arena;
    struct buffer delta; /* the one being made */
    const struct dictionaries *dictionaries;
    struct committer *committer; /* NULL: everything stays in memory */
    uint64_t sync_group;         /* the newest group with an effect of class sync */
    uint64_t lot_group;          /* the newest group with a first lot of versions */
    bool begun, broken;
    uint64_t requests; /* answers that no world numbered */
    /* the updates of the chunk being executed, decoded ahead for prefetching */
    struct update prepared[WORKER_CHUNK];
    int prepared_status[WORKER_CHUNK];
};

/* ---- sync.c: updates and batches ----------------------------------------------------------- */

/* Judges one update through the hooks and the world. `policy`: of its category, NULL when there is
 * no such one. */
void sync_apply(struct worker *worker, struct hosted *hosted, const struct category *policy,
                struct update *update, ss_time now, struct outcome *outcome);
/* A whole SyncState request; `prepared` is its update where it is no batch. */
void sync_handle(struct worker *worker, const struct command *command, struct update *prepared,
                 int prepared_status, ss_time now);
void sync_refuse(struct worker *worker, const struct command *command, ss_time now);

/* ---- feed.c: subscriptions ----------------------------------------------------------------- */

/* Starts, replaces or cancels. NULL, or a text that says what is wrong with it. */
const char *feed_subscribe(struct worker *worker, const struct command *command,
                           const struct state_sync_request *request, ss_time now, int *status);
void feed_credit(struct worker *worker, struct ticket ticket, uint32_t credit, ss_time now);
bool feed_exists(const struct worker *worker, struct ticket ticket);
void feed_cancel(struct worker *worker, struct ticket ticket);
void feed_tick(struct worker *worker, struct hosted *hosted, ss_time now);
/* Tells the parked writer's streams how a conflict ended. */
/* An update of a stream was accepted. */
void feed_wrote(struct worker *worker, const struct hosted *hosted, const struct update *update);
void feed_outcome(struct worker *worker, struct hosted *hosted, const struct resolved *resolved,
                  enum strategy strategy, const char *id, bool expired, ss_time now);

/* ---- query.c and resolve_handler.c: everything else ---------------------------------------- */

void query_snapshot(struct worker *worker, const struct command *command, ss_time now);
void query_history(struct worker *worker, const struct command *command, ss_time now);
void query_list_conflicts(struct worker *worker, const struct command *command, ss_time now);
void query_get_conflict(struct worker *worker, const struct command *command, ss_time now);
void query_list_proposals(struct worker *worker, const struct command *command, ss_time now);
void decide_resolve(struct worker *worker, const struct command *command, ss_time now);
void decide_proposal(struct worker *worker, const struct command *command, ss_time now);

/* ---- worker.c: answering ------------------------------------------------------------------- */

struct hosted *worker_hosted(struct worker *worker, const struct command *command);
/* The world that an id was minted in, in this life or an earlier one, or NULL. */
struct hosted *worker_by_id(struct worker *worker, const uint8_t id[CONFLICT_ID_SIZE]);
struct reply_frame worker_frame(struct worker *worker, const struct hosted *hosted, ss_time now);

/* May effects of `policy` be written now? NULL, or a text that says why not. */
const char *worker_refuses(const struct worker *worker, const struct category *policy);
/* A request id for an answer that is not a world's own. */
uint64_t worker_request_id(struct worker *worker);
/* The encoded `message` as the answer to `command`. */
void worker_answer(struct worker *worker, const struct command *command,
                   const struct message_type *type, const void *message, enum result result);
/* What was appended to the ring's bytes from `offset` on as the answer. */
void worker_encoded(struct worker *worker, const struct command *command, size_t offset,
                    enum result result);
/* A status with a text as the answer. */
void worker_fail(struct worker *worker, const struct command *command, enum grpc_status status,
                 const char *message);
/* Answered, with nothing to send. */
void worker_silent(struct worker *worker, const struct command *command);

#endif
