/* SPDX-License-Identifier: Apache-2.0 */
/* invariant.h - what a state must keep: bounds, fields that never shrink, a top speed.
 *
 * A format collects the numbers at the watched paths; the judgement is the same for all formats. */
#ifndef PAYLOAD_INVARIANT_H
#define PAYLOAD_INVARIANT_H

#include "payload/rules.h"

/* The numbers of one state at the watched paths of its rules. */
struct numbers {
    uint64_t present; /* bit w: something stands at watch w */
    uint64_t numeric; /* bit w: and it is a number */
    struct number at[RULES_NUMBERS_MAX];
};

/* SS_OK or SS_ERR_INVALID with the reason (format.h, check).
 * Bounds: what stands there must be a number within; nothing may stand there.
 * Monotone: once a number, it stays one and never shrinks (so it cannot be taken away either).
 * Speed: likewise a position stays a position, and distance <= max_speed * span. */
int invariant_check(const struct format_rules *rules, const struct numbers *previous,
                    const struct numbers *next, ss_time span, struct reason *why);

/* Axes without a path are 0. SS_ERR_NOT_FOUND when a declared one is no finite float, or none is
 * declared. */
int invariant_locate(const struct format_rules *rules, const struct numbers *numbers,
                     float position[3]);

#endif
