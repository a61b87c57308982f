/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot is one point in the order of effects: not before what anybody knew when it was asked
 * for, not after its first page was answered; and if it shows an effect, it shows everything that
 * was known before that effect was asked for. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/model.h"

struct glimpse *glimpse_begin(const struct model *model, unsigned client) {
    size_t count = model_cell_count(model);
    struct glimpse *glimpse = calloc(1, sizeof *glimpse);
    if (!glimpse) abort();
    glimpse->client = client;
    glimpse->floors = calloc(count, sizeof *glimpse->floors);
    glimpse->version = calloc(count, sizeof *glimpse->version);
    glimpse->deleted = calloc(count, sizeof *glimpse->deleted);
    if (!glimpse->floors || !glimpse->version || !glimpse->deleted) abort();
    glimpse->sent = model->stamp;
    for (size_t i = 0; i < count; i++)
        glimpse->floors[i] = model->cells[i].newest;
    return glimpse;
}

void glimpse_free(struct glimpse *glimpse) {
    if (!glimpse) return;
    free(glimpse->floors);
    free(glimpse->version);
    free(glimpse->deleted);
    free(glimpse);
}

void glimpse_entry(struct model *model, struct glimpse *glimpse, const struct state_entry *entry) {
    struct cell *cell = model_find(model, entry->category, entry->owner_id, entry->key);
    if (!cell) {
        model_fail(model, "a snapshot shows a cell that nobody uses: %.*s",
                   (int)entry->category.size, (const char *)entry->category.data);
        return;
    }
    size_t index = (size_t)(cell - model->cells);
    struct view view = {.client = glimpse->client,
                        .cell = cell,
                        .version = entry->version,
                        .deleted = entry->deleted,
                        .has_state = !entry->deleted,
                        .state = entry->state_data,
                        .floor = glimpse->floors[index],
                        .where = "snapshot"};
    if (glimpse->version[index]) model_fail(model, "a snapshot shows one cell twice");
    check_view(model, &view);
    /* A later page may show a version that has been overwritten, whose clock nobody keeps. */
    bool clocked = !glimpse->paged || entry->vector_clock.count;
    if (!model->lean && clocked) check_clock(model, cell, entry->version, entry->vector_clock);
    glimpse->version[index] = entry->version;
    glimpse->deleted[index] = entry->deleted;
}

static bool in_scope(const struct glimpse *glimpse, const struct cell *cell) {
    if (!glimpse->kinds[cell->kind]) return false;
    bool shared = kind_rules[cell->kind].shared;
    if (shared != (cell->owner == 0)) return false;
    return shared || glimpse->client == 0 || cell->owner == glimpse->client;
}

/* The op that wrote what is shown of the cell, NULL when it is not known. */
static const struct op *sight_writer(const struct model *model, const struct cell *cell,
                                     uint32_t version) {
    for (size_t i = cell->sight_count; i-- > 0;)
        if (cell->sights[i].version == version)
            return cell->sights[i].op ? op_at(model, cell->sights[i].op) : NULL;
    return NULL;
}

/* When the newest effect that is shown was asked for, at the earliest: for each life of the server,
 * as what was known in one may be missing from the next. */
static void horizons(struct model *model, const struct glimpse *glimpse,
                     uint64_t newest[LIVES_MAX + 1]) {
    memset(newest, 0, (LIVES_MAX + 1) * sizeof *newest);
    for (size_t i = 0; i < model_cell_count(model); i++) {
        const struct op *op =
            glimpse->version[i] ? sight_writer(model, &model->cells[i], glimpse->version[i]) : NULL;
        if (!op) continue;
        bool sure = op->first_life == op->last_life;
        if (sure && op->first_sent > newest[op->first_life])
            newest[op->first_life] = op->first_sent;
        if (op->first_sent > glimpse->answered)
            model_fail(model, "a page shows an update that was sent after its first page came");
    }
}

/* The version of the cell that was known before an effect which is shown, and which is as durable. */
static uint32_t known_beside(const struct model *model, const struct cell *cell,
                             const uint64_t newest[LIVES_MAX + 1]) {
    bool kept = model->classes[cell->kind] != CLASS_MEMORY;
    uint32_t known = 0;
    for (unsigned life = kept ? 1 : model->life; life <= model->life; life++) {
        uint32_t then = newest[life] ? cell_known_before(cell, newest[life]) : 0;
        if (then > known) known = then;
    }
    return known;
}

static void check_cell(struct model *model, const struct glimpse *glimpse, size_t index,
                       const uint64_t newest[LIVES_MAX + 1]) {
    struct cell *cell = &model->cells[index];
    uint32_t shown = glimpse->version[index], known = known_beside(model, cell, newest);
    char name[48];
    cell_print(cell, name);
    if (shown == 0) {
        struct view view = {.client = glimpse->client,
                            .cell = cell,
                            .floor = glimpse->floors[index],
                            .where = "snapshot"};
        check_view(model, &view);
    } else if (shown < known) {
        model_fail(model,
                   "snapshot: %s stands at version %u beside an effect that came after version %u",
                   name, shown, known);
    }
}

/* An item lies on the ground or in one bag. */
static void check_items(struct model *model, const struct glimpse *glimpse) {
    for (unsigned key = 0; key < KEYS; key++) {
        const struct cell *ground = model_cell(model, KIND_LOOT, 0, key);
        unsigned places = 0;
        for (size_t i = 0; i < model_cell_count(model); i++) {
            const struct cell *cell = &model->cells[i];
            bool place = (cell->kind == KIND_LOOT || cell->kind == KIND_BAG) && cell->key == key;
            places += place && glimpse->version[i] && !glimpse->deleted[i];
        }
        bool made = glimpse->floors[ground - model->cells] > 0;
        if (places > 1) model_fail(model, "item %u is in %u places at once", key, places);
        if (places == 0 && made && glimpse->client == 0)
            model_fail(model, "item %u is nowhere", key);
    }
}

void check_glimpse(struct model *model, const struct glimpse *glimpse) {
    uint64_t newest[LIVES_MAX + 1];
    horizons(model, glimpse, newest);
    if (glimpse->partial) return;
    for (size_t i = 0; i < model_cell_count(model); i++)
        if (in_scope(glimpse, &model->cells[i])) check_cell(model, glimpse, i, newest);
    if (glimpse->kinds[KIND_LOOT] && glimpse->kinds[KIND_BAG]) check_items(model, glimpse);
}
