/* SPDX-License-Identifier: Apache-2.0 */
/* interest.h - which cells a reader asked for and may see. Internal to world/.
 *
 * Snapshots and subscribers ask the same question of every cell that they meet, so lists of names
 * and owners, which a peer chooses and may make long, are indexed once by keyed hashes. */
#ifndef WORLD_INTEREST_H
#define WORLD_INTEREST_H

#include "world/cell.h"
#include "world/snapshot.h"

struct interest {
    const struct world *world;
    uint64_t player;
    bool server;
    bool shared;                    /* the shared cells are asked for */
    const struct bytes *categories; /* borrowed; none: every one */
    size_t category_count;
    const uint64_t *owners; /* borrowed; none: every one; 0 names the shared cells */
    size_t owner_count;
    struct table category_index, owner_index; /* to the first place in the list */
    uint64_t home;                            /* see interest_known */
};

/* Indexes the lists that stand in `*interest`; the fields from `shared` on that are not lists are
 * set here. SS_ERR_NOMEM leaves nothing to close. */
int interest_open(struct interest *interest);
void interest_close(struct interest *interest);

/* The first place of `owner` (not 0) in the list, or TABLE_NONE. */
uint32_t interest_owner(const struct interest *interest, uint64_t owner);
/* Whether the reader asked for the cell's category and may read the cell. */
bool interest_reads(const struct interest *interest, const struct cell *cell);
/* Whether it asked for its owner as well. */
bool interest_covers(const struct interest *interest, const struct cell *cell);

/* The cell that a client's "category/key" means. It names no owner, so it means a shared cell or,
 * in a category of players, one of the player's own; of the one asked owner, when the player's own
 * are not asked; of nobody when several are. False when that is not for this reader; else `*owner`
 * and `*cell`, NULL when there is no such cell (any more). */
bool interest_known(const struct interest *interest, const struct known_version *known,
                    uint64_t *owner, struct cell **cell);

/* What stood of `cell` at effect `at`: SS_OK and the record, NULL when the cell was not born yet;
 * SS_ERR_STALE when that is no longer kept. */
int interest_at(const struct cell *cell, uint64_t at, const struct record **record);

#endif
