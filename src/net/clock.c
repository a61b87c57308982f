/* SPDX-License-Identifier: Apache-2.0 */
/* Our time = last answer + what the monotonic clock went on since, corrected towards the wall clock
 * by at most 1/2000 of that step (500 parts per million), so it always goes forward and a wall
 * clock that jumped by a minute is followed within a day and a half instead of at once. */
#include "net/clock.h"

#include <time.h>

enum { SLEW_PARTS = 2000 };

static int64_t microseconds(clockid_t id) {
    struct timespec at;
    clock_gettime(id, &at);
    return (int64_t)at.tv_sec * SS_SECOND + at.tv_nsec / 1000;
}

ss_time clock_step(struct clock_source *clock, int64_t wall, int64_t monotonic) {
    int64_t step = monotonic - clock->monotonic;
    if (step <= 0) return clock->wall;
    int64_t error = wall - (clock->wall + step), most = (step + clock->rest) / SLEW_PARTS;
    clock->rest = (step + clock->rest) % SLEW_PARTS;
    if (error > most) error = most;
    if (error < -most) error = -most;
    clock->wall += step + error;
    clock->monotonic = monotonic;
    return clock->wall;
}

void clock_start(struct clock_source *clock) {
    *clock = (struct clock_source){microseconds(CLOCK_REALTIME), microseconds(CLOCK_MONOTONIC), 0};
}

ss_time clock_read(struct clock_source *clock) {
    return clock_step(clock, microseconds(CLOCK_REALTIME), microseconds(CLOCK_MONOTONIC));
}
