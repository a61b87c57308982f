/* SPDX-License-Identifier: Apache-2.0 */
/* write.h - the one way in which a cell gets a new version. Internal to world/. */
#ifndef WORLD_WRITE_H
#define WORLD_WRITE_H

#include "world/place.h"
#include "world/transaction.h"

struct write {
    struct place *place; /* its category may become known, so its cell too */
    struct bytes state; /* of a tombstone: empty */
    bool deleted;
    uint64_t writer, origin;
    uint16_t latency_ms;
};

/* What the present adds to a write; a replay brings the one of the past. */
struct stamp {
    uint64_t version, seq, node;
    ss_time time;
    uint32_t tick;
    uint8_t node_index; /* of `node` in world.nodes */
};

/* Writes under the world's limits: the next version, an effect, and all lists in order. `*cell` is
 * the written cell. SS_OK, SS_ERR_TOO_LARGE with `text`, SS_ERR_NOMEM; on an error nothing has
 * changed. */
int world_write(struct world *world, const struct write *write, struct transaction *transaction,
                struct cell **cell, const char **text);

/* The same under a stamp, without limits. SS_OK, SS_ERR_NOMEM, SS_ERR_TOO_LARGE (the clock). */
int cell_write(struct world *world, const struct write *write, const struct stamp *stamp,
               struct transaction *transaction, struct cell **cell);

/* Takes a tombstone out of the world; the floor of its category rises over its version. */
void cell_forget_grave(struct world *world, struct cell *cell);

/* Promises versions ahead of use where a crash may lose some; needs effect_floor_size of room. */
void reserve_versions(struct world *world, uint32_t space, uint64_t version);

/* Deletes a live cell in the name of the world. SS_OK or SS_ERR_NOMEM. */
int cell_bury(struct world *world, struct cell *cell);

#endif
