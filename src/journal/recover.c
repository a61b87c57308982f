/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c - from the data folder back to effects.
 *
 * First what the tables hold: a row of `cells` only when its effect stands in no group any more
 * (base_seq), so that cells come in the order of their last change. Then the groups, oldest first;
 * in those up to moved_group only what is about cells, as the rest stands in the tables already. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "journal/tables.h"

#define BLOCK (256 * 1024)
#define BATCH (32 * 1024)

struct recovery {
    struct journal *journal;
    journal_replay *replay;
    void *context;
    char *why;
    size_t why_size;
};

/* ---- rows ---------------------------------------------------------------------------------- */

struct synthesis synthesis_of(struct journal *journal, uint32_t world, char *why, size_t why_size) {
    return (struct synthesis){.journal = journal,
                              .world = world,
                              .bytes = arena_of(journal->memory, BLOCK),
                              .why = why,
                              .why_size = why_size};
}

void synthesis_free(struct synthesis *synthesis) {
    memory_free(synthesis->journal->memory, synthesis->items,
                synthesis->capacity * sizeof *synthesis->items);
    arena_free(&synthesis->bytes);
}

int synthesis_keep(struct synthesis *synthesis, uint64_t order, struct bytes effect) {
    int status = memory_grow(synthesis->journal->memory, (void **)&synthesis->items,
                             &synthesis->capacity, synthesis->count + 1, sizeof *synthesis->items);
    if (status != SS_OK) return status;
    struct bytes copy = arena_copy(&synthesis->bytes, effect);
    if (!copy.data) return SS_ERR_NOMEM;
    synthesis->items[synthesis->count++] = (struct item){.order = order, .effect = copy};
    return SS_OK;
}

int synthesis_add(struct synthesis *synthesis, uint64_t order, const struct entry *entry) {
    struct bytes effect = journal_encode(synthesis->journal, entry);
    return effect.size ? synthesis_keep(synthesis, order, effect) : SS_ERR_NOMEM;
}

int synthesis_check(struct synthesis *synthesis, const char *table, uint32_t stored,
                    uint32_t computed) {
    synthesis->rows++;
    synthesis->sum += computed;
    if (stored == computed) return SS_OK;
    snprintf(synthesis->why, synthesis->why_size,
             "%s: row %llu of world %u in the table %s is damaged: restore a backup",
             synthesis->journal->folder.database, (unsigned long long)synthesis->rows,
             synthesis->world, table);
    return SS_ERR_CORRUPT;
}

static int by_order(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Hands effects on side by side: a reader sees which come next, and can ask memory for them. */
static int play_items(struct recovery *recovery, struct bytes name, const struct item *items,
                      size_t count) {
    struct buffer batch = buffer_of(recovery->journal->memory);
    int status = SS_OK;
    for (size_t i = 0; i < count && status == SS_OK; i++) {
        buffer_bytes(&batch, items[i].effect);
        if (batch.size < BATCH && i + 1 < count && !batch.failed) continue;
        status = batch.failed ? SS_ERR_NOMEM
                              : recovery->replay(recovery->context, name, buffer_view(&batch));
        buffer_clear(&batch);
    }
    buffer_free(&batch);
    return status;
}

/* Hands everything on, and begins anew. */
static int play(struct recovery *recovery, struct synthesis *synthesis, bool sorted) {
    struct bytes name = recovery->journal->worlds[synthesis->world].name;
    if (!sorted && synthesis->count)
        qsort(synthesis->items, synthesis->count, sizeof *synthesis->items, by_order);
    int status = play_items(recovery, name, synthesis->items, synthesis->count);
    synthesis->count = 0;
    arena_reset(&synthesis->bytes, BLOCK);
    return status;
}

static int check_sums(const struct synthesis *synthesis) {
    const struct journal_world *world = &synthesis->journal->worlds[synthesis->world];
    if (synthesis->rows == world->rows && synthesis->sum == world->sum) return SS_OK;
    snprintf(synthesis->why, synthesis->why_size,
             "%s: world %u has %llu rows where %llu should be, or others than were written: "
             "restore a backup",
             synthesis->journal->folder.database, synthesis->world,
             (unsigned long long)synthesis->rows, (unsigned long long)world->rows);
    return SS_ERR_CORRUPT;
}

/* An effect that does nothing but count: the world's own count goes on where it was. */
static int play_seq(struct recovery *recovery, struct bytes name, uint64_t seq) {
    struct entry nothing = {.kind = EFFECT_EXPIRE, .seq = seq};
    struct bytes effect = journal_encode(recovery->journal, &nothing);
    return effect.size ? recovery->replay(recovery->context, name, effect) : SS_ERR_NOMEM;
}

static int recover_world(struct recovery *recovery, uint32_t world) {
    struct synthesis synthesis =
        synthesis_of(recovery->journal, world, recovery->why, recovery->why_size);
    struct journal_world *row = &recovery->journal->worlds[world];
    int status = floors_recover(&synthesis);
    if (status == SS_OK) status = play(recovery, &synthesis, true);
    if (status == SS_OK) status = cells_recover(&synthesis);
    if (status == SS_OK) status = conflicts_recover(&synthesis);
    if (status == SS_OK) status = keys_recover(&synthesis);
    if (status == SS_OK) status = check_sums(&synthesis);
    if (status == SS_OK) status = play(recovery, &synthesis, false);
    if (status == SS_OK && row->base_seq) status = play_seq(recovery, row->name, row->base_seq);
    synthesis_free(&synthesis);
    return status;
}

/* ---- groups -------------------------------------------------------------------------------- */

static int play_frame(struct recovery *recovery, bool moved, const struct frame *frame) {
    struct bytes name = recovery->journal->worlds[frame->world].name;
    struct reader reader = reader_of(frame->effects);
    struct entry entry;
    if (frame->effects.size == 0) return SS_OK;
    while (reader.left) {
        const uint8_t *start = reader.at;
        if (entry_read(&reader, &entry) != SS_OK) return SS_ERR_CORRUPT;
        if (!moved || (entry.kind != EFFECT_WRITE && entry.kind != EFFECT_FORGET)) continue;
        int status = recovery->replay(recovery->context, name,
                                      bytes_view(start, (size_t)(reader.at - start)));
        if (status != SS_OK) return status;
    }
    if (moved) return play_seq(recovery, name, entry.seq);
    return recovery->replay(recovery->context, name, frame->effects);
}

static int play_group(struct recovery *recovery, uint64_t group, uint64_t size,
                      struct bytes stored) {
    struct journal *journal = recovery->journal;
    struct bytes data;
    struct frame frame;
    size_t offset = 0;
    int status = pack_open(&journal->pack, stored, size, &data);
    struct reader reader = reader_of(data);
    while (status == SS_OK && (status = group_next(&reader, &frame)) == 1) {
        if (frame.world < journal->world_count) {
            status = play_frame(recovery, group <= journal->moved, &frame);
        } else {
            status = frame.world == GROUP_NAMES ? SS_OK : SS_ERR_CORRUPT;
        }
        if (status != SS_OK) break;
        offset = data.size - reader.left;
    }
    if (status == SS_ERR_CORRUPT)
        snprintf(recovery->why, recovery->why_size,
                 "%s: group %llu is damaged at byte %zu of %zu: restore a backup",
                 journal->folder.database, (unsigned long long)group, offset, data.size);
    return status;
}

static int play_groups(struct recovery *recovery) {
    struct journal *journal = recovery->journal;
    sqlite3_stmt *groups = journal->statements[STATEMENT_GROUPS_FROM];
    uint64_t next = journal->first;
    int status;
    bind_u64(groups, 1, next);
    while ((status = statement_row(groups)) == 1) {
        if (column_u64(groups, 0) != next) break;
        status = play_group(recovery, next, column_u64(groups, 1), column_bytes(groups, 2));
        if (status != SS_OK) {
            statement_done(groups);
            return status;
        }
        next++;
    }
    if (status < 0) return status;
    if (status == 1) statement_done(groups);
    if (next == journal->last + 1) return SS_OK;
    snprintf(recovery->why, recovery->why_size, "%s: group %llu is missing: restore a backup",
             journal->folder.database, (unsigned long long)next);
    return SS_ERR_CORRUPT;
}

/* ---- pages --------------------------------------------------------------------------------- */

/* Rows that can be read do not show that the pages are sound: writing to one whose free space is
 * miscounted would harm its neighbours. */
static int check_pages(struct recovery *recovery) {
    struct journal *journal = recovery->journal;
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(journal->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code != SQLITE_OK) return file_status(code);
    int status = statement_row(statement);
    struct bytes said = status == 1 ? column_bytes(statement, 0) : (struct bytes){NULL, 0};
    if (status == 1 && !bytes_equal(said, bytes_of("ok"))) {
        snprintf(recovery->why, recovery->why_size, "%s: %.*s: restore a backup",
                 journal->folder.database, (int)said.size, (const char *)said.data);
        for (char *at = recovery->why; *at; at++)
            if (*at == '\n') *at = ' ';
        status = SS_ERR_CORRUPT;
    }
    sqlite3_finalize(statement);
    return status < 0 ? status : SS_OK;
}

int journal_recover(struct journal *journal, journal_replay *replay, void *context, char *why,
                    size_t size) {
    struct recovery recovery = {journal, replay, context, why, size};
    why[0] = '\0';
    int status = check_pages(&recovery);
    for (uint32_t i = 0; i < journal->world_count && status == SS_OK; i++)
        status = recover_world(&recovery, i);
    if (status == SS_OK) status = play_groups(&recovery);
    if (status != SS_OK && !why[0])
        snprintf(why, size, "%s: %s", journal->folder.database, status_text(status));
    if (status == SS_ERR_CORRUPT) journal->failed = status; /* nothing is added to it */
    return status;
}
