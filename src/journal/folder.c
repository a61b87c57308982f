/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/folder.h"

#include <stdio.h>

#include "base/random.h"
#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/directory.h"

#define MARK_SIZE     24 /* 4 + 8 + 8 + 4 */
#define BLOCK         65536
#define PAGE          4096

/* ---- the folder ---------------------------------------------------------------------------- */

int folder_open(struct folder *folder, const char *path, const char *vfs, char *why, size_t size) {
    *folder = (struct folder){.lock = -1, .real = vfs == NULL, .vfs = sqlite3_vfs_find(vfs)};
    if (!folder->vfs || strlen(path) >= FOLDER_PATH_MAX) {
        snprintf(why, size, "%s: %s", path, folder->vfs ? "the path is too long" : "no such VFS");
        return SS_ERR_INVALID;
    }
    snprintf(folder->path, sizeof folder->path, "%s", path);
    snprintf(folder->database, sizeof folder->database, "%s/statesync.db", path);
    snprintf(folder->log_path, sizeof folder->log_path, "%s/statesync.db-wal", path);
    snprintf(folder->mark_path, sizeof folder->mark_path, "%s/statesync.mark", path);
    snprintf(folder->ballast_path, sizeof folder->ballast_path, "%s/statesync.ballast", path);
    return folder->real ? directory_lock(path, &folder->lock, why, size) : SS_OK;
}

void folder_close(struct folder *folder) {
    file_close(&folder->mark);
    file_close(&folder->ballast);
    if (folder->lock >= 0) directory_unlock(folder->lock);
    folder->lock = -1;
}

int folder_open_files(struct folder *folder, const struct memory *memory) {
    int status = file_open(&folder->mark, memory, folder->vfs, folder->mark_path);
    if (status != SS_OK) return status;
    return file_open(&folder->ballast, memory, folder->vfs, folder->ballast_path);
}

static int write_block_again(struct file *file, uint8_t *block, uint64_t at, uint64_t size) {
    size_t part = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
    int status = file_read(file, block, part, at);
    return status == SS_OK ? file_write(file, bytes_view(block, part), at) : status;
}

static int write_file_again(struct file *file, uint64_t most) {
    uint64_t size = 0;
    int status = file_size(file, &size);
    if (size > most) size = most;
    if (status != SS_OK || size == 0) return status;
    uint8_t *block = memory_alloc(file->memory, BLOCK);
    if (!block) return SS_ERR_NOMEM;
    for (uint64_t at = 0; at < size && status == SS_OK; at += BLOCK)
        status = write_block_again(file, block, at, size);
    memory_free(file->memory, block, BLOCK);
    return status == SS_OK ? file_sync(file) : status;
}

static int again(const struct folder *folder, const char *path, uint64_t most) {
    struct file file;
    int there = 0;
    if (folder->vfs->xAccess(folder->vfs, path, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK)
        return SS_ERR_IO;
    if (!there) return SS_OK;
    int status = file_open(&file, folder->mark.memory, folder->vfs, path);
    if (status == SS_OK) status = write_file_again(&file, most);
    file_close(&file);
    return status;
}

int folder_write_again(struct folder *folder) {
    int status = again(folder, folder->log_path, UINT64_MAX);
    return status == SS_OK ? again(folder, folder->database, PAGE) : status;
}

int folder_sync(const struct folder *folder) {
    return folder->real ? directory_sync(folder->path) : SS_OK;
}

/* ---- the mark ------------------------------------------------------------------------------ */

/* A mark that is damaged says nothing. */
static int read_mark(struct folder *folder, uint64_t *node, uint64_t *group) {
    uint8_t raw[MARK_SIZE];
    *node = *group = 0;
    int status = file_read(&folder->mark, raw, sizeof raw, 0);
    if (status != SS_OK) return status;
    struct reader reader = reader_of(bytes_view(raw, sizeof raw));
    bool ours = memcmp(reader_bytes(&reader, 4).data, "ssmk", 4) == 0;
    uint64_t marked_node = reader_u64(&reader), marked = reader_u64(&reader);
    if (!ours || reader_u32(&reader) != crc32c(0, bytes_view(raw, MARK_SIZE - 4))) return SS_OK;
    *node = marked_node;
    *group = marked;
    return SS_OK;
}

int folder_mark_read(struct folder *folder, uint64_t node, uint64_t *group) {
    uint64_t marked;
    int status = read_mark(folder, &marked, group);
    if (marked != node) *group = 0;
    return status;
}

int folder_mark_lost(struct folder *folder, char *why, size_t size) {
    uint64_t node, group;
    int status = read_mark(folder, &node, &group);
    if (status != SS_OK || group == 0) return status;
    snprintf(why, size,
             "%s: empty or gone, but groups were acknowledged: restore a backup, or, to begin "
             "anew, delete statesync.mark",
             folder->database);
    return SS_ERR_CORRUPT;
}

int folder_mark_write(struct folder *folder, uint64_t node, uint64_t group) {
    uint8_t raw[MARK_SIZE];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_bytes(&writer, bytes_of("ssmk"));
    writer_u64(&writer, node);
    writer_u64(&writer, group);
    writer_u32(&writer, crc32c(0, bytes_view(raw, writer.size)));
    return file_write(&folder->mark, bytes_view(raw, sizeof raw), 0);
}

/* ---- the ballast --------------------------------------------------------------------------- */

/* Not zeros: a file system may store those for nothing. */
static int fill_block(struct file *file, uint8_t *block, uint64_t at, uint64_t bytes) {
    struct random random = {at};
    size_t size = bytes - at < BLOCK ? (size_t)(bytes - at) : BLOCK;
    for (size_t i = 0; i + 8 <= BLOCK; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(block + i, &word, sizeof word);
    }
    return file_write(file, bytes_view(block, size), at);
}

int folder_ballast_fill(struct folder *folder, uint64_t bytes) {
    uint64_t at = 0;
    int status = file_size(&folder->ballast, &at);
    if (status == SS_OK && at == bytes) return SS_OK;
    uint8_t *block = memory_alloc(folder->ballast.memory, BLOCK);
    if (!block) return SS_ERR_NOMEM;
    status = file_cut(&folder->ballast, 0);
    for (at = 0; at < bytes && status == SS_OK; at += BLOCK)
        status = fill_block(&folder->ballast, block, at, bytes);
    if (status == SS_OK) status = file_sync(&folder->ballast);
    if (status != SS_OK) (void)folder_ballast_free(folder);
    memory_free(folder->ballast.memory, block, BLOCK);
    return status;
}

bool folder_ballast_free(struct folder *folder) {
    uint64_t bytes;
    if (file_size(&folder->ballast, &bytes) != SS_OK || bytes == 0) return false;
    return file_cut(&folder->ballast, 0) == SS_OK;
}
