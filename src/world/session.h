/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - cells that live no longer than their owner's last session. Internal to world/. */
#ifndef WORLD_SESSION_H
#define WORLD_SESSION_H

#include "world/cell.h"

/* Deletes what owners who left still have here, at most `*budget` cells, and counts it off. */
void session_expire(struct world *world, size_t *budget);
/* After a restart nobody has a session: every owner of a live session cell is leaving. */
void session_recover(struct world *world);

#endif
