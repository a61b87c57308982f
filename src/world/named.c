/* SPDX-License-Identifier: Apache-2.0 */
#include "world/named.h"

#include <stdlib.h>

#include "base/status.h"

#define PLACE_END ((uint32_t)1 << 31) /* behind every hash */

/* 31 bits. */
static uint32_t place_of_key(const struct named *named, const struct known_version *known) {
    struct hash_key key = named->interest->world->config.key;
    return (uint32_t)(hash_seeded(key, hash_bytes(key, known->category), known->key) >> 33);
}

static int gone_add(struct named *named, size_t place) {
    void *gone = named->gone;
    int status = memory_grow(named->interest->world->memory, &gone, &named->gone_capacity,
                             named->gone_count + 1, sizeof *named->gone);
    named->gone = gone;
    if (status != SS_OK) return status;
    uint64_t hash = place_of_key(named, &named->query->known[place]);
    named->gone[named->gone_count++] = hash << 32 | place;
    return SS_OK;
}

/* Whether a named key of which `record` stood is to be told as deleted. What went before `since`
 * was told then. */
static bool tells_gone(const struct named *named, const struct known_version *known,
                       const struct record *record) {
    if (!named->query->tombstones) return false;
    if (!record) return named->query->since == 0;
    return record_deleted(record) && record->seq > named->query->since &&
           record->version != known->version;
}

static int add(struct named *named, size_t place) {
    const struct known_version *known = &named->query->known[place];
    const struct record *record = NULL;
    uint64_t owner;
    struct cell *cell;
    if (!interest_known(named->interest, known, &owner, &cell)) return SS_OK;
    int status = SS_OK;
    if (cell) status = interest_at(cell, named->at, &record);
    if (cell && status == SS_OK) status = table_add(&named->cells, cell->hash, (uint32_t)place);
    if (status == SS_OK && tells_gone(named, known, record)) status = gone_add(named, place);
    return status;
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int named_open(struct named *named, const struct interest *interest,
               const struct snapshot_query *query, uint64_t at) {
    *named = (struct named){
        .interest = interest, .query = query, .at = at, .cells = table_of(interest->world->memory)};
    int status = query->known_count <= UINT32_MAX ? SS_OK : SS_ERR_INVALID;
    for (size_t i = 0; status == SS_OK && i < query->known_count; i++)
        status = add(named, i);
    if (named->gone_count > 1) qsort(named->gone, named->gone_count, sizeof *named->gone, compare);
    return status;
}

void named_close(struct named *named) {
    if (!named->interest) return;
    table_free(&named->cells);
    memory_free(named->interest->world->memory, named->gone,
                named->gone_capacity * sizeof *named->gone);
}

/* ---- what lived ---------------------------------------------------------------------------- */

struct wanted {
    const struct named *named;
    const struct cell *cell;
};

static bool is_wanted(const void *context, uint32_t place) {
    const struct wanted *wanted = context;
    const struct world *world = wanted->named->interest->world;
    const struct known_version *known = &wanted->named->query->known[place];
    return bytes_equal(known->key, cell_key(wanted->cell)) &&
           bytes_equal(known->category, world->spaces[wanted->cell->space].name);
}

const struct known_version *named_find(const struct named *named, const struct cell *cell) {
    struct wanted wanted = {named, cell};
    if (cell->owner != 0 && cell->owner != named->interest->home) return NULL;
    uint32_t place = table_find(&named->cells, cell->hash, is_wanted, &wanted);
    return place == TABLE_NONE ? NULL : &named->query->known[place];
}

/* ---- what did not -------------------------------------------------------------------------- */

int named_next(struct named *named, struct cell_view *view) {
    if (named->next == named->gone_count) return 0;
    const struct known_version *known = &named->query->known[(uint32_t)named->gone[named->next++]];
    const struct record *record = NULL;
    uint64_t owner = 0;
    struct cell *cell = NULL;
    bool asked = interest_known(named->interest, known, &owner, &cell);
    if (asked && cell) interest_at(cell, named->at, &record);
    if (record) {
        *view = cell_view_of(named->interest->world, cell, record);
    } else {
        *view = (struct cell_view){
            .owner = owner, .category = known->category, .key = known->key, .deleted = true};
    }
    return 1;
}

uint32_t named_place(const struct named *named) {
    return named->next < named->gone_count ? (uint32_t)(named->gone[named->next] >> 32) : PLACE_END;
}

void named_seek(struct named *named, uint32_t place) {
    if (place == UINT32_MAX) return;
    while (named->next < named->gone_count && named->gone[named->next] >> 32 < place)
        named->next++;
}
