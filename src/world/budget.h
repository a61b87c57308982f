/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h - bytes a second, as a bucket that holds one second's worth. Internal to world/.
 *
 * It counts in bytes times microseconds, so that no refill is rounded away. */
#ifndef WORLD_BUDGET_H
#define WORLD_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"

struct budget {
    int64_t rate;   /* bytes a second, 0: no limit */
    int64_t credit; /* may be negative: what was given too much is waited for */
    ss_time refilled;
};

/* A full one. */
static inline struct budget budget_of(uint32_t rate, ss_time now) {
    return (struct budget){rate, (int64_t)rate * SS_SECOND, now};
}

/* Whether anything may be given now. */
static inline bool budget_left(struct budget *budget, ss_time now) {
    const ss_time span_max = (ss_time)1 << 30; /* times 2^32 fits */
    if (budget->rate == 0) return true;
    if (now > budget->refilled) {
        ss_time span = time_min(now - budget->refilled, span_max);
        budget->credit = time_min(budget->credit + span * budget->rate, budget->rate * SS_SECOND);
        budget->refilled = now;
    }
    return budget->credit > 0;
}

static inline void budget_spend(struct budget *budget, size_t bytes) {
    const size_t bytes_max = (size_t)1 << 30;
    if (budget->rate == 0 || budget->credit < INT64_MIN / 4) return;
    budget->credit -= (int64_t)(bytes < bytes_max ? bytes : bytes_max) * SS_SECOND;
}

#endif
