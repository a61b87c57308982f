/* SPDX-License-Identifier: Apache-2.0 */
/* Taking moves `head`; the rest moves to the front only when room is needed and at least half of
 * the memory has been taken, so a byte is moved at most once on average. */
#include "transport/queue.h"

#include "base/status.h"

uint8_t *queue_room(struct queue *queue, size_t size) {
    struct buffer *bytes = &queue->bytes;
    if (bytes->capacity - bytes->size < size && queue->head > bytes->size / 2) {
        buffer_drop(bytes, queue->head);
        queue->head = 0;
    }
    uint8_t *room = buffer_room(bytes, size);
    if (room) {
        bytes->size += size;
    } else {
        bytes->failed = false; /* the next, smaller one may fit */
    }
    return room;
}

int queue_bytes(struct queue *queue, struct bytes from) {
    if (from.size == 0) return SS_OK;
    uint8_t *room = queue_room(queue, from.size);
    if (!room) return SS_ERR_NOMEM;
    memcpy(room, from.data, from.size);
    return SS_OK;
}

void queue_take(struct queue *queue, uint8_t *into, size_t size) {
    if (size) memcpy(into, queue->bytes.data + queue->head, size);
    queue->head += size;
    if (queue->head == queue->bytes.size) queue->head = queue->bytes.size = 0;
}
