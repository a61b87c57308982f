/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/file.h"

#include "base/status.h"

int file_status(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return SS_OK;
    case SQLITE_FULL: return SS_ERR_UNAVAILABLE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return SS_ERR_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return SS_ERR_DENIED;
    /* Our statements are right, so the tables, or their definitions, are not what we made. */
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return SS_ERR_CORRUPT;
    case SQLITE_NOMEM: return SS_ERR_NOMEM;
    default: return SS_ERR_IO;
    }
}

int file_open(struct file *file, const struct memory *memory, sqlite3_vfs *vfs, const char *path) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;
    *file = (struct file){.memory = memory, .handle_size = (size_t)vfs->szOsFile};
    file->handle = memory_zeroed(memory, 1, file->handle_size);
    if (!file->handle) return SS_ERR_NOMEM;
    int code = vfs->xOpen(vfs, path, file->handle, flags, &flags);
    if (code == SQLITE_OK && !(flags & SQLITE_OPEN_READONLY)) return SS_OK;
    file_close(file);
    return code == SQLITE_OK || code == SQLITE_CANTOPEN ? SS_ERR_DENIED : file_status(code);
}

void file_close(struct file *file) {
    if (!file->handle) return;
    if (file->handle->pMethods) file->handle->pMethods->xClose(file->handle);
    memory_free(file->memory, file->handle, file->handle_size);
    file->handle = NULL;
}

int file_read(struct file *file, void *to, size_t size, uint64_t at) {
    int code = file->handle->pMethods->xRead(file->handle, to, (int)size, (sqlite3_int64)at);
    return code == SQLITE_IOERR_SHORT_READ ? SS_OK : file_status(code);
}

int file_write(struct file *file, struct bytes from, uint64_t at) {
    return file_status(
        file->handle->pMethods->xWrite(file->handle, from.data, (int)from.size, (sqlite3_int64)at));
}

int file_size(struct file *file, uint64_t *size) {
    sqlite3_int64 raw = 0;
    int code = file->handle->pMethods->xFileSize(file->handle, &raw);
    *size = (uint64_t)raw;
    return file_status(code);
}

int file_cut(struct file *file, uint64_t size) {
    return file_status(file->handle->pMethods->xTruncate(file->handle, (sqlite3_int64)size));
}

int file_sync(struct file *file) {
    return file_status(file->handle->pMethods->xSync(file->handle, SQLITE_SYNC_NORMAL));
}
