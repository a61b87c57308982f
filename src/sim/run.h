/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - one seed from beginning to end. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/fault.h"
#include "sim/tokens.h"

struct plan {
    uint64_t seed;
    uint32_t clients, ops; /* ops: of each client */
    fault_set faults;
    bool verbose;
    bool forgetful; /* `data: none`, whatever the seed draws */
};

struct verdict {
    bool failed;
    char why[512];
    uint64_t hash; /* of the event log */
    uint64_t events, checks, sent, answered, ops, turns, bytes, lives, allocations_failed;
    size_t peak;    /* bytes of the server */
    double seconds; /* of virtual time */
};

void run_plan(const struct plan *plan, struct tokens *tokens, struct verdict *verdict);

/* Makes `plan` smaller while it fails: fewer faults, clients and ops. Returns how many runs that
 * took. */
unsigned shrink_plan(struct plan *plan, struct tokens *tokens, struct verdict *verdict);

#endif
