/* SPDX-License-Identifier: Apache-2.0 */
/* delay.h - a line that holds bytes back for a while, as a long cable would: for demos and tests.
 *
 * Every piece waits `delay` plus a random share of `jitter`, but never overtakes the piece before
 * it, for that is how a byte stream behaves. */
#ifndef CLIENT_DELAY_H
#define CLIENT_DELAY_H

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

struct delay_piece;

struct delay_line {
    const struct memory *memory;
    ss_time delay, jitter; /* both 0: pieces are ready at once */
    struct random random;
    struct delay_piece *first, *last;
    ss_time release; /* of the newest piece */
};

struct delay_line delay_line_of(const struct memory *memory, ss_time delay, ss_time jitter,
                                uint64_t seed);
/* Copies `piece` in. SS_OK or SS_ERR_NOMEM. An empty piece is nothing. */
int delay_push(struct delay_line *line, struct bytes piece, ss_time now);
/* The oldest bytes that are due, at most one piece's worth, or an empty view. */
struct bytes delay_peek(const struct delay_line *line, ss_time now);
/* Drops the first `size` of what delay_peek gave. */
void delay_drop(struct delay_line *line, size_t size);
/* When the oldest piece is due; SS_NEVER when the line is empty. */
ss_time delay_deadline(const struct delay_line *line);
void delay_free(struct delay_line *line);

#endif
