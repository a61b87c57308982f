/* SPDX-License-Identifier: Apache-2.0 */
/* delay.c - pieces in a chain, each with the time when it comes out at the far end. */
#include "client/delay.h"

#include "base/status.h"

struct delay_piece {
    struct delay_piece *next;
    ss_time release;
    size_t size, taken;
    uint8_t data[];
};

struct delay_line delay_line_of(const struct memory *memory, ss_time delay, ss_time jitter,
                                uint64_t seed) {
    return (struct delay_line){memory, delay, jitter, {seed}, NULL, NULL, INT64_MIN};
}

int delay_push(struct delay_line *line, struct bytes piece, ss_time now) {
    if (piece.size == 0) return SS_OK;
    struct delay_piece *added = memory_alloc(line->memory, sizeof *added + piece.size);
    if (!added) return SS_ERR_NOMEM;
    ss_time shake = 0;
    if (line->jitter > 0) shake = (ss_time)random_below(&line->random, (uint64_t)line->jitter + 1);
    line->release = time_max(line->release, time_add(now, time_add(line->delay, shake)));
    *added = (struct delay_piece){NULL, line->release, piece.size, 0};
    memcpy(added->data, piece.data, piece.size);
    if (line->last)
        line->last->next = added;
    else
        line->first = added;
    line->last = added;
    return SS_OK;
}

struct bytes delay_peek(const struct delay_line *line, ss_time now) {
    const struct delay_piece *piece = line->first;
    if (!piece || piece->release > now) return bytes_view(NULL, 0);
    return bytes_view(piece->data + piece->taken, piece->size - piece->taken);
}

void delay_drop(struct delay_line *line, size_t size) {
    struct delay_piece *piece = line->first;
    if (!piece || size == 0) return;
    piece->taken += size;
    if (piece->taken < piece->size) return;
    line->first = piece->next;
    if (!line->first) line->last = NULL;
    memory_free(line->memory, piece, sizeof *piece + piece->size);
}

ss_time delay_deadline(const struct delay_line *line) {
    return line->first ? line->first->release : SS_NEVER;
}

void delay_free(struct delay_line *line) {
    while (line->first)
        delay_drop(line, line->first->size - line->first->taken);
}
