/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.h - several changes that happen together or not at all. Internal to world/.
 *
 * A single write needs none: it does everything that can fail before it changes anything. Where
 * several things must hold together (an atomic batch, a write with its idempotency key, a
 * resolution with its decision), each change notes how to undo it. While a transaction is open
 * histories forget nothing, so that undoing a write is taking back its newest record. */
#ifndef WORLD_TRANSACTION_H
#define WORLD_TRANSACTION_H

#include "world/cell.h"

struct parked;
struct proposal;

/* How to undo one change; which one is told by what is not zero. */
struct undo {
    struct cell *cell;
    struct parked *parked;
    struct proposal *proposal;
    bool floor_raised; /* of `space`: floor and reserved as they were */
    uint32_t space;
    uint64_t floor;
    /* of a written cell, as it was */
    bool created, live;
    uint32_t count;
    uint64_t version, origin, counter, node, reserved;
    uint32_t changed;    /* what stood before it in the order of change */
    struct list *expiry; /* the link that stood before its own; NULL: in no list */
};

struct transaction {
    struct world *world;
    struct undo *log;
    size_t count, capacity;
    bool atomic;    /* a batch: nothing may be parked or proposed inside */
    size_t bracket; /* where its bracket begins in the effects */
    enum durability strongest;
    uint64_t seq;
    struct world_stats stats;
};

/* Room for `capacity` changes. SS_OK or SS_ERR_NOMEM. */
int transaction_begin(struct transaction *transaction, struct world *world, size_t capacity);
/* The next entry of the log, cleared; counted when the change has happened (transaction->count++).
 */
struct undo *transaction_next(struct transaction *transaction);
void transaction_commit(struct transaction *transaction);
void transaction_rollback(struct transaction *transaction);

#endif
