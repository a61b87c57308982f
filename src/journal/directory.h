/* SPDX-License-Identifier: Apache-2.0 */
/* directory.h - what the journal asks of the operating system beside a VFS of SQLite: that the
 * folder is there, that one process works in it, and that names made in it last. A simulator puts
 * its own in this place. */
#ifndef JOURNAL_DIRECTORY_H
#define JOURNAL_DIRECTORY_H

#include <stddef.h>

/* Makes the folder when there is none, and takes the lock of the file statesync.lock in it; the
 * lock ends with the process at the latest. SS_OK; SS_ERR_BUSY, _DENIED, _NOT_FOUND, _INVALID,
 * _IO, with a sentence in `why`. */
int directory_lock(const char *path, int *lock, char *why, size_t size);
void directory_unlock(int lock);
/* Names that were made or removed are so after a power cut, too. SS_OK or SS_ERR_IO. */
int directory_sync(const char *path);

#endif
