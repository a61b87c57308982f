/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - the data folder of one server.
 *
 *   statesync.db       the database (and statesync.db-wal beside it while it is open)
 *   statesync.mark     the number of the newest group that was ever called durable
 *   statesync.ballast  room to give back when the disk is full
 *   statesync.lock     held with flock(2) by the process that works in the folder
 *
 * Why a mark: the write-ahead log forgives a damaged tail, as it cannot tell it from a torn write.
 * The mark is written (not synced) after each commit, so it never claims too much, and what is
 * shorter than it has lost something.
 *
 *   mark:  "ssmk" [u64 node][u64 group][u32 CRC-32C of what stands before] */
#ifndef JOURNAL_FOLDER_H
#define JOURNAL_FOLDER_H

#include "journal/file.h"

#define FOLDER_PATH_MAX 4096

struct folder {
    sqlite3_vfs *vfs;
    bool real; /* the operating system's: there are locks and folders to sync */
    int lock;  /* -1: none */
    struct file mark, ballast;
    char path[FOLDER_PATH_MAX];
    char database[FOLDER_PATH_MAX + 32], mark_path[FOLDER_PATH_MAX + 32];
    char ballast_path[FOLDER_PATH_MAX + 32], log_path[FOLDER_PATH_MAX + 32];
};

/* Makes the folder when there is none, takes its lock. SS_OK; SS_ERR_BUSY, _DENIED, _NOT_FOUND,
 * _INVALID (no such VFS, path too long), _IO, with a sentence in `why`. folder_close in any case.
 */
int folder_open(struct folder *folder, const char *path, const char *vfs, char *why, size_t size);
void folder_close(struct folder *folder);
/* Opens the mark and the ballast. */
int folder_open_files(struct folder *folder, const struct memory *memory);
/* Before the database is opened: what a start finds may stand in the page cache only, because the
 * process before died ahead of its sync, or because its sync failed, and what that lost no other
 * sync writes. So the write-ahead log, and the page that makes the file a database, are written again
 * and synced. */
int folder_write_again(struct folder *folder);
/* Makes created names durable. */
int folder_sync(const struct folder *folder);

/* The marked group, 0 when there is no mark for this node. */
int folder_mark_read(struct folder *folder, uint64_t node, uint64_t *group);
int folder_mark_write(struct folder *folder, uint64_t node, uint64_t group);

/* Beside a database without tables there must be no mark of groups: SS_ERR_CORRUPT when there is.
 * The file may not even be empty: all tables of a young database stand in its write-ahead log. */
int folder_mark_lost(struct folder *folder, char *why, size_t size);

/* Fills the ballast to `bytes`; on an error (SS_ERR_UNAVAILABLE: no room) it is empty. */
int folder_ballast_fill(struct folder *folder, uint64_t bytes);
/* True when there was something to give back. */
bool folder_ballast_free(struct folder *folder);

#endif
