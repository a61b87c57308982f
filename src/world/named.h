/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - the keys that a client named with its snapshot query, against what stood at one effect.
 * Internal to world/.
 *
 * Those that lived are looked up as the walk meets their cells; those that did not are a walk of
 * their own, in the order of a hash, because the client need not name the same keys, or in the same
 * order, with its next page. */
#ifndef WORLD_NAMED_H
#define WORLD_NAMED_H

#include "world/interest.h"

struct named {
    const struct interest *interest;
    const struct snapshot_query *query;
    uint64_t at;
    struct table cells; /* to their place in query->known */
    uint64_t *gone;     /* hash of the key << 32 | place in query->known, ascending */
    size_t gone_count, gone_capacity, next;
};

/* Both are borrowed. SS_OK, SS_ERR_NOMEM, or SS_ERR_STALE when what stood is no longer kept; after
 * an error too it must be closed. */
int named_open(struct named *named, const struct interest *interest,
               const struct snapshot_query *query, uint64_t at);
void named_close(struct named *named); /* a zeroed one is closed already */

/* What the client has of `cell`, or NULL. */
const struct known_version *named_find(const struct named *named, const struct cell *cell);

/* The next key that did not live, as something deleted: its tombstone, or just its name. 1, or 0 at
 * the end. Nothing comes unless the query wants tombstones. */
int named_next(struct named *named, struct cell_view *view);
/* Where that walk stands, and a walk that goes on from there; never UINT32_MAX, which means the
 * start. */
uint32_t named_place(const struct named *named);
void named_seek(struct named *named, uint32_t place);

#endif
