/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - categories whose cells are where the cells of another category are. Internal to world/.
 *
 * For areas of interest a cell of a following category, a follower, is where its leader is: the cell
 * of the category that it follows with the same owner and the same key. Nothing is kept per cell and
 * a leader's write costs nothing: who follows whom is known of categories, and followers are found
 * by name, by each watcher of an area for whom a leader crosses its border. */
#ifndef WORLD_FOLLOW_H
#define WORLD_FOLLOW_H

#include "world/cell.h"

/* SS_OK, or SS_ERR_INVALID with the category that cannot follow. */
int follow_check(const struct category *const *categories, size_t count,
                 const struct category *fallback, struct reason *why);
/* Notes in the spaces who follows whom by their policies, which follow_check has seen. Whether that
 * is anything else than before. */
bool follow_link(struct world *world);

static inline bool follows(const struct world *world, const struct cell *cell) {
    return world->spaces[cell->space].leader != SPACE_NONE;
}
static inline bool is_followed(const struct world *world, const struct cell *cell) {
    return world->spaces[cell->space].followers != SPACE_NONE;
}
/* The cell, live or grave, that `cell` follows; NULL when there is none. */
const struct cell *leader_of(const struct world *world, const struct cell *cell);

/* A walk over the followers of one cell, from which it can be gone on with at any later time: it
 * knows its leader by slot and name, and in which category it looks next. */
struct trail {
    const struct cell *leader;
    uint64_t hash;  /* of the leader's name */
    uint32_t space; /* SPACE_NONE: at its end */
    bool unsure;    /* nobody knows what the reader has of them */
};

static inline struct trail trail_none(void) {
    return (struct trail){.space = SPACE_NONE};
}
static inline bool trail_open(const struct trail *trail) {
    return trail->space != SPACE_NONE;
}
struct trail trail_of(const struct world *world, const struct cell *leader);
/* The leader was forgotten meanwhile: nobody knows its followers any more. */
bool trail_broken(const struct trail *trail);
/* The follower, live or grave, in the category where an open one stands; NULL: there is none. */
const struct cell *trail_cell(const struct trail *trail, const struct world *world);
void trail_step(struct trail *trail, const struct world *world);

#endif
