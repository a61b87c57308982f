/* SPDX-License-Identifier: Apache-2.0 */
/* fault_vfs.h - a disk in memory whose every misfortune comes from a seed: for simulation and
 * tests.
 *
 * Under it the shipping journal meets failing and full disks, power cuts that lose, tear and
 * reorder what was not synced, deleted files that come back, and flipped bits. Equal seeds and
 * equal calls give equal disks. One thread at a time. */
#ifndef JOURNAL_FAULT_VFS_H
#define JOURNAL_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

struct fault_vfs;

enum fault {
    FAULT_NONE,
    FAULT_IO,    /* the call fails; of a sync that fails, nothing that waited for it ever arrives */
    FAULT_FULL,  /* the first write from then on that would grow a file fails */
    FAULT_CRASH, /* this call and all later ones fail: the machine is off */
};
enum crash {
    CRASH_KEEP, /* the process died: everything written is there */
    CRASH_LOSE, /* power cut: nothing that was not synced is there */
    CRASH_MIX,  /* power cut: of what was not synced some is there, some is torn, some is not */
};

/* Registers a VFS of SQLite under `name` (borrowed). SS_OK, SS_ERR_NOMEM or SS_ERR_EXISTS. */
int fault_vfs_create(struct fault_vfs **vfs, const struct memory *memory, const char *name,
                     uint64_t seed);
void fault_vfs_destroy(struct fault_vfs *vfs); /* no file is open */

/* Call number `at` from now on (1: the next one) meets `fault`; `stays`: and all that follow. */
void fault_vfs_plan(struct fault_vfs *vfs, enum fault fault, uint64_t at, bool stays);
/* Called when a sync begins, before it has any effect: a place where time may pass, and the machine
 * may go off. NULL: nothing is called. */
void fault_vfs_on_sync(struct fault_vfs *vfs, void (*on_sync)(void *context), void *context);
/* The machine goes off now: every call fails until fault_vfs_restart. */
void fault_vfs_off(struct fault_vfs *vfs);
bool fault_vfs_is_off(const struct fault_vfs *vfs);
/* Bytes that fit on the disk, 0: no limit. */
void fault_vfs_capacity(struct fault_vfs *vfs, uint64_t bytes);

/* The machine goes off and on again; no file is open. Ends every plan. */
void fault_vfs_restart(struct fault_vfs *vfs, enum crash crash);
/* Flips one bit of one file, chosen by the seed; returns the name of the file, NULL: all are empty.
 */
const char *fault_vfs_flip(struct fault_vfs *vfs);

/* Makes the disk `to` (which has no file open) equal to `from`. SS_OK or SS_ERR_NOMEM. */
int fault_vfs_copy(struct fault_vfs *to, const struct fault_vfs *from);

struct fault_counts {
    uint64_t calls, writes, bytes_written, syncs;
};
struct fault_counts fault_vfs_counts(const struct fault_vfs *vfs);
uint64_t fault_vfs_used(const struct fault_vfs *vfs); /* bytes in all files */

#endif
