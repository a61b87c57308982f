/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - the table `cells`: the newest version of each cell, clustered by (world, owner,
 * category, key), so that a checkpoint that moves cells in that order writes each page about once.
 */
#include <stdio.h>

#include "base/status.h"
#include "journal/crc32c.h"
#include "journal/tables.h"

#define CLOCK_TEXT_MAX (CLOCK_ENTRIES_MAX * (NODE_NAME_SIZE + 22) + 1)

/* ---- clocks as text: "node:counter node:counter" ------------------------------------------- */

static void clock_to_text(struct bytes clock, struct writer *text) {
    struct reader reader = reader_of(clock);
    uint64_t count = reader_varint(&reader);
    for (uint64_t i = 0; i < count && !text->failed; i++) {
        char entry[NODE_NAME_SIZE + 24];
        node_print(reader_u64(&reader), entry);
        int size = snprintf(entry + NODE_NAME_SIZE, sizeof entry - NODE_NAME_SIZE, ":%llu",
                            (unsigned long long)reader_varint(&reader));
        if (i > 0) writer_u8(text, ' ');
        writer_bytes(text, bytes_view(entry, NODE_NAME_SIZE + (size_t)size));
    }
}

static bool take_counter(struct bytes *text, uint64_t *counter) {
    size_t i = 0;
    *counter = 0;
    for (; i < text->size && text->data[i] != ' '; i++) {
        unsigned digit = (unsigned)text->data[i] - '0';
        if (digit > 9) return false;
        *counter = *counter * 10 + digit;
    }
    if (i < text->size) i++; /* the space */
    *text = bytes_view(text->data + i, text->size - i);
    return true;
}

/* The entries, without their number. */
static uint64_t clock_from_text(struct bytes text, struct writer *entries) {
    uint64_t count = 0;
    while (text.size > NODE_NAME_SIZE) {
        uint64_t node, counter;
        bool named = node_parse(bytes_view(text.data, NODE_NAME_SIZE), &node);
        text = bytes_view(text.data + NODE_NAME_SIZE + 1, text.size - NODE_NAME_SIZE - 1);
        if (!named || !take_counter(&text, &counter)) break;
        writer_u64(entries, node);
        writer_varint(entries, counter);
        count++;
    }
    return count; /* whatever was wrong shows in the row's checksum */
}

/* ---- moving -------------------------------------------------------------------------------- */

static void bind_cell(sqlite3_stmt *statement, uint32_t world, const struct entry *entry) {
    bind_u64(statement, 1, world);
    bind_u64(statement, 2, entry->owner);
    bind_text(statement, 3, entry->category);
    bind_text(statement, 4, entry->key);
}

/* What stands: 1 and its version and checksum, 0 when nothing does, or an error. */
static int find(struct journal *journal, uint32_t world, const struct entry *entry,
                uint64_t *version, uint32_t *crc) {
    sqlite3_stmt *statement = journal->statements[STATEMENT_CELL_FIND];
    bind_cell(statement, world, entry);
    int status = statement_row(statement);
    if (status != 1) return status;
    *version = column_u64(statement, 0);
    *crc = (uint32_t)column_u64(statement, 1);
    statement_done(statement);
    return 1;
}

int cells_put(struct journal *journal, uint32_t world, const struct entry *entry,
              struct bytes effect) {
    uint64_t version = 0;
    uint32_t old = 0, crc = crc32c(0, effect);
    char node[NODE_NAME_SIZE + 1];
    uint8_t text[CLOCK_TEXT_MAX];
    struct writer clock = writer_of(text, sizeof text);
    int found = find(journal, world, entry, &version, &old);
    if (found < 0) return found;
    if (found && version >= entry->version) return SS_OK;
    clock_to_text(entry->clock, &clock);
    if (clock.failed || (entry->flags & ~EFFECT_DELETED) != 0) return SS_ERR_CORRUPT;
    node_print(entry->node, node);
    sqlite3_stmt *statement = journal->statements[STATEMENT_CELL_PUT];
    bind_cell(statement, world, entry);
    bind_u64(statement, 5, entry->version);
    bind_u64(statement, 6, entry->flags);
    bind_u64(statement, 7, entry->time);
    bind_u64(statement, 8, entry->writer);
    bind_u64(statement, 9, entry->tick);
    bind_u64(statement, 10, entry->latency);
    bind_text(statement, 11, bytes_view(node, NODE_NAME_SIZE));
    bind_text(statement, 12, bytes_view(text, clock.size));
    bind_u64(statement, 13, entry->seq);
    bind_u64(statement, 14, crc);
    bind_blob(statement, 15, entry->state);
    if (found) world_row_removed(&journal->worlds[world], old);
    world_row_added(&journal->worlds[world], crc);
    return statement_run(statement);
}

int cells_forget(struct journal *journal, uint32_t world, const struct entry *entry) {
    uint64_t version = 0;
    uint32_t old = 0;
    int found = find(journal, world, entry, &version, &old);
    if (found <= 0 || version > entry->version) return found < 0 ? found : SS_OK;
    sqlite3_stmt *statement = journal->statements[STATEMENT_CELL_DELETE];
    bind_cell(statement, world, entry);
    world_row_removed(&journal->worlds[world], old);
    return statement_run(statement);
}

/* ---- coming back --------------------------------------------------------------------------- */

static int recover_row(struct synthesis *synthesis, sqlite3_stmt *row) {
    struct entry entry = {.kind = EFFECT_WRITE,
                          .owner = column_u64(row, 1),
                          .category = column_bytes(row, 2),
                          .key = column_bytes(row, 3),
                          .version = column_u64(row, 4),
                          .flags = (uint8_t)column_u64(row, 5),
                          .time = column_u64(row, 6),
                          .writer = column_u64(row, 7),
                          .tick = column_u64(row, 8),
                          .latency = column_u64(row, 9),
                          .seq = column_u64(row, 12),
                          .state = column_bytes(row, 14)};
    uint8_t raw[CLOCK_ENTRIES_MAX * 18 + 10], whole[CLOCK_ENTRIES_MAX * 18 + 20];
    struct writer others = writer_of(raw, sizeof raw), clock = writer_of(whole, sizeof whole);
    writer_varint(&clock, clock_from_text(column_bytes(row, 11), &others));
    writer_bytes(&clock, bytes_view(raw, others.size));
    entry.clock = bytes_view(whole, clock.size);
    (void)node_parse(column_bytes(row, 10), &entry.node);
    struct bytes effect = journal_encode(synthesis->journal, &entry);
    if (effect.size == 0) return SS_ERR_NOMEM;
    int status =
        synthesis_check(synthesis, "cells", (uint32_t)column_u64(row, 13), crc32c(0, effect));
    /* Newer ones are still in groups, and come from there. */
    if (status != SS_OK || entry.seq > synthesis->journal->worlds[synthesis->world].base_seq)
        return status;
    return synthesis_keep(synthesis, entry.seq, effect);
}

int cells_recover(struct synthesis *synthesis) {
    sqlite3_stmt *statement = synthesis->journal->statements[STATEMENT_CELLS_OF];
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
