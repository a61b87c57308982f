/* SPDX-License-Identifier: Apache-2.0 */
/* DATA to messages. A message that stands whole in the chunk is told where it stands; one that is
 * cut by the end of the chunk is collected in `partial`, whose memory grows with the bytes that
 * really came and not with the size that was claimed. */
#include "transport/state.h"

#include "base/status.h"

enum { PREFIX = 5 };

static size_t prefix_size(const uint8_t prefix[PREFIX]) {
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

/* What can be said of a message before its bytes: false when the call failed by it. */
static bool prefix_check(struct call *call, const uint8_t prefix[PREFIX]) {
    if (prefix[0] > 1) {
        call_fail(call, GRPC_INTERNAL, "a message's compressed flag is neither 0 nor 1");
    } else if (prefix[0] == 1 && !call->gzip_in) {
        call_fail(call, GRPC_INTERNAL, "a compressed message without grpc-encoding");
    } else if (prefix_size(prefix) > call->connection->config.message_max) {
        call_fail(call, GRPC_RESOURCE_EXHAUSTED, "a message is larger than the limit");
    } else {
        return true;
    }
    return false;
}

static bool message_plain(struct call *call, struct bytes packed, struct bytes *plain) {
    struct connection *connection = call->connection;
    int status =
        message_inflate(&connection->encoding, packed, connection->config.message_max, plain);
    switch (status) {
    case SS_OK: return true;
    case SS_ERR_TOO_LARGE:
        call_fail(call, GRPC_RESOURCE_EXHAUSTED, "a message is larger than the limit");
        return false;
    case SS_ERR_NOMEM: call_fail(call, GRPC_RESOURCE_EXHAUSTED, "out of memory"); return false;
    default: call_fail(call, GRPC_INTERNAL, "a message is not valid gzip"); return false;
    }
}

static void message_tell(struct call *call, bool compressed, struct bytes message) {
    const struct connection_events *events = &call->connection->config.events;
    if (compressed && !message_plain(call, message, &message)) return;
    events->on_message(events->context, call, message);
}

/* Collects a message in pieces; advances the chunk. */
static void inbound_collect(struct call *call, struct bytes *chunk) {
    struct inbound *inbound = &call->inbound;
    while (inbound->prefix_size < PREFIX && chunk->size) {
        inbound->prefix[inbound->prefix_size++] = *chunk->data++;
        chunk->size--;
        if (inbound->prefix_size == PREFIX && !prefix_check(call, inbound->prefix)) return;
    }
    if (inbound->prefix_size < PREFIX) return;
    size_t missing = prefix_size(inbound->prefix) - inbound->partial.size;
    if (missing > chunk->size) missing = chunk->size;
    buffer_bytes(&inbound->partial, bytes_view(chunk->data, missing));
    *chunk = bytes_view(chunk->data + missing, chunk->size - missing);
    if (inbound->partial.failed) {
        call_fail(call, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (inbound->partial.size < prefix_size(inbound->prefix)) return;
    inbound->prefix_size = 0;
    message_tell(call, inbound->prefix[0] == 1, buffer_view(&inbound->partial));
    buffer_clear(&inbound->partial);
}

void inbound_feed(struct call *call, struct bytes chunk) {
    while (chunk.size && !call->deaf) {
        size_t size = 0;
        bool whole = call->inbound.prefix_size == 0 && chunk.size >= PREFIX &&
                     (size = prefix_size(chunk.data)) <= chunk.size - PREFIX;
        if (!whole) {
            inbound_collect(call, &chunk);
            continue;
        }
        if (!prefix_check(call, chunk.data)) return;
        struct bytes message = bytes_view(chunk.data + PREFIX, size);
        bool compressed = chunk.data[0] == 1;
        chunk = bytes_view(message.data + size, chunk.size - PREFIX - size);
        message_tell(call, compressed, message);
    }
}

/* A client whose answer is complete has nothing more to say on that stream; if everything was said,
 * the stream closes before the wish for a reset is carried out. */
static void answer_end(struct call *call) {
    call->cancelling = call->closing = true;
    call_forget(call);
    call_wake(call);
}

void inbound_end(struct call *call) {
    const struct connection_events *events = &call->connection->config.events;
    call->peer_done = true;
    if (!call->connection->config.server) answer_end(call);
    if (call->deaf || !call->grpc) return;
    if (call->inbound.prefix_size != 0 && call->status <= GRPC_OK) {
        call_fail(call, GRPC_INTERNAL, "the last message was cut short");
    } else if (call->connection->config.server) {
        events->on_half_close(events->context, call);
    }
}
