/* SPDX-License-Identifier: Apache-2.0 */
/* The name of an entry is BLAKE2b of the whole token under a secret key: nobody can make two tokens
 * meet in it, and what lies in memory cannot be presented as a token. */
#include "server/auth_cache.h"

#include <assert.h>
#include <sodium.h>

#include "base/status.h"

struct remembered {
    struct cache_digest digest;
    struct identity identity;
    struct list used;
    uint32_t handle;
};

int auth_cache_init(struct auth_cache *cache, const struct memory *memory) {
    if (sodium_init() < 0) return SS_ERR_IO;
    randombytes_buf(cache->key, sizeof cache->key);
    cache->entries = slab_of(memory, sizeof(struct remembered), 6);
    cache->index = table_of(memory);
    list_init(&cache->used);
    return SS_OK;
}

void auth_cache_free(struct auth_cache *cache) {
    slab_free(&cache->entries);
    table_free(&cache->index);
    sodium_memzero(cache->key, sizeof cache->key);
}

struct cache_digest auth_cache_digest(const struct auth_cache *cache, struct bytes token) {
    struct cache_digest digest;
    crypto_generichash(digest.bytes, sizeof digest.bytes, token.data, token.size, cache->key,
                       sizeof cache->key);
    return digest;
}

/* The digest is uniform already: its head is hash enough. */
static uint64_t hash_of(const struct cache_digest *digest) {
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    return hash;
}

struct sought {
    const struct auth_cache *cache;
    const struct cache_digest *digest;
};

static struct remembered *entry_at(const struct auth_cache *cache, uint32_t handle) {
    return slab_at(&cache->entries, handle);
}

static bool entry_equal(const void *context, uint32_t handle) {
    const struct sought *sought = context;
    return memcmp(entry_at(sought->cache, handle)->digest.bytes, sought->digest->bytes,
                  AUTH_CACHE_DIGEST) == 0;
}

static void forget(struct auth_cache *cache, struct remembered *entry) {
    bool found = table_remove(&cache->index, hash_of(&entry->digest), entry->handle);
    assert(found);
    list_remove(&entry->used);
    slab_release(&cache->entries, entry->handle);
}

bool auth_cache_find(struct auth_cache *cache, const struct cache_digest *digest, ss_time now,
                     ss_time leeway, struct identity *identity) {
    struct sought sought = {cache, digest};
    uint32_t handle = table_find(&cache->index, hash_of(digest), entry_equal, &sought);
    if (handle == TABLE_NONE) return false;
    struct remembered *entry = entry_at(cache, handle);
    if (now >= time_add(entry->identity.expires, leeway)) {
        forget(cache, entry);
        return false;
    }
    list_remove(&entry->used);
    list_push(&cache->used, &entry->used);
    *identity = entry->identity;
    return true;
}

void auth_cache_add(struct auth_cache *cache, const struct cache_digest *digest,
                    const struct identity *identity) {
    if (cache->entries.count == AUTH_CACHE_MAX)
        forget(cache, LIST_ENTRY(cache->used.next, struct remembered, used));
    uint32_t handle = slab_alloc(&cache->entries);
    if (handle == SLAB_NONE) return;
    if (table_add(&cache->index, hash_of(digest), handle) != SS_OK) {
        slab_release(&cache->entries, handle);
        return;
    }
    struct remembered *entry = entry_at(cache, handle);
    *entry = (struct remembered){.digest = *digest, .identity = *identity, .handle = handle};
    list_push(&cache->used, &entry->used);
}
