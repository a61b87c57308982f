/* SPDX-License-Identifier: Apache-2.0 */
/* mirror.h - what a reader believes: the newest version of each cell that it was told of, and so
 * the base of the deltas that it is told next. */
#ifndef CLI_MIRROR_H
#define CLI_MIRROR_H

#include "base/table.h"
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
    struct table index; /* of cells */
    struct buffer scratch;
    struct mirror_stats {
        uint64_t told, deltas;   /* states that came, and those of them that came as deltas */
        uint64_t sent, would_be; /* bytes of both as they came, and of the states whole */
    } stats;
};

struct mirror mirror_of(const struct memory *memory);
void mirror_free(struct mirror *mirror);
/* Takes a push in; an older version than the one held is ignored. A delta becomes the state:
 * `update` then holds it whole (borrowed from the mirror until it changes), as if it had come so.
 * SS_OK, SS_ERR_NOMEM, SS_ERR_STALE (a delta against a version that is not held), SS_ERR_MALFORMED
 * (it does not apply); after an error nothing has changed. */
int mirror_take(struct mirror *mirror, struct wire_update *update);
/* The same with an entry of a snapshot. */
int mirror_take_entry(struct mirror *mirror, struct state_entry *entry);
const struct mirror_cell *mirror_find(const struct mirror *mirror, uint64_t owner,
                                      struct bytes category, struct bytes key);
/* True when the snapshot's entries are exactly these cells, to the byte; else names the first
 * difference in `why`. */
bool mirror_equals(const struct mirror *mirror, struct state_entry_list entries, char *why,
                   size_t why_size);

/* All cells as a serialized StateEntries message, appended, and taken in again (SS_OK,
 * SS_ERR_NOMEM, SS_ERR_MALFORMED). */
void mirror_save(const struct mirror *mirror, struct buffer *out);
int mirror_load(struct mirror *mirror, struct bytes from);

#endif
