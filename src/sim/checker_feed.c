/* SPDX-License-Identifier: Apache-2.0 */
/* A subscriber's copy of the world: pushes, and what it wrote itself on the same stream. Versions
 * of one cell come in their order; when all is quiet the copy is the world. */
#include <stdlib.h>

#include "sim/model.h"

void mirror_start(struct mirror *mirror, const struct model *model, unsigned client) {
    *mirror = (struct mirror){.client = client, .center = EVERYWHERE};
    mirror->cells = calloc(model_cell_count(model), sizeof *mirror->cells);
    if (!mirror->cells) abort();
}

void mirror_free(struct mirror *mirror) {
    free(mirror->cells);
    mirror->cells = NULL;
}

/* What the area concerns: positions, and what follows them. */
static bool is_placed(const struct mirror *mirror, const struct cell *cell) {
    bool spatial = cell->kind == KIND_POS || cell->kind == KIND_LEASE || cell->kind == KIND_BRIEF;
    return spatial && mirror->center != EVERYWHERE;
}

static bool inside(const struct mirror *mirror, uint32_t op) {
    unsigned place = op_place(op);
    return mirror->center == EVERYWHERE || op == 0 || place + 1 == mirror->center ||
           place == mirror->center || place == mirror->center + 1;
}

void mirror_restart(struct mirror *mirror, const struct model *model, bool keep) {
    mirror->caught_up = false;
    for (size_t i = 0; i < model_cell_count(model); i++) {
        struct mirrored *cell = &mirror->cells[i];
        if (!keep) *cell = (struct mirrored){0};
        cell->pushed = 0;
        cell->early = false;
    }
}

/* Of positions the state says where they are. */
static void check_place(struct model *model, const struct mirror *mirror, const struct cell *cell,
                        const struct wire_update *update) {
    char name[48];
    cell_print(cell, name);
    if (update->left && !is_placed(mirror, cell))
        model_fail(model, "client %u is told that %s left, which cannot leave", mirror->client,
                   name);
    if (cell->kind != KIND_POS || update->left || update->deleted) return;
    if (!inside(mirror, op_of_state(model, update->state)))
        model_fail(model, "client %u is told of %s at version %u, which is outside of its area",
                   mirror->client, name, update->version);
}

void mirror_push(struct model *model, struct mirror *mirror, const struct wire_update *update,
                 bool former) {
    struct cell *cell = model_find(model, update->category, update->owner_id, update->key);
    if (!cell) {
        model_fail(model, "a push shows a cell that nobody uses");
        return;
    }
    char name[48];
    cell_print(cell, name);
    struct mirrored *mirrored = &mirror->cells[cell - model->cells];
    struct view view = {.client = mirror->client,
                        .cell = cell,
                        .version = update->version,
                        .deleted = update->deleted,
                        .has_state = !update->deleted && !update->left,
                        .state = update->state,
                        .where = "push"};
    check_view(model, &view);
    if (!cell_readable(cell, mirror->client))
        model_fail(model, "client %u is told of %s, which it may not read", mirror->client, name);
    if (former) return;
    check_place(model, mirror, cell, update);
    bool again =
        update->version == mirrored->pushed && (mirrored->early || update->left || mirrored->left);
    mirrored->early = !mirror->caught_up;
    if (mirror->caught_up && update->version <= mirrored->pushed && !again)
        model_fail(model, "client %u is told of version %u of %s after version %u", mirror->client,
                   update->version, name, mirrored->pushed);
    if (update->version > mirrored->pushed) mirrored->pushed = update->version;
    if (update->version < mirrored->version) return;
    mirrored->version = update->version;
    mirrored->deleted = update->deleted;
    mirrored->left = update->left;
}

void mirror_own(struct mirror *mirror, const struct model *model, const struct cell *cell,
                uint32_t version, bool deleted) {
    struct mirrored *mirrored = &mirror->cells[cell - model->cells];
    if (version <= mirrored->version) return;
    mirrored->version = version;
    mirrored->deleted = deleted;
    mirrored->left = false;
}

/* Whether a live cell is in the area; what follows nothing that lives is outside. */
static bool is_inside(const struct model *model, const struct mirror *mirror, size_t index,
                      const struct glimpse *final) {
    const struct cell *cell = &model->cells[index];
    if (!is_placed(mirror, cell)) return true;
    const struct cell *leader = model_cell(model, KIND_POS, cell->owner, cell->key);
    size_t at = (size_t)(leader - model->cells);
    if (!final->version[at] || final->deleted[at]) return false;
    return inside(mirror, sight_op(leader, final->version[at]));
}

void check_mirror(struct model *model, const struct mirror *mirror, const struct glimpse *final) {
    for (size_t i = 0; i < model_cell_count(model); i++) {
        const struct cell *cell = &model->cells[i];
        const struct mirrored *mirrored = &mirror->cells[i];
        if (!mirror->kinds[cell->kind] || !cell_readable(cell, mirror->client)) continue;
        bool lives = final->version[i] && !final->deleted[i] && is_inside(model, mirror, i, final);
        bool has = mirrored->version && !mirrored->deleted && !mirrored->left;
        if (has && cell->kind == KIND_POS) has = inside(mirror, sight_op(cell, mirrored->version));
        char name[48];
        cell_print(cell, name);
        if (lives != has || (lives && mirrored->version != final->version[i]))
            model_fail(
                model,
                "the subscriber of client %u has %s at version %u (%s), the world at %u (%s)",
                mirror->client, name, mirrored->version, has ? "live" : "gone", final->version[i],
                lives ? "live" : "gone");
    }
}
