/* SPDX-License-Identifier: Apache-2.0 */
/* Linearizability of versioned registers, in linear time: the versions of a cell say in which order
 * its effects happened, so it is enough that each version has one content (whoever sees it), that
 * nobody is shown an older version than somebody knew before he asked, and that an update which
 * named its predecessor really followed it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sim/model.h"

static const struct hash_key digest_key = {0x636865636b, 0x657273};

/* ---- sights -------------------------------------------------------------------------------- */

/* The place of `version` among the sights: there, or where it belongs. */
static size_t sight_place(const struct cell *cell, uint32_t version) {
    size_t low = 0, high = cell->sight_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cell->sights[middle].version < version) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t sight_op(const struct cell *cell, uint32_t version) {
    size_t place = sight_place(cell, version);
    bool known = place < cell->sight_count && cell->sights[place].version == version;
    return known && !cell->sights[place].deleted ? cell->sights[place].op : 0;
}

static struct sight *sight_insert(struct cell *cell, size_t place, uint32_t version) {
    if (cell->sight_count == cell->sight_capacity) {
        cell->sight_capacity = cell->sight_capacity ? 2 * cell->sight_capacity : 16;
        cell->sights = realloc(cell->sights, cell->sight_capacity * sizeof *cell->sights);
        if (!cell->sights) abort();
    }
    for (size_t i = cell->sight_count++; i > place; i--)
        cell->sights[i] = cell->sights[i - 1];
    cell->sights[place] = (struct sight){.version = version};
    return &cell->sights[place];
}

static void know(struct model *model, struct cell *cell, uint32_t version) {
    if (version <= cell->newest) return;
    cell->newest = version;
    if (version > cell->highest) cell->highest = version;
    cell_note(model, cell, version);
}

/* ---- one view ------------------------------------------------------------------------------ */

/* Which update made this state; it must have been sent, and to this very cell. */
static uint32_t check_origin(struct model *model, const struct view *view) {
    if (view->deleted || view->cell->kind == KIND_SUM) return 0;
    char name[48];
    cell_print(view->cell, name);
    uint32_t number = op_of_state(model, view->state);
    if (number == 0 || op_at(model, number)->cell != view->cell) {
        model_fail(model, "%s: %s version %u shows %.20s, which nobody wrote there", view->where,
                   name, view->version, view->state.data ? (const char *)view->state.data : "");
        return 0;
    }
    struct op *op = op_at(model, number);
    bool same = op->seen_losses == view->cell->losses;
    if (op->seen_version && op->seen_version != view->version && same)
        model_fail(model, "%s: the effect of update o%u on %s stands twice, as version %u and %u",
                   view->where, number, name, op->seen_version, view->version);
    op->seen_version = view->version;
    op->seen_losses = view->cell->losses;
    return number;
}

static void check_grave(struct model *model, const struct view *view) {
    char name[48];
    cell_print(view->cell, name);
    if (!cell_may_vanish(view->cell))
        model_fail(model, "%s: %s is deleted at version %u, though nobody deleted it", view->where,
                   name, view->version);
}

static void check_content(struct model *model, const struct view *view) {
    struct cell *cell = view->cell;
    uint64_t digest = view->deleted ? 1 : hash_bytes(digest_key, view->state) | 2;
    size_t place = sight_place(cell, view->version);
    bool known = place < cell->sight_count && cell->sights[place].version == view->version;
    if (!known) {
        struct sight *sight = sight_insert(cell, place, view->version);
        sight->digest = digest;
        sight->deleted = view->deleted;
        sight->life = view->life ? view->life : model->life;
        sight->losses = cell->losses;
        sight->op = check_origin(model, view);
        if (view->deleted) check_grave(model, view);
        if (!view->deleted && cell->kind == KIND_SUM) check_sum_state(model, cell, view->state);
        return;
    }
    const struct sight *sight = &cell->sights[place];
    if (sight->digest == digest) return;
    char name[48];
    cell_print(cell, name);
    model_fail(model, "%s: version %u of %s has two contents: %s (o%u) before, %s (%.20s) now",
               view->where, view->version, name, sight->deleted ? "deleted" : "live", sight->op,
               view->deleted ? "deleted" : "live",
               view->state.data ? (const char *)view->state.data : "");
}

static bool floor_was_live(const struct view *view) {
    const struct cell *cell = view->cell;
    size_t place = sight_place(cell, view->floor);
    return place < cell->sight_count && cell->sights[place].version == view->floor &&
           !cell->sights[place].deleted;
}

static void check_order(struct model *model, const struct view *view) {
    char name[48];
    cell_print(view->cell, name);
    if (view->version == 0) {
        if (view->floor && floor_was_live(view) && !cell_may_vanish(view->cell))
            model_fail(model, "%s: %s is gone, though version %u was known and nobody deleted it",
                       view->where, name, view->floor);
    } else if (view->version < view->floor) {
        model_fail(model, "%s: %s went back to version %u after somebody knew %u", view->where,
                   name, view->version, view->floor);
    }
}

void check_view(struct model *model, const struct view *view) {
    struct cell *cell = view->cell;
    char name[48];
    model->checks++;
    if (!cell_readable(cell, view->client) && view->has_state) {
        cell_print(cell, name);
        model_fail(model, "%s: client %u sees %s, which it may not read", view->where, view->client,
                   name);
    }
    check_order(model, view);
    if (view->version == 0) return;
    if (view->has_state || view->deleted) check_content(model, view);
    know(model, cell, view->version);
}

void check_clock(struct model *model, const struct cell *cell, uint32_t version,
                 struct counter_list clock) {
    char name[48], node[24];
    cell_print(cell, name);
    if (version == 0) return;
    if (clock.count != 1 || clock.items[0].value != version) {
        model_fail(model, "%s at version %u has a clock of %zu entries, the first %u", name,
                   version, clock.count, clock.count ? clock.items[0].value : 0);
        return;
    }
    snprintf(node, sizeof node, "%.*s", (int)clock.items[0].name.size,
             (const char *)clock.items[0].name.data);
    if (!model->node[0]) memcpy(model->node, node, sizeof node);
    if (strcmp(model->node, node) != 0)
        model_fail(model, "%s at version %u has a clock of node %s", name, version, node);
}

/* ---- at the end ---------------------------------------------------------------------------- */

static void check_sight(struct model *model, const struct cell *cell, size_t place) {
    const struct sight *sight = &cell->sights[place];
    const struct sight *before = place ? &cell->sights[place - 1] : NULL;
    /* What stood before may have been lost before this came. */
    if (before && before->losses != sight->losses) before = NULL;
    char name[48];
    cell_print(cell, name);
    if (sight->op && op_at(model, sight->op)->fate == FATE_REFUSED &&
        op_at(model, sight->op)->refused_losses <= sight->losses)
        model_fail(model, "update o%u was refused, and yet it stands as version %u of %s",
                   sight->op, sight->version, name);
    if (sight->op && op_at(model, sight->op)->fate == FATE_PARKED)
        model_fail(model, "update o%u is parked, and yet it stands as version %u of %s", sight->op,
                   sight->version, name);
    if (sight->op && op_at(model, sight->op)->forbidden)
        model_fail(model, "update o%u had no right to %s, and yet it stands as version %u",
                   sight->op, name, sight->version);
    const struct op *op = sight->op ? op_at(model, sight->op) : NULL;
    bool over = before && before->version + 1 == sight->version && !before->deleted;
    if (over && op && op->must_not_exist)
        model_fail(model, "update o%u made version %u of %s, though version %u lived", sight->op,
                   sight->version, name, before->version);
    if (!kind_rules[cell->kind].locking) return;
    if (sight->expected && before && before->version > sight->expected)
        model_fail(model,
                   "version %u of %s was accepted upon version %u, but version %u stood between",
                   sight->version, name, sight->expected, before->version);
    if (sight->created && over)
        model_fail(model, "version %u of %s was created over the living version %u", sight->version,
                   name, before->version);
}

/* Refused updates consume no version: a chain that is kept whole has no gap in the last life of the
 * server, of which the histories tell. But what was reserved in the life before is skipped: that gap
 * lies before the first version that was seen, or after it, when it is what the server found. */
static void check_gaps(struct model *model, const struct cell *cell) {
    char name[48];
    cell_print(cell, name);
    struct sight before = {.life = 1};
    bool found = false; /* `before` was the first of its life */
    for (size_t i = 0; i < cell->sight_count; before = cell->sights[i++]) {
        const struct sight *sight = &cell->sights[i];
        bool first = sight->life > before.life;
        bool allowed = first || found || sight->life < model->life;
        found = first;
        if (sight->version == before.version + 1 || allowed) continue;
        model_fail(model, "%s has no version %u, but version %u", name, before.version + 1,
                   sight->version);
        return;
    }
}

void check_chains(struct model *model) {
    for (size_t i = 0; i < model_cell_count(model); i++) {
        const struct cell *cell = &model->cells[i];
        for (size_t k = 0; k < cell->sight_count; k++)
            check_sight(model, cell, k);
        if (kind_rules[cell->kind].whole) check_gaps(model, cell);
    }
    for (uint32_t i = 1; i <= model->op_count; i++) {
        const struct op *op = op_at(model, i);
        if (!op->cell || op->fate != FATE_APPLIED || op->delete || op->cell->kind == KIND_SUM)
            continue;
        char name[48];
        cell_print(op->cell, name);
        if (op->seen_version == 0)
            model_fail(model, "update o%u of %s was accepted and is nowhere", i, name);
    }
}
