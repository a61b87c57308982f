/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h - one effect, read and done again. Internal to world/. */
#ifndef WORLD_DECODE_H
#define WORLD_DECODE_H

#include "world/effect_log.h"
#include "world/glance.h"
#include "world/transaction.h"

/* One effect on its way back in. */
struct replay {
    struct world *world;
    struct transaction *transaction; /* inside a bracket */
    struct reader body;
    uint64_t seq;
    const struct glance *glance; /* NULL: it was not looked at before */
};

/* SS_OK; SS_ERR_MALFORMED or SS_ERR_NOMEM, and nothing has changed. A bracket is none of its kinds.
 */
int effect_decode(enum effect_kind kind, struct replay *replay);

#endif
