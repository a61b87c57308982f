/* SPDX-License-Identifier: Apache-2.0 */
/* time.h - one typed time: microseconds since the Unix epoch, never going back.
 *
 * `net/clock` makes it (monotonic clock, anchored to the wall clock); nobody else below the programs
 * reads a clock, everybody is told `now`. Arithmetic saturates, so SS_NEVER stays "never". */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

typedef int64_t ss_time; /* microseconds */

#define SS_NEVER       INT64_MAX
#define SS_MILLISECOND ((ss_time)1000)
#define SS_SECOND      ((ss_time)1000000)

static inline ss_time time_add(ss_time at, ss_time span) {
    if (at == SS_NEVER || span == SS_NEVER) return SS_NEVER;
    if (span > 0 && at > SS_NEVER - span) return SS_NEVER;
    if (span < 0 && at < INT64_MIN - span) return INT64_MIN;
    return at + span;
}

static inline ss_time time_min(ss_time a, ss_time b) { return a < b ? a : b; }
static inline ss_time time_max(ss_time a, ss_time b) { return a > b ? a : b; }
static inline int64_t time_ms(ss_time at) { return at / SS_MILLISECOND; }

#endif
