/* SPDX-License-Identifier: Apache-2.0 */
#include "server/hide.h"

#include "base/status.h"

bool hide_fields(const struct category *policy, struct viewer viewer, struct arena *arena,
                 struct cell_view *view) {
    if (!policy || !format_rules_hide(policy->rules) || viewer.server || view->state.size == 0)
        return true;
    bool owner = viewer.player == view->owner && policy->scope == SCOPE_PLAYER;
    struct buffer seen = buffer_of(arena->memory);
    int status = policy->format->redact(policy->rules, view->state,
                                        owner ? READER_OWNER : READER_OTHER, &seen);
    size_t size = seen.size;
    view->state = arena_copy(arena, buffer_view(&seen));
    buffer_free(&seen);
    if (status == SS_OK && view->state.size == size) return true;
    view->state = (struct bytes){NULL, 0};
    return false;
}
