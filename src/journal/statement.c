/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/statement.h"

#include "base/status.h"
#include "journal/file.h"

/* ---- texts --------------------------------------------------------------------------------- */

/* The comments stay in the file: `.schema` shows them to whoever opens it with sqlite3. Numbers are
 * 64 bits, and SQLite shows those from 2^63 on as negative ones. */
const char *const schema_text =
    "CREATE TABLE meta (\n"
    "  id INTEGER PRIMARY KEY CHECK (id = 1),\n"
    "  format INTEGER NOT NULL,        -- of this file\n"
    "  effect_format INTEGER NOT NULL, -- of the effects in it\n"
    "  node TEXT NOT NULL,             -- this data folder in vector clocks, hex\n"
    "  first_group INTEGER NOT NULL,   -- older groups stand in the tables below\n"
    "  moved_group INTEGER NOT NULL,   -- up to here floors, conflicts and keys do\n"
    "  crc INTEGER NOT NULL);\n"
    "CREATE TABLE worlds (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  name TEXT NOT NULL UNIQUE,\n"
    "  base_seq INTEGER NOT NULL,      -- effects up to here are in no group any more\n"
    "  row_count INTEGER NOT NULL,     -- of this world in the tables below\n"
    "  row_sum INTEGER NOT NULL,       -- of their crc\n"
    "  crc INTEGER NOT NULL);\n"
    "CREATE TABLE groups (             -- what was done, in order, one row a commit\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  time_us INTEGER NOT NULL,\n"
    "  size INTEGER NOT NULL,          -- of what it holds: data is shorter, then it is a zstd "
    "frame\n"
    "  data BLOB NOT NULL);\n"
    "CREATE TABLE cells (              -- newest versions, but for what is still in groups\n"
    "  world INTEGER NOT NULL, owner INTEGER NOT NULL, category TEXT NOT NULL, key TEXT NOT NULL,\n"
    "  version INTEGER NOT NULL,\n"
    "  deleted INTEGER NOT NULL,       -- 1: a tombstone\n"
    "  updated_us INTEGER NOT NULL,    -- since 1970\n"
    "  writer INTEGER NOT NULL,        -- player, 0: the server itself\n"
    "  tick INTEGER NOT NULL,\n"
    "  latency_ms INTEGER NOT NULL,\n"
    "  node TEXT NOT NULL,             -- that wrote this version, hex\n"
    "  clock TEXT NOT NULL,            -- other nodes that wrote before: node:version ...\n"
    "  seq INTEGER NOT NULL,           -- place in the world's order of effects\n"
    "  crc INTEGER NOT NULL,\n"
    "  state BLOB NOT NULL,\n"
    "  PRIMARY KEY (world, owner, category, key)) WITHOUT ROWID;\n"
    "CREATE TABLE floors (             -- versions up to here were given away\n"
    "  world INTEGER NOT NULL, category TEXT NOT NULL,\n"
    "  floor INTEGER NOT NULL, reserved INTEGER NOT NULL,\n"
    "  forgotten_seq INTEGER NOT NULL, -- newest tombstone forgotten, 0: none\n"
    "  crc INTEGER NOT NULL,\n"
    "  PRIMARY KEY (world, category)) WITHOUT ROWID;\n"
    "CREATE TABLE conflicts (          -- writes parked for a decision, and what was decided\n"
    "  world INTEGER NOT NULL,\n"
    "  id TEXT NOT NULL,               -- as the protocol shows it\n"
    "  number INTEGER NOT NULL,\n"
    "  owner INTEGER NOT NULL, category TEXT NOT NULL, key TEXT NOT NULL,\n"
    "  writer INTEGER NOT NULL,\n"
    "  type INTEGER NOT NULL,          -- 1 version mismatch, 2 vector clock, 3 concurrent update\n"
    "  detected_us INTEGER NOT NULL,\n"
    "  latency_ms INTEGER NOT NULL,\n"
    "  flags INTEGER NOT NULL,         -- 1 a deletion, 2 has a base, 4 nothing stood\n"
    "  base_version INTEGER NOT NULL, old_version INTEGER NOT NULL,\n"
    "  parked_seq INTEGER NOT NULL, seq INTEGER NOT NULL,\n"
    "  decided_seq INTEGER NOT NULL,   -- 0: still open; all below belongs to the decision\n"
    "  decided_us INTEGER NOT NULL,\n"
    "  decided_flags INTEGER NOT NULL, -- 4 nothing stands, 8 expired\n"
    "  strategy INTEGER NOT NULL,      -- 1 last write wins, 2 merge, 3 keep old, 4 manual\n"
    "  version INTEGER NOT NULL,\n"
    "  digest BLOB NOT NULL,\n"
    "  crc INTEGER NOT NULL,\n"
    "  base BLOB NOT NULL, old BLOB NOT NULL, incoming BLOB NOT NULL, resolved BLOB NOT NULL,\n"
    "  PRIMARY KEY (world, id)) WITHOUT ROWID;\n"
    "CREATE INDEX conflicts_decided ON conflicts (world, decided_seq) WHERE decided_seq > 0;\n"
    "CREATE TABLE keys (               -- idempotency keys and their answers\n"
    "  world INTEGER NOT NULL, seq INTEGER NOT NULL,\n"
    "  player INTEGER NOT NULL, key TEXT NOT NULL, time_us INTEGER NOT NULL,\n"
    "  crc INTEGER NOT NULL,\n"
    "  effect BLOB NOT NULL,\n"
    "  PRIMARY KEY (world, seq)) WITHOUT ROWID;\n";

#define CONFLICT_COLUMNS                                                                           \
    "world, id, number, owner, category, key, writer, type, detected_us, latency_ms, flags, "      \
    "base_version, old_version, parked_seq, seq, decided_seq, decided_us, decided_flags, "         \
    "strategy, version, digest, crc, base, old, incoming, resolved"

const char *const statement_texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_META_SAVE] = "REPLACE INTO meta (id, format, effect_format, node, first_group, "
                            "moved_group, crc) VALUES (1, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_WORLD_SAVE] = "REPLACE INTO worlds (id, name, base_seq, row_count, row_sum, crc) "
                             "VALUES (?, ?, ?, ?, ?, ?)",
    [STATEMENT_GROUP_ADD] = "INSERT INTO groups (seq, time_us, size, data) "
                            "VALUES (?, ?, ?, ?)",
    [STATEMENT_GROUPS_FROM] = "SELECT seq, size, data FROM groups WHERE seq >= ? ORDER BY seq",
    [STATEMENT_GROUPS_DELETE] = "DELETE FROM groups WHERE seq <= ?",
    [STATEMENT_CELL_FIND] = "SELECT version, crc FROM cells "
                            "WHERE world = ? AND owner = ? AND category = ? AND key = ?",
    [STATEMENT_CELL_PUT] = "REPLACE INTO cells (world, owner, category, key, version, deleted, "
                           "updated_us, writer, tick, latency_ms, node, clock, seq, crc, state) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_CELL_DELETE] = "DELETE FROM cells "
                              "WHERE world = ? AND owner = ? AND category = ? AND key = ?",
    [STATEMENT_CELLS_OF] = "SELECT world, owner, category, key, version, deleted, updated_us, "
                           "writer, tick, latency_ms, node, clock, seq, crc, state "
                           "FROM cells WHERE world = ?",
    [STATEMENT_FLOOR_FIND] = "SELECT floor, reserved, forgotten_seq, crc FROM floors "
                             "WHERE world = ? AND category = ?",
    [STATEMENT_FLOOR_PUT] = "REPLACE INTO floors (world, category, floor, reserved, "
                            "forgotten_seq, crc) VALUES (?, ?, ?, ?, ?, ?)",
    [STATEMENT_FLOORS_OF] = "SELECT floor, reserved, forgotten_seq, crc, category FROM floors "
                            "WHERE world = ?",
    [STATEMENT_CONFLICT_FIND] = "SELECT " CONFLICT_COLUMNS " FROM conflicts "
                                "WHERE world = ? AND id = ?",
    [STATEMENT_CONFLICT_PUT] = "REPLACE INTO conflicts (" CONFLICT_COLUMNS ") VALUES (?, ?, ?, ?, "
                               "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_CONFLICT_DELETE] = "DELETE FROM conflicts WHERE world = ? AND id = ?",
    [STATEMENT_CONFLICTS_OF] = "SELECT " CONFLICT_COLUMNS " FROM conflicts WHERE world = ?",
    [STATEMENT_CONFLICTS_DECIDED] = "SELECT id, decided_us, crc FROM conflicts "
                                    "WHERE world = ? AND decided_seq > 0 "
                                    "ORDER BY decided_seq LIMIT 1",
    [STATEMENT_KEY_PUT] = "REPLACE INTO keys (world, seq, player, key, time_us, crc, effect) "
                          "VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_KEY_DELETE] = "DELETE FROM keys WHERE world = ? AND seq = ?",
    [STATEMENT_KEYS_OF] = "SELECT seq, player, key, time_us, crc, effect FROM keys "
                          "WHERE world = ? ORDER BY seq",
};

/* ---- binding ------------------------------------------------------------------------------- */

void bind_u64(sqlite3_stmt *statement, int place, uint64_t value) {
    sqlite3_bind_int64(statement, place, (sqlite3_int64)value);
}

void bind_text(sqlite3_stmt *statement, int place, struct bytes value) {
    sqlite3_bind_text64(statement, place, value.size ? (const char *)value.data : "", value.size,
                        SQLITE_STATIC, SQLITE_UTF8);
}

void bind_blob(sqlite3_stmt *statement, int place, struct bytes value) {
    sqlite3_bind_blob64(statement, place, value.size ? (const void *)value.data : "", value.size,
                        SQLITE_STATIC);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct bytes column_bytes(sqlite3_stmt *statement, int column) {
    const void *data = sqlite3_column_blob(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    return data ? bytes_view(data, (size_t)size) : (struct bytes){NULL, 0};
}

int statement_row(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return 1;
    statement_done(statement);
    return code == SQLITE_DONE ? 0 : file_status(code);
}

void statement_done(sqlite3_stmt *statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int statement_run(sqlite3_stmt *statement) {
    int status;
    while ((status = statement_row(statement)) == 1) {
    }
    return status;
}
