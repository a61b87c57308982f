/* SPDX-License-Identifier: Apache-2.0 */
/* update.h - what comes into a world and what it answers. Plain records; all views are borrowed. */
#ifndef WORLD_UPDATE_H
#define WORLD_UPDATE_H

#include "world/category.h"
#include "world/clock.h"

#define CONFLICT_ID_SIZE 16

/* Same numbers as on the wire. */
enum result {
    RESULT_UNKNOWN,
    RESULT_SUCCESS,
    RESULT_CONFLICT,
    RESULT_STALE,
    RESULT_ERROR,
    RESULT_RATE_LIMITED
};
#define RESULT_COUNT 6

enum conflict_type {
    CONFLICT_NONE,
    CONFLICT_VERSION_MISMATCH,
    CONFLICT_VECTOR_CLOCK,
    CONFLICT_CONCURRENT_UPDATE,
    CONFLICT_DATA_INCONSISTENCY
};
#define CONFLICT_TYPE_COUNT 5

/* Where world_prefetch saw the cell of an update: checked before it is believed, so one that is out of
 * date costs a lookup and nothing else. Zero: nowhere. */
struct seen {
    uint32_t space, cell; /* their numbers, plus 1 */
};

struct update {
    struct seen seen;
    uint64_t player;  /* who writes; never 0 */
    uint64_t owner;   /* whose cell as the writer named it; 0: the scope's default */
    bool server;      /* the writer has the role server */
    struct bytes category, key, state;
    uint32_t expected_version; /* wire form */
    struct context context;
    bool delete, must_not_exist;
    struct bytes base_digest;     /* empty, or 8 bytes */
    struct bytes idempotency_key; /* empty: none */
    uint64_t origin;       /* the stream that it came on, 0: none; its subscriber does not hear of it */
    uint32_t latency_ms;   /* measured one way, after the client's own statement lowered it */
    bool verdict;          /* the game accepted this proposal: the write rule is met */
    const char *refused;   /* the game's own validator says no, and why: DATA_INCONSISTENCY; else NULL */
    bool hard_version;     /* a nonzero expected_version is a precondition whatever the strategy */
    bool unique_later;     /* in an atomic batch: unique values are judged as the whole of it leaves them */
    bool base_missing;     /* it came as a delta whose base is not kept: `state` is unknown. STALE */
};

/* Whose cell it is about, in a category of this policy; 0: nobody's, it is shared. */
static inline uint64_t update_owner(const struct update *update, const struct category *policy) {
    if (policy->scope == SCOPE_SHARED) return 0;
    return update->owner ? update->owner : update->player;
}

struct conflict_view {
    enum conflict_type type;
    enum strategy strategy;
    bool parked;                  /* id is set, somebody must decide */
    uint8_t id[CONFLICT_ID_SIZE];
    bool requires_manual;
    struct bytes old_state, new_state, resolved_state;
    uint32_t old_version, base_version; /* wire form, 0: none */
    const char *reason;           /* NULL or text */
    const struct paths *overwritten; /* NULL or the paths that lost */
};

/* Everything in it is borrowed from the world until its next call. */
struct outcome {
    enum result result;
    int status;            /* ERROR: SS_ERR_INVALID, _TOO_LARGE, _DENIED, _NOT_FOUND, _NOMEM ... */
    const char *message;   /* ERROR and STALE: what is wrong; else NULL */
    uint64_t request_id;   /* not 0 but for ERROR and RATE_LIMITED */
    uint64_t seq;          /* of the effect, 0: none; also the log sequence number of the answer */
    uint32_t version;      /* what stands, wire form; 0: nothing ever stood */
    struct bytes state;    /* what stands */
    bool absent;           /* what stands is a tombstone or nothing */
    const struct clock *clock; /* what stands; NULL: none */
    bool corrected;        /* what stands differs from what was sent */
    struct bytes correction; /* turns what was sent into what stands; empty: cannot be said */
    bool replayed;         /* the first answer to this idempotency key */
    uint64_t proposal;     /* write: propose; its number, nothing has been written yet */
    /* Type CONFLICT_NONE: there was none, or (CONFLICT, with only a reason) the update met no other
     * version: it was proposed, or another update of its batch failed. */
    struct conflict_view conflict;
};

/* One version of one cell, for snapshots, pushes, history and the inspector. */
struct cell_view {
    uint64_t owner;
    struct bytes category, key;
    uint32_t version;
    bool deleted;
    struct bytes state;
    ss_time time;
    uint32_t tick;
    uint64_t writer;
    uint64_t node;
    uint64_t seq;
    const struct clock *clock; /* NULL where only the newest version has one */
};

#endif
