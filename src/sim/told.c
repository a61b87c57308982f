/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/told.h"

#include <stdlib.h>

#include "base/status.h"
#include "codec/state_delta.h"

#define TOLD_MAX ((size_t)1 << 20)

void told_start(struct told *told, const struct model *model) {
    told->count = model_cell_count(model);
    told->cells = calloc(told->count, sizeof *told->cells);
    if (!told->cells) abort();
}

void told_forget(struct told *told) {
    for (size_t i = 0; i < told->count; i++) {
        free(told->cells[i].state);
        told->cells[i] = (struct told_cell){0};
    }
}

void told_free(struct told *told) {
    told_forget(told);
    free(told->cells);
    *told = (struct told){0};
}

static void keep(struct told_cell *cell, uint64_t subscription, struct wire_update *update) {
    uint8_t *copy = malloc(update->state.size + 1);
    if (!copy) abort();
    if (update->state.size) memcpy(copy, update->state.data, update->state.size);
    free(cell->state);
    *cell = (struct told_cell){subscription, update->version, update->state.size, copy};
    update->state = bytes_view(copy, cell->size);
}

/* The base is in `cell`. */
static void restore(struct model *model, const struct told_cell *cell, struct buffer *out,
                    struct wire_update *update, const char *name) {
    struct bytes base = bytes_view(cell->state, cell->size);
    int status = state_delta_apply(update->delta_format, base, update->delta, TOLD_MAX, out);
    if (status != SS_OK)
        model_fail(model, "version %u of %s came as a delta that does not apply: %d",
                   update->version, name, status);
    if (update->state.size || update->delta.size >= out->size)
        model_fail(model, "version %u of %s came as a delta that saves nothing", update->version,
                   name);
    update->state = buffer_view(out);
    model->deltas_taken++;
}

void told_push(struct model *model, struct told *told, uint64_t subscription,
               struct wire_update *update) {
    struct cell *known = model_find(model, update->category, update->owner_id, update->key);
    if (!known) return;
    struct told_cell *cell = &told->cells[known - model->cells];
    struct buffer out = buffer_of(&memory_heap);
    char name[48];
    cell_print(known, name);
    if (update->delta_format && !model->deltas)
        model_fail(model, "%s came as a delta that nobody offered to take", name);
    if (update->delta_format &&
        (cell->subscription != subscription || cell->version != update->base_version))
        model_fail(model, "version %u of %s came against version %u, where %u was told last",
                   update->version, name, update->base_version, cell->version);
    else if (update->delta_format)
        restore(model, cell, &out, update, name);
    if (update->deleted || update->left)
        cell->subscription = 0;
    else
        keep(cell, subscription, update);
    buffer_free(&out);
}
