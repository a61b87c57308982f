/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - the table `keys`, in the order in which they were remembered.
 *
 * A world also forgets keys by rules of its own (so many of a player), of which no effect tells. So
 * the table may hold more than the world, always older ones, and a replay applies the same rules to
 * them again; what is older than keys_life goes here with the next EXPIRE. */
#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/tables.h"

int keys_put(struct journal *journal, uint32_t world, const struct entry *entry,
             struct bytes effect) {
    uint32_t crc = crc32c(0, effect);
    sqlite3_stmt *statement = journal->statements[STATEMENT_KEY_PUT];
    bind_u64(statement, 1, world);
    bind_u64(statement, 2, entry->seq);
    bind_u64(statement, 3, entry->owner);
    bind_text(statement, 4, entry->key);
    bind_u64(statement, 5, entry->time);
    bind_u64(statement, 6, crc);
    bind_blob(statement, 7, effect);
    world_row_added(&journal->worlds[world], crc);
    return statement_run(statement);
}

static int forget(struct journal *journal, uint32_t world, uint64_t seq, uint32_t crc) {
    sqlite3_stmt *statement = journal->statements[STATEMENT_KEY_DELETE];
    bind_u64(statement, 1, world);
    bind_u64(statement, 2, seq);
    world_row_removed(&journal->worlds[world], crc);
    return statement_run(statement);
}

int keys_expire(struct journal *journal, uint32_t world, uint64_t count) {
    sqlite3_stmt *oldest = journal->statements[STATEMENT_KEYS_OF];
    uint64_t now = journal->worlds[world].newest, life = (uint64_t)journal->config.keys_life;
    bind_u64(oldest, 1, world);
    int status;
    while ((status = statement_row(oldest)) == 1) {
        bool due = count > 0 || column_u64(oldest, 3) + life < now;
        if (due) {
            status = forget(journal, world, column_u64(oldest, 0), (uint32_t)column_u64(oldest, 4));
            count -= count > 0;
            if (status == SS_OK) continue;
        }
        statement_done(oldest);
        return due ? status : SS_OK;
    }
    return status;
}

/* Do the columns for people say what the effect says? */
static bool agrees(sqlite3_stmt *row, const struct entry *entry) {
    return entry->seq == column_u64(row, 0) && entry->owner == column_u64(row, 1) &&
           bytes_equal(entry->key, column_bytes(row, 2)) && entry->time == column_u64(row, 3);
}

int keys_recover(struct synthesis *synthesis) {
    sqlite3_stmt *statement = synthesis->journal->statements[STATEMENT_KEYS_OF];
    bind_u64(statement, 1, synthesis->world);
    int status;
    while ((status = statement_row(statement)) == 1) {
        struct bytes effect = column_bytes(statement, 5);
        struct reader reader = reader_of(effect);
        struct entry entry;
        status = synthesis_check(synthesis, "keys", (uint32_t)column_u64(statement, 4),
                                 crc32c(0, effect));
        if (status == SS_OK && (entry_read(&reader, &entry) != SS_OK || !agrees(statement, &entry)))
            status = SS_ERR_CORRUPT;
        if (status == SS_OK) status = synthesis_add(synthesis, entry.seq, &entry);
        if (status == SS_OK) continue;
        statement_done(statement);
        return status;
    }
    return status;
}
