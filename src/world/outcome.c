/* SPDX-License-Identifier: Apache-2.0 */
/* Two lives of an answer: fresh, when its views point to what stands in the world; and kept, when
 * all of it lies in the scratch arena (of a batch), or is bytes under an idempotency key:
 *
 *   u8 result, i32 status, u8 flags, u64 request, u64 seq, varint version, varint proposal, text
 * state, text correction, text message, varint n, n x (u64 node, varint counter), u8 type, u8
 * strategy, u8 flags, id[16], text old, text new, text resolved, varint old version, varint base
 * version, text reason, varint count, varint more, text overwritten
 *
 * A text is a varint size and the bytes; those for people end with a NUL, or are empty: none. */
#include "world/outcome.h"

#include <assert.h>

#include "base/status.h"

void outcome_error(struct outcome *outcome, int status, const char *text) {
    assert(status < 0);
    *outcome = (struct outcome){.result = RESULT_ERROR, .status = status, .absent = true};
    outcome->message = status == SS_ERR_NOMEM ? "out of memory: nothing was changed" : text;
}

void outcome_correct(struct world *world, const struct update *update, const struct place *place,
                     struct outcome *outcome) {
    if (update->delete || outcome->absent) {
        outcome->corrected = update->delete != outcome->absent;
        return;
    }
    outcome->corrected = !bytes_equal(update->state, outcome->state);
    if (!outcome->corrected || !place->policy->format->diff) return;
    buffer_clear(&world->correction);
    if (place->policy->format->diff(update->state, outcome->state, &world->correction) == SS_OK)
        outcome->correction = buffer_view(&world->correction);
}

void outcome_veil(const struct update *update, const struct place *place, struct outcome *outcome) {
    if (category_may_read(place->policy, update->player, update->server, place->owner)) return;
    const struct bytes nothing = {NULL, 0};
    if (outcome->result != RESULT_SUCCESS || outcome->corrected) outcome->state = nothing;
    outcome->correction = nothing;
    outcome->conflict.old_state = outcome->conflict.resolved_state = nothing;
}

/* ---- kept ---------------------------------------------------------------------------------- */

static void keep_bytes(struct arena *arena, struct bytes *view, bool *failed) {
    struct bytes copy = arena_copy(arena, *view);
    if (copy.size != view->size) *failed = true;
    *view = copy;
}

static void keep_text(struct arena *arena, const char **text, bool *failed) {
    if (!*text) return;
    struct bytes view = {(const uint8_t *)*text, strlen(*text) + 1};
    keep_bytes(arena, &view, failed);
    *text = (const char *)view.data;
}

static void keep_clock(struct arena *arena, const struct clock **clock, bool *failed) {
    if (!*clock) return;
    struct clock *copy = arena_alloc(arena, sizeof *copy);
    *failed = *failed || !copy;
    if (!copy) return;
    *copy = **clock;
    if (copy->capacity > 1) {
        struct bytes many = {(const uint8_t *)copy->many, copy->count * sizeof *copy->many};
        keep_bytes(arena, &many, failed);
        copy->many = (struct clock_entry *)(uintptr_t)many.data;
    }
    *clock = copy;
}

static void keep_paths(struct arena *arena, const struct paths **paths, bool *failed) {
    if (!*paths) return;
    struct paths *copy = arena_alloc(arena, sizeof *copy);
    *failed = *failed || !copy;
    if (!copy) return;
    struct bytes text = buffer_view(&(*paths)->text);
    keep_bytes(arena, &text, failed);
    *copy = (struct paths){.count = (*paths)->count, .more = (*paths)->more};
    copy->text.data = (uint8_t *)(uintptr_t)text.data;
    copy->text.size = text.size;
    *paths = copy;
}

int outcome_keep(struct world *world, struct outcome *outcome) {
    struct arena *arena = &world->scratch;
    struct conflict_view *conflict = &outcome->conflict;
    bool failed = false;
    keep_bytes(arena, &outcome->state, &failed);
    keep_bytes(arena, &outcome->correction, &failed);
    keep_text(arena, &outcome->message, &failed);
    keep_clock(arena, &outcome->clock, &failed);
    keep_bytes(arena, &conflict->old_state, &failed);
    keep_bytes(arena, &conflict->new_state, &failed);
    keep_bytes(arena, &conflict->resolved_state, &failed);
    keep_text(arena, &conflict->reason, &failed);
    keep_paths(arena, &conflict->overwritten, &failed);
    return failed ? SS_ERR_NOMEM : SS_OK;
}

/* ---- bytes --------------------------------------------------------------------------------- */

enum { FLAG_ABSENT = 1, FLAG_CORRECTED = 2, FLAG_CLOCK = 4 };
enum { FLAG_PARKED = 1, FLAG_MANUAL = 2, FLAG_PATHS = 4 };

static void put(struct buffer *out, struct bytes from) {
    buffer_varint(out, from.size);
    buffer_bytes(out, from);
}

static struct bytes take(struct reader *from) {
    uint64_t size = reader_varint(from);
    return reader_bytes(from, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
}

/* With its NUL, so that it can be used where it lies; none is empty. */
static void put_text(struct buffer *out, const char *text) {
    put(out, bytes_view(text, text ? strlen(text) + 1 : 0));
}

static const char *take_text(struct reader *from) {
    struct bytes text = take(from);
    if (text.size == 0) return NULL;
    if (text.data[text.size - 1] != 0) from->failed = true;
    return (const char *)text.data;
}

static void put_clock(struct buffer *out, const struct clock *clock) {
    buffer_varint(out, clock->count);
    for (uint32_t i = 0; i < clock->count; i++) {
        buffer_u64(out, clock_entries(clock)[i].node);
        buffer_varint(out, clock_entries(clock)[i].counter);
    }
}

static const struct clock *take_clock(struct arena *arena, struct reader *from, bool *failed) {
    uint64_t count = reader_varint(from);
    if (count > CLOCK_ENTRIES_MAX) from->failed = true;
    if (from->failed) return NULL;
    struct clock *clock = arena_alloc(arena, sizeof *clock);
    struct clock_entry *many = arena_alloc(arena, CLOCK_ENTRIES_MAX * sizeof *many);
    *failed = *failed || !clock || !many;
    if (*failed) return NULL;
    *clock = (struct clock){.count = (uint32_t)count, .capacity = CLOCK_ENTRIES_MAX, .many = many};
    for (uint64_t i = 0; i < count; i++) {
        many[i].node = reader_u64(from);
        many[i].counter = reader_varint(from);
    }
    return clock;
}

static void put_conflict(struct buffer *out, const struct conflict_view *conflict) {
    const struct paths *paths = conflict->overwritten;
    buffer_u8(out, (uint8_t)conflict->type);
    buffer_u8(out, (uint8_t)conflict->strategy);
    buffer_u8(out,
              (uint8_t)((conflict->parked ? FLAG_PARKED : 0) |
                        (conflict->requires_manual ? FLAG_MANUAL : 0) | (paths ? FLAG_PATHS : 0)));
    buffer_bytes(out, bytes_view(conflict->id, sizeof conflict->id));
    put(out, conflict->old_state);
    put(out, conflict->new_state);
    put(out, conflict->resolved_state);
    buffer_varint(out, conflict->old_version);
    buffer_varint(out, conflict->base_version);
    put_text(out, conflict->reason);
    if (!paths) return;
    buffer_varint(out, paths->count);
    buffer_varint(out, paths->more);
    put(out, buffer_view(&paths->text));
}

static const struct paths *take_paths(struct arena *arena, struct reader *from, bool *failed) {
    struct paths *paths = arena_alloc(arena, sizeof *paths);
    *failed = *failed || !paths;
    if (!paths) return NULL;
    *paths = (struct paths){.count = 0};
    paths->count = (size_t)reader_varint(from);
    paths->more = (size_t)reader_varint(from);
    struct bytes text = take(from);
    paths->text.data = (uint8_t *)(uintptr_t)text.data;
    paths->text.size = text.size;
    return paths;
}

static void take_conflict(struct arena *arena, struct reader *from, struct conflict_view *conflict,
                          bool *failed) {
    conflict->type = reader_u8(from);
    conflict->strategy = reader_u8(from);
    uint8_t flags = reader_u8(from);
    conflict->parked = (flags & FLAG_PARKED) != 0;
    conflict->requires_manual = (flags & FLAG_MANUAL) != 0;
    struct bytes id = reader_bytes(from, sizeof conflict->id);
    if (id.size) memcpy(conflict->id, id.data, id.size);
    conflict->old_state = take(from);
    conflict->new_state = take(from);
    conflict->resolved_state = take(from);
    conflict->old_version = (uint32_t)reader_varint(from);
    conflict->base_version = (uint32_t)reader_varint(from);
    conflict->reason = take_text(from);
    if (flags & FLAG_PATHS) conflict->overwritten = take_paths(arena, from, failed);
}

void outcome_encode(struct buffer *out, const struct outcome *outcome) {
    buffer_u8(out, (uint8_t)outcome->result);
    buffer_u32(out, (uint32_t)outcome->status);
    buffer_u8(out, (uint8_t)((outcome->absent ? FLAG_ABSENT : 0) |
                             (outcome->corrected ? FLAG_CORRECTED : 0) |
                             (outcome->clock ? FLAG_CLOCK : 0)));
    buffer_u64(out, outcome->request_id);
    buffer_u64(out, outcome->seq);
    buffer_varint(out, outcome->version);
    buffer_varint(out, outcome->proposal);
    put(out, outcome->state);
    put(out, outcome->correction);
    put_text(out, outcome->message);
    if (outcome->clock) put_clock(out, outcome->clock);
    put_conflict(out, &outcome->conflict);
}

int outcome_decode(struct world *world, struct reader *from, struct outcome *outcome) {
    bool failed = false;
    *outcome = (struct outcome){.result = reader_u8(from)};
    outcome->status = (int)reader_u32(from);
    uint8_t flags = reader_u8(from);
    outcome->absent = (flags & FLAG_ABSENT) != 0;
    outcome->corrected = (flags & FLAG_CORRECTED) != 0;
    outcome->request_id = reader_u64(from);
    outcome->seq = reader_u64(from);
    outcome->version = (uint32_t)reader_varint(from);
    outcome->proposal = reader_varint(from);
    outcome->state = take(from);
    outcome->correction = take(from);
    outcome->message = take_text(from);
    if (flags & FLAG_CLOCK) outcome->clock = take_clock(&world->scratch, from, &failed);
    take_conflict(&world->scratch, from, &outcome->conflict, &failed);
    if (failed) return SS_ERR_NOMEM;
    if (outcome->result >= RESULT_COUNT || outcome->conflict.type >= CONFLICT_TYPE_COUNT)
        from->failed = true;
    return from->failed ? SS_ERR_MALFORMED : SS_OK;
}
