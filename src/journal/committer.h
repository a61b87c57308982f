/* SPDX-License-Identifier: Apache-2.0 */
/* committer.h - a thread that owns a journal, so that no world ever waits for a disk.
 *
 * What worlds did goes into the open group. The thread takes it and commits at once when something
 * of class `sync` is in it, else when it is `async_delay` old; while a commit runs the next group
 * grows. So a group is as large as the disk is slow, and an answer waits for one commit, or a
 * little more than one. An answer may be shown when committer_durable has reached the group of its
 * effect. */
#ifndef JOURNAL_COMMITTER_H
#define JOURNAL_COMMITTER_H

#include "base/histogram.h"
#include "journal/journal.h"
#include "world/category.h"

struct committer;

enum committer_state {
    COMMITTER_RUNNING,
    COMMITTER_FULL,   /* the disk is (nearly) full: refuse writes, go on reading; it mends itself */
    COMMITTER_FAILED, /* nothing becomes durable any more: stop answering, and exit */
};

struct committer_config {
    struct journal *journal; /* recovered; nobody else touches it until committer_stop */
    const struct memory *memory;
    const struct log_sink *log;
    /* Called from the thread after each commit and each change of state; must be quick and safe
     * from any thread (loop_wake is). NULL: nobody wants to know. */
    void (*wake)(void *context);
    void *context;
    ss_time async_delay;      /* how long effects of class async may wait */
    ss_time checkpoint_delay; /* how old groups become before a checkpoint moves them */
    ss_time retry_delay;      /* on a full disk */
    uint64_t pending_max;     /* bytes that wait: beyond them committer_crowded says so */
};
struct committer_config committer_config_default(struct journal *journal);

/* SS_OK, SS_ERR_NOMEM, SS_ERR_UNAVAILABLE (no thread). */
int committer_start(struct committer **committer, const struct committer_config *config);
/* Commits what waits, ends the thread, and frees the committer; the journal is the caller's again.
 * SS_OK, or why something was not made durable. NULL is allowed. */
int committer_stop(struct committer *committer);

/* ---- from any thread ----------------------------------------------------------------------- */

/* The number of the world of that name (at most 127 bytes), given to it now at the latest.
 * SS_OK or SS_ERR_NOMEM. */
int committer_world(struct committer *committer, const char *name, uint32_t *world);

/* Adds what a world did in one turn (world_effects) to the open group; `*group` is its number, 0
 * when there was nothing. Copies, and never waits for a disk. SS_OK; SS_ERR_NOMEM: nothing was
 * added, so leave the world's effects uncleared and come again, before any answer; or the status
 * that ended the committer. */
int committer_append(struct committer *committer, uint32_t world, struct bytes effects,
                     enum durability strongest, uint64_t *group);

/* Groups up to this number are durable. */
uint64_t committer_durable(const struct committer *committer);
enum committer_state committer_state(const struct committer *committer);
/* So much waits that writes should be refused until it has gone. */
bool committer_crowded(const struct committer *committer);

struct committer_stats {
    uint64_t groups, bytes, pending_bytes;
    struct histogram commit_us; /* duration of commits */
};
void committer_stats(struct committer *committer, struct committer_stats *stats);

#endif
