/* SPDX-License-Identifier: Apache-2.0 */
#include "server/delta.h"

#include "base/status.h"
#include "codec/state_delta.h"

static uint64_t owner_of(const struct category *policy, const struct update *update) {
    if (policy->scope == SCOPE_SHARED) return 0;
    return update->owner ? update->owner : update->player;
}

/* ---- writes -------------------------------------------------------------------------------- */

static const char *wrong_shape(const struct state_sync_request *request) {
    if (request->delta_format == DELTA_FORMAT_NONE) return "state_delta needs its delta_format";
    if (request->state_data.size) return "state_data and state_delta: send one of them";
    if (request->expected_version == 0)
        return "state_delta needs the expected_version that it was made against";
    return NULL;
}

static int apply_failed(int status, const char **wrong) {
    switch (status) {
    case SS_ERR_TOO_LARGE:
        *wrong = "state_delta makes a state that is larger than the category allows";
        return status;
    case SS_ERR_NOMEM: *wrong = "out of memory"; return status;
    case SS_ERR_UNSUPPORTED:
        *wrong = "delta_format is none that this server knows";
        return SS_ERR_INVALID;
    default:
        *wrong = "state_delta does not apply to the state at expected_version";
        return SS_ERR_INVALID;
    }
}

static int rebuild_on(struct worker *worker, const struct state_sync_request *request,
                      struct bytes base, size_t limit, struct update *update, const char **wrong) {
    struct buffer *out = &worker->delta;
    buffer_clear(out);
    int status = state_delta_apply(request->delta_format, base, request->state_delta, limit, out);
    if (status != SS_OK) return apply_failed(status, wrong);
    update->state = arena_copy(&worker->arena, buffer_view(out));
    return update->state.size == out->size ? SS_OK : apply_failed(SS_ERR_NOMEM, wrong);
}

/* Who may not read the cell could read it by a delta that copies everything. */
int delta_rebuild(struct worker *worker, const struct hosted *hosted,
                  const struct state_sync_request *request, struct update *update,
                  const char **wrong) {
    bool asked = request->delta_format != DELTA_FORMAT_NONE || request->state_delta.size;
    if (!asked || update->delete) return SS_OK;
    const struct category *policy = world_category(hosted->world, update->category);
    if (!policy) return SS_OK; /* the world will say so */
    *wrong = wrong_shape(request);
    if (*wrong) return SS_ERR_INVALID;
    uint64_t owner = owner_of(policy, update);
    if (!category_may_read(policy, update->player, update->server, owner)) {
        *wrong = "state_delta: the category's read rule does not let you see what it is based on";
        return SS_ERR_DENIED;
    }
    struct cell_view base;
    update->base_missing = !world_version(hosted->world, owner, update->category, update->key,
                                          update->expected_version, &base);
    if (update->base_missing) return SS_OK;
    return rebuild_on(worker, request, base.state, policy->state_max, update, wrong);
}

/* ---- answers ------------------------------------------------------------------------------- */

void delta_correct(struct worker *worker, const struct state_sync_request *request,
                   const struct category *policy, const struct update *update,
                   const struct outcome *outcome, struct state_sync_response *response) {
    if (request->accept_deltas.count == 0 || !response->compensation || !outcome->corrected ||
        outcome->correction.size || outcome->absent || update->delete || update->base_missing)
        return;
    if (!policy ||
        !category_may_read(policy, update->player, update->server, owner_of(policy, update)))
        return;
    buffer_clear(&worker->delta);
    uint32_t format =
        state_delta_choose(&request->accept_deltas, update->state, outcome->state, &worker->delta);
    struct latency_compensation *told = format ? arena_alloc(&worker->arena, sizeof *told) : NULL;
    if (!told) return;
    *told = *response->compensation;
    told->correction_delta = buffer_view(&worker->delta);
    told->correction_format = format;
    response->compensation = told;
}

/* ---- pushes and snapshots ------------------------------------------------------------------ */

static uint32_t shrink(struct worker *worker, const struct u32_list *accepted,
                       const struct cell_view *base, struct bytes *state, struct bytes *delta) {
    buffer_clear(&worker->delta);
    uint32_t format = state_delta_choose(accepted, base->state, *state, &worker->delta);
    if (format == DELTA_FORMAT_NONE) return format;
    *delta = buffer_view(&worker->delta);
    *state = (struct bytes){NULL, 0};
    return format;
}

void delta_shrink_update(struct worker *worker, const struct u32_list *accepted,
                         const struct cell_view *base, struct wire_update *update) {
    update->delta_format = shrink(worker, accepted, base, &update->state, &update->delta);
    if (update->delta_format) update->base_version = base->version;
}

void delta_shrink_entry(struct worker *worker, const struct u32_list *accepted,
                        const struct cell_view *base, struct state_entry *entry) {
    entry->delta_format = shrink(worker, accepted, base, &entry->state_data, &entry->delta);
    if (entry->delta_format) entry->base_version = base->version;
}
