/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/status.h"
#include "journal/inside.h"

#define COPY_BLOCK 65536

static void tell(const struct progress *progress, const char *phase, uint64_t done,
                 uint64_t total) {
    if (progress && progress->tell) progress->tell(progress->context, phase, done, total);
}

static int say(int status, char *why, size_t size, const char *path, const char *what) {
    snprintf(why, size, "%s: %s", path, what);
    return status;
}

/* ---- verify -------------------------------------------------------------------------------- */

struct count {
    const struct progress *progress;
    uint64_t done, total;
};

static int count_effects(void *context, struct bytes world, struct bytes effects) {
    struct count *count = context;
    (void)world;
    (void)effects;
    if (++count->done % 65536 == 0) tell(count->progress, "effects", count->done, count->total);
    return SS_OK;
}

static int verify(struct journal *journal, const struct progress *progress, char *why,
                  size_t size) {
    struct count count = {.progress = progress, .total = journal->group_count};
    for (size_t i = 0; i < journal->world_count; i++)
        count.total += journal->worlds[i].rows;
    tell(progress, "pages", 0, 1);
    int status = journal_recover(journal, count_effects, &count, why, size);
    if (status == SS_OK) {
        tell(progress, "effects", count.done, count.done);
    } else {
        journal->failed = status; /* closing writes nothing */
    }
    return status;
}

int upkeep_verify(const struct journal_config *config, const struct progress *progress, char *why,
                  size_t size) {
    struct journal *journal;
    int status = journal_open(&journal, config, why, size);
    if (status != SS_OK) return status;
    status = verify(journal, progress, why, size);
    journal_close(journal);
    return status;
}

/* ---- files of the operating system --------------------------------------------------------- */

static int sync_path(const char *path, int flags) {
    int handle = open(path, flags | O_CLOEXEC);
    if (handle < 0) return SS_ERR_IO;
    int code = fsync(handle);
    close(handle);
    return code == 0 ? SS_OK : SS_ERR_IO;
}

static int sync_folder_of(const char *path) {
    char folder[FOLDER_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    if (size >= sizeof folder) return SS_ERR_INVALID;
    memcpy(folder, path, size);
    folder[size] = '\0';
    return sync_path(slash ? (size ? folder : "/") : ".", O_RDONLY | O_DIRECTORY);
}

/* The last step of every new file: under its name it is whole, or not there. */
static int publish(const char *part, const char *target) {
    int status = sync_path(part, O_RDONLY);
    if (status == SS_OK && link(part, target) != 0)
        status = errno == EEXIST ? SS_ERR_EXISTS : SS_ERR_IO;
    unlink(part);
    return status == SS_OK ? sync_folder_of(target) : status;
}

/* ---- backup -------------------------------------------------------------------------------- */

static int copy_into(struct journal *journal, const char *part, char *why, size_t size) {
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(journal->db, "VACUUM INTO ?", -1, &statement, NULL);
    if (code != SQLITE_OK) return file_status(code);
    bind_text(statement, 1, bytes_of(part));
    int status = statement_run(statement);
    sqlite3_finalize(statement);
    return status == SS_OK ? SS_OK : say(status, why, size, part, sqlite3_errmsg(journal->db));
}

int upkeep_backup(const struct journal_config *config, const char *target,
                  const struct progress *progress, char *why, size_t size) {
    struct journal *journal;
    char part[FOLDER_PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s.part", target) >= sizeof part)
        return say(SS_ERR_INVALID, why, size, target, "the path is too long");
    if (access(target, F_OK) == 0)
        return say(SS_ERR_EXISTS, why, size, target, "is there already: choose another name");
    int status = journal_open(&journal, config, why, size);
    if (status != SS_OK) return status;
    unlink(part);
    status = verify(journal, progress, why, size);
    tell(progress, "copy", 0, 1);
    if (status == SS_OK) {
        status = journal_settle(journal, progress);
        if (status != SS_OK) say(status, why, size, config->folder, status_text(status));
    }
    if (status == SS_OK) status = copy_into(journal, part, why, size);
    journal_close(journal);
    if (status != SS_OK) {
        unlink(part);
        return status;
    }
    status = publish(part, target);
    tell(progress, "copy", 1, 1);
    return status == SS_OK ? SS_OK : say(status, why, size, target, status_text(status));
}

/* ---- restore ------------------------------------------------------------------------------- */

static int copy_block(int from, int to, uint8_t *block, uint64_t *done) {
    ssize_t got = read(from, block, COPY_BLOCK);
    if (got <= 0) return got == 0 ? SS_ERR_AGAIN : SS_ERR_IO;
    for (ssize_t at = 0; at < got;) {
        ssize_t put = write(to, block + at, (size_t)(got - at));
        if (put < 0) return errno == ENOSPC ? SS_ERR_UNAVAILABLE : SS_ERR_IO;
        at += put;
    }
    *done += (uint64_t)got;
    return SS_OK;
}

static int copy_file(const char *source, const char *target, const struct progress *progress) {
    uint8_t block[COPY_BLOCK];
    int from = open(source, O_RDONLY | O_CLOEXEC), status = SS_ERR_NOT_FOUND;
    int to = from < 0 ? -1 : open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    off_t total = from < 0 ? 0 : lseek(from, 0, SEEK_END);
    uint64_t done = 0;
    if (to >= 0 && lseek(from, 0, SEEK_SET) == 0) {
        while ((status = copy_block(from, to, block, &done)) == SS_OK)
            tell(progress, "copy", done, (uint64_t)total);
        if (status == SS_ERR_AGAIN) status = fsync(to) == 0 ? SS_OK : SS_ERR_IO;
    } else if (from >= 0) {
        status = SS_ERR_DENIED;
    }
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    return status;
}

/* What is wrong with the copy is wrong with `source`, and that is the name that people know. */
static void call_it(const char *source, const char *copy, char *why, size_t size) {
    char rest[FOLDER_PATH_MAX];
    size_t length = strlen(copy);
    if (strncmp(why, copy, length) != 0) return;
    snprintf(rest, sizeof rest, "%s", why + length);
    snprintf(why, size, "%s%s", source, rest);
}

/* A copy is opened under a name of its own, verified, and made another node. */
static int adopt(const struct journal_config *config, struct folder *folder,
                 const struct progress *progress, char *why, size_t size) {
    struct journal journal = {.memory = config->memory,
                              .config = *config,
                              .scratch = buffer_of(config->memory),
                              .pack = pack_of(config->memory),
                              .checkpoint = {.memory = config->memory}};
    journal.folder = *folder;
    int status = database_open(&journal, folder->database, why, size);
    if (status == SS_OK) status = verify(&journal, progress, why, size);
    if (status == SS_OK) {
        folder->vfs->xRandomness(folder->vfs, sizeof journal.node, (char *)&journal.node);
        journal.node |= 1; /* not 0 */
        journal.meta_changed = true;
        status = database_save(&journal);
    }
    if (status == SS_OK) sqlite3_db_config(journal.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    database_close(&journal);
    checkpoint_forget(&journal.checkpoint);
    buffer_free(&journal.scratch);
    pack_free(&journal.pack);
    if (status != SS_OK && !why[0]) say(status, why, size, folder->database, status_text(status));
    return status;
}

static int restore_into(const struct journal_config *config, struct folder *folder,
                        const char *source, const struct progress *progress, char *why,
                        size_t size) {
    char target[sizeof folder->database], mark[sizeof folder->mark_path];
    snprintf(target, sizeof target, "%s", folder->database);
    snprintf(mark, sizeof mark, "%s", folder->mark_path);
    if (access(target, F_OK) == 0)
        return say(SS_ERR_EXISTS, why, size, target,
                   "is there already: move it and its -wal away, or choose another folder");
    snprintf(folder->database, sizeof folder->database, "%s/restore.part", folder->path);
    int status = copy_file(source, folder->database, progress);
    if (status != SS_OK) {
        unlink(folder->database);
        return say(status, why, size, source, status_text(status));
    }
    status = adopt(config, folder, progress, why, size);
    if (status != SS_OK) {
        char wal[sizeof folder->database + 8];
        call_it(source, folder->database, why, size);
        snprintf(wal, sizeof wal, "%s-wal", folder->database);
        unlink(wal);
        unlink(folder->database);
        return status;
    }
    unlink(mark);
    status = publish(folder->database, target);
    return status == SS_OK ? SS_OK : say(status, why, size, target, status_text(status));
}

int upkeep_restore(const struct journal_config *config, const char *source,
                   const struct progress *progress, char *why, size_t size) {
    struct folder *folder = memory_zeroed(config->memory, 1, sizeof *folder);
    if (!folder) return say(SS_ERR_NOMEM, why, size, source, status_text(SS_ERR_NOMEM));
    int status = folder_open(folder, config->folder, NULL, why, size);
    if (status == SS_OK) status = restore_into(config, folder, source, progress, why, size);
    folder_close(folder);
    memory_free(config->memory, folder, sizeof *folder);
    return status;
}
