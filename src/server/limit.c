/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket counts in millionths of a token, and `rate` tokens a second are `rate` millionths a
 * microsecond: so refilling is one integer multiplication without rounding, whatever the rate.
 *
 * Players who hold no connection hang on the idle list, the longest unused first. A new player
 * takes the place of the first of them whose bucket has filled up again: forgetting it then changes
 * nothing. */
#include "server/limit.h"

#include <assert.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/status.h"
#include "base/table.h"

#define TOKEN           ((uint64_t)1000000)
#define EVICT_LOOKS_MAX 8

struct player {
    uint32_t free; /* of the slab's chain once forgotten */
    uint32_t handle;
    uint64_t id;    /* 0: forgotten */
    uint64_t level; /* millionths of a token, as of `since` */
    ss_time since;
    struct list idle; /* limiter.idle while nothing is open, else empty */
    uint32_t connections;
};

struct limiter {
    const struct memory *memory;
    struct hash_key key;
    struct limiter_config config;
    struct slab players;
    struct table index;
    struct list idle;
};

int limiter_create(struct limiter **created, const struct memory *memory, uint64_t hash_seed,
                   const struct limiter_config *config) {
    struct limiter *limiter = memory_zeroed(memory, 1, sizeof *limiter);
    *created = limiter;
    if (!limiter) return SS_ERR_NOMEM;
    limiter->memory = memory;
    limiter->key = (struct hash_key){hash_seed, hash_mix(hash_seed)};
    limiter->config = *config;
    limiter->players = slab_of(memory, sizeof(struct player), 8);
    limiter->index = table_of(memory);
    list_init(&limiter->idle);
    return SS_OK;
}

void limiter_destroy(struct limiter *limiter) {
    if (!limiter) return;
    slab_free(&limiter->players);
    table_free(&limiter->index);
    memory_free(limiter->memory, limiter, sizeof *limiter);
}

void limiter_configure(struct limiter *limiter, const struct limiter_config *config) {
    limiter->config = *config;
}

/* ---- the bucket ---------------------------------------------------------------------------- */

static uint64_t bucket_size(const struct limiter *limiter) {
    return limiter->config.burst * TOKEN;
}

/* Brings the level to `now`. A clock that stands still or goes back fills nothing. */
static void refill(const struct limiter *limiter, struct player *player, ss_time now) {
    uint64_t size = bucket_size(limiter), rate = limiter->config.updates_per_second;
    if (player->level > size) player->level = size;
    if (now <= player->since) return;
    uint64_t span = (uint64_t)now - (uint64_t)player->since, gained;
    bool full = __builtin_mul_overflow(span, rate, &gained) || gained >= size - player->level;
    player->level = full ? size : player->level + gained;
    player->since = now;
}

/* Milliseconds until the level is `wanted`, rounded up; 0: it is. */
static uint32_t wait_for(const struct limiter *limiter, const struct player *player,
                         uint64_t wanted) {
    uint64_t rate = limiter->config.updates_per_second;
    if (player->level >= wanted) return 0;
    if (rate == 0) return UINT32_MAX;
    uint64_t us = (wanted - player->level + rate - 1) / rate;
    uint64_t ms = (us + (uint64_t)SS_MILLISECOND - 1) / (uint64_t)SS_MILLISECOND;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* ---- the players --------------------------------------------------------------------------- */

struct sought {
    const struct limiter *limiter;
    uint64_t id;
};

static struct player *player_at(const struct limiter *limiter, uint32_t handle) {
    return slab_at(&limiter->players, handle);
}

static bool player_equal(const void *context, uint32_t handle) {
    const struct sought *sought = context;
    return player_at(sought->limiter, handle)->id == sought->id;
}

static uint64_t player_hash(const struct limiter *limiter, uint64_t id) {
    return hash_seeded(limiter->key, id, (struct bytes){NULL, 0});
}

static struct player *player_find(const struct limiter *limiter, uint64_t id, uint64_t hash) {
    struct sought sought = {limiter, id};
    uint32_t handle = table_find(&limiter->index, hash, player_equal, &sought);
    return handle == TABLE_NONE ? NULL : player_at(limiter, handle);
}

static void player_forget(struct limiter *limiter, struct player *player) {
    bool found = table_remove(&limiter->index, player_hash(limiter, player->id), player->handle);
    assert(found);
    list_remove(&player->idle);
    player->id = 0;
    slab_release(&limiter->players, player->handle);
}

/* Forgets one idle player with a full bucket; false when none of the longest unused is one. */
static bool evict(struct limiter *limiter, ss_time now) {
    struct list *link = limiter->idle.next;
    for (unsigned looks = 0; link != &limiter->idle && looks < EVICT_LOOKS_MAX; looks++) {
        struct player *player = LIST_ENTRY(link, struct player, idle);
        link = link->next;
        refill(limiter, player, now);
        if (player->level < bucket_size(limiter)) continue;
        player_forget(limiter, player);
        return true;
    }
    return false;
}

/* NULL when there is no room or no memory for one more. */
static struct player *player_add(struct limiter *limiter, uint64_t id, uint64_t hash, ss_time now) {
    if (limiter->players.count >= limiter->config.players_max && !evict(limiter, now)) return NULL;
    uint32_t handle = slab_alloc(&limiter->players);
    if (handle == SLAB_NONE) return NULL;
    if (table_add(&limiter->index, hash, handle) != SS_OK) {
        slab_release(&limiter->players, handle);
        return NULL;
    }
    struct player *player = player_at(limiter, handle);
    *player =
        (struct player){.id = id, .level = bucket_size(limiter), .since = now, .handle = handle};
    list_push(&limiter->idle, &player->idle);
    return player;
}

static struct player *player_get(struct limiter *limiter, uint64_t id, ss_time now) {
    uint64_t hash = player_hash(limiter, id);
    struct player *player = player_find(limiter, id, hash);
    return player ? player : player_add(limiter, id, hash, now);
}

/* The longest unused player, whose full bucket makes room: when is that? */
static uint32_t wait_for_room(const struct limiter *limiter) {
    if (list_empty(&limiter->idle)) return 1000;
    const struct player *first = LIST_ENTRY(limiter->idle.next, struct player, idle);
    uint32_t wait = wait_for(limiter, first, bucket_size(limiter));
    return wait ? wait : 1;
}

/* ---- what is limited ----------------------------------------------------------------------- */

/* Nearly always the same player as before: then nothing is hashed. */
static struct player *player_again(struct limiter *limiter, uint64_t id, uint32_t *last,
                                   ss_time now) {
    if (*last < limiter->players.used && player_at(limiter, *last)->id == id)
        return player_at(limiter, *last);
    struct player *player = player_get(limiter, id, now);
    if (player) *last = player->handle;
    return player;
}

uint32_t limiter_take(struct limiter *limiter, uint64_t id, uint32_t count, uint32_t *last,
                      ss_time now) {
    if (count > limiter->config.burst) return UINT32_MAX;
    struct player *player = player_again(limiter, id, last, now);
    if (!player) return wait_for_room(limiter);
    if (player->connections == 0) {
        list_remove(&player->idle);
        list_push(&limiter->idle, &player->idle);
    }
    refill(limiter, player, now);
    uint32_t wait = wait_for(limiter, player, count * TOKEN);
    if (wait == 0) player->level -= count * TOKEN;
    return wait;
}

bool limiter_connect(struct limiter *limiter, uint64_t id, ss_time now) {
    struct player *player = player_get(limiter, id, now);
    if (!player || player->connections >= limiter->config.connections_per_player) return false;
    if (player->connections++ == 0) list_remove(&player->idle);
    return true;
}

void limiter_disconnect(struct limiter *limiter, uint64_t id) {
    struct player *player = player_find(limiter, id, player_hash(limiter, id));
    if (!player || player->connections == 0) return;
    if (--player->connections == 0) list_push(&limiter->idle, &player->idle);
}
