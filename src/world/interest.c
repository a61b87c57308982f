/* SPDX-License-Identifier: Apache-2.0 */
/* interest.c - two indexes over what was asked, and the category's own rule over both. */
#include "world/interest.h"

#include "base/status.h"

static uint64_t category_hash(const struct interest *interest, struct bytes name) {
    return hash_bytes(interest->world->config.key, name);
}

static uint64_t owner_hash(const struct interest *interest, uint64_t owner) {
    return hash_seeded(interest->world->config.key, owner, (struct bytes){NULL, 0});
}

struct wanted {
    const struct interest *interest;
    struct bytes name;
    uint64_t owner;
};

static bool category_equal(const void *context, uint32_t place) {
    const struct wanted *wanted = context;
    return bytes_equal(wanted->interest->categories[place], wanted->name);
}

static bool owner_equal(const void *context, uint32_t place) {
    const struct wanted *wanted = context;
    return wanted->interest->owners[place] == wanted->owner;
}

static bool asks_category(const struct interest *interest, struct bytes name) {
    if (interest->category_count == 0) return true;
    struct wanted wanted = {.interest = interest, .name = name};
    return table_find(&interest->category_index, category_hash(interest, name), category_equal,
                      &wanted) != TABLE_NONE;
}

uint32_t interest_owner(const struct interest *interest, uint64_t owner) {
    struct wanted wanted = {.interest = interest, .owner = owner};
    return table_find(&interest->owner_index, owner_hash(interest, owner), owner_equal, &wanted);
}

static bool asks_owner(const struct interest *interest, uint64_t owner) {
    if (owner == 0) return interest->shared;
    return interest->owner_count == 0 || interest_owner(interest, owner) != TABLE_NONE;
}

static int index_categories(struct interest *interest) {
    int status = SS_OK;
    for (size_t i = 0; status == SS_OK && i < interest->category_count; i++) {
        struct bytes name = interest->categories[i];
        if (!asks_category(interest, name))
            status =
                table_add(&interest->category_index, category_hash(interest, name), (uint32_t)i);
    }
    return status;
}

static int index_owners(struct interest *interest) {
    int status = SS_OK;
    interest->shared = interest->owner_count == 0;
    for (size_t i = 0; status == SS_OK && i < interest->owner_count; i++) {
        uint64_t owner = interest->owners[i];
        if (owner == 0) {
            interest->shared = true;
        } else if (interest_owner(interest, owner) == TABLE_NONE) {
            status = table_add(&interest->owner_index, owner_hash(interest, owner), (uint32_t)i);
        }
    }
    return status;
}

/* The only owner listed beside the shared one; 0 when there are several or none. */
static uint64_t only_owner(const struct interest *interest) {
    if (interest->owner_index.count != 1) return 0;
    size_t i = 0;
    while (interest->owners[i] == 0)
        i++;
    return interest->owners[i];
}

int interest_open(struct interest *interest) {
    interest->category_index = table_of(interest->world->memory);
    interest->owner_index = table_of(interest->world->memory);
    int status = index_categories(interest);
    if (status == SS_OK) status = index_owners(interest);
    if (status != SS_OK) {
        interest_close(interest);
        return status;
    }
    interest->home =
        asks_owner(interest, interest->player) ? interest->player : only_owner(interest);
    return SS_OK;
}

void interest_close(struct interest *interest) {
    table_free(&interest->category_index);
    table_free(&interest->owner_index);
}

bool interest_reads(const struct interest *interest, const struct cell *cell) {
    return category_may_read(cell_policy(interest->world, cell), interest->player, interest->server,
                             cell->owner) &&
           asks_category(interest, interest->world->spaces[cell->space].name);
}

bool interest_covers(const struct interest *interest, const struct cell *cell) {
    return asks_owner(interest, cell->owner) && interest_reads(interest, cell);
}

bool interest_known(const struct interest *interest, const struct known_version *known,
                    uint64_t *owner, struct cell **cell) {
    const struct category *policy = world_category(interest->world, known->category);
    bool shared = policy && policy->scope == SCOPE_SHARED;
    if (shared ? !interest->shared : interest->home == 0) return false;
    if (!asks_category(interest, known->category)) return false;
    *owner = shared ? 0 : interest->home;
    if (policy && !category_may_read(policy, interest->player, interest->server, *owner))
        return false;
    *cell = cell_find(interest->world, *owner, known->category, known->key);
    return true;
}

int interest_at(const struct cell *cell, uint64_t at, const struct record **record) {
    *record = history_at(&cell->history, at);
    return *record || !cell->history.trimmed ? SS_OK : SS_ERR_STALE;
}
