/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stall.h"

#include "bench/process.h"

void stall_measure(struct latency *waits, int core, int back, double seconds) {
    process_pin(core);
    int64_t now = clock_ns(), due = now, end = now + (int64_t)(seconds * 1e9);
    while (now < end) {
        now = clock_ns();
        for (; due <= now; due += 1000)
            latency_add(waits, (uint64_t)(now - due));
    }
    process_pin(back);
}
