/* SPDX-License-Identifier: Apache-2.0 */
/* conflicts.c - the table `conflicts`: a row is a PARK as it was last refreshed, and, once somebody
 * decided, a DECIDE. A change reads the row, changes the effect, and writes the row again. */
#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/tables.h"

#define ID_TEXT_SIZE 36

/* A row. The views are borrowed from the statement that found it, so that is kept open. */
struct conflict_row {
    struct entry park, decide; /* decide.seq 0: still open */
    uint64_t parked_seq;
    uint32_t crc;
};

/* ---- identifiers: as the protocol shows them ----------------------------------------------- */

static void id_print(const uint8_t id[ENTRY_ID_SIZE], char text[ID_TEXT_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    char *at = text;
    for (int i = 0; i < ENTRY_ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = digits[id[i] >> 4];
        *at++ = digits[id[i] & 15];
    }
    *at = '\0';
}

static unsigned nibble(uint8_t digit) {
    return (unsigned)(digit >= 'a' ? digit - 'a' + 10 : digit - '0') & 15;
}

/* What is wrong with a text shows in the row's checksum. */
static void id_parse(struct bytes text, uint8_t id[ENTRY_ID_SIZE]) {
    size_t at = 0;
    memset(id, 0, ENTRY_ID_SIZE);
    for (int i = 0; i < ENTRY_ID_SIZE && at + 2 <= text.size; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) at++;
        if (at + 2 > text.size) return;
        id[i] = (uint8_t)(nibble(text.data[at]) << 4 | nibble(text.data[at + 1]));
        at += 2;
    }
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void row_decision(sqlite3_stmt *row, struct entry *decide) {
    *decide = (struct entry){.kind = EFFECT_DECIDE,
                             .seq = column_u64(row, 15),
                             .time = column_u64(row, 16),
                             .flags = (uint8_t)column_u64(row, 17),
                             .strategy = (uint8_t)column_u64(row, 18),
                             .version = column_u64(row, 19),
                             .state = column_bytes(row, 25)};
    struct bytes digest = column_bytes(row, 20);
    if (digest.size == sizeof decide->digest) memcpy(decide->digest, digest.data, digest.size);
}

static void row_read(sqlite3_stmt *row, struct conflict_row *conflict) {
    conflict->park = (struct entry){.kind = EFFECT_PARK,
                                    .number = column_u64(row, 2),
                                    .owner = column_u64(row, 3),
                                    .category = column_bytes(row, 4),
                                    .key = column_bytes(row, 5),
                                    .writer = column_u64(row, 6),
                                    .type = (uint8_t)column_u64(row, 7),
                                    .time = column_u64(row, 8),
                                    .latency = column_u64(row, 9),
                                    .flags = (uint8_t)column_u64(row, 10),
                                    .base_version = column_u64(row, 11),
                                    .version = column_u64(row, 12),
                                    .seq = column_u64(row, 14),
                                    .base = column_bytes(row, 22),
                                    .state = column_bytes(row, 23),
                                    .incoming = column_bytes(row, 24)};
    id_parse(column_bytes(row, 1), conflict->park.id);
    row_decision(row, &conflict->decide);
    memcpy(conflict->decide.id, conflict->park.id, ENTRY_ID_SIZE);
    conflict->parked_seq = column_u64(row, 13);
    conflict->crc = (uint32_t)column_u64(row, 21);
}

/* Over both effects, and what neither of them holds. */
static int row_crc(struct journal *journal, const struct conflict_row *conflict, uint32_t *crc) {
    uint8_t raw[8];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u64(&writer, conflict->parked_seq);
    struct bytes effect = journal_encode(journal, &conflict->park);
    if (effect.size == 0) return SS_ERR_NOMEM;
    *crc = crc32c(crc32c(0, bytes_view(raw, sizeof raw)), effect);
    effect = journal_encode(journal, &conflict->decide);
    if (effect.size == 0) return SS_ERR_NOMEM;
    *crc = crc32c(*crc, effect);
    return SS_OK;
}

static void bind_park(sqlite3_stmt *statement, const struct conflict_row *conflict) {
    const struct entry *park = &conflict->park;
    bind_u64(statement, 3, park->number);
    bind_u64(statement, 4, park->owner);
    bind_text(statement, 5, park->category);
    bind_text(statement, 6, park->key);
    bind_u64(statement, 7, park->writer);
    bind_u64(statement, 8, park->type);
    bind_u64(statement, 9, park->time);
    bind_u64(statement, 10, park->latency);
    bind_u64(statement, 11, park->flags);
    bind_u64(statement, 12, park->base_version);
    bind_u64(statement, 13, park->version);
    bind_u64(statement, 14, conflict->parked_seq);
    bind_u64(statement, 15, park->seq);
    bind_blob(statement, 23, park->base);
    bind_blob(statement, 24, park->state);
    bind_blob(statement, 25, park->incoming);
}

static void bind_decide(sqlite3_stmt *statement, const struct entry *decide) {
    bind_u64(statement, 16, decide->seq);
    bind_u64(statement, 17, decide->time);
    bind_u64(statement, 18, decide->flags);
    bind_u64(statement, 19, decide->strategy);
    bind_u64(statement, 20, decide->version);
    bind_blob(statement, 21, bytes_view(decide->digest, sizeof decide->digest));
    bind_blob(statement, 26, decide->state);
}

static int row_write(struct journal *journal, uint32_t world, struct conflict_row *conflict) {
    char id[ID_TEXT_SIZE + 1];
    int status = row_crc(journal, conflict, &conflict->crc);
    if (status != SS_OK) return status;
    sqlite3_stmt *statement = journal->statements[STATEMENT_CONFLICT_PUT];
    id_print(conflict->park.id, id);
    bind_u64(statement, 1, world);
    bind_text(statement, 2, bytes_view(id, ID_TEXT_SIZE));
    bind_park(statement, conflict);
    bind_decide(statement, &conflict->decide);
    bind_u64(statement, 22, conflict->crc);
    world_row_added(&journal->worlds[world], conflict->crc);
    return statement_run(statement);
}

/* 1 when there is such a row: then the caller ends `*found`. */
static int row_find(struct journal *journal, uint32_t world, const uint8_t id[ENTRY_ID_SIZE],
                    struct conflict_row *conflict, sqlite3_stmt **found) {
    char text[ID_TEXT_SIZE + 1];
    *found = journal->statements[STATEMENT_CONFLICT_FIND];
    id_print(id, text);
    bind_u64(*found, 1, world);
    bind_text(*found, 2, bytes_view(text, ID_TEXT_SIZE));
    int status = statement_row(*found);
    if (status == 1) row_read(*found, conflict);
    return status;
}

/* ---- moving -------------------------------------------------------------------------------- */

int conflicts_park(struct journal *journal, uint32_t world, const struct entry *entry) {
    struct conflict_row conflict = {.park = *entry, .decide = {.kind = EFFECT_DECIDE}};
    memcpy(conflict.decide.id, entry->id, ENTRY_ID_SIZE);
    conflict.parked_seq = entry->seq;
    return row_write(journal, world, &conflict);
}

int conflicts_refresh(struct journal *journal, uint32_t world, const struct entry *entry) {
    struct conflict_row conflict;
    sqlite3_stmt *found;
    int status = row_find(journal, world, entry->id, &conflict, &found);
    if (status != 1) return status;
    if (conflict.decide.seq == 0) {
        conflict.park.seq = entry->seq;
        conflict.park.version = entry->version;
        conflict.park.state = entry->state;
        conflict.park.flags = (uint8_t)((conflict.park.flags & ~EFFECT_ABSENT) | entry->flags);
        world_row_removed(&journal->worlds[world], conflict.crc);
        status = row_write(journal, world, &conflict);
    }
    statement_done(found);
    return status == 1 ? SS_OK : status;
}

int conflicts_decide(struct journal *journal, uint32_t world, const struct entry *entry) {
    struct conflict_row conflict;
    sqlite3_stmt *found;
    int status = row_find(journal, world, entry->id, &conflict, &found);
    if (status != 1) return status;
    if (conflict.decide.seq == 0) {
        conflict.decide = *entry;
        world_row_removed(&journal->worlds[world], conflict.crc);
        status = row_write(journal, world, &conflict);
    }
    statement_done(found);
    return status == 1 ? SS_OK : status;
}

/* The oldest decided one goes when it is due: 1, 0 when nothing is, or an error. */
static int expire_one(struct journal *journal, uint32_t world, bool counted) {
    sqlite3_stmt *oldest = journal->statements[STATEMENT_CONFLICTS_DECIDED];
    uint64_t life = (uint64_t)journal->config.decided_life;
    bind_u64(oldest, 1, world);
    int status = statement_row(oldest);
    if (status != 1) return status;
    bool due = counted || column_u64(oldest, 1) + life < journal->worlds[world].newest;
    if (due) {
        sqlite3_stmt *statement = journal->statements[STATEMENT_CONFLICT_DELETE];
        bind_u64(statement, 1, world);
        bind_text(statement, 2, column_bytes(oldest, 0));
        world_row_removed(&journal->worlds[world], (uint32_t)column_u64(oldest, 2));
        status = statement_run(statement);
    }
    statement_done(oldest);
    return status < 0 ? status : due;
}

int conflicts_expire(struct journal *journal, uint32_t world, uint64_t count) {
    int status;
    while ((status = expire_one(journal, world, count > 0)) == 1)
        count -= count > 0;
    return status;
}

/* ---- coming back --------------------------------------------------------------------------- */

static int recover_row(struct synthesis *synthesis, sqlite3_stmt *row) {
    struct conflict_row conflict;
    uint32_t crc;
    row_read(row, &conflict);
    int status = row_crc(synthesis->journal, &conflict, &crc);
    if (status == SS_OK) status = synthesis_check(synthesis, "conflicts", conflict.crc, crc);
    /* Parked ones stand in the order of parking, whenever they were refreshed. */
    if (status == SS_OK) status = synthesis_add(synthesis, conflict.parked_seq, &conflict.park);
    if (status != SS_OK || conflict.decide.seq == 0) return status;
    return synthesis_add(synthesis, conflict.decide.seq, &conflict.decide);
}

int conflicts_recover(struct synthesis *synthesis) {
    sqlite3_stmt *statement = synthesis->journal->statements[STATEMENT_CONFLICTS_OF];
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
