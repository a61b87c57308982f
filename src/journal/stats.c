/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"
#include "journal/inside.h"

/* The log is a file of the VFS beside the database. */
static uint64_t log_size(struct journal *journal) {
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int code =
        sqlite3_file_control(journal->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&file);
    if (code != SQLITE_OK || !file || !file->pMethods) return 0;
    return file->pMethods->xFileSize(file, &size) == SQLITE_OK ? (uint64_t)size : 0;
}

int journal_stats(struct journal *journal, struct journal_stats *stats) {
    uint64_t pages = 0, free = 0;
    const struct {
        const char *text;
        uint64_t *answer;
    } questions[] = {
        {"SELECT count(*) FROM cells", &stats->cells},
        {"SELECT count(*) FROM cells WHERE deleted", &stats->tombstones},
        {"SELECT count(*) FROM conflicts", &stats->conflicts},
        {"SELECT count(*) FROM keys", &stats->keys},
        {"SELECT count(*) FROM floors", &stats->floors},
        {"PRAGMA page_count", &pages},
        {"PRAGMA freelist_count", &free},
    };
    if (journal->failed != SS_OK) return journal->failed;
    *stats = journal->counted;
    stats->node = journal->node;
    stats->first_group = journal->first;
    stats->last_group = journal->last;
    stats->groups = journal->group_count;
    stats->group_bytes = journal->group_bytes;
    stats->worlds = journal->world_count;
    for (size_t i = 0; i < journal->world_count; i++)
        stats->rows_sum += journal->worlds[i].sum;
    stats->log_bytes = log_size(journal);
    int status = file_size(&journal->folder.ballast, &stats->ballast_bytes);
    for (size_t i = 0; i < sizeof questions / sizeof *questions && status == SS_OK; i++)
        status = database_ask(journal, questions[i].text, questions[i].answer);
    stats->database_bytes = pages * 4096;
    stats->free_bytes = free * 4096;
    return status;
}
