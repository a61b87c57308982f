/* SPDX-License-Identifier: Apache-2.0 */
/* stranger.h - a peer that speaks no protocol, or only the beginning of one. */
#ifndef SIM_STRANGER_H
#define SIM_STRANGER_H

#include "sim/virtual.h"

struct stranger {
    struct virtual *machine;
    struct random random;
    int fd; /* below 0: not connected */
    bool reads;
    unsigned left; /* pieces that it still sends */
    ss_time next;
};

void stranger_start(struct stranger *stranger, struct virtual *machine, uint64_t seed);
ss_time stranger_due(const struct stranger *stranger);
void stranger_turn(struct stranger *stranger);
void stranger_stop(struct stranger *stranger);

#endif
