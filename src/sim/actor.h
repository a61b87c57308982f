/* SPDX-License-Identifier: Apache-2.0 */
/* actor.h - one client of a run: a player who writes, reads, subscribes and misbehaves, over the
 * shipping client (client/rpc.h) and a connection that the seed ruins. Number 0 is the referee: a
 * game server's role, who lays out the items and takes snapshots of everything.
 *
 * An attempt is one request on its way, with what its sender knew when he sent it. */
#ifndef SIM_ACTOR_H
#define SIM_ACTOR_H

#include "base/arena.h"
#include "base/list.h"
#include "client/rpc.h"
#include "sim/meter.h"
#include "sim/model.h"
#include "sim/told.h"
#include "sim/tokens.h"
#include "sim/virtual.h"

#define SERVICE "/necp.realtime.statesync.v1.StateSyncService/"
#define OURS    "/statesync.v1.Statesync/"

enum ask {
    ASK_UPDATE,
    ASK_BATCH,
    ASK_JUNK, /* an update that nobody may make */
    ASK_SNAPSHOT,
    ASK_RESOLVE,
    ASK_CONFLICT,
    ASK_HISTORY,
    ASK_PROPOSALS,
    ASK_DECIDE
};

struct attempt {
    struct list link; /* actor.attempts or stream.attempts */
    struct actor *actor;
    enum ask ask;
    unsigned life;         /* of the server, when it was sent */
    unsigned losses;       /* of `cell`, then */
    struct rpc_call *call; /* NULL on the stream */
    struct question questions[2];
    size_t count;
    uint64_t sequence;
    struct glimpse *glimpse;
    struct state_snapshot_request *pages; /* what to ask the next page with */
    struct cell *cell;                    /* of a history, of a decision */
    uint32_t floor;
    bool denied; /* must be refused */
    bool contrary; /* another decision than the one that was taken */
    bool answered;
    bool atomic;
};

/* What an actor believes of a cell: the last that it was told itself. */
struct belief {
    uint32_t version;
    unsigned losses; /* of the cell, then */
    bool live;
    uint16_t size;
    char *state; /* of counters only */
};

struct stream {
    struct rpc_call *call; /* NULL: none is open */
    struct list attempts;  /* in the order of their answers */
    uint64_t sequence;
    unsigned life;
    bool subscribed, half_closed;
    struct mirror mirror;
    struct told told;
    uint8_t resume[64];
    size_t resume_size;
    uint64_t categories;   /* subscribed, for a resume */
    uint64_t own_from;     /* what was written before the subscription is told like all else */
    uint64_t subscription; /* number of the newest one: pushes before its caught_up may be older */
};

struct actor {
    unsigned id;
    struct virtual *machine;
    struct trace *trace;
    struct model *model;
    struct tokens *tokens;
    struct meter *meter;
    const struct memory *memory;
    struct random random;
    struct loop *loop;
    struct rpc_client *client; /* NULL: not connected */
    unsigned client_life;
    const unsigned *life; /* of the server, now */
    struct stream stream;
    struct list attempts;
    unsigned attempt_count;
    struct belief *beliefs;
    uint32_t *retry; /* keyed ops whose fate is unknown */
    size_t retry_count, retry_capacity;
    struct arena arena; /* of one decoded message */
    uint32_t ops_left;
    uint32_t last_keyed;
    ss_time next, paused_until, reconnect_at;
    bool began;  /* has done something already */
    bool calm;   /* after the heal: no more faults, no deadlines, everything must be answered */
    bool silent; /* sends nothing new */
    uint64_t sent, answered;
    bool items_made[KEYS];
    struct glimpse *last; /* the newest whole snapshot */
};

void actor_start(struct actor *actor, unsigned id, uint32_t ops, uint64_t seed);
void actor_stop(struct actor *actor);
ss_time actor_due(const struct actor *actor);
void actor_turn(struct actor *actor);
/* The server died, or began a new life: streams and resume tokens are void. */
void actor_forget(struct actor *actor);
bool actor_idle(const struct actor *actor); /* nothing is on its way, nothing waits for a retry */
void actor_disconnect(struct actor *actor);
bool actor_connect(struct actor *actor);
bool actor_faulty(const struct actor *actor, enum fault fault);
bool chance(struct actor *actor, unsigned percent);

/* ---- attempts: actor_attempt.c ----------------------------------------------------------------
 */

struct attempt *attempt_begin(struct actor *actor, enum ask ask);
/* Sends it as a unary call. */
void attempt_call(struct attempt *attempt, const char *path, const struct message_type *type,
                  const void *message);
void attempt_free(struct attempt *attempt);
/* Its answer is knowledge still, though the server may have died since. */
bool attempt_stands(const struct attempt *attempt);
/* No answer will come. */
void attempt_lost(struct attempt *attempt);
/* Takes an answer to an update or a batch. */
void attempt_answer(struct attempt *attempt, const struct state_sync_response *answer);
/* `bytes` as a message of `type`, in the actor's arena. */
void *actor_decode(struct actor *actor, const struct message_type *type, struct bytes bytes);

/* ---- actor_stream.c ---------------------------------------------------------------------------
 */

void stream_open(struct actor *actor);
void stream_send(struct actor *actor, struct attempt *attempt, struct state_sync_request *request);
/* `kinds` 0: everything. `resume`: from the last token, if there is one. */
/* `center`: of the area, EVERYWHERE for none; who resumes keeps the one that was. */
void stream_subscribe(struct actor *actor, uint32_t kinds, unsigned center, bool resume);
/* Where somebody happens to look. */
unsigned actor_center(struct actor *actor);
void stream_unsubscribe(struct actor *actor);
void stream_half_close(struct actor *actor);

/* ---- actor_write.c, actor_ask.c ---------------------------------------------------------------
 */

void actor_write(struct actor *actor);
void actor_retry(struct actor *actor);
void actor_retry_later(struct actor *actor, uint32_t number);
void actor_burst(struct actor *actor);
void actor_forge(struct actor *actor); /* actor_forge.c */
void actor_make_items(struct actor *actor);
void actor_snapshot(struct actor *actor, bool whole);
void actor_history(struct actor *actor, struct cell *cell, bool denied);
void actor_resolve(struct actor *actor);
/* Looks at conflicts that were parked for this player, at most `most`: each must be found. */
void actor_conflicts(struct actor *actor, unsigned most);
void actor_ask_proposals(struct actor *actor);
void believe(struct actor *actor, const struct cell *cell, uint32_t version, bool live,
             struct bytes state);
void snapshot_answer(struct attempt *attempt, struct bytes message);
void history_answer(struct attempt *attempt, struct bytes message);
void resolve_answer(struct attempt *attempt, struct bytes message);
void conflict_answer(struct attempt *attempt, struct bytes message);
void proposals_answer(struct attempt *attempt, struct bytes message);

#endif
