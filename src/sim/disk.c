/* SPDX-License-Identifier: Apache-2.0 */
/* A second disk holds what the first one held before it was damaged. */
#include "sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/status.h"
#include "journal/directory.h"
#include "journal/fault_vfs.h"
#include "journal/folder.h"
#include "journal/journal.h"

#define SCRATCH "sim-scratch"

/* What a journal reaches without being told where, as net/ does with struct virtual. */
static _Thread_local struct disk *current;

struct disk {
    struct fault_vfs *vfs, *copy; /* copy: NULL until it is needed */
    uint64_t seed;
    bool locked;
};

static struct fault_vfs *create(const char *name, uint64_t seed) {
    struct fault_vfs *vfs;
    if (fault_vfs_create(&vfs, &memory_heap, name, seed) != SS_OK) abort();
    return vfs;
}

struct disk *disk_start(uint64_t seed, void (*on_sync)(void *context), void *context) {
    struct disk *disk = calloc(1, sizeof *disk);
    if (!disk) abort();
    disk->seed = seed;
    disk->vfs = create("sim", seed);
    fault_vfs_on_sync(disk->vfs, on_sync, context);
    sqlite3_vfs_register(sqlite3_vfs_find("sim"), 1);
    sqlite3_randomness(0, NULL); /* the next one asks this disk for its seed */
    current = disk;
    return disk;
}

void disk_stop(struct disk *disk) {
    current = NULL;
    fault_vfs_destroy(disk->vfs);
    if (disk->copy) fault_vfs_destroy(disk->copy);
    free(disk);
}

void disk_off(struct disk *disk) {
    fault_vfs_off(disk->vfs);
}
bool disk_is_off(const struct disk *disk) {
    return fault_vfs_is_off(disk->vfs);
}
void disk_off_at(struct disk *disk, uint64_t calls) {
    fault_vfs_plan(disk->vfs, FAULT_CRASH, calls, true);
}

void disk_restart(struct disk *disk, enum disk_rest rest) {
    static const enum crash crashes[] = {CRASH_KEEP, CRASH_LOSE, CRASH_MIX};
    fault_vfs_restart(disk->vfs, crashes[rest]);
}

void disk_fail_at(struct disk *disk, uint64_t calls, bool stays) {
    fault_vfs_plan(disk->vfs, FAULT_IO, calls, stays);
}

void disk_fill(struct disk *disk, uint64_t room) {
    fault_vfs_capacity(disk->vfs, fault_vfs_used(disk->vfs) + room + 1);
}

void disk_heal(struct disk *disk) {
    fault_vfs_plan(disk->vfs, FAULT_NONE, 0, false);
    fault_vfs_capacity(disk->vfs, 0);
}

uint64_t disk_calls(const struct disk *disk) {
    return fault_vfs_counts(disk->vfs).calls;
}

/* ---- damage -------------------------------------------------------------------------------- */

void disk_damage(struct disk *disk) {
    if (!disk->copy) disk->copy = create("sim-copy", disk->seed + 1);
    if (fault_vfs_copy(disk->copy, disk->vfs) != SS_OK) abort();
    (void)fault_vfs_flip(disk->vfs);
}

void disk_repair(struct disk *disk) {
    if (fault_vfs_copy(disk->vfs, disk->copy) != SS_OK) abort();
}

static int fold(void *context, struct bytes world, struct bytes effects) {
    static const struct hash_key key = {0x64697363, 0x6f6e74};
    uint64_t *sum = context;
    *sum = hash_mix(*sum + hash_bytes(key, world)) + hash_bytes(key, effects);
    return SS_OK;
}

/* A step of a checkpoint says the same in other words. */
static uint64_t shape_of(struct journal *journal) {
    struct journal_stats stats;
    if (journal_stats(journal, &stats) != SS_OK) return 0;
    uint64_t shape = hash_mix(stats.first_group + 1);
    shape = hash_mix(shape + stats.cells) + stats.tombstones;
    shape = hash_mix(shape + stats.conflicts) + stats.floors;
    return hash_mix(shape + stats.keys) + stats.rows_sum;
}

static uint64_t read_mark(const char *vfs, uint64_t node) {
    struct folder folder;
    uint64_t marked = 0;
    char why[256];
    if (folder_open(&folder, DISK_FOLDER, vfs, why, sizeof why) == SS_OK &&
        folder_open_files(&folder, &memory_heap) == SS_OK)
        (void)folder_mark_read(&folder, node, &marked);
    folder_close(&folder);
    return marked;
}

/* Opening a journal marks what it finds, so the mark is read from another copy. */
static struct content content_of(struct fault_vfs *scratch, const struct disk *disk) {
    struct journal_config config = journal_config_default();
    struct content content = {.digest = 1};
    struct journal *journal = NULL;
    char why[256];
    config.folder = DISK_FOLDER;
    config.vfs = SCRATCH;
    config.ballast_bytes = 0;
    if (fault_vfs_copy(scratch, disk->vfs) != SS_OK) abort();
    content.readable = journal_open(&journal, &config, why, sizeof why) == SS_OK &&
                       journal_recover(journal, fold, &content.digest, why, sizeof why) == SS_OK;
    content.newest = content.readable ? journal_last(journal) : 0;
    content.shape = content.readable ? shape_of(journal) : 0;
    uint64_t node = content.readable ? journal_node(journal) : 0;
    journal_close(journal);
    if (fault_vfs_copy(scratch, disk->vfs) != SS_OK) abort();
    content.marked = read_mark(SCRATCH, node);
    return content;
}

struct content disk_content(struct disk *disk) {
    struct fault_vfs *scratch = create(SCRATCH, disk->seed + 2);
    struct content content = content_of(scratch, disk);
    fault_vfs_destroy(scratch);
    return content;
}

/* ---- the folder ---------------------------------------------------------------------------- */

int directory_lock(const char *path, int *lock, char *why, size_t size) {
    if (current->locked) {
        snprintf(why, size, "%s: another process works in this folder", path);
        return SS_ERR_BUSY;
    }
    current->locked = true;
    *lock = 0;
    return SS_OK;
}

void directory_unlock(int lock) {
    (void)lock;
    current->locked = false;
}

int directory_sync(const char *path) {
    (void)path;
    return disk_is_off(current) ? SS_ERR_IO : SS_OK;
}
