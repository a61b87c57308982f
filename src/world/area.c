/* SPDX-License-Identifier: Apache-2.0 */
#include "world/area.h"

#include "base/status.h"

static const double leave_factor = 1.05;

static bool handle_equal(const void *context, uint32_t handle) {
    return *(const uint32_t *)context == handle;
}

static bool is_member(const struct area *area, const struct cell *cell) {
    return table_find(&area->members, cell->hash, handle_equal, &cell->handle) == cell->handle;
}

static bool concerns(const struct area *area, const struct world *world, const struct cell *cell) {
    const struct category *policy = cell_policy(world, cell);
    return area->active && policy->spatial && policy->rules;
}

/* A state without a position is everywhere. */
static bool inside(const struct area *area, const struct category *policy, struct bytes state,
                   double factor) {
    float position[3];
    double distance = 0, reach = (double)area->radius * factor;
    if (policy->format->locate(policy->rules, state, position) != SS_OK) return true;
    for (int i = 0; i < 3; i++) {
        double along = (double)position[i] - (double)area->center[i];
        distance += along * along;
    }
    return distance <= reach * reach;
}

enum area_verdict area_judge(struct area *area, const struct world *world, const struct cell *cell,
                             const struct record *record) {
    if (!concerns(area, world, cell)) return AREA_TELL;
    bool member = is_member(area, cell);
    if (record_deleted(record))
        return table_remove(&area->members, cell->hash, cell->handle) ? AREA_TELL : AREA_OUTSIDE;
    if (inside(area, cell_policy(world, cell), record_state(record), member ? leave_factor : 1.0)) {
        if (!member && table_add(&area->members, cell->hash, cell->handle) != SS_OK)
            return AREA_NO_MEMORY;
        return AREA_TELL;
    }
    if (!member) return AREA_OUTSIDE;
    table_remove(&area->members, cell->hash, cell->handle);
    return AREA_LEFT;
}

bool area_has(const struct area *area, const struct world *world, const struct cell *cell) {
    return !concerns(area, world, cell) || is_member(area, cell);
}

int area_admit(struct area *area, const struct world *world, const struct cell *cell) {
    if (!concerns(area, world, cell) || is_member(area, cell)) return SS_OK;
    return table_add(&area->members, cell->hash, cell->handle);
}

int area_admit_inside(struct area *area, const struct world *world, const struct cell *cell) {
    if (!cell->live || !concerns(area, world, cell)) return SS_OK;
    struct bytes state = record_state(history_newest(&cell->history));
    if (!inside(area, cell_policy(world, cell), state, leave_factor)) return SS_OK;
    return area_admit(area, world, cell);
}

/* Removal shifts later entries back into the hole, so a place is looked at until what stands there
 * stays. */
void area_sweep(struct area *area, const struct world *world) {
    size_t i = 0;
    while (i < area->members.capacity) {
        struct table_slot slot = area->members.slots[i];
        if (slot.handle == TABLE_NONE ||
            table_find(&world->cell_index, slot.hash, handle_equal, &slot.handle) == slot.handle) {
            i++;
        } else {
            table_remove(&area->members, slot.hash, slot.handle);
        }
    }
}
