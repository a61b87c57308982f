/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - what the files of this folder share about a journal. */
#ifndef JOURNAL_INSIDE_H
#define JOURNAL_INSIDE_H

#include "journal/checkpoint.h"
#include "journal/entry.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "journal/pack.h"
#include "journal/statement.h"

#define JOURNAL_FORMAT      3
#define JOURNAL_APPLICATION 0x73737970 /* "ssyp": tells the file from other databases */

/* A row of `worlds`. The sums are over the checksums of all rows that this world has in the other
 * tables: so a row that vanished is noticed, not only one that changed. */
struct journal_world {
    struct bytes name; /* owned */
    uint64_t base_seq; /* effects up to here stand in no group any more */
    uint64_t rows, sum;
    uint64_t newest; /* time seen in effects, not stored */
    bool changed;    /* to be written with this transaction */
};

struct journal {
    const struct memory *memory;
    struct journal_config config;
    struct folder folder;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct journal_world *worlds;
    size_t world_count, world_capacity;
    uint64_t node;
    uint64_t last;         /* newest durable group */
    uint64_t first, moved; /* of the row of `meta` */
    bool meta_changed;
    uint64_t group_count, group_bytes; /* not yet deleted */
    struct checkpoint checkpoint;
    struct pack pack;
    struct buffer scratch;        /* one encoded effect */
    int log_pages;                /* of the write-ahead log after the last commit */
    int failed;                   /* SS_OK, or the status that ended everything */
    bool low;                     /* the ballast was given back */
    bool settling;                /* nobody waits for a commit */
    struct journal_stats counted; /* commits, steps, checkpoints, cells_moved */
};

/* database.c: the connection and its settings, the row of `meta`, the rows of `worlds`. */
int database_open(struct journal *journal, const char *path, char *why, size_t size);
void database_close(struct journal *journal);
int database_load(struct journal *journal, char *why, size_t size);
int database_save(struct journal *journal); /* meta and worlds, where changed */
int database_begin(struct journal *journal);
int database_commit(struct journal *journal);
/* Takes back the open transaction, and forgets what memory knew of it. */
void database_rollback(struct journal *journal);
int database_add_world(struct journal *journal, uint32_t world, struct bytes name);
/* The first column of the first row; 0 when there is none. */
int database_ask(struct journal *journal, const char *text, uint64_t *answer);
/* Notes an error that no retry can mend; gives `status` back. */
int journal_result(struct journal *journal, int status);

/* Each row stands for one effect, and has its checksum. These keep the world's sums. */
void world_row_added(struct journal_world *world, uint32_t crc);
void world_row_removed(struct journal_world *world, uint32_t crc);
/* The effect as bytes in journal->scratch (a view, size 0: out of memory). */
struct bytes journal_encode(struct journal *journal, const struct entry *entry);

#endif
