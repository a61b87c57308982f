/* SPDX-License-Identifier: Apache-2.0 */
/* effect_log.h - how the world notes what it did; the layouts stand in effect.c. Internal to
 * world/.
 *
 * Room is reserved while failing is still harmless; the effect itself is encoded when the thing has
 * happened, and cannot fail. */
#ifndef WORLD_EFFECT_LOG_H
#define WORLD_EFFECT_LOG_H

#include "world/cell.h"

enum effect_kind {
    EFFECT_WRITE = 1,
    EFFECT_FLOOR,
    EFFECT_FORGET,
    EFFECT_PARK,
    EFFECT_REFRESH,
    EFFECT_DECIDE,
    EFFECT_KEY,
    EFFECT_BATCH,
    EFFECT_EXPIRE,
};
#define EFFECT_HEAD_SIZE   13 /* size, kind, seq */
#define EFFECT_DIGEST_SIZE 16

enum { EFFECT_DELETED = 1, EFFECT_HAS_BASE = 2, EFFECT_ABSENT = 4, EFFECT_EXPIRED = 8 };

struct parked;
struct remembered;

/* Is an effect of this class kept at all? */
static inline bool effects_wanted(const struct world *world, enum durability durability) {
    return world->config.keep_effects && durability != DURABILITY_MEMORY;
}
/* Room for `size` more bytes. SS_OK or SS_ERR_NOMEM. */
int effects_reserve(struct world *world, size_t size);

size_t effect_write_size(struct bytes category, struct bytes key, const struct clock *clock,
                         struct bytes state);
void effect_write(struct world *world, const struct cell *cell); /* its newest record */
size_t effect_floor_size(struct bytes category);
/* The floor of a category: its own effect, of class sync whatever the category's. */
void effect_floor(struct world *world, uint32_t space, uint64_t seq);
size_t effect_forget_size(struct bytes category, struct bytes key);
void effect_forget(struct world *world, const struct cell *cell, uint64_t seq);
size_t effect_parked_size(const struct world *world, const struct parked *parked);
void effect_park(struct world *world, const struct parked *parked, uint64_t seq);
void effect_refresh(struct world *world, const struct parked *parked, uint64_t seq);
void effect_decide(struct world *world, const struct parked *parked, uint64_t seq);
size_t effect_key_size(const struct remembered *remembered);
void effect_key(struct world *world, const struct remembered *remembered,
                enum durability durability, uint64_t seq);
/* The oldest `keys` remembered keys and `decided` decided conflicts were forgotten. */
#define EFFECT_EXPIRE_SIZE (EFFECT_HEAD_SIZE + 20)
void effect_expire(struct world *world, size_t keys, size_t decided, uint64_t seq);
/* Opens a bracket with the count 0, sets its count, or takes it away when the count is 0. */
#define EFFECT_BATCH_SIZE (EFFECT_HEAD_SIZE + 4)
void effect_batch_open(struct world *world, uint64_t seq);
void effect_batch_close(struct world *world, size_t bracket, uint64_t count);

#endif
