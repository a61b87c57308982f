/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h - all that a reader may see, at one point in the world's order of effects.
 *
 * A snapshot is a cursor: a position that moves over the cells of the asked owners, each cell taken
 * as it stood at effect `at` (from its history when it has moved on since). Between two pages the
 * world goes on; when something needed has left the history, the cursor says so instead of
 * guessing. */
#ifndef WORLD_SNAPSHOT_H
#define WORLD_SNAPSHOT_H

#include "world/world.h"

/* "category/key" of the client with the version it has. Percent-decoding is the caller's work; the
 * caller sorts nothing. A name says nothing of owners: it means a shared cell, or the player's own, or
 * that of the only owner asked for; of several others it can mean none. */
struct known_version {
    struct bytes category, key;
    uint32_t version;
};

struct snapshot_query {
    uint64_t player;
    bool server;
    const struct bytes *categories; /* none: every one */
    size_t category_count;
    const uint64_t *owners; /* none: the player's own; the shared cells always come too */
    size_t owner_count;
    const struct known_version *known; /* entries of the same version are left out */
    size_t known_count;
    uint64_t since;  /* leave out what has not changed after this effect; 0: nothing */
    bool tombstones; /* deleted cells that are `known`, or changed after `since` */
};

struct snapshot; /* an index over the query, for one page */

/* Where a snapshot stands between two pages: what a page token carries. */
struct snapshot_position {
    uint64_t at;    /* the effect it is taken at */
    uint32_t owner; /* index into: shared, then the asked owners */
    uint32_t cell;  /* handle of the next cell, SLAB_NONE-like UINT32_MAX: the owner's first */
};

/* Begins at the newest effect, or goes on at `position` (NULL: begin). The query is borrowed until
 * snapshot_close. SS_OK; SS_ERR_STALE when the position or `since` is out of history;
 * SS_ERR_INVALID for a position that this world never gave; SS_ERR_NOMEM. */
int snapshot_open(struct snapshot **snapshot, struct world *world,
                  const struct snapshot_query *query, const struct snapshot_position *position);
/* The next entry: 1 and `view` (borrowed until the world's next change), 0 at the end, SS_ERR_STALE
 * when a version needed is no longer kept. */
int snapshot_next(struct snapshot *snapshot, struct cell_view *view);
/* Of the entry that snapshot_next gave last: the version that the query names, where it is kept and no
 * tombstone. Borrowed likewise. */
bool snapshot_base(const struct snapshot *snapshot, struct cell_view *base);
/* The position before the entry that snapshot_next gave last (`again`), or behind it. */
struct snapshot_position snapshot_where(const struct snapshot *snapshot, bool again);
void snapshot_close(struct snapshot *snapshot);

#endif
