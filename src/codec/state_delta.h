/* SPDX-License-Identifier: Apache-2.0 */
/* state_delta.h - the delta formats of the wire: what turns one state into another, made, chosen
 * and applied by the number of its format. */
#ifndef CODEC_STATE_DELTA_H
#define CODEC_STATE_DELTA_H

#include "codec/message.h"

/* Tries what the peer accepts (DELTA_FORMAT_...) in its order, and appends the first delta that
 * costs less on the wire than `next` whole. Its format, or DELTA_FORMAT_NONE with nothing appended:
 * there is none, or no memory for it. */
uint32_t state_delta_choose(const struct u32_list *accepted, struct bytes base, struct bytes next,
                            struct buffer *out);

/* Appends what `delta` makes of `base`, at most `limit` bytes. Any bytes may be given as delta.
 * SS_OK, SS_ERR_MALFORMED (it does not apply), SS_ERR_TOO_LARGE, SS_ERR_UNSUPPORTED (unknown
 * format, or NONE), SS_ERR_NOMEM; on an error `out` is as long as it was. */
int state_delta_apply(uint32_t format, struct bytes base, struct bytes delta, size_t limit,
                      struct buffer *out);

#endif
