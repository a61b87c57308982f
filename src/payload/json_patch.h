/* SPDX-License-Identifier: Apache-2.0 */
/* json_patch.h - merge patches (RFC 7396): what turns one JSON text into another. */
#ifndef PAYLOAD_JSON_PATCH_H
#define PAYLOAD_JSON_PATCH_H

#include "base/bytes.h"

/* Appends the patch that turns `from` into `to`: json_patch(from, patch) equals `to` in meaning.
 * SS_OK; SS_ERR_UNSUPPORTED when a patch cannot say it (a member must become null) or a text is no
 * JSON; SS_ERR_NOMEM. On an error `out` is as long as it was. */
int json_diff(struct bytes from, struct bytes to, struct buffer *out);

/* Appends `state` with `patch` applied. Members keep their order, new ones follow. SS_OK,
 * SS_ERR_INVALID when a text is no JSON, SS_ERR_NOMEM; on an error `out` is as long as it was. */
int json_patch(struct bytes state, struct bytes patch, struct buffer *out);

#endif
