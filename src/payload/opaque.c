/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes without a meaning: any are valid, nothing can be merged, patched or found in them. */
#include "base/status.h"
#include "payload/format.h"

static int opaque_validate(const struct format_rules *rules, struct bytes state,
                           struct reason *why) {
    (void)rules, (void)state, (void)why;
    return SS_OK;
}

static int opaque_check(const struct format_rules *rules, const struct bytes *previous,
                        struct bytes next, ss_time span, struct reason *why) {
    (void)rules, (void)previous, (void)next, (void)span, (void)why;
    return SS_OK;
}

static int opaque_diff(struct bytes from, struct bytes to, struct buffer *out) {
    (void)from, (void)to, (void)out;
    return SS_ERR_UNSUPPORTED;
}

static int opaque_locate(const struct format_rules *rules, struct bytes state, float position[3]) {
    (void)rules, (void)state, (void)position;
    return SS_ERR_NOT_FOUND;
}

const struct format format_opaque = {
    .name = "opaque",
    .can_merge = false,
    .validate = opaque_validate,
    .check = opaque_check,
    .diff = opaque_diff,
    .locate = opaque_locate,
};
