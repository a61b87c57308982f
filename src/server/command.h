/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what travels between the network side and the worlds: commands one way, answers back.
 *
 * Both directions go through one ring per (loop, worker), also when the two are on one thread, so
 * that group commit, worlds on other threads and forwarding need no second design. A command
 * carries a ticket that names the call which asked; its answer carries the ticket back together
 * with the log sequence number that must be durable before anybody may see it. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include "codec/message.h"
#include "transport/grpc.h"
#include "world/update.h"

/* Names one call of one server life: a slab handle and the generation it had. */
struct ticket {
    uint32_t handle, generation; /* generation 0: nobody waits */
};

static inline uint64_t ticket_origin(struct ticket ticket) {
    return (uint64_t)ticket.generation << 32 | ticket.handle;
}

enum command_kind {
    COMMAND_SYNC,     /* struct state_sync_request: an update, a batch or a subscription */
    COMMAND_REFUSED,  /* an answer that was decided before the world, in its place in the order */
    COMMAND_SNAPSHOT, /* struct state_snapshot_request */
    COMMAND_RESOLVE,  /* struct conflict_resolution_request */
    COMMAND_LIST_CONFLICTS, /* struct list_conflicts_request */
    COMMAND_GET_CONFLICT,   /* struct get_conflict_request */
    COMMAND_HISTORY,        /* struct get_history_request */
    COMMAND_LIST_PROPOSALS, /* struct list_proposals_request */
    COMMAND_DECIDE,         /* struct decide_proposal_request */
    COMMAND_CREDIT,         /* the subscriber of this ticket may send `credit` more bytes */
    COMMAND_SESSION_OPEN,
    COMMAND_SESSION_CLOSE, /* also ends the subscription of the ticket */
};

struct command {
    enum command_kind kind;
    struct ticket ticket;
    uint32_t world;  /* index at the worker; COMMAND_RESOLVE and _GET_CONFLICT find theirs by id */
    uint64_t player; /* who asks */
    bool server;     /* has the role server */
    bool stream;     /* asked inside StreamStateUpdates: refusals are results, not statuses */
    ss_time arrived;
    uint32_t latency_ms; /* measured, one way */
    const void *request; /* the decoded message; lives until the worker has run */
    uint32_t credit;
    struct refusal { /* COMMAND_REFUSED */
        enum result result;
        int status; /* SS_ERR_..., when result is ERROR */
        const char *message;
        uint32_t retry_after_ms;
        uint64_t client_sequence;
    } refusal;
};

struct answer {
    struct ticket ticket;
    uint64_t lsn; /* group of the journal that must be durable before this may be shown, 0: none */
    bool gated;   /* reveals effects of class sync: gets its lsn when the turn's group is known */
    uint32_t world;
    enum grpc_status status; /* not OK: ends the call, and the bytes are a text that says why */
    size_t offset, size;     /* the encoded message in the answer ring's bytes */
    bool push;          /* not the answer to a request: sent as it is, counted against the credit */
    ss_time arrived;    /* of the command, 0 for pushes */
    int subscription;   /* after a `subscribe`: 1 it stands, -1 there is none; else 0 */
    enum result result; /* for the counters; UNKNOWN when the request was no update */
};

#endif
