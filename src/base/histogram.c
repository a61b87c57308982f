/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

/* Below 32 the bucket is the value itself; above, 16 buckets for each power of two. */
static unsigned bucket_of(uint64_t value) {
    if (value < 32) return (unsigned)value;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    unsigned bucket = (exponent - 3) * 16 + (unsigned)((value >> (exponent - 4)) & 15);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_top(unsigned bucket) {
    if (bucket < 32) return bucket;
    unsigned exponent = bucket / 16 + 3;
    return (((uint64_t)1 << exponent) + ((uint64_t)(bucket % 16 + 1) << (exponent - 4))) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    if (histogram->count == 0 || value < histogram->least) histogram->least = value;
    if (value > histogram->most) histogram->most = value;
    histogram->count++;
    histogram->sum += value;
    histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_at(const struct histogram *histogram, double fraction) {
    if (histogram->count == 0) return 0;
    uint64_t rank = (uint64_t)(fraction * (double)histogram->count + 0.999999);
    if (rank < 1) rank = 1;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            uint64_t top = bucket_top(i);
            return top < histogram->most ? top : histogram->most;
        }
    }
    return histogram->most;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    if (from->count == 0) return;
    if (into->count == 0 || from->least < into->least) into->least = from->least;
    if (from->most > into->most) into->most = from->most;
    into->count += from->count;
    into->sum += from->sum;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}
