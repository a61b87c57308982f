/* SPDX-License-Identifier: Apache-2.0 */
/* carry.h - an admitted update, judged and carried out. Internal to world/. */
#ifndef WORLD_CARRY_H
#define WORLD_CARRY_H

#include "world/outcome.h"
#include "world/transaction.h"

/* Without the matters of idempotency keys. `transaction` may be NULL. On ERROR nothing has changed. */
void carry_out(struct world *world, const struct update *update, struct place *place,
               struct transaction *transaction, struct outcome *outcome);

/* As it is kept: no more than may be rewound. */
static inline uint16_t latency_of(const struct world *world, const struct update *update) {
    int64_t most = time_ms(world->config.max_rewind);
    int64_t latency = update->latency_ms < most ? update->latency_ms : most;
    return latency > UINT16_MAX ? UINT16_MAX : (uint16_t)latency;
}

#endif
