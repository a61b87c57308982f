/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h - moves old groups into the tables, a little with every few commits.
 *
 *   READ    groups, up to the newest one when the round began: of each cell the newest effect is
 *           noted in memory; everything else goes into its table at once, and `moved_group` follows
 *   MOVE    the noted cells into the table, in the order of its key
 *   DELETE  those groups
 *
 * Nothing depends on the memory: after a crash the round begins again, cells that were moved are
 * passed over, and what stands in a table (moved_group) is not applied twice. */
#ifndef JOURNAL_CHECKPOINT_H
#define JOURNAL_CHECKPOINT_H

#include "base/bytes.h"

struct journal;

#define CHECKPOINT_WHOLE 1000

enum checkpoint_phase { CHECKPOINT_IDLE, CHECKPOINT_READ, CHECKPOINT_MOVE, CHECKPOINT_DELETE };

/* The newest effect of a cell among the groups of one step. All views lie in the run's bytes. */
struct mention {
    uint64_t owner, seq;
    struct bytes category, key, effect;
    uint32_t world;
};

/* The mentions of one step, in the order of the table's key, each cell once. */
struct run {
    struct mention *mentions;
    size_t count, capacity, next;
    uint8_t *bytes;
    size_t size;
};

/* The last effect of a world in a group, and how many of those there are up to a group. */
struct span {
    uint32_t world;
    uint64_t seq;
};
struct passed {
    uint64_t size;
    size_t spans_end;
};

struct checkpoint {
    const struct memory *memory;
    enum checkpoint_phase phase;
    bool wanted;           /* asked for, however few groups there are */
    uint64_t first, until; /* groups of this round */
    uint64_t read;         /* groups up to here are noted */
    uint64_t bytes;        /* in those */
    uint64_t heard, moved; /* mentions of cells, and how many of them are done with */
    struct run *runs;
    size_t run_count, run_capacity;
    uint32_t *heap; /* of runs that have something left, the one with the first cell on top */
    size_t heap_count, heap_capacity;
    struct span *spans; /* of all groups of the round, in order */
    size_t span_count, span_capacity, span_next;
    struct passed *passed; /* by group - first */
    size_t passed_count, passed_capacity;
};

/* Inside a transaction: does what is next, begins a round when one is due. SS_OK, SS_ERR_AGAIN when
 * there is nothing to do, or an error: then the transaction is rolled back. */
int checkpoint_step(struct journal *journal);
/* How far the round is, of CHECKPOINT_WHOLE; at rest it is through. */
uint64_t checkpoint_progress(const struct journal *journal);
/* Forgets the round; the next one begins at the first group that is left. */
void checkpoint_forget(struct checkpoint *checkpoint);

/* run.c */
/* Orders the mentions, keeps of each cell the newest, and copies what they view. SS_OK,
 * SS_ERR_NOMEM. */
int run_finish(struct run *run, const struct memory *memory);
void run_free(struct run *run, const struct memory *memory);
int mention_compare(const struct mention *a, const struct mention *b); /* by cell */
/* Lets all runs of the checkpoint be merged. SS_OK or SS_ERR_NOMEM. */
int runs_open(struct checkpoint *checkpoint);
/* The newest mention of the next cell, NULL at the end. */
const struct mention *runs_next(struct checkpoint *checkpoint);

#endif
