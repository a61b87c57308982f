/* SPDX-License-Identifier: Apache-2.0 */
/* stall.h - the floor under percentiles of latency: what two cores show of a server that costs
 * nothing.
 *
 * Other processes, the kernel and a hypervisor take cores away from whoever runs on them, for
 * milliseconds at a time; a request that is due meanwhile waits, whatever the server does. */
#ifndef BENCH_STALL_H
#define BENCH_STALL_H

#include "bench/latency.h"

/* For `seconds`, a thread on `server_core` answers through memory what the caller, on a core of its
 * own, asks; adds the latency of one request due in each microsecond. Adds nothing where no thread
 * can be had. */
void stall_measure(struct latency *latency, int server_core, double seconds);

#endif
