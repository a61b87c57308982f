/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the one place that reads the time: microseconds since the epoch that never go back.
 *
 * Anchored to the wall clock at the start, carried by the monotonic clock, and slewed towards the
 * wall clock by at most 500 parts per million, so a jump of the wall clock never shows. */
#ifndef NET_CLOCK_H
#define NET_CLOCK_H

#include "base/time.h"

struct clock_source {
    int64_t wall;      /* last answer, us since the epoch */
    int64_t monotonic; /* when it was given */
    int64_t rest;      /* of the last step: too short for a correction of 1 us */
};

void clock_start(struct clock_source *clock);
ss_time clock_read(struct clock_source *clock);
/* What clock_read answers when the system's clocks stand at `wall` and `monotonic` (us): for tests.
 */
ss_time clock_step(struct clock_source *clock, int64_t wall, int64_t monotonic);

#endif
