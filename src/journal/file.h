/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - small files beside the database, through the same VFS, so that the simulator sees them.
 */
#ifndef JOURNAL_FILE_H
#define JOURNAL_FILE_H

#include <sqlite3.h>

#include "base/bytes.h"

struct file {
    const struct memory *memory;
    sqlite3_file *handle; /* NULL: not open */
    size_t handle_size;
};

/* Opens or creates. `path` lives as long as the file. SS_OK or what file_status says. */
int file_open(struct file *file, const struct memory *memory, sqlite3_vfs *vfs, const char *path);
void file_close(struct file *file);
int file_read(struct file *file, void *to, size_t size, uint64_t at); /* short: zeros follow */
int file_write(struct file *file, struct bytes from, uint64_t at);
int file_size(struct file *file, uint64_t *size);
int file_cut(struct file *file, uint64_t size);
int file_sync(struct file *file);

/* A result code of SQLite as a status: a full disk is SS_ERR_UNAVAILABLE, damage SS_ERR_CORRUPT,
 * anything unexpected SS_ERR_IO. */
int file_status(int code);

#endif
