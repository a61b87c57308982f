/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mirror.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/status.h"
#include "codec/state_delta.h"

#define STATE_MAX  ((size_t)64 << 20) /* of what a delta may make */
#define LOADED_MAX ((size_t)1 << 30)

static const struct hash_key index_key = {1, 2}; /* a server is not out to slow its readers down */

struct mirror mirror_of(const struct memory *memory) {
    return (struct mirror){
        .memory = memory, .index = table_of(memory), .scratch = buffer_of(memory)};
}

static void cell_free(struct mirror_cell *cell) {
    buffer_free(&cell->category);
    buffer_free(&cell->key);
    buffer_free(&cell->state);
}

void mirror_free(struct mirror *mirror) {
    for (size_t i = 0; i < mirror->count; i++)
        cell_free(&mirror->cells[i]);
    memory_free(mirror->memory, mirror->cells, mirror->capacity * sizeof *mirror->cells);
    table_free(&mirror->index);
    buffer_free(&mirror->scratch);
    *mirror = mirror_of(mirror->memory);
}

/* ---- cells by name ------------------------------------------------------------------------- */

struct name {
    const struct mirror *mirror;
    uint64_t owner;
    struct bytes category, key;
};

static uint64_t name_hash(uint64_t owner, struct bytes category, struct bytes key) {
    return hash_seeded(index_key, hash_seeded(index_key, owner, category), key);
}

static uint64_t cell_hash(const struct mirror_cell *cell) {
    return name_hash(cell->owner, buffer_view(&cell->category), buffer_view(&cell->key));
}

static bool name_equal(const void *context, uint32_t place) {
    const struct name *name = context;
    const struct mirror_cell *cell = &name->mirror->cells[place];
    return cell->owner == name->owner && bytes_equal(buffer_view(&cell->key), name->key) &&
           bytes_equal(buffer_view(&cell->category), name->category);
}

static struct mirror_cell *find(const struct mirror *mirror, uint64_t owner, struct bytes category,
                                struct bytes key) {
    struct name name = {mirror, owner, category, key};
    uint32_t place = table_find(&mirror->index, name_hash(owner, category, key), name_equal, &name);
    return place == TABLE_NONE ? NULL : &mirror->cells[place];
}

const struct mirror_cell *mirror_find(const struct mirror *mirror, uint64_t owner,
                                      struct bytes category, struct bytes key) {
    return find(mirror, owner, category, key);
}

static struct mirror_cell *mirror_add(struct mirror *mirror, const struct wire_update *update) {
    void *cells = mirror->cells;
    struct buffer empty = buffer_of(mirror->memory);
    if (memory_grow(mirror->memory, &cells, &mirror->capacity, mirror->count + 1,
                    sizeof *mirror->cells) != SS_OK)
        return NULL;
    mirror->cells = cells;
    struct mirror_cell cell = {update->owner_id, 0, empty, empty, empty};
    buffer_bytes(&cell.category, update->category);
    buffer_bytes(&cell.key, update->key);
    if (cell.category.failed || cell.key.failed ||
        table_add(&mirror->index, cell_hash(&cell), (uint32_t)mirror->count) != SS_OK) {
        cell_free(&cell);
        return NULL;
    }
    mirror->cells[mirror->count] = cell;
    return &mirror->cells[mirror->count++];
}

/* The last cell moves into its place. */
static void mirror_remove(struct mirror *mirror, struct mirror_cell *cell) {
    struct mirror_cell *last = &mirror->cells[mirror->count - 1];
    uint32_t place = (uint32_t)(cell - mirror->cells);
    table_remove(&mirror->index, cell_hash(cell), place);
    if (cell != last) {
        table_remove(&mirror->index, cell_hash(last), (uint32_t)(mirror->count - 1));
        table_add(&mirror->index, cell_hash(last), place); /* in the room of the one removed */
    }
    cell_free(cell);
    *cell = *last;
    mirror->count--;
}

/* ---- taking in ----------------------------------------------------------------------------- */

/* The state that `update` says, into the scratch buffer. */
static int rebuild(struct mirror *mirror, const struct mirror_cell *cell,
                   const struct wire_update *update) {
    struct buffer *out = &mirror->scratch;
    buffer_clear(out);
    if (update->delta_format == DELTA_FORMAT_NONE) {
        buffer_bytes(out, update->state);
        return out->failed ? SS_ERR_NOMEM : SS_OK;
    }
    if (!cell || cell->version != update->base_version) return SS_ERR_STALE;
    int status = state_delta_apply(update->delta_format, buffer_view(&cell->state), update->delta,
                                   STATE_MAX, out);
    return status == SS_OK || status == SS_ERR_NOMEM ? status : SS_ERR_MALFORMED;
}

static void count(struct mirror_stats *stats, const struct wire_update *update, size_t size) {
    bool delta = update->delta_format != DELTA_FORMAT_NONE;
    stats->told++;
    stats->deltas += delta;
    stats->sent += delta ? update->delta.size : size;
    stats->would_be += size;
}

static void make_whole(struct wire_update *update, struct bytes state) {
    update->state = state;
    update->delta = (struct bytes){NULL, 0};
    update->delta_format = DELTA_FORMAT_NONE;
    update->base_version = 0;
}

int mirror_take(struct mirror *mirror, struct wire_update *update) {
    struct mirror_cell *cell = find(mirror, update->owner_id, update->category, update->key);
    if (cell && (int32_t)(update->version - cell->version) < 0) return SS_OK;
    if (update->deleted || update->left) {
        if (cell) mirror_remove(mirror, cell);
        return SS_OK;
    }
    int status = rebuild(mirror, cell, update);
    if (status != SS_OK) return status;
    if (!cell) cell = mirror_add(mirror, update);
    if (!cell) return SS_ERR_NOMEM;
    struct buffer before = cell->state;
    cell->state = mirror->scratch;
    mirror->scratch = before;
    cell->version = update->version;
    count(&mirror->stats, update, cell->state.size);
    make_whole(update, buffer_view(&cell->state));
    return SS_OK;
}

int mirror_take_entry(struct mirror *mirror, struct state_entry *entry) {
    struct wire_update update = {.owner_id = entry->owner_id,
                                 .category = entry->category,
                                 .key = entry->key,
                                 .version = entry->version,
                                 .state = entry->state_data,
                                 .delta = entry->delta,
                                 .base_version = entry->base_version,
                                 .deleted = entry->deleted,
                                 .delta_format = entry->delta_format};
    int status = mirror_take(mirror, &update);
    if (status != SS_OK) return status;
    entry->state_data = update.state;
    entry->delta = update.delta;
    entry->base_version = update.base_version;
    entry->delta_format = update.delta_format;
    return SS_OK;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool differs(const struct state_entry *entry, const char *how, char *why, size_t why_size) {
    snprintf(why, why_size, "%llu/%.*s/%.*s %s", (unsigned long long)entry->owner_id,
             (int)entry->category.size, (const char *)entry->category.data, (int)entry->key.size,
             (const char *)entry->key.data, how);
    return false;
}

bool mirror_equals(const struct mirror *mirror, struct state_entry_list entries, char *why,
                   size_t why_size) {
    for (size_t i = 0; i < entries.count; i++) {
        const struct state_entry *entry = &entries.items[i];
        const struct mirror_cell *cell =
            mirror_find(mirror, entry->owner_id, entry->category, entry->key);
        if (!cell) return differs(entry, "never reached the subscriber", why, why_size);
        if (cell->version != entry->version)
            return differs(entry, "has another version at the subscriber", why, why_size);
        if (!bytes_equal(buffer_view(&cell->state), entry->state_data))
            return differs(entry, "has another state at the subscriber", why, why_size);
    }
    if (mirror->count == entries.count) return true;
    snprintf(why, why_size, "the subscriber has %zu cells, the snapshot %zu", mirror->count,
             entries.count);
    return false;
}

/* ---- keeping ------------------------------------------------------------------------------- */

#define ENTRIES_TAG ((2u << 3) | 2) /* StateEntries.entries */

void mirror_save(const struct mirror *mirror, struct buffer *out) {
    for (size_t i = 0; i < mirror->count; i++) {
        const struct mirror_cell *cell = &mirror->cells[i];
        struct state_entry entry = {.category = buffer_view(&cell->category),
                                    .key = buffer_view(&cell->key),
                                    .state_data = buffer_view(&cell->state),
                                    .version = cell->version,
                                    .owner_id = cell->owner};
        buffer_varint(out, ENTRIES_TAG);
        buffer_varint(out, message_size(&message_state_entry, &entry));
        message_encode(&message_state_entry, &entry, out);
    }
}

int mirror_load(struct mirror *mirror, struct bytes from) {
    struct arena arena = arena_of(mirror->memory, 64 << 10);
    struct state_entries saved;
    int status = message_decode(&message_state_entries, from, &saved, &arena, LOADED_MAX, NULL);
    for (size_t i = 0; status == SS_OK && i < saved.entries.count; i++) {
        struct state_entry entry = saved.entries.items[i];
        status = mirror_take_entry(mirror, &entry);
    }
    arena_free(&arena);
    mirror->stats = (struct mirror_stats){0};
    return status == SS_OK || status == SS_ERR_NOMEM ? status : SS_ERR_MALFORMED;
}
