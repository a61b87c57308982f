/* SPDX-License-Identifier: Apache-2.0 */
/* carry.h - an admitted update, judged and carried out. Internal to world/. */
#ifndef WORLD_CARRY_H
#define WORLD_CARRY_H

#include "world/outcome.h"
#include "world/transaction.h"

/* Without the matters of idempotency keys. `transaction` may be NULL. On ERROR nothing has changed. */
void carry_out(struct world *world, const struct update *update, struct place *place,
               struct transaction *transaction, struct outcome *outcome);

#endif
