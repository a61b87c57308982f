/* SPDX-License-Identifier: Apache-2.0 */
#include "world/area.h"

#include "base/status.h"
#include "world/follow.h"

static const double leave_factor = 1.05;

static bool handle_equal(const void *context, uint32_t handle) {
    return *(const uint32_t *)context == handle;
}

static bool holds(const struct table *set, const struct cell *cell) {
    return table_find(set, cell->hash, handle_equal, &cell->handle) == cell->handle;
}

static bool is_member(const struct area *area, const struct cell *cell) {
    return holds(&area->members, cell);
}

static bool concerns(const struct area *area, const struct world *world, const struct cell *cell) {
    const struct category *policy = cell_policy(world, cell);
    return area->active && ((policy->spatial && policy->rules) || follows(world, cell));
}

/* A state without a position is everywhere. */
static bool reaches(const struct area *area, const struct category *policy, struct bytes state,
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

/* Leaders and followers are where the leader was met; all others where `state` says. */
static bool inside(const struct area *area, const struct world *world, const struct cell *cell,
                   struct bytes state, double factor) {
    if (is_followed(world, cell)) return area_leads(area, cell);
    if (!follows(world, cell)) return reaches(area, cell_policy(world, cell), state, factor);
    const struct cell *leader = leader_of(world, cell);
    return leader && area_leads(area, leader);
}

/* ---- leaders ------------------------------------------------------------------------------- */

bool area_leads(const struct area *area, const struct cell *leader) {
    return holds(&area->leaders, leader);
}

static bool lives_within(const struct area *area, const struct world *world,
                         const struct cell *leader, double factor) {
    struct bytes state = record_state(history_newest(&leader->history));
    return leader->live && reaches(area, cell_policy(world, leader), state, factor);
}

bool area_near(const struct area *area, const struct world *world, const struct cell *leader) {
    return lives_within(area, world, leader, leave_factor);
}

int area_lead(struct area *area, const struct world *world, const struct cell *leader,
              bool *moved) {
    bool was = area_leads(area, leader);
    double factor = was || is_member(area, leader) ? leave_factor : 1.0;
    bool is = lives_within(area, world, leader, factor);
    *moved = false;
    if (is && !was && table_add(&area->leaders, leader->hash, leader->handle) != SS_OK)
        return SS_ERR_NOMEM;
    if (was && !is) table_remove(&area->leaders, leader->hash, leader->handle);
    *moved = was != is;
    return SS_OK;
}

int area_lead_all(struct area *area, const struct world *world, uint64_t told) {
    bool moved;
    if (world->following == 0) table_free(&area->leaders);
    if (world->following == 0 || !area->active) return SS_OK;
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        if (history_newest(&cell->history)->seq > told) break;
        if (!is_followed(world, cell)) {
            table_remove(&area->leaders, cell->hash, cell->handle);
        } else if (area_lead(area, world, cell, &moved) != SS_OK) {
            return SS_ERR_NOMEM;
        }
    }
    return SS_OK;
}

/* ---- members ------------------------------------------------------------------------------- */

enum area_verdict area_judge(struct area *area, const struct world *world, const struct cell *cell,
                             const struct record *record) {
    if (!concerns(area, world, cell)) return AREA_TELL;
    bool member = is_member(area, cell);
    if (record_deleted(record))
        return table_remove(&area->members, cell->hash, cell->handle) ? AREA_TELL : AREA_OUTSIDE;
    if (inside(area, world, cell, record_state(record), member ? leave_factor : 1.0)) {
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
    bool near = follows(world, cell) ? inside(area, world, cell, (struct bytes){0}, 1.0)
                                     : area_near(area, world, cell);
    return near ? area_admit(area, world, cell) : SS_OK;
}

/* Removal shifts later entries back into the hole, so a place is looked at until what stands there
 * stays. */
static void sweep(struct table *set, const struct world *world) {
    size_t i = 0;
    while (i < set->capacity) {
        struct table_slot slot = set->slots[i];
        if (slot.handle == TABLE_NONE ||
            table_find(&world->cell_index, slot.hash, handle_equal, &slot.handle) == slot.handle) {
            i++;
        } else {
            table_remove(set, slot.hash, slot.handle);
        }
    }
}

void area_sweep(struct area *area, const struct world *world) {
    sweep(&area->members, world);
    sweep(&area->leaders, world);
}
