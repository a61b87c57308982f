/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h - the two queues between a loop and a worker.
 *
 * Commands point into the loop's turn arena and are executed before it is reset. Answers carry
 * their encoded bytes in one growing buffer, so that executing a batch allocates nothing once it is
 * warm. */
#ifndef SERVER_RING_H
#define SERVER_RING_H

#include "server/command.h"

#define RING_COMMANDS 4096
#define RING_LOST     16

struct ring {
    const struct memory *memory;
    struct command *commands; /* RING_COMMANDS of them */
    size_t command_count;
    struct answer *answers;
    size_t answer_count, answer_first, answer_capacity;
    size_t answer_settled; /* answers before this one have their lsn */
    struct buffer bytes;   /* of the answers */
    /* Whose answers had no place, not even as a failure: these calls must end. More of them than
     * fit: every call that waits. */
    struct ticket lost[RING_LOST];
    size_t lost_count;
};

int ring_create(struct ring *ring, const struct memory *memory);
void ring_destroy(struct ring *ring);

/* Where to put the next command, NULL when the ring is full: let the worker run first. */
struct command *ring_push(struct ring *ring);
/* Queues an answer whose encoded message was appended to ring->bytes from answer->offset on. Out of
 * memory the call is answered by its own end: the message is dropped and the status becomes
 * RESOURCE_EXHAUSTED; if not even that fits, SS_ERR_NOMEM. */
int ring_answer(struct ring *ring, const struct answer *answer);
/* The answer to this call was lost. */
void ring_lose(struct ring *ring, struct ticket ticket);
/* The oldest answer; NULL when there is none. Borrowed until the ring changes. */
const struct answer *ring_take(struct ring *ring);
/* Forgets bytes once every answer was taken. */
void ring_settle(struct ring *ring);

#endif
