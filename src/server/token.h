/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - what a client carries between two calls without being able to forge it.
 *
 *   page token    [u8 'P'][u48 world][u64 at][u32 owner][u32 cell][u64 check]
 *   resume token  [u8 'R'][u48 world][u64 seq][u64 check]
 *
 * The check is a keyed hash of what stands before it; the key is of this start, so a token of an
 * earlier one is out of history, like one that is too old. */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H

#include "base/hash.h"
#include "world/snapshot.h"

#define TOKEN_SIZE_MAX 32

struct token {
    uint8_t data[TOKEN_SIZE_MAX];
    size_t size;
};

struct token token_page(struct hash_key key, uint64_t world, struct snapshot_position position);
struct token token_resume(struct hash_key key, uint64_t world, uint64_t seq);

/* SS_OK; SS_ERR_MALFORMED for what was never a token; SS_ERR_STALE for one of another start or
 * world. */
int token_read_page(struct hash_key key, uint64_t world, struct bytes token,
                    struct snapshot_position *position);
int token_read_resume(struct hash_key key, uint64_t world, struct bytes token, uint64_t *seq);

#endif
