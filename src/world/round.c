/* SPDX-License-Identifier: Apache-2.0 */
#include "world/round.h"

#include <assert.h>

static uint64_t newest_seq(const struct cell *cell) {
    return history_newest(&cell->history)->seq;
}

void round_begin(struct round *round, uint64_t end) {
    assert(!round_open(round) && end > round->told);
    round->end = round->limit = end;
    round->at = round->split = round->told;
    if (round->starved && round->last && slot_holds(round->last)) {
        uint64_t seq = newest_seq(round->last);
        if (seq > round->told && seq < end) round->at = round->split = seq;
    }
    round->detour = round->split > round->told;
    round->starved = false;
}

/* The first cell changed after the hand, NULL when there is none. From the cell met last it is one
 * step; when that has moved on itself, what came since is counted back from the tail. */
static const struct cell *following(const struct round *round, const struct world *world) {
    const struct list *link, *head = &world->changed;
    if (round->last && slot_holds(round->last) && newest_seq(round->last) <= round->at) {
        link = round->last->changed.next;
        while (link != head && newest_seq(LIST_ENTRY(link, struct cell, changed)) <= round->at)
            link = link->next;
    } else {
        link = head;
        while (link->prev != head &&
               newest_seq(LIST_ENTRY(link->prev, struct cell, changed)) > round->at)
            link = link->prev;
    }
    return link == head ? NULL : LIST_ENTRY(link, struct cell, changed);
}

const struct cell *round_next(struct round *round, const struct world *world) {
    while (round_open(round)) {
        const struct cell *cell = following(round, world);
        if (cell && newest_seq(cell) <= round->limit) return cell;
        if (round->detour) {
            round->detour = false;
            round->at = round->told;
            round->limit = round->split;
        } else {
            round->told = round->at = round->end;
        }
    }
    return NULL;
}

void round_pass(struct round *round, const struct cell *cell) {
    round->at = newest_seq(cell);
    round->last = cell;
    assert(round->at <= round->limit);
    if (!round->detour) round->told = round->at;
}
