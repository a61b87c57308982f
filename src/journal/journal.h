/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - everything that the worlds of one server did, kept in SQLite.
 *
 * One row for each commit group (group.h); a group that journal_commit called durable is there
 * after kill -9 and after a power cut. From time to time a checkpoint moves the newest version of
 * each cell, and what is still remembered (floors, conflicts, idempotency keys), out of the oldest
 * groups into tables, a little with every few commits, and then deletes those groups.
 *
 * Single-threaded and deterministic: it reads no clock, starts no thread, and does the same under
 * any VFS. Usually a committer (committer.h) owns it. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/log.h"
#include "base/time.h"
#include "journal/group.h"

struct journal;

struct journal_config {
    const char *folder;          /* made when it is missing; its parent must be there */
    const struct memory *memory; /* of the journal itself; SQLite and zstd see to theirs */
    const struct log_sink *log;  /* NULL: nobody listens */
    const char *vfs;             /* a registered VFS of SQLite, NULL: the operating system's */
    /* Of groups, not packed: then a checkpoint begins, which takes four times as many at most, and
     * up to that much memory. */
    uint64_t checkpoint_bytes;
    uint32_t commits_per_step;       /* a step comes with every so many commits, at least 1 */
    uint32_t cells_per_step;         /* moved */
    uint32_t groups_per_step;        /* read or deleted */
    uint64_t read_bytes_per_step;    /* of groups, but at least one group */
    uint32_t log_pages_max;          /* of the write-ahead log, then it goes into the database */
    uint64_t ballast_bytes;          /* kept to be given back on a full disk, 0: none */
    ss_time keys_life, decided_life; /* as in world_config: older ones need not be kept */
};
struct journal_config journal_config_default(void);

/* SS_OK; else a sentence that says what to do stands in `why`, and the status is
 *   SS_ERR_BUSY         another process works in that folder
 *   SS_ERR_UNSUPPORTED  written by a newer statesync, or no journal at all
 *   SS_ERR_CORRUPT      damaged, or an acknowledged group is missing
 *   SS_ERR_DENIED       read-only, or not ours
 *   SS_ERR_NOT_FOUND    the folder above it does not exist
 *   SS_ERR_UNAVAILABLE  the disk is full
 *   SS_ERR_INVALID, SS_ERR_NOMEM, SS_ERR_IO */
int journal_open(struct journal **journal, const struct journal_config *config, char *why,
                 size_t size);
/* Commits nothing. NULL is allowed. */
void journal_close(struct journal *journal);

/* The actor of this data folder in vector clocks: minted when it was made, never 0. */
uint64_t journal_node(const struct journal *journal);
/* The number of the newest durable group, 0 when there never was one. */
uint64_t journal_last(const struct journal *journal);
/* The number of that world, UINT32_MAX when it has none yet (group_add_name gives it one: take
 * journal_world_count). Numbers are 0, 1, 2 ... */
uint32_t journal_world(const struct journal *journal, struct bytes name);
uint32_t journal_world_count(const struct journal *journal);
/* Borrowed until the next commit. */
struct bytes journal_world_name(const struct journal *journal, uint32_t world);

/* Takes what one world did, in order: one or several whole effects, for world_replay. SS_OK goes
 * on; anything else ends the recovery with that status. */
typedef int journal_replay(void *context, struct bytes world, struct bytes effects);

/* Plays everything, first what was moved into tables, then the groups. Checks the pages of
 * the database, every checksum, that no row and no group is missing, and that each effect can be
 * decoded. SS_OK, SS_ERR_CORRUPT (`why` names group and offset, or the row), or what `replay` said.
 * May be called again. */
int journal_recover(struct journal *journal, journal_replay *replay, void *context, char *why,
                    size_t size);

/* Makes a group durable under the number journal_last + 1, and does a step of the checkpoint in the
 * same transaction. `now` is noted for people. SS_OK: it is durable. SS_ERR_UNAVAILABLE (the disk
 * is full) and SS_ERR_NOMEM: it is not, and may be tried again. Anything else is final: an fsync
 * that failed cannot be repeated, so from then on every call gives that status. */
int journal_commit(struct journal *journal, struct bytes group, ss_time now);
/* Moves the write-ahead log into the database when it has grown; between commits, when nobody
 * waits. Same errors. */
int journal_tidy(struct journal *journal);

/* Lets a checkpoint of all groups so far begin, however few they are. */
void journal_checkpoint(struct journal *journal);
/* Is one under way? */
bool journal_checkpointing(const struct journal *journal);
/* A step of it in a transaction of its own. SS_OK, SS_ERR_AGAIN when nothing is left to do, or the
 * errors of journal_commit. */
int journal_step(struct journal *journal);
/* Told now and then: what is being done, and how far it is. */
struct progress {
    void (*tell)(void *context, const char *phase, uint64_t done, uint64_t total);
    void *context;
};

/* Groups have piled up far beyond what lets a checkpoint begin, as when a server dies again and
 * again before it is through: journal_settle, now, keeps the next start short. */
bool journal_overdue(const struct journal *journal);
/* All steps of a checkpoint of every group, large ones as nobody waits, then an empty write-ahead
 * log. Same errors as journal_commit. `progress` may be NULL. */
int journal_settle(struct journal *journal, const struct progress *progress);

/* The ballast was given back: the disk is full, or nearly. */
bool journal_low(const struct journal *journal);
/* Fills the ballast again. SS_OK: there is room as before. */
int journal_refill(struct journal *journal);

struct journal_stats {
    uint64_t node, first_group, last_group, groups, group_bytes;
    uint64_t worlds, cells, tombstones, conflicts, keys, floors;
    uint64_t rows_sum; /* over the checksums of all rows but those of groups */
    uint64_t database_bytes, log_bytes, ballast_bytes, free_bytes; /* free: inside the database */
    uint64_t commits, steps, checkpoints, cells_moved;             /* of this process */
};
/* Reads counts from the tables, so it may take a second for 10^6 cells. */
int journal_stats(struct journal *journal, struct journal_stats *stats);

#endif
