/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber.h - what one remote reader must still hear of.
 *
 * The world keeps its cells in the order of their last change, so a subscriber needs no queue: it is a
 * filter and a number, the effect up to which it has heard everything. A slow reader skips to the newest
 * version of each cell by construction, and costs no memory. Only an area needs a set: the cells inside,
 * so that leaving it can be told. */
#ifndef WORLD_SUBSCRIBER_H
#define WORLD_SUBSCRIBER_H

#include "world/snapshot.h"

struct subscriber;

struct subscriber_filter {
    uint64_t player;
    bool server;
    uint64_t origin;                /* of this stream: what it writes from now on is not told */
    const struct bytes *categories; /* copied; none: every readable one */
    size_t category_count;
    const uint64_t *owners;         /* copied; none: every readable one; 0 names the shared cells */
    size_t owner_count;
    bool has_area;
    float center[3], radius;        /* metres; cells of spatial categories outside are not told */
    ss_time interval;               /* least time between two rounds, 0: every tick */
    uint32_t bytes_per_second;      /* 0: no limit */
    const struct known_version *known; /* copied; what the client has already */
    size_t known_count;
    uint64_t since;                 /* instead: everything up to this effect; 0: nothing */
    bool resumes;                   /* `since` counts even if it is 0: the world was empty then */
    bool bases;                     /* say with each change what the reader holds of the cell */
};

/* SS_OK, SS_ERR_NOMEM, SS_ERR_STALE when `since` is out of history, SS_ERR_INVALID. */
int subscriber_create(struct subscriber **subscriber, struct world *world,
                      const struct subscriber_filter *filter, ss_time now);
void subscriber_destroy(struct subscriber *subscriber);

enum change_kind {
    CHANGE_CELL,      /* `view` is new or changed (or deleted) */
    CHANGE_LEFT,      /* it left the area */
    CHANGE_CAUGHT_UP, /* once, after everything that differed at the start */
    CHANGE_LOST,      /* something may have been forgotten before it was told, or an area means other
                         cells since a reform: take a snapshot; the subscriber goes on from the
                         present */
};
struct change {
    enum change_kind kind;
    struct cell_view view; /* borrowed until the world's next change */
    struct cell_view base; /* likewise: what the reader surely holds; version 0: nobody knows */
};

/* The next thing to tell that the budget allows and that is not after effect `until` (what is durable).
 * True with `change`; false when there is nothing to tell now. The caller counts it as told. */
bool subscriber_next(struct subscriber *subscriber, uint64_t until, ss_time now,
                     struct change *change);
/* Its own stream wrote this cell, so the reader has it, also outside of its area: then it will be
 * told as left. SS_OK, or SS_ERR_NOMEM: then the reader must be told CHANGE_LOST. */
int subscriber_wrote(struct subscriber *subscriber, uint64_t owner, struct bytes category,
                     struct bytes key);
/* The caller spent `bytes` on the wire for what it was given: charged to the byte budget. */
void subscriber_spend(struct subscriber *subscriber, size_t bytes);
/* Something that was given may never reach the reader: what it holds is unknown from now on, until it
 * is told again. */
void subscriber_doubt(struct subscriber *subscriber);
/* The effect up to which everything has been told: what a resume token carries. 0 until caught up, but
 * for a subscriber that resumed. */
uint64_t subscriber_told(const struct subscriber *subscriber);

#endif
