/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - one zone, match or shard: a deterministic, single-threaded state machine over cells.
 *
 * The world never calls outward: it is told (update, batch, resolve, session), ticked, and asked
 * (snapshot, history, changes). It reads no clock and draws no randomness; given the same calls in the
 * same order it ends in the same state to the byte. Whatever it did is an effect (effect.h), and the
 * journal, the cluster, subscribers and replays are readers of that one list. */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "base/hash.h"
#include "world/update.h"

struct world;

struct world_config {
    const char *name;
    uint64_t node;                      /* the actor of this process in vector clocks */
    struct hash_key key;                /* secret: cell hashes, conflict ids, page tokens */
    const struct category *const *categories;
    size_t category_count;
    const struct category *fallback;    /* policy of undeclared categories, NULL: they are unknown */
    uint32_t tick_hz;
    ss_time max_rewind;
    uint32_t category_bytes, key_bytes; /* 64, 256 */
    uint32_t cells_per_player;          /* 4096 */
    uint64_t bytes_per_player;          /* 16 MiB with history */
    uint64_t cells_max;                 /* of the whole world, 0: only memory limits it */
    uint32_t parked_max;                /* 1024 */
    uint32_t parked_per_player;         /* 64 */
    uint64_t parked_bytes;              /* 16 MiB */
    ss_time parked_life;                /* 24 h, then KEEP_OLD */
    ss_time decided_life;               /* 10 min: how long a decision stays readable */
    uint32_t keys_per_player;           /* 1024 remembered idempotency keys */
    ss_time keys_life;                  /* 10 min */
    uint32_t proposals_max;             /* 1024 held for a verdict */
    bool keep_effects;                  /* collect encoded effects for world_effects */
};
struct world_config world_config_default(void);

/* SS_OK, SS_ERR_NOMEM, or SS_ERR_INVALID when a policy contradicts itself. `now` is the first time. */
int world_create(struct world **world, const struct memory *memory,
                 const struct world_config *config, ss_time now);
void world_destroy(struct world *world);

/* 48 bits that name this world: the head of its conflict ids and page tokens. */
uint64_t world_prefix(const struct world *world);
const char *world_name(const struct world *world);
uint32_t world_tick_number(const struct world *world);

/* The new policies of a reload: same names or more; SS_ERR_INVALID (with `why`) when a live category
 * changes its format or scope, or disappears, or when two cells have one value of a field that is
 * unique now; SS_ERR_NOMEM. In two steps, so that several worlds take them together or not at all:
 * after SS_OK comes one of the other two, and nothing else before it. */
int world_reform(struct world *world, const struct category *const *categories, size_t count,
                 const struct category *fallback, struct reason *why);
void world_reform_take(struct world *world);
void world_reform_drop(struct world *world);
/* Both steps. */
int world_reconfigure(struct world *world, const struct category *const *categories, size_t count,
                      const struct category *fallback, struct reason *why);

/* ---- told ---------------------------------------------------------------------------------- */

/* Asks memory for what world_update will touch, some updates ahead of the one that is applied, so that
 * their cache misses overlap with work:
 *
 *     struct prefetch prefetch = world_prefetch(world, updates, count);
 *     for (i = 0; i < count; i++) {
 *         world_prefetch_next(&prefetch);
 *         world_update(world, &updates[i], now, &outcome);
 *     }
 *
 * Changes nothing but updates[].seen; whoever changes an owner, category or key afterwards only loses the
 * gain. `updates` is borrowed until the last step. */
#define WORLD_PREFETCH_AHEAD 8
struct prefetch {
    const struct world *world;
    struct update *updates;
    size_t count, step;
    uint64_t hashes[WORLD_PREFETCH_AHEAD];
};
struct prefetch world_prefetch(const struct world *world, struct update *updates, size_t count);
void world_prefetch_next(struct prefetch *prefetch);

/* One update. Everything is in `outcome`; there is no other error. */
void world_update(struct world *world, const struct update *update, ss_time now,
                  struct outcome *outcome);

/* All or nothing (contract: atomic batch). On success every outcomes[i] is SUCCESS. Otherwise nothing
 * was applied or parked, outcomes[i] tells for each update what it met: the culprits their own result,
 * the rest CONFLICT with reason "another update of the batch failed". `idempotency_key` is the batch's.
 * The views in outcomes live until the next call. At most 256. */
#define WORLD_ATOMIC_MAX 256
void world_batch(struct world *world, const struct update *updates, size_t count,
                 struct bytes idempotency_key, ss_time now, struct outcome *outcomes);

struct resolution {
    uint8_t id[CONFLICT_ID_SIZE];
    enum strategy strategy;
    struct bytes custom;
    uint64_t player; /* who decides */
    bool server;
};
struct resolved {
    int status;           /* SS_OK, SS_ERR_NOT_FOUND, _DENIED, _INVALID, _CONFLICT (moved on: asked
                             again it applies, `conflict` is refreshed), _NOMEM */
    bool success;
    const char *message;  /* when !success */
    uint32_t version;     /* that stands after the decision */
    struct bytes state;
    uint64_t seq;
    struct conflict_view conflict; /* type CONFLICT_NONE unless still open */
    /* what the decision concerned, for pushing the outcome to the parked writer */
    struct cell_view cell;
    uint64_t writer;
    bool repeated;        /* the same answer as before: nothing happened now */
};
void world_resolve(struct world *world, const struct resolution *resolution, ss_time now,
                   struct resolved *resolved);

/* The verdict on a proposed write: accepted (with `changed` instead of what was proposed, when not
 * NULL) it becomes an update of its writer, and `outcome` is that update's; rejected it is forgotten.
 * SS_OK or SS_ERR_NOT_FOUND. */
int world_decide(struct world *world, uint64_t proposal, bool accept, const struct bytes *changed,
                 ss_time now, struct outcome *outcome);

/* A session of `player` began or ended; with the last one its `session` cells are deleted. */
int world_session_open(struct world *world, uint64_t player, ss_time now);
void world_session_close(struct world *world, uint64_t player, ss_time now);

/* Closes a tick: expires what is due (at most `budget` things), then counts the tick. */
void world_tick(struct world *world, ss_time now, size_t budget);

/* A conflict that expired since the last call: false when there is none (left). */
bool world_expired(struct world *world, struct resolved *expired);

/* ---- asked --------------------------------------------------------------------------------- */

/* The newest version of a cell; false when it never was or is forgotten. A tombstone is `deleted`. */
bool world_get(const struct world *world, uint64_t owner, struct bytes category, struct bytes key,
               struct cell_view *view);
/* A kept version of a cell by its wire form; false when there is none such, or it is a tombstone. */
bool world_version(const struct world *world, uint64_t owner, struct bytes category,
                   struct bytes key, uint32_t version, struct cell_view *view);
/* The policy under that name, NULL when the category is unknown. */
const struct category *world_category(const struct world *world, struct bytes name);

/* Kept versions of a cell, the newest first, into views[0 .. max). Returns how many. */
size_t world_history(const struct world *world, uint64_t owner, struct bytes category,
                     struct bytes key, struct cell_view *views, size_t max);

struct parked_view {
    struct conflict_view conflict;
    struct cell_view cell; /* owner, category, key; the version that stands now */
    struct bytes base;
    uint64_t writer;
    ss_time detected, expires;
    bool decided;
    uint32_t decided_version;
};
/* Open conflicts of `category` (empty: all), the oldest first, that `player` may resolve or wrote
 * (a server: all), skipping `offset`; returns how many were written, *total how many there are. */
size_t world_conflicts(const struct world *world, uint64_t player, bool server,
                       struct bytes category, size_t offset, struct parked_view *views, size_t max,
                       size_t *total);
int world_conflict(const struct world *world, const uint8_t id[CONFLICT_ID_SIZE], uint64_t player,
                   bool server, struct parked_view *view);

struct proposal_view {
    uint64_t id;
    ss_time proposed;
    struct update update;
};
size_t world_proposals(const struct world *world, struct proposal_view *views, size_t max);

struct world_stats {
    uint64_t cells, tombstones, bytes, updates, parked, players, sessions, effects;
    uint64_t results[RESULT_COUNT];
    uint64_t conflicts[CONFLICT_TYPE_COUNT];
    uint64_t resolutions[5]; /* by strategy */
    uint64_t seq;            /* of the newest effect */
};
void world_stats(const struct world *world, struct world_stats *stats);

/* Whether cells keep what their policies demand of them together. A replay does what was done and judges
 * nothing, so it may break what is demanded since: SS_ERR_INVALID when two cells have one unique value,
 * and `why` names them. */
int world_check(const struct world *world, struct reason *why);

/* A hash over the whole content in a canonical order: equal worlds give equal digests. Slow. */
uint64_t world_digest(const struct world *world);

#endif
