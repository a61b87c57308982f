/* SPDX-License-Identifier: Apache-2.0 */
/* proposal.h - writes that wait for the game's verdict. Internal to world/.
 *
 * They live in memory only: nothing of them is in any state, and after a restart a writer asks
 * again. */
#ifndef WORLD_PROPOSAL_H
#define WORLD_PROPOSAL_H

#include "world/place.h"
#include "world/transaction.h"

struct proposal {
    struct list link;
    uint64_t id;
    ss_time proposed;
    size_t size; /* of this block with everything that `update` points to */
    struct update update;
};

struct proposals {
    struct list waiting; /* the oldest first */
    uint64_t count, last;
};

int proposals_create(struct world *world);
void proposals_destroy(struct world *world);
/* SS_OK, SS_ERR_UNAVAILABLE when too many wait, SS_ERR_NOMEM. */
int proposal_add(struct world *world, const struct update *update, struct transaction *transaction,
                 uint64_t *id);
void proposal_remove(struct world *world, struct proposal *proposal);

#endif
