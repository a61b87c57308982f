/* SPDX-License-Identifier: Apache-2.0 */
/* reform.h - the policies of a world, and how others take their place. Internal to world/. */
#ifndef WORLD_REFORM_H
#define WORLD_REFORM_H

#include "world/cell.h"

/* SS_OK, or SS_ERR_INVALID with the policy that contradicts itself. */
int policies_check(const struct category *const *categories, size_t count,
                   const struct category *fallback, struct reason *why);
/* Every category has a space from now on. SS_OK, SS_ERR_NOMEM, SS_ERR_TOO_LARGE. */
int policies_intern(struct world *world, const struct category *const *categories, size_t count);

#endif
