/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a parked write is a UUID of version 8 (RFC 9562), so that it needs no lookup to find
 * its world, and cannot be guessed:
 *
 *   [48 bits: the world's prefix] [8 | 12 bits] [2 bits: 10 | 62 bits]      bits: a keyed hash
 */
#include "world/conflict.h"

#include <assert.h>

#include "base/status.h"
#include "world/version.h"

int bytes_own(const struct world *world, struct bytes from, struct bytes *to) {
    uint8_t *copy = memory_alloc(world->memory, from.size);
    if (from.size && !copy) return SS_ERR_NOMEM;
    if (from.size) memcpy(copy, from.data, from.size);
    *to = (struct bytes){copy, from.size};
    return SS_OK;
}

void bytes_drop(const struct world *world, struct bytes *bytes) {
    memory_free(world->memory, (void *)(uintptr_t)bytes->data, bytes->size);
    *bytes = (struct bytes){NULL, 0};
}

/* ---- the store ----------------------------------------------------------------------------- */

int conflicts_create(struct world *world) {
    struct conflicts *conflicts = memory_zeroed(world->memory, 1, sizeof *conflicts);
    if (!conflicts) return SS_ERR_NOMEM;
    conflicts->slab = slab_of(world->memory, sizeof(struct parked), 4);
    conflicts->index = table_of(world->memory);
    list_init(&conflicts->open);
    list_init(&conflicts->decided);
    world->conflicts = conflicts;
    return SS_OK;
}

static void drop_strings(const struct world *world, struct parked *parked) {
    bytes_drop(world, &parked->key);
    bytes_drop(world, &parked->base);
    bytes_drop(world, &parked->old);
    bytes_drop(world, &parked->incoming);
    bytes_drop(world, &parked->resolved);
}

static void drop_list(const struct world *world, struct list *head) {
    for (struct list *link = head->next; link != head; link = link->next)
        drop_strings(world, LIST_ENTRY(link, struct parked, link));
}

void conflicts_destroy(struct world *world) {
    struct conflicts *conflicts = world->conflicts;
    if (!conflicts) return;
    drop_list(world, &conflicts->open);
    drop_list(world, &conflicts->decided);
    slab_free(&conflicts->slab);
    table_free(&conflicts->index);
    memory_free(world->memory, conflicts, sizeof *conflicts);
    world->conflicts = NULL;
}

struct wanted {
    const struct conflicts *conflicts;
    const uint8_t *id;
};

static bool is_wanted(const void *context, uint32_t handle) {
    const struct wanted *wanted = context;
    const struct parked *parked = slab_at(&wanted->conflicts->slab, handle);
    return memcmp(parked->id, wanted->id, sizeof parked->id) == 0;
}

static uint64_t id_hash(const struct world *world, const uint8_t id[CONFLICT_ID_SIZE]) {
    return hash_bytes(world->config.key, bytes_view(id, CONFLICT_ID_SIZE));
}

struct parked *conflict_find(const struct world *world, const uint8_t id[CONFLICT_ID_SIZE]) {
    struct wanted wanted = {world->conflicts, id};
    uint32_t handle = table_find(&world->conflicts->index, id_hash(world, id), is_wanted, &wanted);
    return handle == TABLE_NONE ? NULL : slab_at(&world->conflicts->slab, handle);
}

static uint64_t bytes_of_parked(const struct parked *parked) {
    return parked->key.size + parked->base.size + parked->old.size + parked->incoming.size +
           parked->resolved.size;
}

static void unlink_parked(struct world *world, struct parked *parked) {
    struct conflicts *conflicts = world->conflicts;
    list_remove(&parked->link);
    if (parked->decided) {
        conflicts->decided_count--;
        conflicts->unreported -= parked->unreported;
        conflicts->decided_bytes -= bytes_of_parked(parked);
        return;
    }
    struct owner *writer = owner_find(world, parked->writer);
    assert(writer && writer->parked > 0 && conflicts->open_count > 0);
    conflicts->open_count--;
    conflicts->open_bytes -= bytes_of_parked(parked);
    writer->parked--;
    owner_release(world, writer);
}

void conflict_remove(struct world *world, struct parked *parked) {
    struct conflicts *conflicts = world->conflicts;
    unlink_parked(world, parked);
    drop_strings(world, parked);
    table_remove(&conflicts->index, id_hash(world, parked->id), parked->handle);
    slab_release(&conflicts->slab, parked->handle);
}

/* ---- parking ------------------------------------------------------------------------------- */

static void write_id(struct world *world, struct parked *parked) {
    uint8_t seed[24];
    struct writer writer = writer_of(seed, sizeof seed);
    writer_u64(&writer, parked->number);
    writer_u64(&writer, (uint64_t)parked->detected);
    writer_u64(&writer, cell_hash(world, parked->owner, parked->space, parked->key));
    uint64_t high = hash_seeded(world->config.key, 1, bytes_view(seed, sizeof seed));
    uint64_t low = hash_seeded(world->config.key, 2, bytes_view(seed, sizeof seed));
    for (int i = 0; i < 6; i++)
        parked->id[i] = (uint8_t)(world->prefix >> (40 - 8 * i));
    parked->id[6] = (uint8_t)(0x80 | (high & 0x0f));
    parked->id[7] = (uint8_t)(high >> 8);
    for (int i = 0; i < 8; i++)
        parked->id[8 + i] = (uint8_t)(low >> (8 * i));
    parked->id[8] = (uint8_t)((parked->id[8] & 0x3f) | 0x80);
}

static int copy_strings(const struct world *world, const struct parked *from, struct parked *to) {
    to->key = to->base = to->old = to->incoming = to->resolved = (struct bytes){NULL, 0};
    if (bytes_own(world, from->key, &to->key) == SS_OK &&
        bytes_own(world, from->base, &to->base) == SS_OK &&
        bytes_own(world, from->old, &to->old) == SS_OK &&
        bytes_own(world, from->incoming, &to->incoming) == SS_OK)
        return SS_OK;
    drop_strings(world, to);
    return SS_ERR_NOMEM;
}

static struct parked *insert(struct world *world, const struct parked *draft) {
    struct conflicts *conflicts = world->conflicts;
    uint32_t handle = slab_alloc(&conflicts->slab);
    if (handle == SLAB_NONE) return NULL;
    struct parked *parked = slab_at(&conflicts->slab, handle);
    *parked = *draft;
    parked->handle = handle;
    list_init(&parked->link);
    if (copy_strings(world, draft, parked) == SS_OK) {
        if (table_add(&conflicts->index, id_hash(world, draft->id), handle) == SS_OK) return parked;
        drop_strings(world, parked);
    }
    slab_release(&conflicts->slab, handle);
    return NULL;
}

int conflict_restore(struct world *world, const struct parked *draft,
                     struct transaction *transaction, struct parked **out) {
    struct conflicts *conflicts = world->conflicts;
    assert(!draft->decided && !conflict_find(world, draft->id));
    struct owner *writer = owner_obtain(world, draft->writer);
    if (!writer) return SS_ERR_NOMEM;
    struct parked *parked = insert(world, draft);
    if (!parked) {
        owner_release(world, writer);
        return SS_ERR_NOMEM;
    }
    writer->parked++;
    list_push(&conflicts->open, &parked->link);
    conflicts->open_count++;
    conflicts->open_bytes += bytes_of_parked(parked);
    if (draft->number > conflicts->number) conflicts->number = draft->number;
    if (transaction) {
        transaction_next(transaction)->parked = parked;
        transaction->count++;
    }
    *out = parked;
    return SS_OK;
}

static const char *queue_full(const struct world *world, const struct parked *draft) {
    const struct conflicts *conflicts = world->conflicts;
    const struct world_config *config = &world->config;
    const struct owner *writer = owner_find(world, draft->writer);
    if (conflicts->open_count >= config->parked_max ||
        conflicts->open_bytes + bytes_of_parked(draft) > config->parked_bytes)
        return "the queue of parked writes is full: nobody can be asked now";
    if (writer && writer->parked >= config->parked_per_player)
        return "this player has too many parked writes waiting";
    return NULL;
}

int conflict_park(struct world *world, const struct parked *wanted, struct transaction *transaction,
                  struct parked **parked, const char **text) {
    *text = queue_full(world, wanted);
    if (*text) return SS_ERR_UNAVAILABLE;
    struct parked draft = *wanted;
    bool noted = effects_wanted(world, world->spaces[draft.space].policy->durability);
    draft.number = world->conflicts->number + 1;
    write_id(world, &draft);
    draft.seq = noted ? world->seq + 1 : world->seq;
    if (conflict_find(world, draft.id)) return SS_ERR_NOMEM; /* one chance in 2^74 */
    if (noted && effects_reserve(world, effect_parked_size(world, &draft)) != SS_OK)
        return SS_ERR_NOMEM;
    int status = conflict_restore(world, &draft, transaction, parked);
    if (status != SS_OK) return status;
    if (noted) effect_park(world, *parked, ++world->seq);
    return SS_OK;
}

int conflict_refresh(struct world *world, struct parked *parked, uint64_t version, bool absent,
                     struct bytes standing) {
    assert(!parked->decided);
    struct bytes copy;
    bool noted = effects_wanted(world, world->spaces[parked->space].policy->durability);
    if (noted && effects_reserve(world, effect_parked_size(world, parked) + standing.size))
        return SS_ERR_NOMEM;
    if (bytes_own(world, standing, &copy) != SS_OK) return SS_ERR_NOMEM;
    world->conflicts->open_bytes += copy.size;
    world->conflicts->open_bytes -= parked->old.size;
    bytes_drop(world, &parked->old);
    parked->old = copy;
    parked->old_version = version;
    parked->absent = absent;
    if (noted) {
        parked->seq = ++world->seq;
        effect_refresh(world, parked, parked->seq);
    }
    return SS_OK;
}

/* ---- deciding ------------------------------------------------------------------------------ */

int conflict_prepare(struct world *world, const struct parked *parked, size_t size) {
    return effects_reserve(world, effect_parked_size(world, parked) + size);
}

void conflict_decide(struct world *world, struct parked *parked, const struct decision *decision,
                     struct bytes resolved) {
    struct conflicts *conflicts = world->conflicts;
    assert(!parked->decided && parked->resolved.size == 0);
    unlink_parked(world, parked);
    parked->decided = true;
    parked->decided_at = decision->time;
    parked->strategy = decision->strategy;
    parked->version = decision->version;
    parked->expired = parked->unreported = decision->expired;
    conflicts->unreported += decision->expired;
    parked->resolved = resolved;
    parked->resolved_absent = decision->absent;
    memcpy(parked->digest, decision->digest, sizeof parked->digest);
    list_push(&conflicts->decided, &parked->link);
    conflicts->decided_count++;
    conflicts->decided_bytes += bytes_of_parked(parked);
    while (conflicts->decided_count > 1 && (conflicts->decided_count > world->config.parked_max ||
                                            conflicts->decided_bytes > world->config.parked_bytes))
        conflict_oldest_decided_forget(world);
}

void conflict_oldest_decided_forget(struct world *world) {
    struct list *oldest = world->conflicts->decided.next;
    assert(oldest != &world->conflicts->decided);
    conflict_remove(world, LIST_ENTRY(oldest, struct parked, link));
}
