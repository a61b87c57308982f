/* SPDX-License-Identifier: Apache-2.0 */
/* patch.h - exact binary deltas: what turns the bytes of one state into those of another.
 *
 * A patch is a list of operations up to its end. A cursor in the base, 0 at first, moves along with
 * what is written, so that bytes that stay in their place are found without an offset:
 *
 *   op    varint, n << 2 | kind, n > 0
 *
 *   kind 0  insert   n bytes follow: they are written                                cursor += n
 *   kind 1  copy     n bytes of the base from the cursor on are written              cursor += n
 *   kind 2  move     varint z: cursor += (z >> 1) ^ -(z & 1); then as copy           cursor += n
 *   kind 3  add      n little-endian 32-bit words of the base, each with a           cursor += 4n
 *                    difference: (n + 3) / 4 bytes of 2-bit codes, the first word's lowest,
 *                    then for each code 1, 2, 3 a difference d of 2, 3, 4 bytes, little-endian
 *                    (code 0: d = 0); written is word + ((d >> 1) ^ -(d & 1)) modulo 2^32
 *
 * Varints are LEB128. An insert may leave the cursor behind the end of the base; what is copied or
 * added to must lie inside it. An empty patch makes an empty state. `add` is what floats that
 * change a little want: their bit patterns are integers that lie near each other. */
#ifndef PAYLOAD_PATCH_H
#define PAYLOAD_PATCH_H

#include "base/bytes.h"

/* What a patch may be larger than its state: patch.size <= patch_bound(next.size). */
static inline size_t patch_bound(size_t size) {
    return size + 5; /* a state is smaller than 8 GiB */
}

/* Appends a patch: patch_apply(base, patch) gives `next`. Work and memory grow with the sizes,
 * never with their product; what is taken from out->memory meanwhile is at most 4 bytes for each
 * one of the base, never over 320 KiB, and given back. SS_OK, SS_ERR_NOMEM; then `out` is as long
 * as it was. */
int patch_make(struct bytes base, struct bytes next, struct buffer *out);

/* Appends what `patch` makes of `base`, at most `limit` bytes. Any bytes may be given as patch.
 * SS_OK, SS_ERR_MALFORMED (no patch, or not one for this base), SS_ERR_TOO_LARGE, SS_ERR_NOMEM; on
 * an error `out` is as long as it was. */
int patch_apply(struct bytes base, struct bytes patch, size_t limit, struct buffer *out);

#endif
