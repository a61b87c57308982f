/* SPDX-License-Identifier: Apache-2.0 */
/* held.h - answers that may not be shown before the disk has what they tell of.
 *
 * One queue for all calls. An answer enters with the greatest lsn of its call so far (rpc.gate), so
 * that a call's answers leave in their order although those of other calls pass them. */
#ifndef SERVER_HELD_H
#define SERVER_HELD_H

#include "server/command.h"

struct held {
    const struct memory *memory;
    struct answer *answers;
    size_t first, count, capacity; /* answers[first .. count) wait */
    struct buffer bytes;           /* of answers[0 .. count) */
};

static inline struct held held_of(const struct memory *memory) {
    return (struct held){.memory = memory, .bytes = {.memory = memory}};
}
/* Copies both. SS_OK or SS_ERR_NOMEM. */
int held_push(struct held *held, const struct answer *answer, struct bytes bytes);
/* The oldest answer when `durable` covers it, with its bytes; borrowed until the next call. */
bool held_pop(struct held *held, uint64_t durable, struct answer *answer, struct bytes *bytes);
/* Bytes that wait. */
size_t held_bytes(const struct held *held);
void held_free(struct held *held);

#endif
