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
    const struct order *changed = &world->changed;
    uint32_t found = ORDER_END;
    if (round->last && slot_holds(round->last) && newest_seq(round->last) <= round->at) {
        found = order_next(changed, round->last->handle);
        while (found != ORDER_END && newest_seq(cell_or_end(world, found)) <= round->at)
            found = order_next(changed, found);
    } else {
        uint32_t before = order_last(changed);
        while (before != ORDER_END && newest_seq(cell_or_end(world, before)) > round->at) {
            found = before;
            before = order_prev(changed, before);
        }
    }
    return cell_or_end(world, found);
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
