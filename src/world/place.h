/* SPDX-License-Identifier: Apache-2.0 */
/* place.h - where an update wants to write, once it may. Internal to world/. */
#ifndef WORLD_PLACE_H
#define WORLD_PLACE_H

#include "world/cell.h"

struct place {
    const struct category *policy;
    struct bytes category, key;
    uint64_t owner;
    uint64_t hash;     /* set when there is no cell */
    uint32_t space;    /* SPACE_NONE: this world has not met the category yet */
    struct cell *cell; /* live or grave; NULL: never was, or forgotten */
};

/* Everything that makes an update refusable before its cell or its bytes are looked at: shape,
 * limits, category, write rule. SS_OK and `place`; or SS_ERR_INVALID, _TOO_LARGE, _NOT_FOUND,
 * _DENIED with `text` (static, or in world->why). */
int place_admit(struct world *world, const struct update *update, struct place *place,
                const char **text);

/* Only finds the cell again: for writes that were admitted before. */
struct place place_of(const struct world *world, uint64_t owner, uint32_t space, struct bytes key);
/* The same when its hash is known. */
struct place place_at(const struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                      struct bytes key);

#endif
