/* SPDX-License-Identifier: Apache-2.0 */
/* statement.h - every question the journal asks of SQLite, and short ways to bind and to read.
 *
 * The texts stand in statement.c beside the tables. */
#ifndef JOURNAL_STATEMENT_H
#define JOURNAL_STATEMENT_H

#include <sqlite3.h>

#include "base/bytes.h"

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_META_SAVE,
    STATEMENT_WORLD_SAVE,
    STATEMENT_GROUP_ADD,
    STATEMENT_GROUPS_FROM,
    STATEMENT_GROUPS_DELETE,
    STATEMENT_CELL_FIND,
    STATEMENT_CELL_PUT,
    STATEMENT_CELL_DELETE,
    STATEMENT_CELLS_OF,
    STATEMENT_FLOOR_FIND,
    STATEMENT_FLOOR_PUT,
    STATEMENT_FLOORS_OF,
    STATEMENT_CONFLICT_FIND,
    STATEMENT_CONFLICT_PUT,
    STATEMENT_CONFLICT_DELETE,
    STATEMENT_CONFLICTS_OF,
    STATEMENT_CONFLICTS_DECIDED,
    STATEMENT_KEY_PUT,
    STATEMENT_KEY_DELETE,
    STATEMENT_KEYS_OF,
    STATEMENT_COUNT
};

extern const char *const schema_text;
extern const char *const statement_texts[STATEMENT_COUNT];

/* All are given back by statement_done; binding errors show in its status. */
void bind_u64(sqlite3_stmt *statement, int place, uint64_t value);
void bind_text(sqlite3_stmt *statement, int place, struct bytes value);
void bind_blob(sqlite3_stmt *statement, int place, struct bytes value);

static inline uint64_t column_u64(sqlite3_stmt *statement, int column) {
    return (uint64_t)sqlite3_column_int64(statement, column);
}
/* Text or blob, borrowed until the next step. */
struct bytes column_bytes(sqlite3_stmt *statement, int column);

/* The next row: 1, 0 at the end, or an error status; at the end and on an error the statement is
 * reset. */
int statement_row(sqlite3_stmt *statement);
/* Resets and forgets what was bound. */
void statement_done(sqlite3_stmt *statement);
/* Steps to the end, passing rows over: SS_OK or an error status. */
int statement_run(sqlite3_stmt *statement);

#endif
