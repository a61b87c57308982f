/* SPDX-License-Identifier: Apache-2.0 */
/* patch_match.h - finding in a base what a new state is made of. Internal to payload/; the
 * operations are patch.h's. */
#ifndef PAYLOAD_PATCH_MATCH_H
#define PAYLOAD_PATCH_MATCH_H

#include "base/bytes.h"

enum patch_kind { PATCH_INSERT, PATCH_COPY, PATCH_MOVE, PATCH_ADD };

static inline void patch_put_op(struct buffer *out, size_t count, enum patch_kind kind) {
    buffer_varint(out, (uint64_t)count << 2 | kind);
}
static inline void patch_put_insert(struct buffer *out, struct bytes from) {
    if (from.size == 0) return;
    patch_put_op(out, from.size, PATCH_INSERT);
    buffer_bytes(out, from);
}

/* Appends a whole patch of inserts, copies and moves; neither state is empty. It may be longer than
 * `next`. SS_OK, SS_ERR_NOMEM. */
int patch_match(struct bytes base, struct bytes next, struct buffer *out);

#endif
