/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6298: gains of 1/8 for the mean and 1/4 for the variation, the variation first. */
#include "transport/rtt.h"

void rtt_sample(struct rtt *rtt, ss_time sample) {
    if (sample < 1) sample = 1;
    if (rtt->smoothed == 0) {
        rtt->smoothed = sample;
        rtt->variation = sample / 2;
        return;
    }
    ss_time error = sample > rtt->smoothed ? sample - rtt->smoothed : rtt->smoothed - sample;
    rtt->variation += (error - rtt->variation) / 4;
    rtt->smoothed += (sample - rtt->smoothed) / 8;
}

ss_time rtt_timeout(const struct rtt *rtt) {
    if (rtt->smoothed == 0) return SS_SECOND;
    ss_time margin = time_max(4 * rtt->variation, SS_MILLISECOND);
    return time_min(time_max(rtt->smoothed + margin, SS_SECOND), 60 * SS_SECOND);
}
