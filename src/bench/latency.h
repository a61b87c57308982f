/* SPDX-License-Identifier: Apache-2.0 */
/* latency.h - counts of durations in nanoseconds, 128 buckets for each doubling: a percentile is
 * within 0.8 %, fine enough for the ratio of two of them (base/histogram's 6 % are not). */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS   128
#define LATENCY_BUCKETS (40 * LATENCY_STEPS) /* up to 2^45 ns */

struct latency {
    uint64_t count, most;
    uint32_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);
/* Microseconds at or below which `fraction` (0..1) of them lie; 0 when there are none. */
double latency_us(const struct latency *latency, double fraction);

#endif
