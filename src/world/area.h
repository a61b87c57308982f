/* SPDX-License-Identifier: Apache-2.0 */
/* area.h - a sphere, and which cells its watcher has because they were inside. Internal to world/.
 *
 * A member is a cell that the watcher may have. It is kept under the hash of its whole name, so
 * that a slot taken over by another cell is never mistaken for it.
 *
 * A cell that follows another (follow.h) is inside while its leader is, and where that is, is what
 * area_lead said last: so a leader and all its followers cross the border at one point of what the
 * watcher is told, whatever else has changed by then. */
#ifndef WORLD_AREA_H
#define WORLD_AREA_H

#include "world/cell.h"

struct area {
    bool active; /* false: everything is inside, there are no members */
    float center[3];
    float radius; /* metres */
    struct table members;
    struct table leaders; /* cells that others follow and that were inside when last met */
};

enum area_verdict {
    AREA_TELL,      /* inside, or gone and the watcher may have it */
    AREA_LEFT,      /* outside now, and the watcher may have it */
    AREA_OUTSIDE,   /* nothing to tell */
    AREA_NO_MEMORY, /* nothing has changed */
};

/* Looks where `leader`, a cell that others follow, is now. `*moved`: on the other side of the border
 * than before, so its followers must be judged anew. SS_OK, or SS_ERR_NOMEM: nothing has changed. */
int area_lead(struct area *area, const struct world *world, const struct cell *leader, bool *moved);
/* Whether it was inside then. */
bool area_leads(const struct area *area, const struct cell *leader);
/* Whether it lives and is inside, or so near that it may have been no farther before. */
bool area_near(const struct area *area, const struct world *world, const struct cell *leader);
/* area_lead for all that have not changed after effect `told`, for a watcher who begins anew or
 * under other policies. SS_OK, or SS_ERR_NOMEM: some are done. */
int area_lead_all(struct area *area, const struct world *world, uint64_t told);

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
