/* SPDX-License-Identifier: Apache-2.0 */
/* The way back in: frames and brackets. An effect was judged when it happened: here it is only done
 * again (decode.c). */
#include <assert.h>

#include "base/status.h"
#include "world/decode.h"
#include "world/outcome.h"
#include "world/session.h"
#include "world/write.h"

/* ---- frames -------------------------------------------------------------------------------- */

/* Takes one frame off `from`. */
static int take_frame(struct reader *from, uint8_t *kind, uint64_t *seq, struct reader *body) {
    uint32_t size = reader_u32(from);
    *body = reader_of(reader_bytes(from, size));
    *kind = reader_u8(body);
    *seq = reader_u64(body);
    return from->failed || body->failed ? SS_ERR_MALFORMED : SS_OK;
}

static int replay_one(struct world *world, struct reader *from, struct transaction *transaction,
                      const struct glance *glance) {
    struct replay replay = {.world = world, .transaction = transaction, .glance = glance};
    uint8_t kind;
    int status = take_frame(from, &kind, &replay.seq, &replay.body);
    if (status != SS_OK) return status;
    status = effect_decode(kind, &replay);
    if (status == SS_OK && replay.seq > world->seq) world->seq = replay.seq;
    return status;
}

/* Only what can be undone may stand in a bracket, and at its end one thing that cannot. */
static bool may_stand_inside(const struct reader *from, bool last) {
    struct reader peek = *from, body;
    uint8_t kind;
    uint64_t seq;
    if (take_frame(&peek, &kind, &seq, &body) != SS_OK) return false;
    if (kind == EFFECT_WRITE || kind == EFFECT_FLOOR || kind == EFFECT_PARK) return true;
    return last && (kind == EFFECT_KEY || kind == EFFECT_DECIDE);
}

static int replay_bracket(struct world *world, struct reader *from, struct reader body) {
    struct transaction transaction;
    uint32_t count = reader_u32(&body);
    if (body.failed || body.left || count > from->left / EFFECT_HEAD_SIZE) return SS_ERR_MALFORMED;
    if (transaction_begin(&transaction, world, count ? count : 1) != SS_OK) return SS_ERR_NOMEM;
    int status = SS_OK;
    for (uint32_t i = 0; i < count && status == SS_OK; i++)
        status = may_stand_inside(from, i + 1 == count) ? replay_one(world, from, &transaction, NULL)
                                                        : SS_ERR_MALFORMED;
    if (status == SS_OK) {
        transaction_commit(&transaction);
    } else {
        transaction_rollback(&transaction);
    }
    return status;
}

/* What is replayed is an effect already: none is noted of it. */
static ptrdiff_t replay_next(struct world *world, struct bytes effects, const struct glance *glance) {
    struct reader whole = reader_of(effects), peek = whole, body;
    bool keep = world->config.keep_effects;
    uint8_t kind;
    uint64_t seq;
    world_begin(world, world->now);
    int status = take_frame(&peek, &kind, &seq, &body);
    if (status != SS_OK) return status;
    world->config.keep_effects = false;
    if (kind == EFFECT_BATCH) {
        whole = peek;
        status = replay_bracket(world, &whole, body);
    } else {
        status = replay_one(world, &whole, NULL, glance);
    }
    world->config.keep_effects = keep;
    return status == SS_OK ? (ptrdiff_t)(effects.size - whole.left) : status;
}

ptrdiff_t world_replay(struct world *world, struct bytes effects) {
    return replay_next(world, effects, NULL);
}

int world_replay_all(struct world *world, struct bytes effects) {
    struct glances glances = glances_of(world, effects);
    while (effects.size) {
        ptrdiff_t size = replay_next(world, effects, glances_next(&glances, effects.data));
        if (size < 0) return (int)size;
        effects = bytes_view(effects.data + size, effects.size - (size_t)size);
    }
    return SS_OK;
}

int world_recovered(struct world *world) {
    for (uint32_t i = 0; i < world->space_count; i++) {
        struct space *space = &world->spaces[i];
        if (!space->policy) continue;
        if (effects_reserve(world, effect_floor_size(space->name)) != SS_OK) return SS_ERR_NOMEM;
        if (space->reserved > space->floor) space->floor = space->reserved;
        reserve_versions(world, i, space->floor);
    }
    session_recover(world);
    return SS_OK;
}
