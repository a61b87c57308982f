/* SPDX-License-Identifier: Apache-2.0 */
/* rtt.h - the smoothed round trip and its variation (RFC 6298, section 2). */
#ifndef TRANSPORT_RTT_H
#define TRANSPORT_RTT_H

#include "base/time.h"

struct rtt {
    ss_time smoothed; /* 0: no sample yet */
    ss_time variation;
};

/* Takes one measured round trip; samples below 1 us count as 1 us. */
void rtt_sample(struct rtt *rtt, ss_time sample);
/* How long an answer may take before it counts as lost: smoothed + max(granularity, 4 variations),
 * at least 1 s, at most 60 s; 1 s before the first sample. */
ss_time rtt_timeout(const struct rtt *rtt);

#endif
