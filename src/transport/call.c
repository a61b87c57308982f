/* SPDX-License-Identifier: Apache-2.0 */
/* A call: what is queued on it and what is wished of it.
 *
 * Objects and their buffers are used again by later calls of the same connection, so steady traffic
 * allocates nothing. A gRPC message stands in the queue as it goes out:
 *
 *   compressed (1 byte) | size (4 bytes, big-endian) | bytes */
#include "transport/state.h"

#include <stdio.h>

#include "base/status.h"

enum { PREFIX = 5, GZIP_LEAST = 1024, SPARE_CALLS = 256, KEPT_BUFFER = 1024 };

/* ---- life ---------------------------------------------------------------------------------- */

static void buffer_trim(struct buffer *buffer) {
    if (buffer->capacity > KEPT_BUFFER) buffer_free(buffer);
    buffer_clear(buffer);
}

static struct call *call_new(struct connection *connection) {
    struct call *call = connection->spare;
    if (call) {
        connection->spare = call->next_spare;
        connection->spare_count--;
        return call;
    }
    const struct memory *memory = connection->config.memory;
    call = memory_zeroed(memory, 1, sizeof *call);
    if (!call) return NULL;
    call->queue.bytes = call->inbound.partial = call->text = buffer_of(memory);
    return call;
}

struct call *call_open(struct connection *connection) {
    struct call *call = call_new(connection);
    if (!call) return NULL;
    struct buffer queue = call->queue.bytes, partial = call->inbound.partial, text = call->text;
    *call = (struct call){.connection = connection,
                          .queue.bytes = queue,
                          .inbound.partial = partial,
                          .text = text,
                          .reserved_at = SIZE_MAX,
                          .deadline = SS_NEVER,
                          .status = STATUS_NONE};
    list_init(&call->ready);
    list_init(&call->drained);
    list_push(&connection->calls, &call->link);
    connection->open++;
    connection->idle_at = SS_NEVER;
    return call;
}

void call_free(struct call *call) {
    buffer_free(&call->queue.bytes);
    buffer_free(&call->inbound.partial);
    buffer_free(&call->text);
    memory_free(call->text.memory, call, sizeof *call);
}

void call_recycle(struct call *call) {
    struct connection *connection = call->connection;
    if (connection->spare_count >= SPARE_CALLS) {
        call_free(call);
        return;
    }
    call->queue.head = 0;
    buffer_trim(&call->queue.bytes);
    buffer_trim(&call->inbound.partial);
    buffer_trim(&call->text);
    call->next_spare = connection->spare;
    connection->spare = call;
    connection->spare_count++;
}

static void backlog_change(struct call *call, size_t before) {
    struct connection *connection = call->connection;
    connection->backlog = connection->backlog - before + queue_size(&call->queue);
    if (before == 0) call->moved = SS_NEVER;
    size_t max = connection->config.backlog_max;
    if (connection->backlog > max) connection->choked = true;
    if (connection->backlog <= max / 2) connection->choked = false;
}

void call_forget(struct call *call) {
    size_t before = queue_size(&call->queue);
    call->queue.bytes.size = call->queue.head + call->promised;
    call->reserved_at = SIZE_MAX;
    backlog_change(call, before);
}

void call_closed(struct call *call, enum grpc_status otherwise) {
    struct connection *connection = call->connection;
    if (call->status == STATUS_NONE) call->status = (int)otherwise;
    call->promised = 0;
    call_forget(call);
    call->stream_id = 0;
    call->closing = call->deaf = true;
    list_remove(&call->ready);
    list_remove(&call->drained);
    list_remove(&call->link);
    list_push(&connection->ended, &call->link);
    if (--connection->open == 0)
        connection->idle_at = connection->config.idle_timeout
                                  ? time_add(connection->now, connection->config.idle_timeout)
                                  : SS_NEVER;
}

void call_withdraw(struct call *call) {
    call_closed(call, GRPC_CANCELLED);
    list_remove(&call->link);
    call_recycle(call);
}

void call_wake(struct call *call) {
    if (list_empty(&call->ready)) list_push(&call->connection->ready, &call->ready);
}

void call_set_deadline(struct call *call, ss_time deadline) {
    struct connection *connection = call->connection;
    call->deadline = deadline;
    connection->calls_at = time_min(connection->calls_at, deadline);
}

/* ---- what goes out ------------------------------------------------------------------------- */

static void prefix_write(uint8_t prefix[PREFIX], bool compressed, size_t size) {
    prefix[0] = compressed;
    prefix[1] = (uint8_t)(size >> 24);
    prefix[2] = (uint8_t)(size >> 16);
    prefix[3] = (uint8_t)(size >> 8);
    prefix[4] = (uint8_t)size;
}

static uint8_t *queue_message(struct call *call, size_t size) {
    size_t before = queue_size(&call->queue);
    if (size > UINT32_MAX) return NULL;
    uint8_t *prefix = queue_room(&call->queue, PREFIX + size);
    if (!prefix) return NULL;
    prefix_write(prefix, false, size);
    backlog_change(call, before);
    call_wake(call);
    return prefix + PREFIX;
}

void call_seal(struct call *call) {
    if (call->reserved_at == SIZE_MAX) return;
    struct connection *connection = call->connection;
    struct queue *queue = &call->queue;
    size_t before = queue_size(queue), at = queue->head + call->reserved_at;
    struct buffer packed = buffer_of(connection->config.memory);
    struct bytes plain =
        bytes_view(queue->bytes.data + at + PREFIX, queue->bytes.size - at - PREFIX);
    call->reserved_at = SIZE_MAX;
    /* out of memory, or nothing gained: the message goes as it is */
    if (message_deflate(&connection->encoding, plain, &packed) == SS_OK &&
        packed.size < plain.size) {
        prefix_write(queue->bytes.data + at, true, packed.size);
        memcpy(queue->bytes.data + at + PREFIX, packed.data, packed.size);
        queue->bytes.size = at + PREFIX + packed.size;
        backlog_change(call, before);
    }
    buffer_free(&packed);
}

uint8_t *call_reserve(struct call *call, size_t size) {
    if (call->closing || !call->grpc) return NULL;
    call_seal(call);
    uint8_t *room = queue_message(call, size);
    if (room && call->gzip_out && size >= GZIP_LEAST)
        call->reserved_at = queue_size(&call->queue) - PREFIX - size;
    return room;
}

int call_send(struct call *call, struct bytes message) {
    if (call->closing || !call->grpc) return SS_ERR_CLOSED;
    uint8_t *room = call_reserve(call, message.size);
    if (!room) return SS_ERR_NOMEM;
    if (message.size) memcpy(room, message.data, message.size);
    return SS_OK;
}

void call_take(struct call *call, uint8_t *into, size_t size) {
    struct connection *connection = call->connection;
    size_t before = queue_size(&call->queue), low = connection->config.backlog_low;
    queue_take(&call->queue, into, size);
    backlog_change(call, before);
    call->moved = connection->now;
    if (before >= low && queue_size(&call->queue) < low && !call->closing && call->told &&
        list_empty(&call->drained))
        list_push(&connection->drained, &call->drained);
}

/* ---- endings ------------------------------------------------------------------------------- */

static void call_end(struct call *call, enum grpc_status status, const char *message) {
    call->status = (int)status;
    call->closing = call->deaf = true;
    buffer_clear(&call->text);
    if (message) grpc_message_encode(bytes_of(message), &call->text);
    call_wake(call);
}

void call_finish(struct call *call, enum grpc_status status, const char *message) {
    if (call->closing || !call->grpc || !call->connection->config.server) return;
    call_seal(call);
    call_end(call, status, message);
}

void call_fail(struct call *call, enum grpc_status status, const char *message) {
    if (call->connection->config.server) {
        call_finish(call, status, message);
        return;
    }
    if (call->stream_id == 0) return;
    call->cancelling = true;
    call_forget(call);
    call_end(call, status, NULL);
    if (message) buffer_text(&call->text, message);
}

void call_expire(struct call *call) {
    bool server = call->connection->config.server;
    call->deadline = SS_NEVER;
    if (call->trailers_given || call->cancelling) return;
    call_forget(call);
    if (!server || !call->grpc) {
        call->cancelling = true;
    }
    call_end(call, GRPC_DEADLINE_EXCEEDED, server ? "deadline exceeded" : NULL);
    if (!server) buffer_text(&call->text, "deadline exceeded");
}

void call_cancel(struct call *call) {
    if (call->cancelling || call->stream_id == 0) return;
    call->cancelling = true;
    call_forget(call);
    call_end(call, GRPC_CANCELLED, NULL);
}

void call_half_close(struct call *call) {
    if (call->closing || call->connection->config.server) return;
    call_seal(call);
    call->closing = true;
    call_wake(call);
}

static void respond(struct call *call, unsigned status, const char *content_type,
                    struct bytes body) {
    size_t before = queue_size(&call->queue);
    call->http_status = status;
    call->closing = call->deaf = true;
    snprintf(call->content_type, sizeof call->content_type, "%s", content_type);
    if (queue_bytes(&call->queue, body) != SS_OK) {
        call->http_status = 503;
        call->content_type[0] = '\0';
    }
    backlog_change(call, before);
    call->status = GRPC_OK;
    call_wake(call);
}

void call_respond(struct call *call, unsigned status, const char *content_type, struct bytes body) {
    if (call->closing || call->grpc || !call->connection->config.server) return;
    respond(call, status, content_type, body);
}

void call_refuse(struct call *call, unsigned status, const char *allow) {
    const struct connection *connection = call->connection;
    call->allow = allow;
    call_set_deadline(call, time_add(connection->now, connection->config.headers_timeout));
    respond(call, status, "", bytes_view(NULL, 0));
}

/* ---- small things -------------------------------------------------------------------------- */

struct connection *call_connection(const struct call *call) {
    return call->connection;
}
void call_set_context(struct call *call, void *context) {
    call->context = context;
}
void *call_context(const struct call *call) {
    return call->context;
}
size_t call_backlog(const struct call *call) {
    return queue_size(&call->queue);
}

void call_hold(struct call *call, bool hold) {
    call->held = hold;
    if (!hold && call->stream_id != 0) call_wake(call);
}
