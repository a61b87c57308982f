/* SPDX-License-Identifier: Apache-2.0 */
/* The encoders; decode.c has the decoders, in the same order. `text` is a varint size and bytes.
 *
 *   WRITE    u8 flags, u64 owner, text category, text key, varint version, u64 time, varint tick,
 *            u64 writer, varint latency, u64 node, varint n, n x (u64 node, varint counter), text
 * state (the n entries are the rest of the cell's clock: a write stands for the whole cell) FLOOR
 * text category, varint floor, varint reserved FORGET   u64 owner, text category, text key, varint
 * version PARK     id[16], u64 number, u8 flags, u64 owner, text category, text key, u64 writer,
 * u64 time, varint latency, u8 type, varint base version, text base, varint old version, text old,
 *            text incoming
 *   REFRESH  id[16], u8 flags, varint old version, text old
 *   DECIDE   id[16], u8 flags, u8 strategy, digest[16], u64 time, varint version, text resolved
 *   KEY      u64 player, text key, digest[16], u64 time, text answers
 *   BATCH    u32 n: the next n effects are one
 *   EXPIRE   varint keys, varint decided: so many of the oldest were forgotten
 */
#include <assert.h>

#include "base/status.h"
#include "world/cell.h"
#include "world/conflict.h"
#include "world/idempotency.h"

struct bytes world_effects(const struct world *world, enum durability *strongest) {
    *strongest = world->effects_durability;
    return buffer_view(&world->effects);
}

void world_effects_clear(struct world *world) {
    buffer_clear(&world->effects);
    world->effects_durability = DURABILITY_MEMORY;
    world->effects_lot = false;
}

bool world_effects_hold_lot(const struct world *world) {
    return world->effects_lot;
}

int effects_reserve(struct world *world, size_t size) {
    if (!world->config.keep_effects || buffer_room(&world->effects, size)) return SS_OK;
    world->effects.failed = false; /* what is in there is whole: go on with it */
    return SS_ERR_NOMEM;
}

/* ---- framing ------------------------------------------------------------------------------- */

static size_t begin(struct world *world, enum effect_kind kind, uint64_t seq) {
    size_t start = world->effects.size;
    buffer_u32(&world->effects, 0);
    buffer_u8(&world->effects, (uint8_t)kind);
    buffer_u64(&world->effects, seq);
    return start;
}

static void patch(struct buffer *effects, size_t at, uint32_t value) {
    struct writer writer = writer_of(effects->data + at, 4);
    writer_u32(&writer, value);
}

static void finish(struct world *world, size_t start, enum durability durability) {
    struct buffer *effects = &world->effects;
    assert(!effects->failed); /* the room was reserved */
    patch(effects, start, (uint32_t)(effects->size - start - 4));
    if (durability > world->effects_durability) world->effects_durability = durability;
    world->stats.effects++;
}

static void text(struct buffer *out, struct bytes from) {
    buffer_varint(out, from.size);
    buffer_bytes(out, from);
}

#define TEXT_MAX(from) (10 + (from).size)

/* ---- cells --------------------------------------------------------------------------------- */

size_t effect_write_size(struct bytes category, struct bytes key, const struct clock *clock,
                         struct bytes state) {
    return EFFECT_HEAD_SIZE + 96 + TEXT_MAX(category) + TEXT_MAX(key) + TEXT_MAX(state) +
           (size_t)clock->count * 18;
}

static void clock_rest(struct buffer *out, const struct clock *clock, uint64_t node) {
    const struct clock_entry *entries = clock_entries(clock);
    buffer_varint(out, clock->count - 1);
    for (uint32_t i = 0; i < clock->count; i++) {
        if (entries[i].node == node) continue;
        buffer_u64(out, entries[i].node);
        buffer_varint(out, entries[i].counter);
    }
}

void effect_write(struct world *world, const struct cell *cell) {
    const struct record *record = history_newest(&cell->history);
    struct buffer *out = &world->effects;
    size_t start = begin(world, EFFECT_WRITE, record->seq);
    buffer_u8(out, record_deleted(record) ? EFFECT_DELETED : 0);
    buffer_u64(out, cell->owner);
    text(out, world->spaces[cell->space].name);
    text(out, cell_key(cell));
    buffer_varint(out, cell->version);
    buffer_u64(out, (uint64_t)record->time);
    buffer_varint(out, record->tick);
    buffer_u64(out, record->writer);
    buffer_varint(out, record->latency_ms);
    buffer_u64(out, world->nodes[record->node]);
    clock_rest(out, &cell->clock, world->nodes[record->node]);
    text(out, record_state(record));
    finish(world, start, cell_policy(world, cell)->durability);
}

size_t effect_floor_size(struct bytes category) {
    return EFFECT_HEAD_SIZE + 20 + TEXT_MAX(category);
}

void effect_floor(struct world *world, uint32_t index, uint64_t seq) {
    const struct space *space = &world->spaces[index];
    size_t start = begin(world, EFFECT_FLOOR, seq);
    text(&world->effects, space->name);
    buffer_varint(&world->effects, space->floor);
    buffer_varint(&world->effects, space->reserved);
    finish(world, start, DURABILITY_SYNC);
}

size_t effect_forget_size(struct bytes category, struct bytes key) {
    return EFFECT_HEAD_SIZE + 18 + TEXT_MAX(category) + TEXT_MAX(key);
}

void effect_forget(struct world *world, const struct cell *cell, uint64_t seq) {
    size_t start = begin(world, EFFECT_FORGET, seq);
    buffer_u64(&world->effects, cell->owner);
    text(&world->effects, world->spaces[cell->space].name);
    text(&world->effects, cell_key(cell));
    buffer_varint(&world->effects, cell->version);
    finish(world, start, cell_policy(world, cell)->durability);
}

/* ---- conflicts ----------------------------------------------------------------------------- */

size_t effect_parked_size(const struct world *world, const struct parked *parked) {
    return EFFECT_HEAD_SIZE + 128 + TEXT_MAX(world->spaces[parked->space].name) +
           TEXT_MAX(parked->key) + TEXT_MAX(parked->base) + TEXT_MAX(parked->old) +
           TEXT_MAX(parked->incoming);
}

static void id(struct buffer *out, const struct parked *parked) {
    buffer_bytes(out, bytes_view(parked->id, sizeof parked->id));
}

static enum durability class_of(const struct world *world, const struct parked *parked) {
    return world->spaces[parked->space].policy->durability;
}

void effect_park(struct world *world, const struct parked *parked, uint64_t seq) {
    struct buffer *out = &world->effects;
    size_t start = begin(world, EFFECT_PARK, seq);
    id(out, parked);
    buffer_u64(out, parked->number);
    buffer_u8(out, (uint8_t)((parked->deletion ? EFFECT_DELETED : 0) |
                             (parked->has_base ? EFFECT_HAS_BASE : 0) |
                             (parked->absent ? EFFECT_ABSENT : 0)));
    buffer_u64(out, parked->owner);
    text(out, world->spaces[parked->space].name);
    text(out, parked->key);
    buffer_u64(out, parked->writer);
    buffer_u64(out, (uint64_t)parked->detected);
    buffer_varint(out, parked->latency_ms);
    buffer_u8(out, (uint8_t)parked->type);
    buffer_varint(out, parked->base_version);
    text(out, parked->base);
    buffer_varint(out, parked->old_version);
    text(out, parked->old);
    text(out, parked->incoming);
    finish(world, start, class_of(world, parked));
}

void effect_refresh(struct world *world, const struct parked *parked, uint64_t seq) {
    struct buffer *out = &world->effects;
    size_t start = begin(world, EFFECT_REFRESH, seq);
    id(out, parked);
    buffer_u8(out, parked->absent ? EFFECT_ABSENT : 0);
    buffer_varint(out, parked->old_version);
    text(out, parked->old);
    finish(world, start, class_of(world, parked));
}

void effect_decide(struct world *world, const struct parked *parked, uint64_t seq) {
    struct buffer *out = &world->effects;
    size_t start = begin(world, EFFECT_DECIDE, seq);
    id(out, parked);
    buffer_u8(out, (uint8_t)((parked->resolved_absent ? EFFECT_ABSENT : 0) |
                             (parked->expired ? EFFECT_EXPIRED : 0)));
    buffer_u8(out, (uint8_t)parked->strategy);
    buffer_bytes(out, bytes_view(parked->digest, sizeof parked->digest));
    buffer_u64(out, (uint64_t)parked->decided_at);
    buffer_varint(out, parked->version);
    text(out, parked->resolved);
    finish(world, start, class_of(world, parked));
}

/* ---- the rest ------------------------------------------------------------------------------ */

size_t effect_key_size(const struct remembered *remembered) {
    return EFFECT_HEAD_SIZE + 32 + TEXT_MAX(remembered->key) + TEXT_MAX(remembered->answers);
}

void effect_key(struct world *world, const struct remembered *remembered,
                enum durability durability, uint64_t seq) {
    struct buffer *out = &world->effects;
    size_t start = begin(world, EFFECT_KEY, seq);
    buffer_u64(out, remembered->player);
    text(out, remembered->key);
    buffer_bytes(out, bytes_view(remembered->digest, sizeof remembered->digest));
    buffer_u64(out, (uint64_t)remembered->time);
    text(out, remembered->answers);
    finish(world, start, durability);
}

void effect_expire(struct world *world, size_t keys, size_t decided, uint64_t seq) {
    size_t start = begin(world, EFFECT_EXPIRE, seq);
    buffer_varint(&world->effects, keys);
    buffer_varint(&world->effects, decided);
    finish(world, start, DURABILITY_ASYNC);
}

void effect_batch_open(struct world *world, uint64_t seq) {
    size_t start = begin(world, EFFECT_BATCH, seq);
    buffer_u32(&world->effects, 0);
    patch(&world->effects, start, EFFECT_BATCH_SIZE - 4);
    assert(!world->effects.failed && world->effects.size - start == EFFECT_BATCH_SIZE);
}

void effect_batch_close(struct world *world, size_t bracket, uint64_t count) {
    if (count == 0) {
        world->effects.size = bracket;
    } else {
        patch(&world->effects, bracket + EFFECT_HEAD_SIZE, (uint32_t)count);
    }
}
