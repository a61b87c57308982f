/* SPDX-License-Identifier: Apache-2.0 */
/* conflict.h - a conflict told so that a person understands it and knows what to type next. */
#ifndef CLI_CONFLICT_H
#define CLI_CONFLICT_H

#include "cli/cli.h"
#include "codec/message.h"

/* Where it happened. */
struct conflict_place {
    uint64_t owner, writer;
    struct bytes category, key;
    const struct bytes *base; /* what both sides began from, NULL: not known */
    bool deletion;            /* the write was one */
    bool decided;             /* it is over: no word about what to do */
    bool blind;               /* it named no version */
    uint32_t stands;          /* the version that stands, 0: not known */
};

/* Appends the story: type, both states, what became of it or who must decide, and the commands that
 * resolve it, ready to paste. */
void conflict_explain(const struct cli *cli, struct buffer *out, const struct conflict_info *info,
                      const struct conflict_place *place);
/* In one line: "version mismatch, merged". */
void conflict_brief(struct buffer *out, const struct conflict_info *info);

#endif
