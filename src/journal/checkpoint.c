/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpoint.h"

#include <assert.h>

#include "base/hash.h"
#include "base/status.h"
#include "journal/tables.h"

#define RECENT_BITS   11
#define PACE_SETTLING 50 /* steps as large as so many ordinary ones */
#define PACE_MOST     8
#define ROUND_LIMIT   4 /* a round takes up to so many times the bytes that let it begin */

/* One step of reading. Most mentions are of a cell that was mentioned a moment ago: `recent` finds
 * them, so that few are left to sort. It may forget; the sort does not. */
struct reading {
    struct journal *journal;
    struct run run;
    struct arena groups;               /* copies: mentions view them until the run is finished */
    uint32_t recent[1 << RECENT_BITS]; /* 1 + index into run.mentions, 0: none */
};

void checkpoint_forget(struct checkpoint *checkpoint) {
    const struct memory *memory = checkpoint->memory;
    for (size_t i = 0; i < checkpoint->run_count; i++)
        run_free(&checkpoint->runs[i], memory);
    memory_free(memory, checkpoint->runs, checkpoint->run_capacity * sizeof *checkpoint->runs);
    memory_free(memory, checkpoint->heap, checkpoint->heap_capacity * sizeof *checkpoint->heap);
    memory_free(memory, checkpoint->spans, checkpoint->span_capacity * sizeof *checkpoint->spans);
    memory_free(memory, checkpoint->passed,
                checkpoint->passed_capacity * sizeof *checkpoint->passed);
    *checkpoint = (struct checkpoint){.memory = memory, .wanted = checkpoint->wanted};
}

/* Steps are small while somebody waits for the commit that they come with, and grow when groups
 * come faster than they go. */
static uint64_t paced(const struct journal *journal, uint64_t step) {
    uint64_t pace = journal->group_bytes / ROUND_LIMIT / (journal->config.checkpoint_bytes | 1);
    if (journal->settling) return step * PACE_SETTLING;
    return step * (pace < 1 ? 1 : pace < PACE_MOST ? pace : PACE_MOST);
}

uint64_t checkpoint_progress(const struct journal *journal) {
    const struct checkpoint *checkpoint = &journal->checkpoint;
    uint64_t deleted = journal->first - checkpoint->first;
    uint64_t groups = checkpoint->until - checkpoint->first + 1, whole = CHECKPOINT_WHOLE;
    switch (checkpoint->phase) {
    case CHECKPOINT_READ: return whole / 4 * checkpoint->passed_count / groups;
    case CHECKPOINT_MOVE:
        return whole / 4 + whole / 2 * checkpoint->moved / (checkpoint->heard + 1);
    case CHECKPOINT_DELETE: return whole / 4 * 3 + whole / 4 * deleted / groups;
    default: return whole;
    }
}

/* ---- read ---------------------------------------------------------------------------------- */

static uint32_t *recent_place(struct reading *reading, const struct mention *mention) {
    struct bytes key = mention->key;
    size_t size = key.size < 7 ? key.size : 7;
    uint64_t end = size ? hash_word(key.data + key.size - size, size) : 0;
    uint64_t hash = hash_mix(hash_mix(mention->owner + mention->category.size) + end);
    return &reading->recent[hash >> (64 - RECENT_BITS)];
}

static int mention(struct reading *reading, uint32_t world, const struct entry *entry,
                   struct bytes effect) {
    struct run *run = &reading->run;
    struct mention mention = {.world = world,
                              .owner = entry->owner,
                              .seq = entry->seq,
                              .category = entry->category,
                              .key = entry->key,
                              .effect = effect};
    uint32_t *place = recent_place(reading, &mention);
    struct mention *before = *place ? &run->mentions[*place - 1] : NULL;
    if (before && before->seq < mention.seq && mention_compare(before, &mention) == 0) {
        *before = mention;
        return SS_OK;
    }
    int status = memory_grow(reading->journal->memory, (void **)&run->mentions, &run->capacity,
                             run->count + 1, sizeof *run->mentions);
    if (status != SS_OK) return status;
    run->mentions[run->count++] = mention;
    *place = (uint32_t)run->count;
    return SS_OK;
}

/* What is not about one cell goes into its table at once, in order. */
static int apply(struct journal *journal, uint32_t world, const struct entry *entry,
                 struct bytes effect) {
    int status;
    if (entry->kind != EFFECT_FLOOR && entry->time > journal->worlds[world].newest)
        journal->worlds[world].newest = entry->time;
    switch (entry->kind) {
    case EFFECT_FLOOR:
        return floors_raise(journal, world, entry->category, entry->version, entry->reserved, 0);
    case EFFECT_FORGET:
        return floors_raise(journal, world, entry->category, entry->version, 0, entry->seq);
    case EFFECT_PARK: return conflicts_park(journal, world, entry);
    case EFFECT_REFRESH: return conflicts_refresh(journal, world, entry);
    case EFFECT_DECIDE: return conflicts_decide(journal, world, entry);
    case EFFECT_KEY: return keys_put(journal, world, entry, effect);
    case EFFECT_EXPIRE:
        status = keys_expire(journal, world, entry->keys);
        return status == SS_OK ? conflicts_expire(journal, world, entry->decided) : status;
    default: return SS_OK;
    }
}

static int note_span(struct checkpoint *checkpoint, uint32_t world, uint64_t seq) {
    int status =
        memory_grow(checkpoint->memory, (void **)&checkpoint->spans, &checkpoint->span_capacity,
                    checkpoint->span_count + 1, sizeof *checkpoint->spans);
    if (status == SS_OK)
        checkpoint->spans[checkpoint->span_count++] = (struct span){.world = world, .seq = seq};
    return status;
}

static int read_frame(struct reading *reading, uint64_t group, const struct frame *frame) {
    struct journal *journal = reading->journal;
    struct reader effects = reader_of(frame->effects);
    uint64_t last = 0;
    int status = frame->world < journal->world_count ? SS_OK : SS_ERR_CORRUPT;
    while (effects.left && status == SS_OK) {
        struct entry entry;
        const uint8_t *start = effects.at;
        if (entry_read(&effects, &entry) != SS_OK) return SS_ERR_CORRUPT;
        struct bytes effect = bytes_view(start, (size_t)(effects.at - start));
        if (group > journal->moved) status = apply(journal, frame->world, &entry, effect);
        if (status == SS_OK && (entry.kind == EFFECT_WRITE || entry.kind == EFFECT_FORGET))
            status = mention(reading, frame->world, &entry, effect);
        if (entry.seq > last) last = entry.seq;
    }
    return status == SS_OK ? note_span(&journal->checkpoint, frame->world, last) : status;
}

static int read_group(struct reading *reading, uint64_t group, struct bytes data) {
    struct checkpoint *checkpoint = &reading->journal->checkpoint;
    struct bytes copy = arena_copy(&reading->groups, data);
    if (data.size && !copy.data) return SS_ERR_NOMEM;
    struct reader reader = reader_of(copy);
    struct frame frame;
    int status;
    while ((status = group_next(&reader, &frame)) == 1) {
        if (frame.world == GROUP_NAMES) continue;
        status = read_frame(reading, group, &frame);
        if (status != SS_OK) return status;
    }
    if (status == SS_OK)
        status = memory_grow(checkpoint->memory, (void **)&checkpoint->passed,
                             &checkpoint->passed_capacity, checkpoint->passed_count + 1,
                             sizeof *checkpoint->passed);
    if (status != SS_OK) return status;
    checkpoint->passed[checkpoint->passed_count++] =
        (struct passed){.size = data.size, .spans_end = checkpoint->span_count};
    checkpoint->read = group;
    return SS_OK;
}

static int read_groups(struct reading *reading) {
    struct journal *journal = reading->journal;
    struct checkpoint *checkpoint = &journal->checkpoint;
    sqlite3_stmt *groups = journal->statements[STATEMENT_GROUPS_FROM];
    uint64_t most = paced(journal, journal->config.groups_per_step);
    uint64_t enough = checkpoint->bytes + paced(journal, journal->config.read_bytes_per_step);
    int status = 1;
    bind_u64(groups, 1, checkpoint->read + 1);
    for (uint32_t i = 0; checkpoint->read < checkpoint->until; i++) {
        if (i >= most || checkpoint->bytes >= enough) break;
        status = statement_row(groups);
        if (status != 1) return status == 0 ? SS_ERR_CORRUPT : status;
        uint64_t group = column_u64(groups, 0);
        struct bytes data;
        status = pack_open(&journal->pack, column_bytes(groups, 2), column_u64(groups, 1), &data);
        if (status == SS_OK && group != checkpoint->read + 1) status = SS_ERR_CORRUPT;
        if (status == SS_OK) status = read_group(reading, group, data);
        if (status != SS_OK) break;
        checkpoint->bytes += data.size;
        status = 1;
    }
    statement_done(groups);
    return status == 1 ? SS_OK : status;
}

static int step_read(struct journal *journal) {
    struct checkpoint *checkpoint = &journal->checkpoint;
    struct reading reading = {.journal = journal, .groups = arena_of(journal->memory, 65536)};
    int status = read_groups(&reading);
    if (status == SS_OK) status = run_finish(&reading.run, journal->memory);
    if (status == SS_OK)
        status = memory_grow(journal->memory, (void **)&checkpoint->runs, &checkpoint->run_capacity,
                             checkpoint->run_count + 1, sizeof *checkpoint->runs);
    arena_free(&reading.groups);
    if (status != SS_OK) {
        run_free(&reading.run, journal->memory);
        return status;
    }
    checkpoint->runs[checkpoint->run_count++] = reading.run;
    checkpoint->heard += reading.run.count;
    if (checkpoint->bytes / ROUND_LIMIT >= journal->config.checkpoint_bytes)
        checkpoint->until = checkpoint->read; /* the rest is for the next round */
    if (checkpoint->read > journal->moved) {
        journal->moved = checkpoint->read;
        journal->meta_changed = true;
    }
    if (checkpoint->read < checkpoint->until) return SS_OK;
    checkpoint->phase = CHECKPOINT_MOVE;
    return runs_open(checkpoint);
}

/* ---- move ---------------------------------------------------------------------------------- */

static int move_cell(struct journal *journal, const struct mention *mention) {
    struct reader reader = reader_of(mention->effect);
    struct entry entry;
    if (entry_read(&reader, &entry) != SS_OK) return SS_ERR_CORRUPT;
    if (entry.kind == EFFECT_FORGET) return cells_forget(journal, mention->world, &entry);
    return cells_put(journal, mention->world, &entry, mention->effect);
}

static int step_move(struct journal *journal) {
    uint64_t most = paced(journal, journal->config.cells_per_step);
    for (uint32_t i = 0; i < most; i++) {
        const struct mention *mention = runs_next(&journal->checkpoint);
        if (!mention) {
            journal->checkpoint.phase = CHECKPOINT_DELETE;
            return SS_OK;
        }
        int status = move_cell(journal, mention);
        if (status != SS_OK) return status;
        journal->counted.cells_moved++;
    }
    return SS_OK;
}

/* ---- delete -------------------------------------------------------------------------------- */

static void raise_base(struct journal *journal, const struct span *span) {
    struct journal_world *world = &journal->worlds[span->world];
    if (span->seq <= world->base_seq) return;
    world->base_seq = span->seq;
    world->changed = true;
}

static int step_delete(struct journal *journal) {
    struct checkpoint *checkpoint = &journal->checkpoint;
    uint64_t end = journal->first + paced(journal, journal->config.groups_per_step);
    if (end > checkpoint->until + 1) end = checkpoint->until + 1;
    sqlite3_stmt *statement = journal->statements[STATEMENT_GROUPS_DELETE];
    bind_u64(statement, 1, end - 1);
    int status = statement_run(statement);
    if (status != SS_OK) return status;
    for (; journal->first < end; journal->first++) {
        const struct passed *passed = &checkpoint->passed[journal->first - checkpoint->first];
        for (; checkpoint->span_next < passed->spans_end; checkpoint->span_next++)
            raise_base(journal, &checkpoint->spans[checkpoint->span_next]);
        assert(journal->group_count > 0 && journal->group_bytes >= passed->size);
        journal->group_count--;
        journal->group_bytes -= passed->size;
    }
    journal->meta_changed = true;
    if (journal->first <= checkpoint->until) return SS_OK;
    checkpoint_forget(checkpoint);
    journal->counted.checkpoints++;
    return SS_OK;
}

/* ---- a round ------------------------------------------------------------------------------- */

static bool begin(struct journal *journal) {
    struct checkpoint *checkpoint = &journal->checkpoint;
    bool due = journal->group_bytes >= journal->config.checkpoint_bytes;
    if (journal->group_count == 0) checkpoint->wanted = false;
    if (!due && !checkpoint->wanted) return false;
    checkpoint->wanted = false;
    checkpoint->first = journal->first;
    checkpoint->read = journal->first - 1;
    checkpoint->until = journal->last;
    checkpoint->phase = CHECKPOINT_READ;
    return true;
}

int checkpoint_step(struct journal *journal) {
    struct checkpoint *checkpoint = &journal->checkpoint;
    if (checkpoint->phase == CHECKPOINT_IDLE && !begin(journal)) return SS_ERR_AGAIN;
    assert(checkpoint->until <= journal->last && journal->first <= checkpoint->until);
    journal->counted.steps++;
    switch (checkpoint->phase) {
    case CHECKPOINT_READ: return step_read(journal);
    case CHECKPOINT_MOVE: return step_move(journal);
    default: return step_delete(journal);
    }
}
