/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - what outlives a server: a disk in memory (journal/fault_vfs.h) that is the default VFS of
 * SQLite while a simulation runs, and the folder's lock (journal/directory.h, a second time). */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_FOLDER "/data" /* of the server's configuration */

struct disk;

/* `on_sync` is called when a sync begins: there time passes. Aborts when there is no memory. */
struct disk *disk_start(uint64_t seed, void (*on_sync)(void *context), void *context);
void disk_stop(struct disk *disk); /* nothing is open */

/* What of the unsynced writes is there after the machine was off. */
enum disk_rest {
    DISK_REST_ALL,  /* the process died, the page cache did not */
    DISK_REST_NONE, /* power cut */
    DISK_REST_SOME, /* power cut: some, torn, in any order */
};

/* From now on every call fails, until disk_restart. */
void disk_off(struct disk *disk);
bool disk_is_off(const struct disk *disk);
/* Goes off by itself at call number `calls` from now. */
void disk_off_at(struct disk *disk, uint64_t calls);
void disk_restart(struct disk *disk, enum disk_rest rest);

/* Call number `calls` from now fails, or all from then on do. */
void disk_fail_at(struct disk *disk, uint64_t calls, bool stays);
/* So many bytes more fit on it. */
void disk_fill(struct disk *disk, uint64_t room);
/* Room again, no calls fail. */
void disk_heal(struct disk *disk);

/* Flips one bit. disk_repair undoes it, and whatever else happened since. */
void disk_damage(struct disk *disk);
void disk_repair(struct disk *disk);
/* What a recovery would play out of it; the disk stays as it is. */
struct content {
    bool readable;
    uint64_t digest;         /* of all effects */
    uint64_t shape;          /* how they are divided between tables and groups */
    uint64_t newest, marked; /* groups: the newest, and the newest that was surely acknowledged */
};
struct content disk_content(struct disk *disk);

uint64_t disk_calls(const struct disk *disk);

#endif
