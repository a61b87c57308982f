/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.c - a walk over the cells of each asked owner, every cell as it stood at one effect.
 *
 * The walk has owner_count + 2 legs: the shared cells, each asked owner's in order of creation, and
 * last what the client named and no longer lives. A position names its leg and a place in it:
 *
 *   legs 0 .. owner_count     the handle of the next cell, SLAB_NONE: the leg's first
 *   leg  owner_count + 1      the least hash of the next named key, SLAB_NONE: the first
 *
 * Handles stay good between two pages: a cell that stood at `at` can only go by way of a tombstone,
 * and a slot taken by another cell shows it by a history that begins later. Named keys are walked
 * by hash, because the client need not name the same keys, or in the same order, with its next
 * page. */
#include "world/snapshot.h"

#include "base/status.h"
#include "world/interest.h"
#include "world/named.h"

struct snapshot {
    struct world *world;
    struct snapshot_query query;
    struct interest interest;
    struct named named;
    struct list *leg; /* the cells of the present leg, NULL: not looked up yet, or nobody */
    const struct cell *told; /* of the last entry given, NULL: a named one that did not live */
    struct snapshot_position before, next; /* of the last entry given */
};

/* ---- legs ---------------------------------------------------------------------------------- */

static bool leg_is_gone(const struct snapshot *snapshot) {
    return snapshot->next.owner > snapshot->interest.owner_count;
}

static uint64_t leg_owner(const struct snapshot *snapshot) {
    uint32_t leg = snapshot->next.owner;
    return leg == 0 ? 0 : snapshot->interest.owners[leg - 1];
}

/* An owner named again, or the shared one, has had its leg. */
static bool leg_is_repeated(const struct snapshot *snapshot) {
    uint32_t leg = snapshot->next.owner;
    if (leg == 0) return false;
    uint64_t owner = snapshot->interest.owners[leg - 1];
    return owner == 0 || interest_owner(&snapshot->interest, owner) != leg - 1;
}

static void leg_end(struct snapshot *snapshot) {
    snapshot->next.owner++;
    snapshot->next.cell = SLAB_NONE;
    snapshot->leg = NULL;
}

/* The next cell of the present leg, NULL at its end. */
static struct cell *leg_cell(struct snapshot *snapshot) {
    if (!snapshot->leg) {
        struct owner *owner =
            leg_is_repeated(snapshot) ? NULL : owner_find(snapshot->world, leg_owner(snapshot));
        if (!owner || list_empty(&owner->cells)) return NULL;
        snapshot->leg = &owner->cells;
        if (snapshot->next.cell == SLAB_NONE)
            snapshot->next.cell = LIST_ENTRY(owner->cells.next, struct cell, owned)->handle;
    }
    return slab_at(&snapshot->world->cells, snapshot->next.cell);
}

/* Moves behind `cell` of the present leg. */
static void leg_advance(struct snapshot *snapshot, struct cell *cell) {
    if (cell->owned.next == snapshot->leg) {
        leg_end(snapshot);
    } else {
        snapshot->next.cell = LIST_ENTRY(cell->owned.next, struct cell, owned)->handle;
    }
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A position comes back from the network: nothing in it is believed. */
static int check_position(const struct snapshot *snapshot) {
    const struct snapshot_position *position = &snapshot->next;
    const struct record *record;
    if (position->at > snapshot->world->seq || position->owner > snapshot->interest.owner_count + 1)
        return SS_ERR_INVALID;
    if (position->at < snapshot->world->forgotten) return SS_ERR_STALE;
    if (position->cell == SLAB_NONE || leg_is_gone(snapshot)) return SS_OK;
    if (position->cell >= snapshot->world->cells.used) return SS_ERR_INVALID;
    /* A free slot keeps its last bytes, but has no history. */
    const struct cell *cell = slab_at(&snapshot->world->cells, position->cell);
    if (cell->owner != leg_owner(snapshot) || leg_is_repeated(snapshot)) return SS_ERR_STALE;
    int status = interest_at(cell, position->at, &record);
    return status == SS_OK && !record ? SS_ERR_STALE : status;
}

/* Deletions since `since` can be told as long as none of them is forgotten; an effect still to come
 * was lost in a crash. */
static int check_since(const struct snapshot *snapshot) {
    const struct world *world = snapshot->world;
    uint64_t since = snapshot->query.since;
    if (since > world->seq) return SS_ERR_STALE;
    return since != 0 && snapshot->query.tombstones && since < world->forgotten ? SS_ERR_STALE
                                                                                : SS_OK;
}

int snapshot_open(struct snapshot **out, struct world *world, const struct snapshot_query *query,
                  const struct snapshot_position *position) {
    struct snapshot *snapshot = memory_zeroed(world->memory, 1, sizeof *snapshot);
    if (!snapshot) return SS_ERR_NOMEM;
    snapshot->world = world;
    snapshot->query = *query;
    snapshot->next =
        position ? *position : (struct snapshot_position){.at = world->seq, .cell = SLAB_NONE};
    snapshot->before = snapshot->next;
    snapshot->interest = (struct interest){
        .world = world,
        .player = query->player,
        .server = query->server,
        .categories = query->categories,
        .category_count = query->category_count,
        .owners = query->owner_count ? query->owners : &snapshot->query.player,
        .owner_count = query->owner_count ? query->owner_count : 1,
    };
    int status = interest_open(&snapshot->interest);
    snapshot->interest.shared = true;
    if (status == SS_OK && position) status = check_position(snapshot);
    if (status == SS_OK) status = check_since(snapshot);
    if (status == SS_OK)
        status =
            named_open(&snapshot->named, &snapshot->interest, &snapshot->query, snapshot->next.at);
    if (status != SS_OK) {
        snapshot_close(snapshot);
        return status;
    }
    if (leg_is_gone(snapshot)) named_seek(&snapshot->named, snapshot->next.cell);
    *out = snapshot;
    return SS_OK;
}

void snapshot_close(struct snapshot *snapshot) {
    const struct memory *memory = snapshot->world->memory;
    interest_close(&snapshot->interest);
    named_close(&snapshot->named);
    memory_free(memory, snapshot, sizeof *snapshot);
}

/* ---- walking ------------------------------------------------------------------------------- */

/* Whether a cell that stood so at `at` is an entry. Named tombstones come in the last leg. */
static bool wanted(const struct snapshot *snapshot, const struct cell *cell,
                   const struct record *record) {
    const struct snapshot_query *query = &snapshot->query;
    if (record->seq <= query->since && query->since != 0) return false;
    const struct known_version *known = named_find(&snapshot->named, cell);
    if (record_deleted(record)) return query->tombstones && query->since != 0 && !known;
    return !known || known->version != record->version;
}

static int look(const struct snapshot *snapshot, const struct cell *cell, struct cell_view *view) {
    const struct record *record;
    if (!interest_reads(&snapshot->interest, cell)) return 0;
    int status = interest_at(cell, snapshot->next.at, &record);
    if (status != SS_OK) return status;
    if (!record || !wanted(snapshot, cell, record)) return 0;
    *view = cell_view_of(snapshot->world, cell, record);
    return 1;
}

static int next_gone(struct snapshot *snapshot, struct cell_view *view) {
    struct snapshot_position before = snapshot->next;
    before.cell = named_place(&snapshot->named);
    int status = named_next(&snapshot->named, view);
    if (status == 1) snapshot->before = before;
    snapshot->next.cell = named_place(&snapshot->named);
    return status;
}

int snapshot_next(struct snapshot *snapshot, struct cell_view *view) {
    while (!leg_is_gone(snapshot)) {
        struct cell *cell = leg_cell(snapshot);
        if (!cell) {
            leg_end(snapshot);
            continue;
        }
        int status = look(snapshot, cell, view);
        if (status < 0) return status;
        if (status == 1) {
            snapshot->before = snapshot->next;
            snapshot->told = cell;
        }
        leg_advance(snapshot, cell);
        if (status == 1) return status;
    }
    snapshot->told = NULL;
    return next_gone(snapshot, view);
}

bool snapshot_base(const struct snapshot *snapshot, struct cell_view *base) {
    const struct cell *cell = snapshot->told;
    const struct known_version *known = cell ? named_find(&snapshot->named, cell) : NULL;
    const struct record *record = known ? history_find(&cell->history, known->version) : NULL;
    if (!record || record_deleted(record)) return false;
    *base = cell_view_of(snapshot->world, cell, record);
    return true;
}

/* Whether the walk can go on from `cell` later. One born after `at` proves nothing by its slot, and
 * a tombstone that nobody waits for may be forgotten unnoticed. */
static bool holds(const struct snapshot *snapshot, const struct cell *cell) {
    const struct record *record;
    if (interest_at(cell, snapshot->next.at, &record) != SS_OK)
        return true; /* then it says STALE */
    if (!record) return false;
    return !record_deleted(record) || (snapshot->query.tombstones && snapshot->query.since != 0);
}

struct snapshot_position snapshot_where(const struct snapshot *snapshot, bool again) {
    struct snapshot_position where = again ? snapshot->before : snapshot->next;
    if (!snapshot->leg || where.cell == SLAB_NONE) return where;
    const struct cell *cell = slab_at(&snapshot->world->cells, where.cell);
    while (!holds(snapshot, cell)) {
        struct list *next = cell->owned.next;
        if (next == snapshot->leg)
            return (struct snapshot_position){where.at, where.owner + 1, SLAB_NONE};
        cell = LIST_ENTRY(next, struct cell, owned);
        where.cell = cell->handle;
    }
    return where;
}
