/* SPDX-License-Identifier: Apache-2.0 */
/* The decoders of effect.c's layouts. Everything is read and checked before anything is done. */
#include "world/decode.h"

#include <assert.h>

#include "base/status.h"
#include "world/conflict.h"
#include "world/idempotency.h"
#include "world/version.h"
#include "world/write.h"

static struct bytes text(struct reader *body) {
    uint64_t size = reader_varint(body);
    return reader_bytes(body, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
}

static bool complete(const struct replay *replay) {
    return !replay->body.failed && replay->body.left == 0;
}

static int space_for(struct world *world, struct bytes category, uint32_t *space) {
    const struct category *policy = category.size ? world_category(world, category) : NULL;
    if (!policy) return SS_ERR_MALFORMED;
    int status = space_intern(world, category, policy, space);
    return status == SS_ERR_TOO_LARGE ? SS_ERR_MALFORMED : status;
}

/* ---- cells --------------------------------------------------------------------------------- */

static int node_index(struct world *world, uint64_t node, uint8_t *index) {
    for (uint32_t i = 0; i < world->node_count; i++) {
        *index = (uint8_t)i;
        if (world->nodes[i] == node) return SS_OK;
    }
    if (world->node_count == CLOCK_ENTRIES_MAX) return SS_ERR_MALFORMED;
    *index = (uint8_t)world->node_count;
    world->nodes[world->node_count++] = node;
    return SS_OK;
}

/* The whole clock after the write, built aside. */
static int read_clock(struct replay *replay, const struct stamp *stamp, struct clock *clock) {
    const struct memory *memory = replay->world->memory;
    uint64_t others = reader_varint(&replay->body);
    int status = clock_set(clock, memory, stamp->node, stamp->version);
    for (uint64_t i = 0; i < others && status == SS_OK && !replay->body.failed; i++) {
        uint64_t node = reader_u64(&replay->body);
        uint64_t counter = reader_varint(&replay->body);
        if (counter == 0) return SS_ERR_MALFORMED;
        status = clock_set(clock, memory, node, counter);
    }
    return status == SS_ERR_TOO_LARGE ? SS_ERR_MALFORMED : status;
}

static int write_again(struct replay *replay, struct write *write, struct stamp *stamp,
                       struct clock *clock) {
    struct world *world = replay->world;
    struct cell *cell = write->place->cell;
    if (cell && cell->version >= stamp->version) return SS_OK; /* it is in there already */
    int status = node_index(world, stamp->node, &stamp->node_index);
    if (status != SS_OK) return status;
    status = cell_write(world, write, stamp, replay->transaction, &cell);
    if (status != SS_OK) return status == SS_ERR_NOMEM ? status : SS_ERR_MALFORMED;
    struct clock old = cell->clock;
    cell->clock = *clock;
    *clock = old;
    world->tick = stamp->tick;
    if (stamp->time > world->now) world->now = stamp->time;
    return SS_OK;
}

static int replay_write(struct replay *replay) {
    struct reader *body = &replay->body;
    bool deleted = (reader_u8(body) & EFFECT_DELETED) != 0;
    uint64_t owner = reader_u64(body);
    struct bytes category = text(body), key = text(body);
    struct stamp stamp = {.seq = replay->seq, .version = reader_varint(body)};
    stamp.time = (ss_time)reader_u64(body);
    stamp.tick = (uint32_t)reader_varint(body);
    struct write write = {.deleted = deleted, .writer = reader_u64(body)};
    write.latency_ms = (uint16_t)reader_varint(body);
    stamp.node = reader_u64(body);
    if (body->failed || version_wire(stamp.version) == 0) return SS_ERR_MALFORMED;
    struct clock clock = {0};
    int status = read_clock(replay, &stamp, &clock);
    write.state = text(body);
    uint32_t space = SPACE_NONE;
    if (status == SS_OK && (!complete(replay) || key.size == 0 || key.size > UINT16_MAX))
        status = SS_ERR_MALFORMED;
    if (status == SS_OK) status = space_for(replay->world, category, &space);
    if (status == SS_OK) {
        const struct glance *glance = replay->glance;
        struct place place = glance ? place_at(replay->world, glance->hash, owner, space, key)
                                    : place_of(replay->world, owner, space, key);
        write.place = &place;
        status = write_again(replay, &write, &stamp, &clock);
    }
    clock_free(&clock, replay->world->memory);
    return status;
}

static int replay_floor(struct replay *replay) {
    struct bytes category = text(&replay->body);
    uint64_t floor = reader_varint(&replay->body), reserved = reader_varint(&replay->body);
    uint32_t index;
    if (!complete(replay)) return SS_ERR_MALFORMED;
    int status = space_for(replay->world, category, &index);
    if (status != SS_OK) return status;
    struct space *space = &replay->world->spaces[index];
    if (replay->transaction) {
        struct undo *undo = transaction_next(replay->transaction);
        undo->floor_raised = true;
        undo->space = index;
        undo->floor = space->floor;
        undo->reserved = space->reserved;
        replay->transaction->count++;
    }
    if (floor > space->floor) space->floor = floor;
    if (reserved > space->reserved) space->reserved = reserved;
    return SS_OK;
}

static int replay_forget(struct replay *replay) {
    uint64_t owner = reader_u64(&replay->body);
    struct bytes category = text(&replay->body), key = text(&replay->body);
    uint64_t version = reader_varint(&replay->body);
    if (!complete(replay)) return SS_ERR_MALFORMED;
    struct cell *cell = cell_find(replay->world, owner, category, key);
    if (cell && !cell->live && cell->version == version) cell_forget_grave(replay->world, cell);
    return SS_OK;
}

/* ---- conflicts ----------------------------------------------------------------------------- */

static bool take_id(struct reader *body, uint8_t id[CONFLICT_ID_SIZE]) {
    struct bytes raw = reader_bytes(body, CONFLICT_ID_SIZE);
    if (raw.size) memcpy(id, raw.data, raw.size);
    return raw.size != 0;
}

static int replay_park(struct replay *replay) {
    struct reader *body = &replay->body;
    struct parked draft = {.seq = replay->seq}, *parked;
    take_id(body, draft.id);
    draft.number = reader_u64(body);
    uint8_t flags = reader_u8(body);
    draft.deletion = (flags & EFFECT_DELETED) != 0;
    draft.has_base = (flags & EFFECT_HAS_BASE) != 0;
    draft.absent = (flags & EFFECT_ABSENT) != 0;
    draft.owner = reader_u64(body);
    struct bytes category = text(body);
    draft.key = text(body);
    draft.writer = reader_u64(body);
    draft.detected = (ss_time)reader_u64(body);
    draft.latency_ms = (uint16_t)reader_varint(body);
    draft.type = reader_u8(body);
    draft.base_version = reader_varint(body);
    draft.base = text(body);
    draft.old_version = reader_varint(body);
    draft.old = text(body);
    draft.incoming = text(body);
    if (!complete(replay) || draft.key.size == 0 || draft.key.size > UINT16_MAX ||
        draft.type >= CONFLICT_TYPE_COUNT)
        return SS_ERR_MALFORMED;
    if (conflict_find(replay->world, draft.id)) return SS_OK;
    int status = space_for(replay->world, category, &draft.space);
    if (status != SS_OK) return status;
    return conflict_restore(replay->world, &draft, replay->transaction, &parked);
}

static int replay_refresh(struct replay *replay) {
    uint8_t id[CONFLICT_ID_SIZE] = {0};
    take_id(&replay->body, id);
    bool absent = (reader_u8(&replay->body) & EFFECT_ABSENT) != 0;
    uint64_t version = reader_varint(&replay->body);
    struct bytes standing = text(&replay->body);
    if (!complete(replay)) return SS_ERR_MALFORMED;
    struct parked *parked = conflict_find(replay->world, id);
    if (!parked || parked->decided) return SS_OK;
    parked->seq = replay->seq;
    return conflict_refresh(replay->world, parked, version, absent, standing);
}

static int replay_decide(struct replay *replay) {
    uint8_t id[CONFLICT_ID_SIZE] = {0};
    struct reader *body = &replay->body;
    struct decision decision = {0};
    take_id(body, id);
    uint8_t flags = reader_u8(body);
    decision.absent = (flags & EFFECT_ABSENT) != 0;
    decision.expired = (flags & EFFECT_EXPIRED) != 0;
    decision.strategy = reader_u8(body);
    struct bytes digest = reader_bytes(body, EFFECT_DIGEST_SIZE);
    if (digest.size) memcpy(decision.digest, digest.data, digest.size);
    decision.time = (ss_time)reader_u64(body);
    decision.version = (uint32_t)reader_varint(body);
    struct bytes resolved = text(body), copy;
    if (!complete(replay) || decision.strategy > STRATEGY_MANUAL) return SS_ERR_MALFORMED;
    struct parked *parked = conflict_find(replay->world, id);
    if (!parked || parked->decided) return SS_OK;
    if (bytes_own(replay->world, resolved, &copy) != SS_OK) return SS_ERR_NOMEM;
    parked->seq = replay->seq;
    conflict_decide(replay->world, parked, &decision, copy);
    return SS_OK;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int replay_key(struct replay *replay) {
    struct reader *body = &replay->body;
    struct remembered draft = {.player = reader_u64(body), .journaled = true}, *remembered;
    draft.key = text(body);
    struct bytes digest = reader_bytes(body, EFFECT_DIGEST_SIZE);
    if (digest.size) memcpy(draft.digest, digest.data, digest.size);
    draft.time = (ss_time)reader_u64(body);
    draft.answers = text(body);
    if (!complete(replay) || draft.key.size == 0 || draft.key.size > IDEMPOTENCY_KEY_MAX ||
        draft.answers.size == 0)
        return SS_ERR_MALFORMED;
    if (key_find(replay->world, draft.player, draft.key)) return SS_OK;
    int status = key_remember(replay->world, &draft, &remembered);
    if (status == SS_OK) key_make_room(replay->world, draft.player);
    return status;
}

static int replay_expire(struct replay *replay) {
    struct world *world = replay->world;
    uint64_t keys = reader_varint(&replay->body), decided = reader_varint(&replay->body);
    if (!complete(replay)) return SS_ERR_MALFORMED;
    struct list *order = &world->keys->order;
    for (; keys > 0 && !list_empty(order); keys--)
        key_forget(world, LIST_ENTRY(order->next, struct remembered, all));
    for (; decided > 0 && !list_empty(&world->conflicts->decided); decided--)
        conflict_oldest_decided_forget(world);
    return SS_OK;
}

int effect_decode(enum effect_kind kind, struct replay *replay) {
    static int (*const decoders[])(struct replay *) = {
        [EFFECT_WRITE] = replay_write,     [EFFECT_FLOOR] = replay_floor,
        [EFFECT_FORGET] = replay_forget,   [EFFECT_PARK] = replay_park,
        [EFFECT_REFRESH] = replay_refresh, [EFFECT_DECIDE] = replay_decide,
        [EFFECT_KEY] = replay_key,         [EFFECT_EXPIRE] = replay_expire,
    };
    if (kind >= sizeof decoders / sizeof *decoders || !decoders[kind]) return SS_ERR_MALFORMED;
    return decoders[kind](replay);
}
