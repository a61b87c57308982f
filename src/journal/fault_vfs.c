/* SPDX-License-Identifier: Apache-2.0 */
/* A file is two images: what a reader sees, and what the platter has. A write goes into the first
 * and, as an operation, onto a list; a sync plays the list into the second; a power cut plays some
 * of it, whole or by sectors, and then the second image is all there is. */
#include "journal/fault_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/list.h"
#include "base/random.h"
#include "base/status.h"

#define NAME_MAX_SIZE 512
#define SECTOR        512

struct operation {
    uint64_t at, size;
    size_t data; /* offset into the file's `pending`; SIZE_MAX: cuts the file at `at` */
};

struct disk_file {
    struct list link;
    char name[NAME_MAX_SIZE];
    struct buffer seen, platter, pending;
    struct operation *operations;
    size_t count, capacity;
    unsigned handles;
    bool deleted; /* its name is gone, but a power cut may bring it back */
    bool forever; /* its name was deleted and synced, or it never had one */
    bool fresh;   /* was created, and not synced since */
};

struct handle {
    sqlite3_file base;
    struct fault_vfs *vfs;
    struct disk_file *file;
    bool temporary;
};

struct fault_vfs {
    sqlite3_vfs base;
    const struct memory *memory;
    struct random random;
    struct list files;
    enum fault fault;
    uint64_t fault_at; /* in calls */
    bool stays, off;
    uint64_t capacity, time, unnamed;
    void (*on_sync)(void *context);
    void *context;
    struct fault_counts counts;
};

static struct fault_vfs *self(sqlite3_vfs *base) {
    return base->pAppData;
}

/* ---- misfortune ---------------------------------------------------------------------------- */

/* Does this call meet its fault? */
static enum fault meet(struct fault_vfs *vfs) {
    vfs->counts.calls++;
    if (vfs->off) return FAULT_CRASH;
    if (vfs->fault == FAULT_NONE || vfs->counts.calls < vfs->fault_at) return FAULT_NONE;
    enum fault fault = vfs->fault;
    if (fault == FAULT_CRASH) vfs->off = true;
    if (!vfs->stays && fault != FAULT_FULL) vfs->fault = FAULT_NONE;
    return fault;
}

static bool fails(struct fault_vfs *vfs) {
    enum fault fault = meet(vfs);
    return fault == FAULT_IO || fault == FAULT_CRASH;
}

/* ---- images -------------------------------------------------------------------------------- */

static bool image_write(struct buffer *image, uint64_t at, struct bytes from) {
    uint64_t end = at + from.size;
    if (end > image->size) {
        uint8_t *room = buffer_room(image, (size_t)(end - image->size));
        if (!room) {
            image->failed = false;
            return false;
        }
        memset(room, 0, (size_t)(end - image->size));
        image->size = (size_t)end;
    }
    if (from.size) memcpy(image->data + at, from.data, from.size);
    return true;
}

static void image_cut(struct buffer *image, uint64_t size) {
    if (size < image->size) image->size = (size_t)size;
}

static bool image_copy(struct buffer *to, const struct buffer *from) {
    buffer_clear(to);
    return image_write(to, 0, buffer_view(from));
}

static bool note(struct fault_vfs *vfs, struct disk_file *file, struct operation operation,
                 struct bytes data) {
    if (memory_grow(vfs->memory, (void **)&file->operations, &file->capacity, file->count + 1,
                    sizeof operation) != SS_OK)
        return false;
    if (data.size) {
        operation.data = file->pending.size;
        buffer_bytes(&file->pending, data);
        if (file->pending.failed) {
            file->pending.failed = false;
            return false;
        }
    }
    file->operations[file->count++] = operation;
    return true;
}

static void forget_pending(struct disk_file *file) {
    file->count = 0;
    buffer_clear(&file->pending);
}

static bool play(struct disk_file *file, const struct operation *operation, uint64_t from,
                 uint64_t size) {
    if (operation->data == SIZE_MAX) {
        image_cut(&file->platter, operation->at);
        return true;
    }
    return image_write(&file->platter, operation->at + from,
                       bytes_view(file->pending.data + operation->data + from, (size_t)size));
}

static bool play_all(struct disk_file *file) {
    for (size_t i = 0; i < file->count; i++)
        if (!play(file, &file->operations[i], 0, file->operations[i].size)) return false;
    forget_pending(file);
    return true;
}

/* Each sector arrives or does not, in whatever order. */
static void play_torn(struct fault_vfs *vfs, struct disk_file *file,
                      const struct operation *operation) {
    for (uint64_t at = 0; at < operation->size; at += SECTOR) {
        uint64_t size = operation->size - at < SECTOR ? operation->size - at : SECTOR;
        if (random_below(&vfs->random, 2)) (void)play(file, operation, at, size);
    }
}

static void play_some(struct fault_vfs *vfs, struct disk_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        const struct operation *operation = &file->operations[i];
        uint64_t luck = random_below(&vfs->random, 10);
        if (luck < 5) {
            (void)play(file, operation, 0, operation->size);
        } else if (luck < 8 && operation->data != SIZE_MAX) {
            play_torn(vfs, file, operation);
        }
    }
    forget_pending(file);
}

/* ---- files --------------------------------------------------------------------------------- */

static struct disk_file *find(const struct fault_vfs *vfs, const char *name) {
    for (struct list *link = vfs->files.next; link != &vfs->files; link = link->next) {
        struct disk_file *file = LIST_ENTRY(link, struct disk_file, link);
        if (!file->deleted && strcmp(file->name, name) == 0) return file;
    }
    return NULL;
}

static void drop(struct fault_vfs *vfs, struct disk_file *file) {
    assert(file->handles == 0);
    list_remove(&file->link);
    buffer_free(&file->seen);
    buffer_free(&file->platter);
    buffer_free(&file->pending);
    memory_free(vfs->memory, file->operations, file->capacity * sizeof *file->operations);
    memory_free(vfs->memory, file, sizeof *file);
}

static struct disk_file *create(struct fault_vfs *vfs, const char *name) {
    struct disk_file *file = memory_zeroed(vfs->memory, 1, sizeof *file);
    if (!file) return NULL;
    snprintf(file->name, sizeof file->name, "%s", name);
    file->seen = buffer_of(vfs->memory);
    file->platter = buffer_of(vfs->memory);
    file->pending = buffer_of(vfs->memory);
    list_push(&vfs->files, &file->link);
    return file;
}

uint64_t fault_vfs_used(const struct fault_vfs *vfs) {
    uint64_t used = 0;
    for (struct list *link = vfs->files.next; link != &vfs->files; link = link->next) {
        const struct disk_file *file = LIST_ENTRY(link, struct disk_file, link);
        if (!file->deleted) used += file->seen.size;
    }
    return used;
}

/* ---- the six functions, and what else SQLite asks of a file -------------------------------- */

static struct handle *handle_of(sqlite3_file *file) {
    return (struct handle *)(void *)file;
}

static int file_close(sqlite3_file *base) {
    struct handle *handle = handle_of(base);
    struct disk_file *file = handle->file;
    file->handles--;
    if (file->handles == 0 && (handle->temporary || file->forever)) drop(handle->vfs, file);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *to, int size, sqlite3_int64 at) {
    struct handle *handle = handle_of(base);
    const struct buffer *seen = &handle->file->seen;
    if (fails(handle->vfs)) return SQLITE_IOERR_READ;
    size_t there = (size_t)at < seen->size ? seen->size - (size_t)at : 0;
    if (there > (size_t)size) there = (size_t)size;
    if (there) memcpy(to, seen->data + at, there);
    memset((uint8_t *)to + there, 0, (size_t)size - there);
    return there == (size_t)size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static bool is_full(struct handle *handle, uint64_t end) {
    struct fault_vfs *vfs = handle->vfs;
    uint64_t size = handle->file->seen.size;
    if (end <= size || vfs->capacity == 0) return false;
    return fault_vfs_used(vfs) + (end - size) > vfs->capacity;
}

static int file_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at) {
    struct handle *handle = handle_of(base);
    struct disk_file *file = handle->file;
    struct bytes data = bytes_view(from, (size_t)size);
    struct operation operation = {.at = (uint64_t)at, .size = data.size, .data = SIZE_MAX};
    uint64_t end = operation.at + data.size;
    enum fault fault = meet(handle->vfs);
    if (fault == FAULT_IO || fault == FAULT_CRASH) {
        /* some of it may have arrived */
        if (fault == FAULT_CRASH && data.size) (void)note(handle->vfs, file, operation, data);
        return SQLITE_IOERR_WRITE;
    }
    if (is_full(handle, end)) return SQLITE_FULL;
    if (fault == FAULT_FULL && end > file->seen.size) {
        if (!handle->vfs->stays) handle->vfs->fault = FAULT_NONE;
        return SQLITE_FULL;
    }
    if (!image_write(&file->seen, operation.at, data) || !note(handle->vfs, file, operation, data))
        return SQLITE_IOERR_NOMEM;
    handle->vfs->counts.writes++;
    handle->vfs->counts.bytes_written += data.size;
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct handle *handle = handle_of(base);
    struct operation operation = {.at = (uint64_t)size, .data = SIZE_MAX};
    if (fails(handle->vfs)) return SQLITE_IOERR_TRUNCATE;
    image_cut(&handle->file->seen, operation.at);
    bool noted = note(handle->vfs, handle->file, operation, (struct bytes){NULL, 0});
    return noted ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

/* What was deleted stays so. */
static void sync_folder(struct fault_vfs *vfs) {
    for (struct list *link = vfs->files.next, *next; link != &vfs->files; link = next) {
        struct disk_file *file = LIST_ENTRY(link, struct disk_file, link);
        next = link->next;
        file->forever = file->forever || file->deleted;
        if (file->deleted && file->handles == 0) drop(vfs, file);
    }
}

/* The first sync of a file that was created syncs its folder too, as that of SQLite's own VFS does.
 */
static int file_sync(sqlite3_file *base, int flags) {
    struct handle *handle = handle_of(base);
    (void)flags;
    if (handle->vfs->on_sync && !handle->vfs->off) handle->vfs->on_sync(handle->vfs->context);
    if (fails(handle->vfs)) {
        if (!handle->vfs->off) forget_pending(handle->file);
        return SQLITE_IOERR_FSYNC;
    }
    handle->vfs->counts.syncs++;
    if (handle->file->fresh) sync_folder(handle->vfs);
    handle->file->fresh = false;
    return play_all(handle->file) ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size) {
    struct handle *handle = handle_of(base);
    if (fails(handle->vfs)) return SQLITE_IOERR_FSTAT;
    *size = (sqlite3_int64)handle->file->seen.size;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level) {
    (void)level;
    return handle_of(base)->vfs->off ? SQLITE_IOERR_LOCK : SQLITE_OK;
}
static int file_unlock(sqlite3_file *base, int level) {
    (void)base;
    (void)level;
    return SQLITE_OK;
}
static int file_reserved(sqlite3_file *base, int *answer) {
    (void)base;
    *answer = 0;
    return SQLITE_OK;
}
static int file_control(sqlite3_file *base, int operation, void *argument) {
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}
static int file_sector(sqlite3_file *base) {
    (void)base;
    return SECTOR;
}
static int file_traits(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* ---- the folder ---------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *out, int flags,
                    int *flags_out) {
    struct fault_vfs *vfs = self(base);
    struct handle *handle = handle_of(out);
    char unnamed[32];
    out->pMethods = NULL;
    if (fails(vfs)) return SQLITE_IOERR;
    snprintf(unnamed, sizeof unnamed, "unnamed-%llu", (unsigned long long)++vfs->unnamed);
    struct disk_file *file = name ? find(vfs, name) : NULL;
    if (!file && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    if (!file && (file = create(vfs, name ? name : unnamed))) file->fresh = true;
    if (!file) return SQLITE_NOMEM;
    file->handles++;
    *handle = (struct handle){.base = {&methods}, .vfs = vfs, .file = file};
    handle->temporary = !name || (flags & SQLITE_OPEN_DELETEONCLOSE);
    if (flags_out) *flags_out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync) {
    struct fault_vfs *vfs = self(base);
    if (fails(vfs)) return SQLITE_IOERR_DELETE;
    struct disk_file *file = find(vfs, name);
    if (!file) return SQLITE_IOERR_DELETE_NOENT;
    file->deleted = true;
    file->forever = sync != 0;
    if (file->forever && file->handles == 0) drop(vfs, file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *answer) {
    struct fault_vfs *vfs = self(base);
    (void)flags;
    if (fails(vfs)) return SQLITE_IOERR_ACCESS;
    *answer = find(vfs, name) != NULL;
    return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *base, const char *name, int size, char *out) {
    (void)base;
    return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *base, int size, char *out) {
    for (int i = 0; i < size; i++)
        out[i] = (char)random_next(&self(base)->random);
    return size;
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds) {
    self(base)->time += (uint64_t)microseconds;
    return microseconds;
}

static int vfs_time(sqlite3_vfs *base, double *days) {
    *days = 2460000.5 + (double)self(base)->time++ / 86400e6;
    return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *base, int size, char *out) {
    (void)base;
    if (size) *out = '\0';
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

int fault_vfs_create(struct fault_vfs **out, const struct memory *memory, const char *name,
                     uint64_t seed) {
    if (sqlite3_vfs_find(name)) return SS_ERR_EXISTS;
    struct fault_vfs *vfs = memory_zeroed(memory, 1, sizeof *vfs);
    if (!vfs) return SS_ERR_NOMEM;
    vfs->memory = memory;
    vfs->random.state = seed;
    list_init(&vfs->files);
    vfs->base = (sqlite3_vfs){.iVersion = 1,
                              .szOsFile = sizeof(struct handle),
                              .mxPathname = NAME_MAX_SIZE - 16,
                              .zName = name,
                              .pAppData = vfs,
                              .xOpen = vfs_open,
                              .xDelete = vfs_delete,
                              .xAccess = vfs_access,
                              .xFullPathname = vfs_path,
                              .xRandomness = vfs_randomness,
                              .xSleep = vfs_sleep,
                              .xCurrentTime = vfs_time,
                              .xGetLastError = vfs_error};
    if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
        memory_free(memory, vfs, sizeof *vfs);
        return SS_ERR_NOMEM;
    }
    *out = vfs;
    return SS_OK;
}

static void drop_all(struct fault_vfs *vfs) {
    while (!list_empty(&vfs->files))
        drop(vfs, LIST_ENTRY(vfs->files.next, struct disk_file, link));
}

void fault_vfs_destroy(struct fault_vfs *vfs) {
    sqlite3_vfs_unregister(&vfs->base);
    drop_all(vfs);
    memory_free(vfs->memory, vfs, sizeof *vfs);
}

void fault_vfs_plan(struct fault_vfs *vfs, enum fault fault, uint64_t at, bool stays) {
    vfs->fault = fault;
    vfs->fault_at = vfs->counts.calls + at;
    vfs->stays = stays;
}

void fault_vfs_on_sync(struct fault_vfs *vfs, void (*on_sync)(void *context), void *context) {
    vfs->on_sync = on_sync;
    vfs->context = context;
}

void fault_vfs_off(struct fault_vfs *vfs) {
    vfs->off = true;
}

bool fault_vfs_is_off(const struct fault_vfs *vfs) {
    return vfs->off;
}

void fault_vfs_capacity(struct fault_vfs *vfs, uint64_t bytes) {
    vfs->capacity = bytes;
}

struct fault_counts fault_vfs_counts(const struct fault_vfs *vfs) {
    return vfs->counts;
}

/* ---- restart ------------------------------------------------------------------------------- */

/* A deleted name comes back when nothing else took it. */
static bool stays_deleted(struct fault_vfs *vfs, struct disk_file *file, enum crash crash) {
    if (!file->deleted) return false;
    if (file->forever || crash == CRASH_KEEP || find(vfs, file->name)) return true;
    return crash == CRASH_MIX && random_below(&vfs->random, 2) == 0;
}

static void restart_file(struct fault_vfs *vfs, struct disk_file *file, enum crash crash) {
    assert(file->handles == 0);
    if (stays_deleted(vfs, file, crash)) {
        drop(vfs, file);
        return;
    }
    file->deleted = false;
    if (crash == CRASH_MIX) play_some(vfs, file);
    if (crash == CRASH_KEEP) (void)play_all(file);
    forget_pending(file);
    bool copied = image_copy(&file->seen, &file->platter);
    assert(copied);
    (void)copied;
}

void fault_vfs_restart(struct fault_vfs *vfs, enum crash crash) {
    vfs->fault = FAULT_NONE;
    vfs->off = false;
    for (struct list *link = vfs->files.next, *next; link != &vfs->files; link = next) {
        next = link->next;
        restart_file(vfs, LIST_ENTRY(link, struct disk_file, link), crash);
    }
}

const char *fault_vfs_flip(struct fault_vfs *vfs) {
    uint64_t used = fault_vfs_used(vfs);
    uint64_t place = used ? random_below(&vfs->random, used) : 0;
    for (struct list *link = vfs->files.next; link != &vfs->files; link = link->next) {
        struct disk_file *file = LIST_ENTRY(link, struct disk_file, link);
        if (file->deleted) continue;
        if (place < file->seen.size) {
            uint8_t bit = (uint8_t)(1u << random_below(&vfs->random, 8));
            file->seen.data[place] ^= bit;
            if (place < file->platter.size) file->platter.data[place] ^= bit;
            return file->name;
        }
        place -= file->seen.size;
    }
    return NULL;
}

int fault_vfs_copy(struct fault_vfs *to, const struct fault_vfs *from) {
    drop_all(to);
    for (struct list *link = from->files.next; link != &from->files; link = link->next) {
        const struct disk_file *file = LIST_ENTRY(link, struct disk_file, link);
        if (file->deleted) continue;
        struct disk_file *copy = create(to, file->name);
        if (!copy || !image_copy(&copy->seen, &file->seen) ||
            !image_copy(&copy->platter, &file->seen))
            return SS_ERR_NOMEM;
    }
    return SS_OK;
}
