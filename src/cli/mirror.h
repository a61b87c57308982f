/* SPDX-License-Identifier: Apache-2.0 */
/* mirror.h - what a subscriber believes: the newest version of each cell that it was told of. */
#ifndef CLI_MIRROR_H
#define CLI_MIRROR_H

#include "codec/message.h"

struct mirror_cell {
    uint64_t owner;
    uint32_t version;
    struct buffer category, key, state;
};

struct mirror {
    const struct memory *memory;
    struct mirror_cell *cells;
    size_t count, capacity;
};

struct mirror mirror_of(const struct memory *memory);
void mirror_free(struct mirror *mirror);
/* Takes a push in; an older version than the one held is ignored. SS_OK or SS_ERR_NOMEM. */
int mirror_take(struct mirror *mirror, const struct wire_update *update);
const struct mirror_cell *mirror_find(const struct mirror *mirror, uint64_t owner,
                                      struct bytes category, struct bytes key);
/* True when the snapshot's entries are exactly these cells, to the byte; else names the first
 * difference in `why`. */
bool mirror_equals(const struct mirror *mirror, struct state_entry_list entries, char *why,
                   size_t why_size);

#endif
