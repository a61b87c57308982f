/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "journal/folder.h"

static int refused(const char *path, char *why, size_t size) {
    int error = errno;
    if (error == ENOENT) {
        snprintf(why, size, "%s: the folder above it does not exist: create it first", path);
        return SS_ERR_NOT_FOUND;
    }
    if (error == EACCES || error == EPERM || error == EROFS) {
        snprintf(why, size, "%s: this user may not write there: change its owner or its mode",
                 path);
        return SS_ERR_DENIED;
    }
    snprintf(why, size, "%s: %s", path, strerror(error));
    return error == ENOTDIR || error == EEXIST ? SS_ERR_INVALID : SS_ERR_IO;
}

static int take(int lock, const char *path, char *why, size_t size) {
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) return SS_OK;
    if (errno != EWOULDBLOCK) return refused(path, why, size);
    snprintf(why, size, "%s: another process works in this folder: stop it, or choose another one",
             path);
    return SS_ERR_BUSY;
}

int directory_lock(const char *path, int *lock, char *why, size_t size) {
    char file[FOLDER_PATH_MAX + 32];
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return refused(path, why, size);
    snprintf(file, sizeof file, "%s/statesync.lock", path);
    int opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0) return refused(path, why, size);
    int status = take(opened, path, why, size);
    if (status != SS_OK) {
        close(opened);
        return status;
    }
    *lock = opened;
    return SS_OK;
}

void directory_unlock(int lock) {
    close(lock);
}

int directory_sync(const char *path) {
    int handle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return SS_ERR_IO;
    int code = fsync(handle);
    close(handle);
    return code == 0 ? SS_OK : SS_ERR_IO;
}
