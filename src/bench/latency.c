/* SPDX-License-Identifier: Apache-2.0 */
/* latency.c - as base/histogram: below two groups of steps the bucket is the value, above it the
 * leading bits of the value. */
#include "bench/latency.h"

enum { BITS = 7 };

static unsigned bucket_of(uint64_t ns) {
    if (ns < 2 * LATENCY_STEPS) return (unsigned)ns;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(ns);
    unsigned bucket =
        (exponent - BITS + 1) * LATENCY_STEPS + (unsigned)(ns >> (exponent - BITS)) - LATENCY_STEPS;
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static uint64_t bucket_middle(unsigned bucket) {
    if (bucket < 2 * LATENCY_STEPS) return bucket;
    unsigned shift = bucket / LATENCY_STEPS - 1;
    uint64_t low = (uint64_t)(bucket % LATENCY_STEPS + LATENCY_STEPS) << shift;
    return low + ((uint64_t)1 << shift) / 2;
}

void latency_add(struct latency *latency, uint64_t ns) {
    latency->count++;
    if (ns > latency->most) latency->most = ns;
    latency->buckets[bucket_of(ns)]++;
}

double latency_us(const struct latency *latency, double fraction) {
    uint64_t seen = 0, rank = (uint64_t)(fraction * (double)latency->count + 0.999999);
    if (latency->count == 0) return 0;
    if (rank >= latency->count) return (double)latency->most / 1e3;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen >= rank && seen) return (double)bucket_middle(i) / 1e3;
    }
    return (double)latency->most / 1e3;
}
