/* SPDX-License-Identifier: Apache-2.0 */
#include "world/held.h"

static bool written_by(const struct held *held, const struct history *history,
                       const struct record *record) {
    for (; record; record = history_newer(history, record)) {
        bool other = held->player && record->writer != held->player;
        if (!other && record_may_be_of(record, held->origin)) return true;
    }
    return false;
}

/* A client that takes over its own writes as they are answered no longer has what it was told
 * before them: then nothing is a base either. */
const struct record *held_find(const struct held *held, const struct world *world,
                               const struct cell *cell) {
    if (!held->known) return NULL;
    const struct record *record = history_at(&cell->history, held->told);
    if (!record || record_deleted(record)) return NULL;
    if (record->seq <= held->floor || record->seq <= world->reformed) return NULL;
    const struct record *next = history_newer(&cell->history, record);
    if (!next || next->seq <= held->closed) return NULL;
    return written_by(held, &cell->history, record) ? NULL : record;
}
