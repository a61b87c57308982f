/* SPDX-License-Identifier: Apache-2.0 */
/* round.h - a hand that moves along the world's order of last change. Internal to world/.
 *
 * A round is (told, end]: what had changed when it began. What changes again leaves the round by
 * moving to the tail, and is met in its newest version by the next one, so a slow reader needs no
 * queue. But one that is always too slow would meet only those that are always first. So when a
 * round was cut short, the next one begins behind the cell met last, wherever that stands now, and
 * then comes back to what stands before it:
 *
 *   told            split              end          seq ->
 *    |.... second ....|.... first .......|
 */
#ifndef WORLD_ROUND_H
#define WORLD_ROUND_H

#include "world/cell.h"

struct round {
    uint64_t told;  /* everything up to here has been met */
    uint64_t at;    /* the hand: up to here in the present part */
    uint64_t limit; /* where the present part ends */
    uint64_t split, end;
    bool detour;             /* in the first of two parts */
    bool starved;            /* set by the reader: it could not take what was left of this round */
    const struct cell *last; /* met last: a hint, the slot may be free or another's by now */
};

/* Nothing to meet up to `told`. */
static inline struct round round_of(uint64_t told) {
    return (struct round){.told = told, .at = told, .limit = told, .split = told, .end = told};
}
static inline bool round_open(const struct round *round) {
    return round->told < round->end;
}

/* Whether a cell that last changed at `seq` is still to be met, in this round or by a later one. */
static inline bool round_will_meet(const struct round *round, uint64_t seq) {
    return seq > round->end || (seq > round->at && seq <= round->limit) ||
           (round->detour && seq > round->told && seq <= round->split);
}

/* Begins the next round, up to `end` > told. None is open. */
void round_begin(struct round *round, uint64_t end);
/* The cell that the hand meets next; NULL closes the round. */
const struct cell *round_next(struct round *round, const struct world *world);
/* Moves the hand behind `cell`, which round_next gave. */
void round_pass(struct round *round, const struct cell *cell);

/* Whether a slot of world.cells that was used once holds a cell now: free ones keep their last
 * bytes but for the size of the key. */
static inline bool slot_holds(const struct cell *cell) {
    return cell->key_size != 0;
}

#endif
