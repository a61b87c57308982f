/* SPDX-License-Identifier: Apache-2.0 */
/* effect.h - everything that a world did, in order, as bytes.
 *
 * The one list that the journal stores, the cluster replicates and a replay plays. An effect is
 *
 *   [u32 size of what follows][u8 kind][u64 seq][body]          little-endian, varints where noted
 *
 * Kinds: a cell's new version; a category's floor; a tombstone forgotten; a conflict parked, refreshed
 * or decided; an idempotency key with its answer; remembered things expired; a batch bracket (the
 * next n effects are one). The layout of each body stands in effect.c. */
#ifndef WORLD_EFFECT_H
#define WORLD_EFFECT_H

#include "world/world.h"

#define EFFECT_FORMAT 1 /* version of the encoding, stored by whoever keeps effects */

/* What was encoded since the last call of world_effects_clear, in order (keep_effects). `strongest` is
 * the strongest durability class among them, memory effects are left out entirely. */
struct bytes world_effects(const struct world *world, enum durability *strongest);
void world_effects_clear(struct world *world);
/* Among them a first lot of versions is reserved (of a category, or of a life): until that is durable
 * no version may be shown, of whatever class, as a crash would give it again. */
bool world_effects_hold_lot(const struct world *world);

/* Applies one encoded effect (with its size word; a batch bracket with all that it holds) as it once
 * happened, without rules or hooks. Effects come in the order of their seq; one that is contained
 * already is passed over. Returns its whole size, or SS_ERR_MALFORMED / SS_ERR_NOMEM; on an error
 * nothing has changed. */
ptrdiff_t world_replay(struct world *world, struct bytes effects);
/* The same with all effects of a list, faster than one by one as memory is asked for what the next ones
 * touch. SS_OK; on an error those in front of it stay done. */
int world_replay_all(struct world *world, struct bytes effects);

/* Called once before the first update, after whatever there was has been replayed: versions go on above
 * what a crash may have lost, the next lot is reserved (an effect of class sync), and session cells
 * are about to be deleted, as no session is open. SS_OK or SS_ERR_NOMEM; then call it again. */
int world_recovered(struct world *world);

#endif
