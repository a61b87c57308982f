/* SPDX-License-Identifier: Apache-2.0 */
/* delta.h - states that come and go as deltas. Bases come from the one history of each cell;
 * nothing is kept for any reader. */
#ifndef SERVER_DELTA_H
#define SERVER_DELTA_H

#include "server/hosted.h"

/* Puts the state that `request` says by its state_delta into `update` (in the worker's arena until
 * the command is done); a request without one stays as it is. With a base that is not kept,
 * update->base_missing is set. SS_OK; or SS_ERR_INVALID, _TOO_LARGE, _DENIED, _NOMEM with `wrong`.
 */
int delta_rebuild(struct worker *worker, const struct hosted *hosted,
                  const struct state_sync_request *request, struct update *update,
                  const char **wrong);

/* Writes the correction in a format that the request accepts, where the category's own cannot say
 * it. */
void delta_correct(struct worker *worker, const struct state_sync_request *request,
                   const struct category *policy, const struct update *update,
                   const struct outcome *outcome, struct state_sync_response *response);

/* Exchanges the state of a message for a delta against `base` where the peer accepts one and it is
 * smaller. The bytes lie in the worker's buffer until its next use. */
void delta_shrink_update(struct worker *worker, const struct u32_list *accepted,
                         const struct cell_view *base, struct wire_update *update);
void delta_shrink_entry(struct worker *worker, const struct u32_list *accepted,
                        const struct cell_view *base, struct state_entry *entry);

#endif
