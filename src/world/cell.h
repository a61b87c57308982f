/* SPDX-License-Identifier: Apache-2.0 */
/* cell.h - the smallest thing with a version, and the containers that hold cells inside a world.
 *
 * Internal to world/. A cell lies in a slab (it never moves), is found through one keyed hash over
 * (owner, category, key), and hangs on three lists: the world's order of last change (order.h), its
 * owner's cells in order of creation, and its category's order of expiry (lives or tombstones). */
#ifndef WORLD_CELL_H
#define WORLD_CELL_H

#include "base/arena.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/table.h"
#include "world/effect.h"
#include "world/history.h"
#include "world/order.h"
#include "world/world.h"

#define CELL_NEAR_KEY 32 /* keys up to here lie in the cell: one allocation and one miss less */

/* What an update touches lies in the first two cache lines. A free slot has key_size 0. */
struct cell {
    uint64_t owner;
    uint16_t key_size;
    uint16_t space;   /* index of its category in this world */
    uint32_t handle;  /* of the slab */
    uint64_t version; /* 64-bit, of the newest record */
    uint64_t origin;  /* stream of the last write, 0: none */
    struct history history;
    struct clock clock;
    union {
        uint8_t near_key[CELL_NEAR_KEY];
        uint8_t *far_key; /* a block of its own, when longer */
    };
    bool live;    /* the newest record is not a tombstone */
    bool expires; /* it hangs on `expiry` */
    /* from here on: not needed by an update that only adds a version */
    struct list expiry; /* space.lives or space.graves, by time of the newest record; else empty */
    struct list owned;  /* owner.cells, by creation */
    uint64_t hash;
    uint8_t spare[24]; /* to a whole number of cache lines */
};
_Static_assert(offsetof(struct cell, expiry) == 128, "an update touches two lines of a cell");
_Static_assert(sizeof(struct cell) % SLAB_LINE == 0, "cells share no line");

/* A category as this world knows it: name, policy, floor. */
struct space {
    struct bytes name;
    const struct category *policy; /* NULL: no longer declared, and nothing of it is kept */
    uint64_t floor; /* versions up to here were given away (forgotten tombstones, reservations) */
    uint64_t reserved;  /* a restart begins above this: what a crash may lose lies below */
    uint64_t cells;     /* live and graves */
    struct list lives;  /* live cells with a ttl, the oldest write first */
    struct list graves; /* tombstones, the oldest first */
    /* Places in world.spaces, SPACE_NONE: none (follow.h). */
    uint32_t leader;    /* the category that it follows */
    uint32_t followers; /* the first that follows it */
    uint32_t sibling;   /* the next that follows the same one */
};

struct owner {
    uint64_t id;
    struct list cells;
    uint64_t bytes;      /* of history rings and keys */
    uint32_t cell_count; /* graves count too until forgotten */
    uint32_t sessions;
    uint32_t parked;
    uint32_t handle;
    uint32_t key_count;
    uint64_t key_bytes;  /* of remembered answers */
    struct list keys;    /* remembered idempotency keys, the oldest first */
    struct list leaving; /* world.leaving: session cells are still to be deleted; else empty */
};

struct holding_marks; /* holding.c */
struct conflicts; /* conflict.c: parked and decided */
struct keys;      /* idempotency.c */
struct proposals; /* proposal.c */
struct reform;    /* reform.c */

#define SPACES_MAX 4096 /* of one world: bounds what undeclared category names can cost */
#define SPACE_NONE UINT32_MAX

struct world {
    const struct memory *memory;
    struct world_config config;
    char name[128];
    uint64_t prefix;
    ss_time now;
    uint32_t tick;
    uint64_t seq;       /* of the newest effect */
    uint64_t request;   /* last request id */
    uint64_t forgotten; /* greatest seq of a tombstone that was forgotten */
    uint64_t reformed;  /* the newest effect when policies changed: readers may see other cells since */
    uint64_t replaced;  /* the same, when areas have meant other cells since */
    uint32_t replacements; /* how often that was */
    uint32_t following; /* how many categories follow another */
    uint64_t nodes[CLOCK_ENTRIES_MAX];
    uint32_t node_count; /* nodes[0] is this node */

    struct slab cells;
    struct table cell_index;
    struct order changed; /* cells, the least recently changed first */
    struct slab owners;
    struct table owner_index;
    struct space *spaces;
    size_t space_count, space_capacity;
    struct table space_index;
    struct table claims; /* unique values that stand, to their cells: unique.h */

    struct holding_marks *marks; /* NULL: no reader has asked for bases yet */
    struct conflicts *conflicts;
    struct keys *keys;
    struct proposals *proposals;
    struct reform *reform; /* NULL but between world_reform and what ends it */
    struct list leaving; /* owners without a session whose session cells could not be deleted */
    struct buffer effects;
    enum durability effects_durability;
    bool effects_lot; /* world_effects_hold_lot */
    struct world_stats stats; /* counted as it happens; world_stats completes it */

    /* What the last outcome borrows. */
    struct arena scratch;
    struct buffer merged, correction;
    struct paths overwritten;
    struct reason why;
};

/* The cell, live or grave, or NULL. */
struct cell *cell_find(const struct world *world, uint64_t owner, struct bytes category,
                       struct bytes key);
/* The same with a known category (an index into spaces) and hash. */
uint64_t cell_hash(const struct world *world, uint64_t owner, uint32_t space, struct bytes key);
struct cell *cell_lookup(const struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                         struct bytes key);
/* A cell that has no version yet: the caller writes one at once, or forgets it. NULL: out of
 * memory. */
struct cell *cell_create(struct world *world, uint64_t hash, uint64_t owner, uint32_t space,
                         struct bytes key);
void cell_forget(struct world *world, struct cell *cell);
void cell_key_free(const struct world *world, struct cell *cell); /* for the world's end */

/* The index of the category of that name, SPACE_NONE when this world has not met it. */
uint32_t space_find(const struct world *world, struct bytes name);
/* The same, met now at the latest. SS_OK, SS_ERR_NOMEM, SS_ERR_TOO_LARGE beyond SPACES_MAX. */
int space_intern(struct world *world, struct bytes name, const struct category *policy,
                 uint32_t *space);
void spaces_free(struct world *world);

uint64_t owner_index_hash(const struct world *world, uint64_t id);
struct owner *owner_find(const struct world *world, uint64_t id);
struct owner *owner_obtain(struct world *world, uint64_t id); /* NULL: out of memory */
void owner_release(struct world *world,
                   struct owner *owner); /* frees it when nothing is left of it */
/* A view of `record` of `cell`; the clock only with the newest. */
struct cell_view cell_view_of(const struct world *world, const struct cell *cell,
                              const struct record *record);

static inline const struct category *cell_policy(const struct world *world,
                                                 const struct cell *cell) {
    return world->spaces[cell->space].policy;
}
static inline struct bytes cell_key(const struct cell *cell) {
    bool near = cell->key_size <= CELL_NEAR_KEY;
    return (struct bytes){near ? cell->near_key : cell->far_key, cell->key_size};
}

/* The cell of that name if it is the one that was `seen`; else NULL, which proves nothing. `key` is not
 * empty. */
static inline struct cell *cell_seen(const struct world *world, struct seen seen, uint64_t owner, uint32_t space,
                                     struct bytes key) {
    if (seen.cell == 0 || seen.cell > world->cells.used) return NULL;
    struct cell *cell = slab_at(&world->cells, seen.cell - 1);
    bool same = cell->owner == owner && cell->space == space && bytes_equal(cell_key(cell), key);
    return same ? cell : NULL;
}

/* The category of that name, the one that was `seen` tried first. */
static inline uint32_t space_seen(const struct world *world, struct seen seen, struct bytes name) {
    uint32_t space = seen.space - 1;
    bool same = space < world->space_count && bytes_equal(world->spaces[space].name, name);
    return same ? space : space_find(world, name);
}

/* Along the order of last change; NULL at the end. */
static inline struct cell *cell_or_end(const struct world *world, uint32_t handle) {
    return handle == ORDER_END ? NULL : slab_at(&world->cells, handle);
}
static inline struct cell *cell_first_changed(const struct world *world) {
    return cell_or_end(world, order_first(&world->changed));
}
static inline struct cell *cell_next_changed(const struct world *world, const struct cell *cell) {
    return cell_or_end(world, order_next(&world->changed, cell->handle));
}

#endif
