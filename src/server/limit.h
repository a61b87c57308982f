/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h - token buckets per player: updates a second, connections, streams. Bounded in players. */
#ifndef SERVER_LIMIT_H
#define SERVER_LIMIT_H

#include "base/memory.h"
#include "base/time.h"
#include <stdbool.h>

struct limiter;

struct limiter_config {
    uint32_t updates_per_second, burst;
    uint32_t connections_per_player;
    uint32_t players_max; /* remembered; an idle one (full bucket, nothing open) is forgotten first */
};

int limiter_create(struct limiter **limiter, const struct memory *memory, uint64_t hash_seed,
                   const struct limiter_config *config);
void limiter_destroy(struct limiter *limiter);
void limiter_configure(struct limiter *limiter, const struct limiter_config *config);

/* Takes `count` tokens of `player` (not 0). 0, or the milliseconds after which it would succeed (at least
 * 1; for more than the burst: UINT32_MAX, never). `last` is the caller's to keep between calls, 0 at
 * first: who mostly asks for one player finds it faster. */
uint32_t limiter_take(struct limiter *limiter, uint64_t player, uint32_t count, uint32_t *last,
                      ss_time now);
/* Counts a connection of `player`; false when it has its share already. */
bool limiter_connect(struct limiter *limiter, uint64_t player, ss_time now);
void limiter_disconnect(struct limiter *limiter, uint64_t player);

#endif
