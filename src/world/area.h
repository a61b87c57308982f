/* SPDX-License-Identifier: Apache-2.0 */
/* area.h - a sphere, and which cells its watcher has because they were inside. Internal to world/.
 *
 * A member is a cell that the watcher may have. It is kept under the hash of its whole name, so
 * that a slot taken over by another cell is never mistaken for it. */
#ifndef WORLD_AREA_H
#define WORLD_AREA_H

#include "world/cell.h"

struct area {
    bool active; /* false: everything is inside, there are no members */
    float center[3];
    float radius; /* metres */
    struct table members;
};

enum area_verdict {
    AREA_TELL,      /* inside, or gone and the watcher may have it */
    AREA_LEFT,      /* outside now, and the watcher may have it */
    AREA_OUTSIDE,   /* nothing to tell */
    AREA_NO_MEMORY, /* nothing has changed */
};

/* What a watcher must hear of `cell` as `record` has it; counts that as heard. A member leaves only
 * beyond 1.05 times the radius, so that nobody flickers on the border. */
enum area_verdict area_judge(struct area *area, const struct world *world, const struct cell *cell,
                             const struct record *record);
/* Whether the watcher may have the cell; so it may have all that areas do not concern. */
bool area_has(const struct area *area, const struct world *world, const struct cell *cell);
/* The watcher may have the cell, wherever it is. Does nothing to cells that areas do not concern.
 */
int area_admit(struct area *area, const struct world *world, const struct cell *cell);
/* The same, if the cell is inside. */
int area_admit_inside(struct area *area, const struct world *world, const struct cell *cell);
/* Drops members that are no longer in the world. */
void area_sweep(struct area *area, const struct world *world);

#endif
