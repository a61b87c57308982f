/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - the one ring of past versions of a cell, the newest of which is what stands.
 *
 * It is merge base, delta base, rewind, late joiner, replay and inspector: there is no second history
 * anywhere. Records lie packed in one block that grows by doubling to what the policy needs and is then
 * reused, so a steady cell allocates nothing:
 *
 *   [record header 40 B | state bytes, padded to 8]  [...]  ...
 *
 * The ring wraps only between records: a record that does not fit behind the last one starts at 0. */
#ifndef WORLD_HISTORY_H
#define WORLD_HISTORY_H

#include <assert.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"

/* Above the one flag stand a few bits of the stream that wrote the record: they never miss one's own,
 * and mistake one stream in 127 for it. 0: no stream, or one before the last start. */
enum { RECORD_DELETED = 1, RECORD_STREAM_SHIFT = 1 };

struct record {
    uint64_t seq;        /* the world's order of effects */
    ss_time time;        /* arrival at the world */
    uint64_t writer;     /* player id, 0: the server itself */
    uint32_t version;    /* wire form; the cell knows the upper half */
    uint32_t size;       /* of the state, 0 when deleted */
    uint32_t tick;
    uint16_t latency_ms; /* measured, clamped to the rewind cap: action time = time - latency */
    uint8_t node;        /* index into the world's nodes */
    uint8_t flags;
    uint8_t state[];
};
_Static_assert(sizeof(struct record) == 40, "the record header is part of the memory budget");

struct history {
    uint8_t *ring;
    uint32_t capacity; /* bytes */
    uint32_t first;    /* offset of the oldest record */
    uint32_t last;     /* offset of the newest record */
    uint32_t end;      /* offset behind the newest record */
    uint32_t wrap;     /* where the upper part ends when the ring has wrapped, else 0 */
    uint32_t count : 31;
    uint32_t trimmed : 1; /* records were forgotten: the oldest kept one is not the cell's first */
};

_Static_assert(sizeof(struct history) == 32, "a cell's first line is full");

#define HISTORY_NO_PLACE UINT32_MAX

/* Appends a record for `size` bytes of state, forgetting records older than `keep_since` or beyond
 * `versions` first; the newest is always kept. NULL: out of memory, and the history is as it was. The
 * caller fills the record at once, but for its `size`, which is set. */
struct record *history_push(struct history *history, const struct memory *memory, size_t size,
                            uint32_t versions, ss_time keep_since);

/* Forgets what a push with these arguments would forget, but never the newest. */
void history_trim(struct history *history, uint32_t versions, ss_time keep_since);
/* Takes back the newest records until `count` are left: for the undoing of pushes that forgot nothing. */
void history_undo(struct history *history, uint32_t count);
/* The bytes that the ring would have after history_push. */
uint32_t history_needs(const struct history *history, size_t size, uint32_t versions,
                       ss_time keep_since);

/* The record behind `record`, which is one of this history; NULL at the end. */
const struct record *history_newer(const struct history *history, const struct record *record);
/* The record with that wire version, NULL when it is no longer kept. */
const struct record *history_find(const struct history *history, uint32_t version);
/* The newest record with seq <= `seq`; NULL when that is no longer known or the cell was not there yet
 * (that is so when nothing was `trimmed`). */
const struct record *history_at(const struct history *history, uint64_t seq);
/* The same, from the kept record at `offset` on, which has seq <= `seq`. */
const struct record *history_at_from(const struct history *history, uint32_t offset, uint64_t seq);
void history_free(struct history *history, const struct memory *memory);

static inline struct record *history_record(const struct history *history, uint32_t offset) {
    assert(offset < history->capacity && offset % 8 == 0);
    return (struct record *)(void *)(history->ring + offset);
}
/* NULL when empty. */
static inline const struct record *history_newest(const struct history *history) {
    return history->count ? history_record(history, history->last) : NULL;
}
static inline const struct record *history_oldest(const struct history *history) {
    return history->count ? history_record(history, history->first) : NULL;
}
/* What a record takes in the ring. */
static inline uint64_t history_space(size_t size) {
    return (sizeof(struct record) + (uint64_t)size + 7) & ~(uint64_t)7;
}

/* Where a record of `size` bytes goes, HISTORY_NO_PLACE when the ring is too full. */
static inline uint32_t history_place(const struct history *history, uint64_t size) {
    uint32_t top = history->wrap ? history->first : history->capacity;
    if (top - history->end >= size) return history->end;
    if (!history->wrap && history->count && history->first >= size) return 0;
    return HISTORY_NO_PLACE;
}

/* Whether forgetting the oldest record leaves a place: its bytes lie in front of `first`, where the next
 * one goes. */
static inline bool history_makes_place(const struct history *history, uint64_t size,
                                       uint32_t versions) {
    return history->count >= versions && history_space(history_oldest(history)->size) >= size;
}

/* Whether history_push does without a larger ring. */
static inline bool history_fits(const struct history *history, size_t bytes, uint32_t versions) {
    uint64_t size = history_space(bytes);
    return history_place(history, size) != HISTORY_NO_PLACE ||
           history_makes_place(history, size, versions);
}

/* ---- what every update does: inline ---------------------------------------------------------- */

static inline void history_drop_oldest(struct history *history) {
    assert(history->count > 0);
    uint32_t next = history->first + (uint32_t)history_space(history_record(history, history->first)->size);
    history->trimmed = true;
    if (--history->count == 0) {
        history->first = history->last = history->end = history->wrap = 0;
    } else if (next == history->wrap) {
        history->first = history->wrap = 0;
    } else {
        history->first = next;
    }
}

/* Forgets the too many and the too old, but keeps `least`. Time never goes back inside a history:
 * behind a record that is young enough none is too old, and its header need not even be fetched. */
static inline void history_forget(struct history *history, uint32_t least, uint32_t versions,
                                  ss_time keep_since) {
    while (history->count > least) {
        bool old = history_record(history, history->first)->time < keep_since;
        if (!old && history->count <= versions) return;
        history_drop_oldest(history);
        if (!old && history->count <= versions) return;
    }
}

static inline struct record *history_append(struct history *history, uint32_t offset, size_t size) {
    if (offset == 0 && history->count) history->wrap = history->end;
    history->last = offset;
    history->end = offset + (uint32_t)history_space(size);
    history->count++;
    struct record *record = history_record(history, offset);
    record->size = (uint32_t)size;
    return record;
}

/* history_push as long as the ring need not grow: NULL, and the history is as it was, where it must.
 * Forgetting takes no place away; it brings one where there is none, or in an empty ring a better. */
static inline struct record *history_push_fitting(struct history *history, size_t size,
                                                  uint32_t versions, ss_time keep_since) {
    uint64_t space = history_space(size);
    uint32_t place = history_place(history, space);
    if (place == HISTORY_NO_PLACE && !history_makes_place(history, space, versions)) return NULL;
    history_forget(history, 0, versions - 1, keep_since);
    if (place == HISTORY_NO_PLACE || history->count == 0) place = history_place(history, space);
    return history_append(history, place, size);
}

static inline struct bytes record_state(const struct record *record) {
    return (struct bytes){record->state, record->size};
}
static inline bool record_deleted(const struct record *record) {
    return (record->flags & RECORD_DELETED) != 0;
}
/* The bits of a stream; `origin` 0: none. */
static inline uint8_t record_stream_bits(uint64_t origin) {
    return (uint8_t)(origin ? (1 + hash_mix(origin) % 127) << RECORD_STREAM_SHIFT : 0);
}
/* Whether that stream may have written the record. */
static inline bool record_may_be_of(const struct record *record, uint64_t origin) {
    return origin != 0 && (record->flags & ~RECORD_DELETED) == record_stream_bits(origin);
}

#endif
