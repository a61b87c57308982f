/* SPDX-License-Identifier: Apache-2.0 */
/* unique.h - values that may stand once among the live cells of a category. Internal to world/.
 *
 * A claim is one value of one unique field of one live cell. The world keeps a keyed hash of each
 * in a table that leads to the cell; what is found is verified against the cell's state. Every
 * write takes the cell's old claims out and puts the new ones in, whoever wrote and whether or not
 * it was judged; so the table is always that of the cells that stand, also while a replay or a
 * batch is half done and two of them have one value. */
#ifndef WORLD_UNIQUE_H
#define WORLD_UNIQUE_H

#include "world/place.h"

struct claims {
    size_t count;
    uint64_t hashes[FORMAT_UNIQUES_MAX];
};

/* What the newest version of a cell claims; nothing where nothing is unique. */
struct claims claims_of_cell(const struct world *world, const struct cell *cell);
/* Takes them out, and puts them in: SS_OK or SS_ERR_NOMEM, never where as many stood before. */
void claims_drop(struct world *world, const struct cell *cell, const struct claims *claims);
int claims_put(struct world *world, const struct cell *cell, const struct claims *claims);

/* What a write changes. */
struct claims_change {
    struct claims before, after;
};
/* To be asked before a write where something is unique: it makes room. SS_OK or SS_ERR_NOMEM. */
int claims_prepare(struct world *world, const struct cell *cell, struct bytes state, bool deleted,
                   struct claims_change *change);
/* To be called when the cell stands as it was said. */
void claims_commit(struct world *world, const struct cell *cell,
                   const struct claims_change *change);

/* Who asks: what he may not read he is not told. */
struct asker {
    uint64_t player;
    bool server;
};
/* Whether no other cell has a value that `state` would have at `place`. SS_OK, or SS_ERR_INVALID
 * with the field in world->why, and whose cell has it. */
int unique_check(struct world *world, const struct place *place, struct asker asker,
                 struct bytes state);

/* The claims of all cells under other policies, policies[0 .. space_count), into the empty `table`.
 * SS_OK, SS_ERR_NOMEM, or SS_ERR_INVALID when two cells have one value: `why` names them. The
 * caller frees the table. */
int unique_index(const struct world *world, const struct category *const *policies,
                 struct table *table, struct reason *why);

#endif
