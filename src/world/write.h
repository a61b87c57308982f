/* SPDX-License-Identifier: Apache-2.0 */
/* write.h - the one way in which a cell gets a new version. Internal to world/. */
#ifndef WORLD_WRITE_H
#define WORLD_WRITE_H

#include "world/place.h"
#include "world/transaction.h"
#include "world/version.h"

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

/* ---- what every update does: inline ---------------------------------------------------------- */

/* Versions are promised this far ahead of use wherever a crash may lose some: when half is used up,
 * the next lot is reserved, long before the first of them is given away. Before the first lot is there
 * nothing is shown (world_effects_hold_lot). */
#define RESERVE_AHEAD ((uint64_t)1 << 16)

static inline ss_time keep_since(const struct category *policy, ss_time now) {
    return time_add(now, -policy->history_span);
}

static inline bool reserves_versions(const struct space *space, uint64_t version) {
    return space->policy->durability != DURABILITY_SYNC &&
           version + RESERVE_AHEAD / 2 > space->reserved;
}

static inline void record_fill(struct record *record, const struct write *write,
                               const struct stamp *stamp) {
    record->seq = stamp->seq;
    record->time = stamp->time;
    record->writer = write->writer;
    record->version = version_wire(stamp->version);
    record->tick = stamp->tick;
    record->latency_ms = write->latency_ms;
    record->node = stamp->node_index;
    record->flags =
        (uint8_t)(record_stream_bits(write->origin) | (write->deleted ? RECORD_DELETED : 0));
    if (write->state.size) memcpy(record->state, write->state.data, write->state.size);
}

#endif
