/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - counts of durations in buckets whose width grows with the value: 16 buckets for each
 * doubling, so a percentile is within 6.25 % (the idea of HdrHistogram, Tene). Fixed size, no allocation. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 640 /* up to 2^41 */

struct histogram {
    uint64_t count, sum;
    uint64_t least, most;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* The value below or at which `fraction` (0 .. 1) of the counted ones lie; 0 when empty. */
uint64_t histogram_at(const struct histogram *histogram, double fraction);
void histogram_merge(struct histogram *into, const struct histogram *from);

#endif
