/* SPDX-License-Identifier: Apache-2.0 */
/* Every thing is hashed by itself under a key that all worlds share, and the hashes are added: so
 * the order in which tables and lists hold them does not matter, and nothing is sorted. */
#include <assert.h>

#include "world/conflict.h"
#include "world/idempotency.h"

static const struct hash_key shared_key = {0x776f726c64u, 0x646967657374u};

static uint64_t fold(uint64_t digest, struct bytes from) {
    return hash_seeded(shared_key, digest, from);
}

static uint64_t fold_u64(uint64_t digest, uint64_t value) {
    uint8_t raw[8];
    struct writer writer = writer_of(raw, sizeof raw);
    writer_u64(&writer, value);
    return fold(digest, bytes_view(raw, sizeof raw));
}

static uint64_t digest_record(const struct world *world, const struct record *record,
                              uint64_t digest) {
    digest = fold_u64(digest, record->seq);
    digest = fold_u64(digest, (uint64_t)record->time);
    digest = fold_u64(digest, record->writer);
    digest = fold_u64(digest, record->version);
    digest = fold_u64(digest, record->tick);
    digest = fold_u64(digest, (uint64_t)record->latency_ms << 8 | record_deleted(record));
    digest = fold_u64(digest, world->nodes[record->node]);
    return fold(digest, record_state(record));
}

static uint64_t digest_cell(const struct world *world, const struct cell *cell) {
    uint64_t digest = fold(1, world->spaces[cell->space].name);
    digest = fold(fold_u64(digest, cell->owner), cell_key(cell));
    digest = fold_u64(digest, cell->version);
    digest = fold_u64(digest, (uint64_t)cell->live << 1 | cell->history.trimmed);
    const struct clock_entry *entries = clock_entries(&cell->clock);
    for (uint32_t i = 0; i < cell->clock.count; i++)
        digest = fold_u64(fold_u64(digest, entries[i].node), entries[i].counter);
    for (const struct record *record = history_oldest(&cell->history); record;
         record = history_newer(&cell->history, record))
        digest = digest_record(world, record, digest);
    return digest;
}

/* Categories that were only met, and have nothing to say, do not count. */
static uint64_t digest_space(const struct space *space) {
    if (space->floor == 0 && space->reserved == 0) return 0;
    return fold_u64(fold_u64(fold(2, space->name), space->floor), space->reserved);
}

static uint64_t digest_parked(const struct world *world, const struct parked *parked) {
    uint64_t digest = fold(3, bytes_view(parked->id, sizeof parked->id));
    digest = fold_u64(digest, parked->number);
    digest = fold(fold_u64(digest, parked->owner), world->spaces[parked->space].name);
    digest = fold_u64(fold(digest, parked->key), parked->writer);
    digest = fold_u64(digest, (uint64_t)parked->detected);
    digest = fold_u64(digest, (uint64_t)parked->latency_ms << 8 | (uint64_t)parked->type);
    digest = fold_u64(digest, (uint64_t)parked->has_base | (uint64_t)parked->absent << 1 |
                                  (uint64_t)parked->deletion << 2 | (uint64_t)parked->decided << 3 |
                                  (uint64_t)parked->expired << 4 |
                                  (uint64_t)parked->resolved_absent << 5);
    digest = fold(fold_u64(digest, parked->base_version), parked->base);
    digest = fold(fold_u64(digest, parked->old_version), parked->old);
    digest = fold(digest, parked->incoming);
    digest = fold_u64(digest, (uint64_t)parked->decided_at);
    digest = fold_u64(digest, (uint64_t)parked->strategy << 32 | parked->version);
    digest = fold(digest, bytes_view(parked->digest, sizeof parked->digest));
    return fold(digest, parked->resolved);
}

static uint64_t digest_parked_list(const struct world *world, const struct list *head) {
    uint64_t sum = 0;
    for (const struct list *link = head->next; link != head; link = link->next)
        sum += digest_parked(world, LIST_ENTRY(link, struct parked, link));
    return sum;
}

static uint64_t digest_key(const struct remembered *remembered) {
    uint64_t digest = fold(fold_u64(4, remembered->player), remembered->key);
    digest = fold_u64(digest, (uint64_t)remembered->time);
    digest = fold(digest, bytes_view(remembered->digest, sizeof remembered->digest));
    return fold(digest, remembered->answers);
}

uint64_t world_digest(const struct world *world) {
    const struct list *order = &world->keys->order;
    uint64_t sum = 0;
    size_t cells = 0;
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell), cells++)
        sum += digest_cell(world, cell);
    assert(cells == world->cells.count); /* every cell has a version, so a place in the order */
    for (size_t i = 0; i < world->space_count; i++)
        sum += digest_space(&world->spaces[i]);
    sum += digest_parked_list(world, &world->conflicts->open);
    sum += digest_parked_list(world, &world->conflicts->decided);
    for (const struct list *link = order->next; link != order; link = link->next)
        sum += digest_key(LIST_ENTRY(link, struct remembered, all));
    return sum;
}
