/* SPDX-License-Identifier: Apache-2.0 */
/* steady.h - the update that a running game sends nearly always, in one go. Internal to world/. */
#ifndef WORLD_STEADY_H
#define WORLD_STEADY_H

#include "world/outcome.h"

/* True: `outcome` is what the long way (update.c) would have made of it, and so is the world. False:
 * nothing has happened, it must go the long way. */
bool update_steady(struct world *world, const struct update *update, struct outcome *outcome);

#endif
