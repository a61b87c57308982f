/* SPDX-License-Identifier: Apache-2.0 */
/* Two shapes of the ring, `wrap` telling them apart:
 *
 *   wrap == 0   [ free | first ....... last | end  free ]
 *   wrap != 0   [ .. last | end  free  first ....... | wrap  unused ]
 *
 * A full ring of records of one size is the steady state: the oldest makes room for the newest. */
#include "world/history.h"

#include <assert.h>

#include "base/status.h"

#define RING_MIN 128u
#define RING_MAX ((uint64_t)1 << 31)

static uint32_t after(const struct history *history, uint32_t offset) {
    uint32_t next = offset + (uint32_t)history_space(history_record(history, offset)->size);
    return next == history->wrap && next != 0 ? 0 : next;
}

const struct record *history_newer(const struct history *history, const struct record *record) {
    uint32_t offset = (uint32_t)((const uint8_t *)record - history->ring);
    assert(offset < history->capacity);
    return offset == history->last ? NULL : history_record(history, after(history, offset));
}

/* ---- forgetting ---------------------------------------------------------------------------- */

void history_trim(struct history *history, uint32_t versions, ss_time keep_since) {
    assert(versions > 0);
    history_forget(history, 1, versions, keep_since);
}

void history_undo(struct history *history, uint32_t count) {
    assert(count <= history->count);
    if (count == history->count) return;
    uint32_t offset = history->first;
    for (uint32_t i = 1; i < count; i++)
        offset = after(history, offset);
    bool upper = count > 0 && offset >= history->first;
    history->last = count ? offset : 0;
    history->end = count ? offset + (uint32_t)history_space(history_record(history, offset)->size) : 0;
    if (upper || count == 0) history->wrap = 0;
    if (count == 0) history->first = 0;
    history->count = count & INT32_MAX;
}

/* ---- adding -------------------------------------------------------------------------------- */

/* The capacity that holds everything kept and `size` bytes more: twice as much as before, but no
 * more than `versions` records like this one take, so that a full ring is reused from the oldest
 * record on. */
static uint64_t grown(const struct history *history, uint64_t size, uint32_t versions) {
    uint64_t used = history->wrap ? history->wrap - history->first + history->end
                                  : history->end - history->first;
    uint64_t capacity = history->capacity ? (uint64_t)history->capacity * 2 : RING_MIN;
    uint64_t full = size * versions;
    if (capacity > full && full >= used + size && full > history->capacity) return full;
    while (capacity < used + size)
        capacity *= 2;
    return capacity;
}

uint32_t history_needs(const struct history *history, size_t size, uint32_t versions,
                       ss_time keep_since) {
    if (history_fits(history, size, versions)) return history->capacity;
    struct history copy = *history;
    history_forget(&copy, 0, versions - 1, keep_since);
    if (history_place(&copy, history_space(size)) != HISTORY_NO_PLACE) return history->capacity;
    uint64_t capacity = grown(&copy, history_space(size), versions);
    return capacity > RING_MAX ? UINT32_MAX : (uint32_t)capacity;
}

/* Moves what is kept to the front of a new ring; the old one is left to the caller. */
static int relocate(struct history *history, const struct memory *memory, uint64_t capacity) {
    if (capacity > RING_MAX) return SS_ERR_NOMEM;
    uint8_t *ring = memory_alloc(memory, (size_t)capacity);
    if (!ring) return SS_ERR_NOMEM;
    uint32_t upper = (history->wrap ? history->wrap : history->end) - history->first;
    if (upper) memcpy(ring, history->ring + history->first, upper);
    if (history->wrap) {
        memcpy(ring + upper, history->ring, history->end);
        history->last += upper;
        history->end += upper;
    } else {
        history->last -= history->count ? history->first : 0;
        history->end -= history->first;
    }
    history->ring = ring;
    history->capacity = (uint32_t)capacity;
    history->first = history->wrap = 0;
    return SS_OK;
}

/* Into a ring that is too small: forgetting moves no bytes, so on a copy of the bookkeeping nothing has
 * happened until the larger ring is there. */
static struct record *push_growing(struct history *history, const struct memory *memory,
                                   size_t size, uint32_t versions, ss_time keep_since) {
    struct history next = *history;
    history_forget(&next, 0, versions - 1, keep_since);
    uint32_t offset = history_place(&next, history_space(size));
    if (offset == HISTORY_NO_PLACE) {
        uint64_t capacity = grown(&next, history_space(size), versions);
        if (relocate(&next, memory, capacity) != SS_OK) return NULL;
        offset = next.end;
    }
    if (next.ring != history->ring) memory_free(memory, history->ring, history->capacity);
    *history = next;
    return history_append(history, offset, size);
}

struct record *history_push(struct history *history, const struct memory *memory, size_t size,
                            uint32_t versions, ss_time keep_since) {
    assert(versions > 0);
    struct record *record = history_push_fitting(history, size, versions, keep_since);
    if (!record) record = push_growing(history, memory, size, versions, keep_since);
    assert(history->count <= versions && (!record || history_newest(history) == record));
    return record;
}

/* ---- finding ------------------------------------------------------------------------------- */

const struct record *history_find(const struct history *history, uint32_t version) {
    const struct record *record = history_newest(history);
    if (record && record->version == version) return record;
    for (record = history_oldest(history); record; record = history_newer(history, record))
        if (record->version == version) return record;
    return NULL;
}

const struct record *history_at(const struct history *history, uint64_t seq) {
    const struct record *found = NULL, *record = history_newest(history);
    if (record && record->seq <= seq) return record;
    for (record = history_oldest(history); record && record->seq <= seq;
         record = history_newer(history, record))
        found = record;
    return found;
}

const struct record *history_at_from(const struct history *history, uint32_t offset, uint64_t seq) {
    const struct record *record = history_record(history, offset), *next;
    assert(record->seq <= seq);
    while ((next = history_newer(history, record)) && next->seq <= seq)
        record = next;
    return record;
}

void history_free(struct history *history, const struct memory *memory) {
    memory_free(memory, history->ring, history->capacity);
    *history = (struct history){0};
}
