/* SPDX-License-Identifier: Apache-2.0 */
/* conflict.h - writes that were parked until somebody decides, and what was decided. Internal to
 * world/.
 *
 * Open ones are bounded by number, bytes and per player. Decided ones stay readable for a while;
 * when there are more of them than of open ones allowed, the oldest go early. */
#ifndef WORLD_CONFLICT_H
#define WORLD_CONFLICT_H

#include "world/effect_log.h"
#include "world/place.h"
#include "world/transaction.h"

struct parked {
    struct list link; /* conflicts.open or .decided, the oldest first */
    uint32_t handle;
    uint8_t id[CONFLICT_ID_SIZE];
    uint64_t number; /* counts the parked writes of this world */
    uint64_t owner, writer;
    uint32_t space;
    uint16_t latency_ms;
    enum conflict_type type;
    ss_time detected;
    uint64_t seq; /* of the effect that made it what it is */
    struct bytes key;

    bool has_base, absent, deletion; /* absent: nothing stood; deletion: the write is a tombstone */
    uint64_t base_version, old_version;
    struct bytes base, old, incoming;

    bool decided, expired, unreported;
    ss_time decided_at;
    enum strategy strategy;             /* how it was decided */
    uint8_t digest[EFFECT_DIGEST_SIZE]; /* of the custom state it was decided with */
    uint32_t version;                   /* that the decision made, wire form; 0: none */
    bool resolved_absent;
    struct bytes resolved;
};

struct conflicts {
    struct slab slab;
    struct table index;
    struct list open, decided;
    uint64_t open_count, decided_count;
    uint64_t open_bytes, decided_bytes;
    uint64_t number;     /* of the newest */
    uint64_t unreported; /* decided ones that expired and were not told yet */
};

int conflicts_create(struct world *world);
void conflicts_destroy(struct world *world);

/* Parks a copy of `draft` (views borrowed, id and number set here). SS_OK; SS_ERR_UNAVAILABLE with
 * `text` when the queue is full; SS_ERR_NOMEM. */
int conflict_park(struct world *world, const struct parked *draft, struct transaction *transaction,
                  struct parked **parked, const char **text);
/* The same under the id and number of the draft, without limits and effect: for replays. */
int conflict_restore(struct world *world, const struct parked *draft,
                     struct transaction *transaction, struct parked **parked);
struct parked *conflict_find(const struct world *world, const uint8_t id[CONFLICT_ID_SIZE]);
/* Takes it away as if it had never been. */
void conflict_remove(struct world *world, struct parked *parked);
/* Shows what stands now instead of what stood. SS_OK or SS_ERR_NOMEM. */
int conflict_refresh(struct world *world, struct parked *parked, uint64_t version, bool absent,
                     struct bytes standing);

struct decision {
    enum strategy strategy;
    uint8_t digest[EFFECT_DIGEST_SIZE];
    uint32_t version;
    bool absent, expired;
    ss_time time;
};
/* Room for the effect of the decision and `size` bytes more. SS_OK or SS_ERR_NOMEM. */
int conflict_prepare(struct world *world, const struct parked *parked, size_t size);
/* Closes it. Takes over `resolved`, a block of world->memory (data NULL when size is 0). */
void conflict_decide(struct world *world, struct parked *parked, const struct decision *decision,
                     struct bytes resolved);
void conflict_oldest_decided_forget(struct world *world);

bool conflict_may_resolve(const struct world *world, const struct parked *parked, uint64_t player,
                          bool server);
struct conflict_view conflict_view_of(const struct parked *parked);
struct cell_view conflict_cell(const struct world *world, const struct parked *parked);
void conflict_report(const struct world *world, const struct parked *parked,
                     struct resolved *resolved);

/* Does any conflict, open or decided, lie in that category? */
bool conflicts_name(const struct world *world, uint32_t space);

/* A copy in world->memory. SS_OK or SS_ERR_NOMEM. */
int bytes_own(const struct world *world, struct bytes from, struct bytes *to);
void bytes_drop(const struct world *world, struct bytes *bytes);

#endif
