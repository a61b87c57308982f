/* SPDX-License-Identifier: Apache-2.0 */
#include "server/held.h"

#include "base/status.h"

#define COMPACT_BYTES (1u << 20)

/* Moves what waits to the front once at least half of the space lies before it. */
static void held_compact(struct held *held) {
    if (held->first == held->count) {
        held->first = held->count = 0;
        buffer_clear(&held->bytes);
        if (held->bytes.capacity > 4 * COMPACT_BYTES) buffer_free(&held->bytes);
        return;
    }
    size_t gone = held->answers[held->first].offset;
    if (gone < COMPACT_BYTES || gone < held->bytes.size / 2) return;
    buffer_drop(&held->bytes, gone);
    held->count -= held->first;
    memmove(held->answers, held->answers + held->first, held->count * sizeof *held->answers);
    held->first = 0;
    for (size_t i = 0; i < held->count; i++)
        held->answers[i].offset -= gone;
}

int held_push(struct held *held, const struct answer *answer, struct bytes bytes) {
    held_compact(held);
    void *answers = held->answers;
    int status = memory_grow(held->memory, &answers, &held->capacity, held->count + 1,
                             sizeof *held->answers);
    held->answers = answers;
    if (status != SS_OK) return status;
    size_t offset = held->bytes.size;
    buffer_bytes(&held->bytes, bytes);
    if (held->bytes.failed) {
        held->bytes.failed = false;
        return SS_ERR_NOMEM;
    }
    struct answer *waits = &held->answers[held->count++];
    *waits = *answer;
    waits->offset = offset;
    return SS_OK;
}

bool held_pop(struct held *held, uint64_t durable, struct answer *answer, struct bytes *bytes) {
    if (held->first == held->count || held->answers[held->first].lsn > durable) return false;
    *answer = held->answers[held->first++];
    *bytes = bytes_view(held->bytes.data + answer->offset, answer->size);
    return true;
}

size_t held_bytes(const struct held *held) {
    if (held->first == held->count) return 0;
    return held->bytes.size - held->answers[held->first].offset;
}

void held_free(struct held *held) {
    memory_free(held->memory, held->answers, held->capacity * sizeof *held->answers);
    buffer_free(&held->bytes);
    *held = held_of(held->memory);
}
