/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - benchmarks of the engine alone, in this process and on one core. */
#ifndef BENCH_INSIDE_H
#define BENCH_INSIDE_H

#include "bench/options.h"

/* Updates a second in prefetched groups, and bytes of memory of one cell. The exit code. */
int inside_world(const struct options *options);
/* Time of one update that meets a conflict: opaque (last write wins) and JSON (merged). */
int inside_merge(const struct options *options);

#endif
