/* SPDX-License-Identifier: Apache-2.0 */
/* mirror.c - a short list: a subscriber of the demo knows a dozen cells. */
#include "cli/mirror.h"

#include <stdio.h>

#include "base/status.h"

struct mirror mirror_of(const struct memory *memory) {
    return (struct mirror){memory, NULL, 0, 0};
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
    *mirror = mirror_of(mirror->memory);
}

static struct mirror_cell *find(const struct mirror *mirror, uint64_t owner, struct bytes category,
                                struct bytes key) {
    for (size_t i = 0; i < mirror->count; i++) {
        struct mirror_cell *cell = &mirror->cells[i];
        if (cell->owner == owner && bytes_equal(buffer_view(&cell->category), category) &&
            bytes_equal(buffer_view(&cell->key), key))
            return cell;
    }
    return NULL;
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
    if (cell.category.failed || cell.key.failed) {
        cell_free(&cell);
        return NULL;
    }
    mirror->cells[mirror->count] = cell;
    return &mirror->cells[mirror->count++];
}

static void mirror_remove(struct mirror *mirror, struct mirror_cell *cell) {
    cell_free(cell);
    *cell = mirror->cells[--mirror->count];
}

int mirror_take(struct mirror *mirror, const struct wire_update *update) {
    struct mirror_cell *cell = find(mirror, update->owner_id, update->category, update->key);
    if (cell && (int32_t)(update->version - cell->version) < 0) return SS_OK;
    if (update->deleted || update->left) {
        if (cell) mirror_remove(mirror, cell);
        return SS_OK;
    }
    if (!cell) cell = mirror_add(mirror, update);
    if (!cell) return SS_ERR_NOMEM;
    buffer_clear(&cell->state);
    buffer_bytes(&cell->state, update->state);
    cell->version = update->version;
    return cell->state.failed ? SS_ERR_NOMEM : SS_OK;
}

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
