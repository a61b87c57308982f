/* SPDX-License-Identifier: Apache-2.0 */
/* A smaller plan is another run, not a part of the same one, so shrinking is a search: keep what
 * still fails, for any reason, and try the next smaller thing. */
#include "sim/run.h"

static bool still_fails(const struct plan *smaller, struct tokens *tokens, struct plan *plan,
                        struct verdict *verdict, unsigned *runs) {
    struct verdict now;
    ++*runs;
    run_plan(smaller, tokens, &now);
    if (!now.failed) return false;
    *plan = *smaller;
    *verdict = now;
    return true;
}

unsigned shrink_plan(struct plan *plan, struct tokens *tokens, struct verdict *verdict) {
    unsigned runs = 0;
    for (bool better = true; better;) {
        better = false;
        for (unsigned i = 0; i < FAULT_COUNT; i++) {
            struct plan smaller = *plan;
            smaller.faults &= ~(1u << i);
            if (smaller.faults != plan->faults)
                better |= still_fails(&smaller, tokens, plan, verdict, &runs);
        }
        for (uint32_t clients = 1; clients < plan->clients; clients = clients * 2) {
            struct plan smaller = *plan;
            smaller.clients = clients;
            if (still_fails(&smaller, tokens, plan, verdict, &runs)) better = true;
        }
        for (uint32_t ops = 1; ops < plan->ops; ops = ops * 3 / 2 + 1) {
            struct plan smaller = *plan;
            smaller.ops = ops;
            if (still_fails(&smaller, tokens, plan, verdict, &runs)) better = true;
        }
    }
    return runs;
}
