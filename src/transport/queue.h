/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - bytes that wait to be sent: appended at the end, taken from the front. */
#ifndef TRANSPORT_QUEUE_H
#define TRANSPORT_QUEUE_H

#include "base/bytes.h"

struct queue {
    struct buffer bytes;
    size_t head; /* what stands before it has been taken */
};

static inline size_t queue_size(const struct queue *queue) {
    return queue->bytes.size - queue->head;
}
static inline struct bytes queue_view(const struct queue *queue) {
    size_t size = queue_size(queue);
    return size ? bytes_view(queue->bytes.data + queue->head, size) : bytes_view(NULL, 0);
}
/* Room for `size` > 0 more bytes at the end, counted at once; NULL when out of memory (nothing
 * changed, and a smaller one may still fit). Views into the queue are void afterwards. */
uint8_t *queue_room(struct queue *queue, size_t size);
int queue_bytes(struct queue *queue, struct bytes from); /* SS_OK or SS_ERR_NOMEM */
/* Moves the first `size` <= queue_size bytes out. */
void queue_take(struct queue *queue, uint8_t *into, size_t size);

#endif
