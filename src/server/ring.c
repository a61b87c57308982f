/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ring.h"

#include <assert.h>

#include "base/status.h"

int ring_create(struct ring *ring, const struct memory *memory) {
    *ring = (struct ring){.memory = memory, .bytes = buffer_of(memory)};
    ring->commands = memory_alloc(memory, RING_COMMANDS * sizeof *ring->commands);
    return ring->commands ? SS_OK : SS_ERR_NOMEM;
}

void ring_destroy(struct ring *ring) {
    memory_free(ring->memory, ring->commands,
                ring->commands ? RING_COMMANDS * sizeof *ring->commands : 0);
    memory_free(ring->memory, ring->answers, ring->answer_capacity * sizeof *ring->answers);
    buffer_free(&ring->bytes);
}

struct command *ring_push(struct ring *ring) {
    if (ring->command_count == RING_COMMANDS) return NULL;
    struct command *command = &ring->commands[ring->command_count++];
    *command = (struct command){0};
    return command;
}

int ring_answer(struct ring *ring, const struct answer *answer) {
    void *answers = ring->answers;
    int status = memory_grow(ring->memory, &answers, &ring->answer_capacity, ring->answer_count + 1,
                             sizeof *ring->answers);
    ring->answers = answers;
    if (status != SS_OK) return status;
    struct answer *queued = &ring->answers[ring->answer_count++];
    *queued = *answer;
    if (ring->bytes.failed) {
        ring->bytes.failed = false;
        ring->bytes.size = answer->offset;
        queued->size = 0;
        queued->status = GRPC_RESOURCE_EXHAUSTED;
    }
    assert(queued->offset + queued->size <= ring->bytes.size);
    return SS_OK;
}

void ring_lose(struct ring *ring, struct ticket ticket) {
    if (ring->lost_count < RING_LOST) ring->lost[ring->lost_count] = ticket;
    ring->lost_count++;
}

const struct answer *ring_take(struct ring *ring) {
    if (ring->answer_first == ring->answer_count) return NULL;
    return &ring->answers[ring->answer_first++];
}

void ring_settle(struct ring *ring) {
    if (ring->answer_first != ring->answer_count) return;
    ring->answer_first = ring->answer_count = ring->answer_settled = 0;
    buffer_clear(&ring->bytes);
    if (ring->bytes.capacity > 8u << 20) buffer_free(&ring->bytes);
}
