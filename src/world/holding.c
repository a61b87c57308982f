/* SPDX-License-Identifier: Apache-2.0 */
#include "world/holding.h"

#include "base/status.h"

/* ---- marks --------------------------------------------------------------------------------- */

int holding_open(struct world *world) {
    if (world->marks) return SS_OK;
    world->marks = memory_zeroed(world->memory, 1, sizeof *world->marks);
    return world->marks ? SS_OK : SS_ERR_NOMEM;
}

void holding_free(struct world *world) {
    struct holding_marks *marks = world->marks;
    if (!marks) return;
    memory_free(world->memory, marks->items, marks->capacity * sizeof *marks->items);
    memory_free(world->memory, marks, sizeof *marks);
    world->marks = NULL;
}

/* NULL: out of memory. */
static struct holding_mark *mark_of(const struct world *world, uint32_t handle) {
    struct holding_marks *marks = world->marks;
    if (!marks) return NULL;
    size_t before = marks->capacity;
    if (handle >= before) {
        void *items = marks->items;
        if (memory_grow(world->memory, &items, &marks->capacity, handle + (size_t)1,
                        sizeof *marks->items) != SS_OK)
            return NULL;
        marks->items = items;
        memset(marks->items + before, 0, (marks->capacity - before) * sizeof *marks->items);
    }
    return &marks->items[handle];
}

/* Records go the oldest first, and rings only grow: a remembered record is still there if the ring
 * is the same and its oldest record is not younger. A slot's next cell begins later than all of it.
 */
static const struct record *find_marked(const struct holding_mark *mark,
                                        const struct history *history, uint64_t told) {
    if (mark->ring != history->ring || mark->capacity != history->capacity) return NULL;
    uint64_t oldest = history_oldest(history)->seq;
    for (int i = 0; i < 2; i++)
        if (mark->seq[i] >= oldest && mark->seq[i] <= told)
            return history_at_from(history, mark->offset[i], told);
    return NULL;
}

static void set_mark(struct holding_mark *mark, const struct history *history) {
    uint64_t seq = history_newest(history)->seq;
    if (mark->ring != history->ring || mark->capacity != history->capacity)
        *mark = (struct holding_mark){.ring = history->ring, .capacity = history->capacity};
    if (mark->seq[0] == seq) return;
    mark->seq[1] = mark->seq[0];
    mark->offset[1] = mark->offset[0];
    mark->seq[0] = seq;
    mark->offset[0] = history->last;
}

static const struct record *find_told(const struct holding *holding, const struct world *world,
                                      const struct cell *cell) {
    struct holding_mark *mark = mark_of(world, cell->handle);
    const struct record *record = mark ? find_marked(mark, &cell->history, holding->told) : NULL;
    if (mark) set_mark(mark, &cell->history);
    return record ? record : history_at(&cell->history, holding->told);
}

/* ---- bases --------------------------------------------------------------------------------- */

static bool written_by(const struct holding *holding, const struct history *history,
                       const struct record *record) {
    for (; record; record = history_newer(history, record)) {
        bool other = holding->player && record->writer != holding->player;
        if (!other && record_may_be_of(record, holding->origin)) return true;
    }
    return false;
}

/* A client that takes over its own writes as they are answered no longer has what it was told
 * before them: then nothing is a base either. */
const struct record *holding_find(const struct holding *holding, const struct world *world,
                                  const struct cell *cell) {
    if (!holding->known) return NULL;
    const struct record *record = find_told(holding, world, cell);
    if (!record || record_deleted(record)) return NULL;
    if (record->seq <= holding->floor || record->seq <= world->reformed) return NULL;
    const struct record *next = history_newer(&cell->history, record);
    if (!next || next->seq <= holding->closed) return NULL;
    return written_by(holding, &cell->history, record) ? NULL : record;
}
