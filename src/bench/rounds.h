/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.h - benchmarks over the network: ours and a peer in turn, round by round. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "bench/load.h"
#include "bench/options.h"

/* Runs `ours`, and `peer` if options->peer names one, options->rounds times; addresses, processes
 * and rates are filled in here. The exit code. */
int rounds_run(const char *bench, const struct options *options, const struct load_config *ours,
               const struct load_config *peer);

#endif
