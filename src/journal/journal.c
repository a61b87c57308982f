/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <assert.h>
#include <stdio.h>

#include "base/status.h"
#include "journal/inside.h"

struct journal_config journal_config_default(void) {
    return (struct journal_config){.memory = &memory_heap,
                                   .checkpoint_bytes = (uint64_t)64 << 20,
                                   .commits_per_step = 4,
                                   .cells_per_step = 800,
                                   .groups_per_step = 80,
                                   .read_bytes_per_step = 512 << 10,
                                   .log_pages_max = 2000,
                                   .ballast_bytes = (uint64_t)16 << 20,
                                   .keys_life = 600 * SS_SECOND,
                                   .decided_life = 600 * SS_SECOND};
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Whatever was once called durable must be there. */
static int check_mark(struct journal *journal, char *why, size_t size) {
    uint64_t marked;
    int status = folder_mark_read(&journal->folder, journal->node, &marked);
    if (status != SS_OK || marked <= journal->last) return status;
    snprintf(why, size,
             "%s: group %llu was acknowledged, but the newest one is %llu: restore a backup; if "
             "statesync.db was replaced on purpose, delete statesync.mark",
             journal->folder.path, (unsigned long long)marked, (unsigned long long)journal->last);
    return SS_ERR_CORRUPT;
}

static int open_files(struct journal *journal, char *why, size_t size) {
    int status = folder_open_files(&journal->folder, journal->memory);
    if (status == SS_OK) status = folder_write_again(&journal->folder);
    if (status == SS_OK) status = database_open(journal, journal->folder.database, why, size);
    if (status == SS_OK) status = check_mark(journal, why, size);
    if (status == SS_OK) status = folder_mark_write(&journal->folder, journal->node, journal->last);
    if (status == SS_OK) status = folder_sync(&journal->folder);
    if (status == SS_OK && journal_refill(journal) != SS_OK)
        log_line(journal->config.log, LOG_LEVEL_WARN,
                 "journal %s: no room for the ballast: the disk is nearly full",
                 journal->folder.path);
    if (status != SS_OK && !why[0])
        snprintf(why, size, "%s: %s", journal->folder.path,
                 status == SS_ERR_DENIED ? "this user may not write the files in it: change their "
                                           "owner or their mode"
                                         : status_text(status));
    return status;
}

int journal_open(struct journal **out, const struct journal_config *config, char *why,
                 size_t size) {
    why[0] = '\0';
    struct journal *journal = memory_zeroed(config->memory, 1, sizeof *journal);
    if (!journal) return SS_ERR_NOMEM;
    journal->memory = config->memory;
    journal->config = *config;
    journal->scratch = buffer_of(config->memory);
    journal->pack = pack_of(config->memory);
    journal->checkpoint.memory = config->memory;
    int status = folder_open(&journal->folder, config->folder, config->vfs, why, size);
    if (status == SS_OK) status = open_files(journal, why, size);
    if (status != SS_OK) {
        journal->failed = status;
        journal_close(journal);
        return status;
    }
    *out = journal;
    return SS_OK;
}

void journal_close(struct journal *journal) {
    if (!journal) return;
    const struct memory *memory = journal->memory;
    checkpoint_forget(&journal->checkpoint);
    if (journal->db && journal->failed == SS_OK)
        sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    database_close(journal);
    folder_close(&journal->folder);
    buffer_free(&journal->scratch);
    pack_free(&journal->pack);
    memory_free(memory, journal, sizeof *journal);
}

/* ---- asked --------------------------------------------------------------------------------- */

uint64_t journal_node(const struct journal *journal) {
    return journal->node;
}
uint64_t journal_last(const struct journal *journal) {
    return journal->last;
}
bool journal_low(const struct journal *journal) {
    return journal->low;
}

uint32_t journal_world(const struct journal *journal, struct bytes name) {
    for (size_t i = 0; i < journal->world_count; i++)
        if (bytes_equal(journal->worlds[i].name, name)) return (uint32_t)i;
    return UINT32_MAX;
}

uint32_t journal_world_count(const struct journal *journal) {
    return (uint32_t)journal->world_count;
}

struct bytes journal_world_name(const struct journal *journal, uint32_t world) {
    assert(world < journal->world_count);
    return journal->worlds[world].name;
}

/* ---- committing ---------------------------------------------------------------------------- */

/* A frame that is damaged here was damaged in memory: better noticed before it is called durable.
 */
static int take_names(struct journal *journal, struct bytes group) {
    struct reader reader = reader_of(group);
    struct frame frame;
    int status;
    while ((status = group_next(&reader, &frame)) == 1) {
        uint32_t world;
        struct bytes name;
        if (frame.world != GROUP_NAMES) {
            if (frame.world < journal->world_count) continue;
            return SS_ERR_CORRUPT;
        }
        status = frame_name(&frame, &world, &name) ? database_add_world(journal, world, name)
                                                   : SS_ERR_CORRUPT;
        if (status != SS_OK) return status;
    }
    return status;
}

static int add_group(struct journal *journal, struct bytes group, ss_time now) {
    int status = take_names(journal, group);
    if (status != SS_OK) return status;
    sqlite3_stmt *statement = journal->statements[STATEMENT_GROUP_ADD];
    bind_u64(statement, 1, journal->last + 1);
    bind_u64(statement, 2, (uint64_t)now);
    bind_u64(statement, 3, group.size);
    bind_blob(statement, 4, pack_group(&journal->pack, group));
    return statement_run(statement);
}

/* One transaction: the group, when there is one, and a step of the checkpoint, when that is wanted.
 */
static int transact(struct journal *journal, const struct bytes *group, ss_time now, bool step) {
    int status = database_begin(journal);
    if (status == SS_OK && group) status = add_group(journal, *group, now);
    int stepped = status == SS_OK && step ? checkpoint_step(journal) : status;
    if (stepped != SS_ERR_AGAIN) status = stepped;
    if (status == SS_OK) status = database_save(journal);
    if (status == SS_OK) status = database_commit(journal);
    if (status != SS_OK) {
        database_rollback(journal);
        return status;
    }
    return group ? SS_OK : stepped;
}

/* Room that is given back is anybody's: half of it is taken at once for the groups that wait. The
 * log does not mind what stands behind its last frame. */
static void give_back(struct journal *journal) {
    uint8_t block[4096];
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    memset(block, 0xa5, sizeof block);
    if (!folder_ballast_free(&journal->folder)) return;
    sqlite3_file_control(journal->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    if (!log || !log->pMethods || log->pMethods->xFileSize(log, &size) != SQLITE_OK) return;
    sqlite3_int64 end = size + (sqlite3_int64)(journal->config.ballast_bytes / 2);
    while (size < end && log->pMethods->xWrite(log, block, sizeof block, size) == SQLITE_OK)
        size += (sqlite3_int64)sizeof block;
}

/* On a full disk the ballast goes first, and the checkpoint waits. Pages that every step writes are
 * written less often when few commits bring one. */
static int transact_with_room(struct journal *journal, const struct bytes *group, ss_time now) {
    bool step = !group || (journal->last + 1) % journal->config.commits_per_step == 0;
    int status = transact(journal, group, now, step);
    if (status != SS_ERR_UNAVAILABLE || journal->failed != SS_OK) return status;
    if (!journal->low)
        log_line(journal->config.log, LOG_LEVEL_ERROR, "journal %s: the disk is full",
                 journal->folder.path);
    journal->low = true;
    give_back(journal);
    return group ? transact(journal, group, now, false) : status;
}

int journal_commit(struct journal *journal, struct bytes group, ss_time now) {
    if (journal->failed != SS_OK) return journal->failed;
    int status = transact_with_room(journal, &group, now);
    if (journal->failed != SS_OK) return journal->failed;
    if (status != SS_OK) return journal_result(journal, status);
    journal->last++;
    journal->group_count++;
    journal->group_bytes += group.size;
    journal->counted.commits++;
    status = folder_mark_write(&journal->folder, journal->node, journal->last);
    return status == SS_ERR_UNAVAILABLE ? SS_OK : journal_result(journal, status);
}

int journal_tidy(struct journal *journal) {
    if (journal->failed != SS_OK) return journal->failed;
    /* On a full disk at once: an empty log is written again from its beginning. */
    int enough = journal->low ? 1 : (int)journal->config.log_pages_max;
    if (journal->log_pages < enough) return SS_OK;
    int code = sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    journal->log_pages = 0;
    int status = file_status(code);
    return journal_result(journal, status == SS_ERR_BUSY ? SS_OK : status);
}

/* ---- the checkpoint ------------------------------------------------------------------------ */

void journal_checkpoint(struct journal *journal) {
    journal->checkpoint.wanted = true;
}

bool journal_checkpointing(const struct journal *journal) {
    return journal->checkpoint.phase != CHECKPOINT_IDLE || journal->checkpoint.wanted;
}

int journal_step(struct journal *journal) {
    if (journal->failed != SS_OK) return journal->failed;
    if (!journal_checkpointing(journal) && journal->group_bytes < journal->config.checkpoint_bytes)
        return SS_ERR_AGAIN;
    int status = transact_with_room(journal, NULL, 0);
    if (journal->failed != SS_OK) return journal->failed;
    return journal_result(journal, status);
}

bool journal_overdue(const struct journal *journal) {
    return journal->group_bytes / 2 > journal->config.checkpoint_bytes;
}

/* One round, of the oldest groups. */
static int settle_round(struct journal *journal, const struct progress *progress) {
    int status;
    journal_checkpoint(journal);
    while ((status = journal_step(journal)) == SS_OK) {
        status = journal_tidy(journal);
        if (status != SS_OK) return status;
        if (progress && progress->tell)
            progress->tell(progress->context, "groups into tables", checkpoint_progress(journal),
                           CHECKPOINT_WHOLE);
        if (!journal_checkpointing(journal)) return SS_OK;
    }
    return status == SS_ERR_AGAIN ? SS_OK : status;
}

int journal_settle(struct journal *journal, const struct progress *progress) {
    int status = SS_OK;
    journal->settling = true;
    while (journal->group_count > 0 && status == SS_OK)
        status = settle_round(journal, progress);
    journal->settling = false;
    if (status != SS_OK) return status;
    int code = sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    journal->log_pages = 0;
    return journal_result(journal, file_status(code));
}

/* ---- room ---------------------------------------------------------------------------------- */

int journal_refill(struct journal *journal) {
    if (journal->failed != SS_OK) return journal->failed;
    int status = folder_ballast_fill(&journal->folder, journal->config.ballast_bytes);
    if (status == SS_OK && journal->low)
        log_line(journal->config.log, LOG_LEVEL_INFO, "journal %s: there is room again",
                 journal->folder.path);
    journal->low = status != SS_OK;
    return journal_result(journal, status);
}
