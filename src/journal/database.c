/* SPDX-License-Identifier: Apache-2.0 */
/* database.c - the connection to SQLite.
 *
 * EXCLUSIVE locking comes before WAL: the index of the log then lies in memory, and a VFS without
 * shared memory will do. SQLite's own checkpoint of the log is off: it would pass over an fsync
 * that failed and try again, and what the first one lost would be lost in silence (journal_tidy
 * does it). */
#include <assert.h>
#include <stdio.h>

#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/inside.h"

static const char *const settings_before = "PRAGMA locking_mode = EXCLUSIVE;"
                                           "PRAGMA temp_store = MEMORY;"
                                           "PRAGMA cell_size_check = ON;"
                                           "PRAGMA trusted_schema = OFF;"
                                           "PRAGMA cache_size = -8192;"
                                           "PRAGMA synchronous = EXTRA;";
static const char *const settings_new = "PRAGMA page_size = 4096;"
                                        "PRAGMA auto_vacuum = NONE;";
static const char *const settings_after = "PRAGMA synchronous = FULL;"
                                          "PRAGMA secure_delete = OFF;"
                                          "PRAGMA journal_size_limit = 67108864;";

static int run(struct journal *journal, const char *text) {
    return file_status(sqlite3_exec(journal->db, text, NULL, NULL, NULL));
}

int database_ask(struct journal *journal, const char *text, uint64_t *answer) {
    sqlite3_stmt *statement;
    *answer = 0;
    int code = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);
    if (code != SQLITE_OK) return file_status(code);
    int status = statement_row(statement);
    if (status == 1) *answer = column_u64(statement, 0);
    sqlite3_finalize(statement);
    return status < 0 ? status : SS_OK;
}

/* ---- sums ---------------------------------------------------------------------------------- */

void world_row_added(struct journal_world *world, uint32_t crc) {
    world->rows++;
    world->sum += crc;
    world->changed = true;
}

void world_row_removed(struct journal_world *world, uint32_t crc) {
    world->rows--;
    world->sum -= crc;
    world->changed = true;
}

struct bytes journal_encode(struct journal *journal, const struct entry *entry) {
    buffer_clear(&journal->scratch);
    entry_write(&journal->scratch, entry);
    return journal->scratch.failed ? (struct bytes){NULL, 0} : buffer_view(&journal->scratch);
}

static uint32_t world_crc(uint32_t id, const struct journal_world *world) {
    uint8_t raw[28];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u32(&writer, id);
    writer_u64(&writer, world->base_seq);
    writer_u64(&writer, world->rows);
    writer_u64(&writer, world->sum);
    return crc32c(crc32c(0, bytes_view(raw, sizeof raw)), world->name);
}

/* It seals the rows of `worlds` too: those of two moments, as pages come together where the log is
 * damaged, would else tell that effects stand in tables which stand in groups that are gone. */
static uint32_t meta_crc(const struct journal *journal, uint64_t format, uint64_t effect_format) {
    uint8_t raw[40];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u64(&writer, format);
    writer_u64(&writer, effect_format);
    writer_u64(&writer, journal->node);
    writer_u64(&writer, journal->first);
    writer_u64(&writer, journal->moved);
    uint32_t crc = crc32c(0, bytes_view(raw, sizeof raw));
    for (uint32_t i = 0; i < journal->world_count; i++) {
        writer = writer_of(raw, sizeof raw);
        writer_u32(&writer, world_crc(i, &journal->worlds[i]));
        crc = crc32c(crc, bytes_view(raw, writer.size));
    }
    return crc;
}

/* ---- saving -------------------------------------------------------------------------------- */

static int save_meta(struct journal *journal) {
    char node[NODE_NAME_SIZE + 1];
    sqlite3_stmt *statement = journal->statements[STATEMENT_META_SAVE];
    node_print(journal->node, node);
    bind_u64(statement, 1, JOURNAL_FORMAT);
    bind_u64(statement, 2, EFFECT_FORMAT);
    bind_text(statement, 3, bytes_view(node, NODE_NAME_SIZE));
    bind_u64(statement, 4, journal->first);
    bind_u64(statement, 5, journal->moved);
    bind_u64(statement, 6, meta_crc(journal, JOURNAL_FORMAT, EFFECT_FORMAT));
    return statement_run(statement);
}

static int save_world(struct journal *journal, uint32_t id) {
    struct journal_world *world = &journal->worlds[id];
    sqlite3_stmt *statement = journal->statements[STATEMENT_WORLD_SAVE];
    bind_u64(statement, 1, id);
    bind_text(statement, 2, world->name);
    bind_u64(statement, 3, world->base_seq);
    bind_u64(statement, 4, world->rows);
    bind_u64(statement, 5, world->sum);
    bind_u64(statement, 6, world_crc(id, world));
    world->changed = false;
    return statement_run(statement);
}

int database_save(struct journal *journal) {
    int status = SS_OK;
    for (uint32_t i = 0; i < journal->world_count && status == SS_OK; i++) {
        if (!journal->worlds[i].changed) continue;
        journal->meta_changed = true;
        status = save_world(journal, i);
    }
    if (status == SS_OK && journal->meta_changed) status = save_meta(journal);
    if (status == SS_OK) journal->meta_changed = false;
    return status;
}

/* ---- loading ------------------------------------------------------------------------------- */

static void forget_worlds(struct journal *journal) {
    for (size_t i = 0; i < journal->world_count; i++)
        memory_free(journal->memory, (void *)(uintptr_t)journal->worlds[i].name.data,
                    journal->worlds[i].name.size);
    journal->world_count = 0;
}

int database_add_world(struct journal *journal, uint32_t world, struct bytes name) {
    if (world != journal->world_count || name.size == 0) return SS_ERR_CORRUPT;
    int status = memory_grow(journal->memory, (void **)&journal->worlds, &journal->world_capacity,
                             journal->world_count + 1, sizeof *journal->worlds);
    if (status != SS_OK) return status;
    uint8_t *copy = memory_alloc(journal->memory, name.size);
    if (!copy) return SS_ERR_NOMEM;
    memcpy(copy, name.data, name.size);
    journal->worlds[journal->world_count++] =
        (struct journal_world){.name = {copy, name.size}, .changed = true};
    return SS_OK;
}

static int load_world(struct journal *journal, sqlite3_stmt *row) {
    uint32_t id = (uint32_t)column_u64(row, 0);
    int status = database_add_world(journal, id, column_bytes(row, 1));
    if (status != SS_OK) return status;
    struct journal_world *world = &journal->worlds[id];
    world->base_seq = column_u64(row, 2);
    world->rows = column_u64(row, 3);
    world->sum = column_u64(row, 4);
    world->changed = false;
    return (uint32_t)column_u64(row, 5) == world_crc(id, world) ? SS_OK : SS_ERR_CORRUPT;
}

/* Calls `take` for each row of a statement that is asked only here. */
static int each(struct journal *journal, const char *text,
                int (*take)(struct journal *, sqlite3_stmt *)) {
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);
    if (code != SQLITE_OK) return file_status(code);
    int status;
    while ((status = statement_row(statement)) == 1) {
        status = take(journal, statement);
        if (status != SS_OK) break;
    }
    sqlite3_finalize(statement);
    return status;
}

static int load_meta(struct journal *journal, sqlite3_stmt *row) {
    uint64_t format = column_u64(row, 0), effect_format = column_u64(row, 1);
    bool named = node_parse(column_bytes(row, 2), &journal->node);
    journal->first = column_u64(row, 3);
    journal->moved = column_u64(row, 4);
    uint32_t crc = meta_crc(journal, format, effect_format); /* the worlds are there already */
    if (!named || journal->node == 0 || crc != (uint32_t)column_u64(row, 5)) return SS_ERR_CORRUPT;
    return format <= JOURNAL_FORMAT && effect_format <= EFFECT_FORMAT ? SS_OK : SS_ERR_UNSUPPORTED;
}

static int load_groups(struct journal *journal, sqlite3_stmt *row) {
    uint64_t least = column_u64(row, 2), most = column_u64(row, 3);
    journal->group_count = column_u64(row, 0);
    journal->group_bytes = column_u64(row, 1);
    journal->last = journal->group_count ? most : journal->first - 1;
    if (journal->group_count == 0) return SS_OK;
    bool whole = least == journal->first && most - least + 1 == journal->group_count;
    return whole ? SS_OK : SS_ERR_CORRUPT;
}

static int refuse(int status, const char *path, const char *what, char *why, size_t size) {
    if (status == SS_ERR_CORRUPT)
        snprintf(why, size,
                 "%s: %s is damaged: restore a backup (statesync data restore), or let statesync "
                 "data verify say more",
                 path, what);
    if (status == SS_ERR_UNSUPPORTED)
        snprintf(why, size, "%s: written by a newer statesync: use that one", path);
    return status;
}

int database_load(struct journal *journal, char *why, size_t size) {
    const char *path = journal->folder.database;
    journal->node = 0;
    forget_worlds(journal);
    int status =
        each(journal, "SELECT id, name, base_seq, row_count, row_sum, crc FROM worlds ORDER BY id",
             load_world);
    if (status != SS_OK) return refuse(status, path, "the table worlds", why, size);
    status =
        each(journal, "SELECT format, effect_format, node, first_group, moved_group, crc FROM meta",
             load_meta);
    if (status == SS_OK && journal->node == 0) status = SS_ERR_CORRUPT;
    if (status != SS_OK) return refuse(status, path, "the table meta", why, size);
    status =
        each(journal, "SELECT count(*), coalesce(sum(size), 0), min(seq), max(seq) FROM groups",
             load_groups);
    return status == SS_OK ? SS_OK : refuse(status, path, "the table groups", why, size);
}

/* ---- transactions -------------------------------------------------------------------------- */

static void give_up(struct journal *journal, int status, const char *reason) {
    if (journal->failed == SS_OK)
        log_line(journal->config.log, LOG_LEVEL_ERROR,
                 "journal %s: %s (%s): nothing more is written until a restart",
                 journal->folder.path, status_text(status), reason);
    journal->failed = status;
}

int journal_result(struct journal *journal, int status) {
    if (status == SS_OK || status == SS_ERR_AGAIN || status == SS_ERR_UNAVAILABLE ||
        status == SS_ERR_NOMEM)
        return status;
    give_up(journal, status, sqlite3_errmsg(journal->db));
    return status;
}

int database_begin(struct journal *journal) {
    return statement_run(journal->statements[STATEMENT_BEGIN]);
}

int database_commit(struct journal *journal) {
    return statement_run(journal->statements[STATEMENT_COMMIT]);
}

void database_rollback(struct journal *journal) {
    char why[256];
    checkpoint_forget(&journal->checkpoint);
    journal->meta_changed = false;
    int status = sqlite3_get_autocommit(journal->db) ? SS_OK : run(journal, "ROLLBACK");
    if (status == SS_OK) status = database_load(journal, why, sizeof why);
    /* Without what the database says, nothing may be written. */
    if (status == SS_ERR_NOMEM) {
        give_up(journal, SS_ERR_IO, "no memory to read it again after a write that failed");
    } else if (status != SS_OK) {
        journal_result(journal, status);
    }
}

/* ---- opening ------------------------------------------------------------------------------- */

static int on_log(void *context, sqlite3 *db, const char *name, int pages) {
    struct journal *journal = context;
    (void)db;
    (void)name;
    journal->log_pages = pages;
    return SQLITE_OK;
}

static int use_log(struct journal *journal) {
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(journal->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code != SQLITE_OK) return file_status(code);
    int status = statement_row(statement);
    if (status == 1)
        status =
            bytes_equal(column_bytes(statement, 0), bytes_of("wal")) ? SS_OK : SS_ERR_UNSUPPORTED;
    code = sqlite3_finalize(statement); /* here it writes, and here it may fail */
    if (status == SS_OK) status = file_status(code);
    if (status != SS_OK) return status;
    sqlite3_wal_autocheckpoint(journal->db, 0);
    sqlite3_wal_hook(journal->db, on_log, journal);
    return run(journal, settings_after);
}

static int prepare(struct journal *journal) {
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(journal->db, statement_texts[i], -1,
                                      SQLITE_PREPARE_PERSISTENT, &journal->statements[i], NULL);
        if (code != SQLITE_OK) return file_status(code);
    }
    return SS_OK;
}

static int create(struct journal *journal) {
    char text[128];
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             JOURNAL_APPLICATION, JOURNAL_FORMAT);
    while (journal->node == 0)
        journal->folder.vfs->xRandomness(journal->folder.vfs, sizeof journal->node,
                                         (char *)&journal->node);
    journal->first = 1;
    int status = run(journal, settings_new);
    if (status == SS_OK) status = use_log(journal);
    if (status == SS_OK) status = run(journal, "BEGIN");
    if (status == SS_OK) status = run(journal, schema_text);
    if (status == SS_OK) status = run(journal, text);
    if (status == SS_OK) status = prepare(journal);
    if (status == SS_OK) status = save_meta(journal);
    if (status == SS_OK) status = database_commit(journal);
    return status == SS_OK ? folder_sync(&journal->folder) : status;
}

/* What is in that file? `*fresh`: nothing yet. */
static int identify(struct journal *journal, bool *fresh, char *why, size_t size) {
    uint64_t application, version, tables;
    int status = database_ask(journal, "PRAGMA application_id", &application);
    if (status == SS_OK) status = database_ask(journal, "PRAGMA user_version", &version);
    if (status == SS_OK)
        status = database_ask(journal, "SELECT count(*) FROM sqlite_master", &tables);
    if (status != SS_OK) return status;
    *fresh = application == 0 && version == 0 && tables == 0;
    if (*fresh) return SS_OK;
    if (application != JOURNAL_APPLICATION || version == 0) {
        snprintf(why, size, "%s: this is no journal of statesync: choose another folder",
                 journal->folder.database);
        return SS_ERR_UNSUPPORTED;
    }
    if (version == JOURNAL_FORMAT) return SS_OK;
    if (version < JOURNAL_FORMAT) {
        snprintf(why, size,
                 "%s: written by a statesync before its first release: begin with a new folder",
                 journal->folder.database);
        return SS_ERR_UNSUPPORTED;
    }
    return refuse(SS_ERR_UNSUPPORTED, journal->folder.database, "", why, size);
}

static int connect_to(struct journal *journal, const char *path) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &journal->db, flags, journal->config.vfs);
    if (code != SQLITE_OK)
        return (code & 0xff) == SQLITE_CANTOPEN ? SS_ERR_DENIED : file_status(code);
    /* Closing writes only when everything went well: see database_close. */
    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_db_readonly(journal->db, "main") == 1) return SS_ERR_DENIED;
    return run(journal, settings_before);
}

static int explain(struct journal *journal, int status, char *why, size_t size) {
    const char *path = journal->folder.database;
    if (why[0]) return status;
    switch (status) {
    case SS_ERR_CORRUPT: return refuse(status, path, "the database", why, size);
    case SS_ERR_DENIED:
        snprintf(why, size, "%s: cannot be written: change its owner or its mode", path);
        return status;
    case SS_ERR_BUSY:
        snprintf(why, size, "%s: another program has it open: close that (sqlite3?) first", path);
        return status;
    case SS_ERR_UNAVAILABLE:
        snprintf(why, size, "%s: the disk is full: make room first", path);
        return status;
    default:
        snprintf(why, size, "%s: %s (%s)", path, status_text(status),
                 journal->db ? sqlite3_errmsg(journal->db) : "no memory");
        return status;
    }
}

int database_open(struct journal *journal, const char *path, char *why, size_t size) {
    bool fresh = false;
    why[0] = '\0';
    int status = connect_to(journal, path);
    if (status == SS_OK) status = identify(journal, &fresh, why, size);
    if (status == SS_OK && fresh) status = folder_mark_lost(&journal->folder, why, size);
    if (status == SS_OK) {
        status = fresh ? create(journal) : use_log(journal);
        if (!fresh && status == SS_OK) status = prepare(journal);
    }
    if (status == SS_OK) status = database_load(journal, why, size);
    return status == SS_OK ? SS_OK : explain(journal, status, why, size);
}

void database_close(struct journal *journal) {
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(journal->statements[i]);
        journal->statements[i] = NULL;
    }
    sqlite3_close(journal->db);
    journal->db = NULL;
    forget_worlds(journal);
    memory_free(journal->memory, journal->worlds,
                journal->world_capacity * sizeof *journal->worlds);
    journal->worlds = NULL;
    journal->world_capacity = 0;
}
