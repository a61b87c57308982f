/* SPDX-License-Identifier: Apache-2.0 */
/* stall.h - what a core costs a server that costs nothing: the floor under percentiles of latency.
 *
 * Other processes, the kernel and a hypervisor take the core away from whoever runs on it, for
 * milliseconds at a time; a request that is due meanwhile waits, whatever the server does. */
#ifndef BENCH_STALL_H
#define BENCH_STALL_H

#include "bench/latency.h"

/* Reads the clock on `core` for `seconds`, and adds how long a request would have waited for the core
 * that was due in each of its microseconds. The caller ends up on the core `back`. */
void stall_measure(struct latency *waits, int core, int back, double seconds);

#endif
