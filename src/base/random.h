/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - a small seeded generator (splitmix64; Steele, Lea and Flood, 2014) for tests, jitter and
 * simulation. Not for secrets: those come from net/entropy. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

#include "base/hash.h"

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random) {
    random->state += 0x9e3779b97f4a7c15u;
    return hash_mix(random->state);
}
/* Uniform in [0, below); below > 0. The bias is under 2^-32 for every `below` used here. */
static inline uint64_t random_below(struct random *random, uint64_t below) {
    return (uint64_t)(((unsigned __int128)random_next(random) * below) >> 64);
}
/* Uniform in [0, 1). */
static inline double random_unit(struct random *random) {
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

#endif
