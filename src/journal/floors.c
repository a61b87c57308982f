/* SPDX-License-Identifier: Apache-2.0 */
/* floors.c - the table `floors`. A row stands for a FLOOR whose seq is that of the newest tombstone
 * forgotten: that one is recovered by writing and forgetting a tombstone in the empty world. */
#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/tables.h"
#include "world/version.h"

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* The row becomes an entry; 1, 0 when there is none (then all is 0), or an error. */
static int find(struct journal *journal, uint32_t world, struct entry *entry, uint32_t *crc) {
    sqlite3_stmt *statement = journal->statements[STATEMENT_FLOOR_FIND];
    bind_u64(statement, 1, world);
    bind_text(statement, 2, entry->category);
    int status = statement_row(statement);
    if (status != 1) return status;
    entry->version = column_u64(statement, 0);
    entry->reserved = column_u64(statement, 1);
    entry->seq = column_u64(statement, 2);
    *crc = (uint32_t)column_u64(statement, 3);
    statement_done(statement);
    return 1;
}

int floors_raise(struct journal *journal, uint32_t world, struct bytes category, uint64_t floor,
                 uint64_t reserved, uint64_t forgotten_seq) {
    struct entry entry = {.kind = EFFECT_FLOOR, .category = category};
    uint32_t old = 0;
    int found = find(journal, world, &entry, &old);
    if (found < 0) return found;
    entry.version = larger(entry.version, floor);
    entry.reserved = larger(entry.reserved, reserved);
    entry.seq = larger(entry.seq, forgotten_seq);
    struct bytes effect = journal_encode(journal, &entry);
    if (effect.size == 0) return SS_ERR_NOMEM;
    uint32_t crc = crc32c(0, effect);
    sqlite3_stmt *statement = journal->statements[STATEMENT_FLOOR_PUT];
    bind_u64(statement, 1, world);
    bind_text(statement, 2, category);
    bind_u64(statement, 3, entry.version);
    bind_u64(statement, 4, entry.reserved);
    bind_u64(statement, 5, entry.seq);
    bind_u64(statement, 6, crc);
    if (found) world_row_removed(&journal->worlds[world], old);
    world_row_added(&journal->worlds[world], crc);
    return statement_run(statement);
}

/* ---- coming back --------------------------------------------------------------------------- */

/* A tombstone under the floor, and that it was forgotten. Any cell will do: there is none yet. */
static int recover_forgotten(struct synthesis *synthesis, const struct entry *floor) {
    static const uint8_t alone[1] = {0}; /* the clock of no other node */
    struct entry entry = {.kind = EFFECT_WRITE,
                          .seq = floor->seq,
                          .flags = EFFECT_DELETED,
                          .category = floor->category,
                          .key = bytes_of("-"),
                          .version = floor->version,
                          .node = synthesis->journal->node,
                          .clock = bytes_view(alone, sizeof alone)};
    if (version_wire(entry.version) == 0) entry.version--;
    int status = synthesis_add(synthesis, 0, &entry);
    entry.kind = EFFECT_FORGET;
    return status == SS_OK ? synthesis_add(synthesis, 0, &entry) : status;
}

static int recover_row(struct synthesis *synthesis, sqlite3_stmt *row) {
    struct entry entry = {.kind = EFFECT_FLOOR,
                          .version = column_u64(row, 0),
                          .reserved = column_u64(row, 1),
                          .seq = column_u64(row, 2),
                          .category = column_bytes(row, 4)};
    struct bytes effect = journal_encode(synthesis->journal, &entry);
    if (effect.size == 0) return SS_ERR_NOMEM;
    int status =
        synthesis_check(synthesis, "floors", (uint32_t)column_u64(row, 3), crc32c(0, effect));
    if (status == SS_OK && entry.seq && entry.version)
        status = recover_forgotten(synthesis, &entry);
    return status == SS_OK ? synthesis_add(synthesis, 0, &entry) : status;
}

int floors_recover(struct synthesis *synthesis) {
    sqlite3_stmt *statement = synthesis->journal->statements[STATEMENT_FLOORS_OF];
    bind_u64(statement, 1, synthesis->world);
    int status;
    while ((status = statement_row(statement)) == 1) {
        status = recover_row(synthesis, statement);
        if (status == SS_OK) continue;
        statement_done(statement);
        return status;
    }
    return status;
}
