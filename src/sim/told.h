/* SPDX-License-Identifier: Apache-2.0 */
/* told.h - the states that one stream was pushed, so that its deltas become states again. A delta
 * must be against exactly what its own subscription told last of the cell. */
#ifndef SIM_TOLD_H
#define SIM_TOLD_H

#include "sim/model.h"

struct told_cell {
    uint64_t subscription; /* 0: nothing was told, or it is gone */
    uint32_t version;
    size_t size;
    uint8_t *state;
};

struct told {
    struct told_cell *cells;
    size_t count;
};

void told_start(struct told *told, const struct model *model);
void told_free(struct told *told);
/* A new stream begins. */
void told_forget(struct told *told);
/* Notes a push of `subscription`; a delta in `update` becomes the state, which lives until the cell
 * is told again. What is wrong with it is a violation. */
void told_push(struct model *model, struct told *told, uint64_t subscription,
               struct wire_update *update);

#endif
