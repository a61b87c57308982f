/* SPDX-License-Identifier: Apache-2.0 */
/* shim.c - between the real program and the operating system (LD_PRELOAD): system calls on files
 * under SHIM_FOLDER are counted and, when their number comes up, fail, or are the last thing that
 * the process does; and its wall clock can be moved.
 *
 * SHIM_CONTROL names a file that holds a struct control; a script maps it too (calls.py) and may
 * change it while the program runs. Everything else passes through. */
/* Both names of each call are meant, and no inline wrapper of them. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum fault { FAULT_NONE, FAULT_IO, FAULT_FULL, FAULT_KILL };
enum call { CALL_READ, CALL_CHANGE }; /* a full disk, and a death that matters, know only changes */

/* All numbers of 8 bytes, in the byte order of the machine. */
struct control {
    uint64_t fault, at, stays; /* call number `at`, and all after it when it stays; of a full disk
                                * only what would grow a file, while there is no room */
    int64_t room;              /* bytes: what shrinks gives some back */
    uint64_t reads, changes;   /* calls so far */
    uint64_t syncs, writes, bytes;
    uint64_t hits; /* calls that failed */
    int64_t clock_us;
};

/* A shim has no place for its state but a global one. */
static struct control unused, *control = &unused;
static const char *folder;
static bool ours[65536]; /* by descriptor */

#define EXPORT __attribute__((visibility("default")))
#define REAL(name)                                                                                 \
    ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)) /* found again each time: it is rare   \
                                                             */

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("SHIM_CONTROL");
    folder = getenv("SHIM_FOLDER");
    int handle = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    if (handle < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (shared != MAP_FAILED) control = shared;
    REAL(close)(handle);
}

static uint64_t add(uint64_t *to, uint64_t count) {
    return __atomic_add_fetch(to, count, __ATOMIC_SEQ_CST);
}

static bool has_room(int64_t growth) {
    if (growth > 0 && __atomic_load_n(&control->room, __ATOMIC_SEQ_CST) < growth) return false;
    __atomic_sub_fetch(&control->room, growth, __ATOMIC_SEQ_CST);
    return true;
}

/* True: the call, which would make a file so much larger, fails, with errno. */
static bool meets(enum call call, int64_t growth) {
    uint64_t changes = call == CALL_CHANGE ? add(&control->changes, 1) : 0, all = 0;
    enum fault fault = (enum fault)__atomic_load_n(&control->fault, __ATOMIC_SEQ_CST);
    if (call == CALL_READ) add(&control->reads, 1);
    all = fault == FAULT_IO ? control->reads + control->changes : changes;
    bool due = control->stays ? all >= control->at : all == control->at;
    if (fault == FAULT_NONE || !due || (fault != FAULT_IO && call == CALL_READ)) return false;
    if (fault == FAULT_FULL && control->stays && has_room(growth)) return false;
    add(&control->hits, 1);
    if (fault == FAULT_KILL) raise(SIGKILL);
    errno = fault == FAULT_FULL ? ENOSPC : EIO;
    return true;
}

static bool is_ours(int handle) {
    return handle >= 0 && handle < 65536 && ours[handle];
}

static bool inside(const char *path) {
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

/* ---- files --------------------------------------------------------------------------------- */

static int opened(const char *path, int handle) {
    if (handle >= 0 && handle < 65536) ours[handle] = inside(path);
    return handle;
}

static bool refuses_open(const char *path, int flags) {
    return inside(path) && meets(flags & (O_CREAT | O_TRUNC) ? CALL_CHANGE : CALL_READ, 0);
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...) {                                            \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                    \
        va_end(rest);                                                                              \
        return refuses_open(path, flags) ? -1 : opened(path, REAL(name)(path, flags, mode));       \
    }
OPEN(open)
OPEN(open64)

EXPORT int close(int handle) {
    if (is_ours(handle)) ours[handle] = false;
    return REAL(close)(handle);
}

EXPORT ssize_t read(int handle, void *to, size_t size) {
    return is_ours(handle) && meets(CALL_READ, 0) ? -1 : REAL(read)(handle, to, size);
}

#define PREAD(name)                                                                                \
    EXPORT ssize_t name(int handle, void *to, size_t size, off_t at) {                             \
        return is_ours(handle) && meets(CALL_READ, 0) ? -1 : REAL(name)(handle, to, size, at);     \
    }
PREAD(pread)
PREAD(pread64)

static int64_t size_of(int handle) {
    struct stat file;
    return fstat(handle, &file) == 0 ? (int64_t)file.st_size : 0;
}

/* `at` < 0: where the descriptor stands. */
static bool refuses_write(int handle, size_t size, int64_t at) {
    if (!is_ours(handle)) return false;
    int64_t growth = (at < 0 ? lseek(handle, 0, SEEK_CUR) : at) + (int64_t)size - size_of(handle);
    add(&control->writes, 1);
    add(&control->bytes, size);
    return meets(CALL_CHANGE, growth > 0 ? growth : 0);
}

EXPORT ssize_t write(int handle, const void *from, size_t size) {
    return refuses_write(handle, size, -1) ? -1 : REAL(write)(handle, from, size);
}

#define PWRITE(name)                                                                               \
    EXPORT ssize_t name(int handle, const void *from, size_t size, off_t at) {                     \
        return refuses_write(handle, size, at) ? -1 : REAL(name)(handle, from, size, at);          \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name)                                                                             \
    EXPORT int name(int handle, off_t size) {                                                      \
        if (is_ours(handle) && meets(CALL_CHANGE, size - size_of(handle))) return -1;              \
        return REAL(name)(handle, size);                                                           \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name)                                                                                 \
    EXPORT int name(int handle) {                                                                  \
        if (is_ours(handle)) add(&control->syncs, 1);                                              \
        return is_ours(handle) && meets(CALL_CHANGE, 0) ? -1 : REAL(name)(handle);                 \
    }
SYNC(fsync)
SYNC(fdatasync)

EXPORT int unlink(const char *path) {
    return inside(path) && meets(CALL_CHANGE, 0) ? -1 : REAL(unlink)(path);
}

/* ---- the wall clock ------------------------------------------------------------------------ */

EXPORT int clock_gettime(clockid_t id, struct timespec *now) {
    int code = REAL(clock_gettime)(id, now);
    int64_t moved = __atomic_load_n(&control->clock_us, __ATOMIC_SEQ_CST);
    if (code != 0 || moved == 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return code;
    int64_t us = (int64_t)now->tv_sec * 1000000 + now->tv_nsec / 1000 + moved;
    *now = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    return 0;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    int code = clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    return code;
}
