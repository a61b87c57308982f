/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - benchmarks of the engine and of the journal alone, in this process. */
#ifndef BENCH_INSIDE_H
#define BENCH_INSIDE_H

#include "bench/options.h"

/* Updates a second in prefetched groups, and bytes of memory of one cell. The exit code. */
int inside_world(const struct options *options);
/* Time of one update that meets a conflict: opaque (last write wins) and JSON (merged). */
int inside_merge(const struct options *options);
/* Bytes of a delta and time to make and to apply it, beside zstd's and RFC 7396's. */
int inside_patch(const struct options *options);
/* Groups a second, their latency, and bytes that the disk is given for each byte of effects. */
int inside_journal(const struct options *options);
/* Time of a start. */
int inside_recover(const struct options *options);

#endif
