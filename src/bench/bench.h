/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - the command `statesync bench`: measures a server, a peer beside it, or the engine
 * alone.
 *
 * How the figures are made, and what they were, stands in docs/benchmarks.md. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/* arguments[0] is the command's name, arguments[1] the benchmark's. Returns the exit code: 0 done,
 * 1 failed, 2 wrong usage. Prints to stdout; reasons to stderr. */
int bench_main(int count, char **arguments);

#endif
