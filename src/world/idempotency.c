/* SPDX-License-Identifier: Apache-2.0 */
#include "world/idempotency.h"

#include <assert.h>
#include <sodium.h>

#include "base/status.h"
#include "world/outcome.h"

/* ---- the store ----------------------------------------------------------------------------- */

int keys_create(struct world *world) {
    struct keys *keys = memory_zeroed(world->memory, 1, sizeof *keys);
    if (!keys) return SS_ERR_NOMEM;
    keys->slab = slab_of(world->memory, sizeof(struct remembered), 5);
    keys->index = table_of(world->memory);
    list_init(&keys->order);
    world->keys = keys;
    return SS_OK;
}

static void drop(const struct world *world, struct bytes view) {
    memory_free(world->memory, (void *)(uintptr_t)view.data, view.size);
}

void keys_destroy(struct world *world) {
    struct keys *keys = world->keys;
    if (!keys) return;
    for (struct list *link = keys->order.next; link != &keys->order; link = link->next) {
        struct remembered *remembered = LIST_ENTRY(link, struct remembered, all);
        drop(world, remembered->key);
        drop(world, remembered->answers);
    }
    slab_free(&keys->slab);
    table_free(&keys->index);
    memory_free(world->memory, keys, sizeof *keys);
    world->keys = NULL;
}

struct wanted {
    const struct keys *keys;
    uint64_t player;
    struct bytes key;
};

static bool is_wanted(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    const struct remembered *remembered = slab_at(&wanted->keys->slab, handle);
    return remembered->player == wanted->player && bytes_equal(remembered->key, wanted->key);
}

struct remembered *key_find(const struct world *world, uint64_t player, struct bytes key) {
    struct wanted wanted = {world->keys, player, key};
    uint64_t hash = hash_seeded(world->config.key, player, key);
    uint32_t handle = table_find(&world->keys->index, hash, is_wanted, &wanted);
    return handle == TABLE_NONE ? NULL : slab_at(&world->keys->slab, handle);
}

static bool copy(const struct world *world, struct bytes from, struct bytes *to) {
    uint8_t *block = memory_alloc(world->memory, from.size);
    if (!block) return false;
    memcpy(block, from.data, from.size);
    *to = (struct bytes){block, from.size};
    return true;
}

/* The pieces that can fail, together. */
static struct remembered *allocate(struct world *world, const struct remembered *draft,
                                   uint64_t hash) {
    struct keys *keys = world->keys;
    struct bytes key = {NULL, 0}, answers = {NULL, 0};
    uint32_t handle = slab_alloc(&keys->slab);
    if (handle != SLAB_NONE && copy(world, draft->key, &key) &&
        copy(world, draft->answers, &answers) && table_add(&keys->index, hash, handle) == SS_OK) {
        struct remembered *remembered = slab_at(&keys->slab, handle);
        *remembered = *draft;
        remembered->key = key;
        remembered->answers = answers;
        remembered->handle = handle;
        remembered->hash = hash;
        return remembered;
    }
    drop(world, key);
    drop(world, answers);
    if (handle != SLAB_NONE) slab_release(&keys->slab, handle);
    return NULL;
}

int key_remember(struct world *world, const struct remembered *draft, struct remembered **out) {
    assert(draft->key.size > 0 && draft->key.size <= IDEMPOTENCY_KEY_MAX);
    assert(draft->answers.size > 0 && !key_find(world, draft->player, draft->key));
    struct owner *owner = owner_obtain(world, draft->player);
    if (!owner) return SS_ERR_NOMEM;
    struct remembered *remembered =
        allocate(world, draft, hash_seeded(world->config.key, draft->player, draft->key));
    if (!remembered) {
        owner_release(world, owner);
        return SS_ERR_NOMEM;
    }
    list_push(&owner->keys, &remembered->owned);
    list_push(&world->keys->order, &remembered->all);
    owner->key_count++;
    owner->key_bytes += remembered->answers.size;
    *out = remembered;
    return SS_OK;
}

void key_forget(struct world *world, struct remembered *remembered) {
    struct owner *owner = owner_find(world, remembered->player);
    assert(owner && owner->key_count > 0 && owner->key_bytes >= remembered->answers.size);
    owner->key_count--;
    owner->key_bytes -= remembered->answers.size;
    list_remove(&remembered->owned);
    list_remove(&remembered->all);
    drop(world, remembered->key);
    drop(world, remembered->answers);
    table_remove(&world->keys->index, remembered->hash, remembered->handle);
    slab_release(&world->keys->slab, remembered->handle);
    owner_release(world, owner);
}

void key_make_room(struct world *world, uint64_t player) {
    const struct owner *owner = owner_find(world, player);
    uint64_t bytes_max = world->config.bytes_per_player / 8;
    while (owner->key_count > 1 &&
           (owner->key_count > world->config.keys_per_player || owner->key_bytes > bytes_max))
        key_forget(world, LIST_ENTRY(owner->keys.next, struct remembered, owned));
}

/* ---- what was asked ------------------------------------------------------------------------ */

static void add_u64(crypto_hash_sha256_state *state, uint64_t value) {
    uint8_t raw[8];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u64(&writer, value);
    crypto_hash_sha256_update(state, raw, sizeof raw);
}

static void add_bytes(crypto_hash_sha256_state *state, struct bytes from) {
    add_u64(state, from.size);
    crypto_hash_sha256_update(state, from.data, from.size);
}

static void add_update(crypto_hash_sha256_state *state, const struct update *update) {
    add_u64(state, update->owner);
    add_bytes(state, update->category);
    add_bytes(state, update->key);
    add_bytes(state, update->delete ? (struct bytes){NULL, 0} : update->state);
    add_u64(state, update->expected_version);
    add_u64(state, (uint64_t)update->delete | (uint64_t)update->must_not_exist << 1 |
                       (uint64_t)update->context.present << 2 |
                       (uint64_t)update->context.foreign << 3);
    add_bytes(state, update->base_digest);
    for (size_t i = 0; i < update->context.count; i++) {
        add_u64(state, update->context.entries[i].node);
        add_u64(state, update->context.entries[i].counter);
    }
}

void content_digest(const struct update *updates, size_t count,
                    uint8_t digest[EFFECT_DIGEST_SIZE]) {
    crypto_hash_sha256_state state;
    uint8_t full[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        add_update(&state, &updates[i]);
    crypto_hash_sha256_final(&state, full);
    memcpy(digest, full, EFFECT_DIGEST_SIZE);
}

/* A delta whose base is gone: the first answer to the key must still be found. */
static bool content_unknown(const struct update *updates, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (updates[i].base_missing) return true;
    return false;
}

/* ---- asking again -------------------------------------------------------------------------- */

static void all_errors(struct outcome *outcomes, size_t count, int status, const char *text) {
    for (size_t i = 0; i < count; i++)
        outcome_error(&outcomes[i], status, text);
}

bool key_replay(struct world *world, const struct update *updates, size_t count, struct bytes key,
                struct outcome *outcomes) {
    const struct remembered *remembered = key_find(world, updates[0].player, key);
    if (!remembered) return false;
    uint8_t digest[EFFECT_DIGEST_SIZE];
    content_digest(updates, count, digest);
    if (!content_unknown(updates, count) &&
        memcmp(digest, remembered->digest, sizeof digest) != 0) {
        all_errors(outcomes, count, SS_ERR_INVALID,
                   "idempotency_key was used with other content: choose a new one");
        return true;
    }
    struct reader reader = reader_of(remembered->answers);
    for (size_t i = 0; i < count; i++) {
        int status = outcome_decode(world, &reader, &outcomes[i]);
        outcomes[i].replayed = true;
        if (status == SS_OK) continue;
        all_errors(outcomes, count, status == SS_ERR_NOMEM ? SS_ERR_NOMEM : SS_ERR_CORRUPT,
                   "the remembered answer is damaged");
        break;
    }
    return true;
}

int key_note(struct world *world, const struct update *updates, size_t count, struct bytes key,
             struct outcome *outcomes, enum durability durability) {
    bool noted = effects_wanted(world, durability);
    struct buffer answers = buffer_of(world->memory);
    for (size_t i = 0; i < count; i++) {
        if (noted) outcomes[i].seq = world->seq + 1; /* the answer holds when its key does */
        outcome_encode(&answers, &outcomes[i]);
    }
    struct remembered *remembered, draft = {.player = updates[0].player,
                                            .time = world->now,
                                            .journaled = durability != DURABILITY_MEMORY,
                                            .key = key,
                                            .answers = buffer_view(&answers)};
    content_digest(updates, count, draft.digest);
    int status = answers.failed ? SS_ERR_NOMEM : SS_OK;
    if (status == SS_OK) status = effects_reserve(world, effect_key_size(&draft));
    if (status == SS_OK) status = key_remember(world, &draft, &remembered);
    buffer_free(&answers);
    if (status != SS_OK) return status;
    if (noted) effect_key(world, remembered, durability, ++world->seq);
    key_make_room(world, draft.player);
    return SS_OK;
}
