/* SPDX-License-Identifier: Apache-2.0 */
/* auth_cache.h - tokens that were verified, so that the next call with one costs a hash instead of
 * a signature. Bounded; the longest unused goes first. */
#ifndef SERVER_AUTH_CACHE_H
#define SERVER_AUTH_CACHE_H

#include "base/list.h"
#include "base/slab.h"
#include "base/table.h"
#include "server/auth.h"

#define AUTH_CACHE_MAX    4096
#define AUTH_CACHE_DIGEST 32

struct auth_cache {
    uint8_t key[32]; /* of the digest; drawn at the start */
    struct slab entries;
    struct table index;
    struct list used; /* the longest unused first */
};

struct cache_digest {
    uint8_t bytes[AUTH_CACHE_DIGEST];
};

/* SS_OK, or SS_ERR_IO when the crypto library cannot start. Must not be moved afterwards. */
int auth_cache_init(struct auth_cache *cache, const struct memory *memory);
void auth_cache_free(struct auth_cache *cache);

struct cache_digest auth_cache_digest(const struct auth_cache *cache, struct bytes token);
/* The identity of a token that is remembered and has not expired at `now` (by more than `leeway`).
 */
bool auth_cache_find(struct auth_cache *cache, const struct cache_digest *digest, ss_time now,
                     ss_time leeway, struct identity *identity);
/* Remembers; silently not when out of memory. */
void auth_cache_add(struct auth_cache *cache, const struct cache_digest *digest,
                    const struct identity *identity);

#endif
