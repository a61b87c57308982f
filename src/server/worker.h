/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - hosts worlds: executes commands in batches, ticks, feeds subscribers, encodes answers.
 *
 * The only place that touches a world. It knows no socket and no call, only tickets; everything
 * that it has to say goes into the ring. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "base/log.h"
#include "journal/committer.h"
#include "server/dictionary.h"
#include "server/ring.h"
#include "world/world.h"

struct worker;

/* Hooks of the game; each may be NULL. Called from inside worker_run and worker_put. */
struct worker_hooks {
    void *context;
    /* SS_OK lets the update through; anything else refuses it as DATA_INCONSISTENCY. */
    int (*validate)(void *context, const char *world, const struct update *update,
                    const struct cell_view *standing, struct reason *why);
    void (*on_conflict)(void *context, const char *world, const struct update *update,
                        const struct conflict_view *conflict);
    void (*on_change)(void *context, const char *world, const struct update *update,
                      const struct outcome *outcome);
};

struct worker_config {
    const struct memory *memory;
    const struct log_sink *log;
    struct worker_hooks hooks;
    struct world_config world;    /* for every world; `name` is set at worker_open_world */
    bool external_ticks;          /* worker_tick closes them, not time */
    uint32_t request_updates_max; /* in a batch that is not atomic, 4096 */
    size_t snapshot_max;          /* bytes without paging, 4 MiB */
    uint32_t worlds_max;
    uint32_t subscriptions_per_player;
};

int worker_create(struct worker **worker, const struct worker_config *config);
void worker_destroy(struct worker *worker);

/* SS_OK and *index; SS_ERR_EXISTS (index is set), SS_ERR_INVALID (name), SS_ERR_TOO_LARGE
 * (worlds_max), SS_ERR_NOMEM. */
int worker_open_world(struct worker *worker, const char *name, ss_time now, uint32_t *index);
/* Plays effects of the journal into the world of that name, which is opened if need be; before
 * worker_begin. SS_OK, SS_ERR_INVALID when the world's categories have no place for them, and the
 * errors of worker_open_world. */
int worker_replay(struct worker *worker, struct bytes name, struct bytes effects, ss_time now);
/* After recovery: from now on everything goes to `committer` (NULL: everything stays in memory),
 * which is borrowed. SS_OK, SS_ERR_NOMEM, or SS_ERR_INVALID with `why` when what was recovered
 * breaks what the categories demand (world_check). */
int worker_begin(struct worker *worker, struct committer *committer, struct reason *why);
/* The world of that name, or UINT32_MAX. */
uint32_t worker_find_world(const struct worker *worker, struct bytes name);
uint32_t worker_world_count(const struct worker *worker);
struct world *worker_world(const struct worker *worker, uint32_t index);
/* New policies for every world; SS_ERR_INVALID with `why` leaves all as they were. */
int worker_reconfigure(struct worker *worker, const struct category *const *categories,
                       size_t count, const struct category *fallback, struct reason *why);

/* What snapshots may be compressed with, borrowed; NULL: nothing. */
void worker_dictionaries(struct worker *worker, const struct dictionaries *dictionaries);

struct ring *worker_ring(struct worker *worker);
/* Executes every queued command, then whatever ticks are due. */
void worker_run(struct worker *worker, ss_time now);
/* Executes the queued commands only: when the ring is full in the middle of a turn. */
void worker_execute(struct worker *worker, ss_time now);
/* When worker_run must be called next though no command came. */
ss_time worker_deadline(const struct worker *worker);
/* Answers up to this lsn may be shown. */
uint64_t worker_durable(const struct worker *worker);
/* False once effects can be neither kept nor made durable: stop answering. */
bool worker_healthy(const struct worker *worker);

/* The same path for the process itself: one update as role server. */
void worker_put(struct worker *worker, uint32_t world, struct update *update, ss_time now,
                struct outcome *outcome);
/* External ticks: closes one. */
void worker_tick(struct worker *worker, uint32_t world, ss_time now);

struct worker_stats {
    uint32_t subscribers;
    uint64_t pushes;
};
void worker_stats(const struct worker *worker, uint32_t world, struct worker_stats *stats);

#endif
