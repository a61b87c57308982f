/* SPDX-License-Identifier: Apache-2.0 */
/* hide.h - fields that a reader of a cell may not see (docs/schemas.md, read) are taken out of the
 * view before anything is made of it: an answer, a push, a delta, an entry of a snapshot.
 *
 * Who may write a cell sees all of it (config_schema.c refuses everything else), so the answers to
 * updates need no such care, and neither do conflicts. */
#ifndef SERVER_HIDE_H
#define SERVER_HIDE_H

#include "base/arena.h"
#include "world/category.h"
#include "world/update.h"

struct viewer {
    uint64_t player;
    bool server;
};

/* What stays lies in the arena. False when out of memory: then the view shows no state at all. */
bool hide_fields(const struct category *policy, struct viewer viewer, struct arena *arena,
                 struct cell_view *view);

#endif
