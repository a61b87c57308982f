/* SPDX-License-Identifier: Apache-2.0 */
/* category.h - the policy of a category: who may, what a conflict means, how long things live.
 *
 * Policies are written once, from the configuration, and outlive every world that uses them. */
#ifndef WORLD_CATEGORY_H
#define WORLD_CATEGORY_H

#include "base/time.h"
#include "payload/format.h"

enum scope { SCOPE_PLAYER, SCOPE_SHARED };
enum access_rule { ACCESS_OWNER, ACCESS_ANY, ACCESS_SERVER, ACCESS_PROPOSE, ACCESS_WRITER };
enum locking { LOCKING_DEFAULT, LOCKING_OPTIONAL, LOCKING_REQUIRED };
enum lww_order { LWW_ARRIVAL, LWW_ACTION_TIME };
enum durability { DURABILITY_MEMORY, DURABILITY_ASYNC, DURABILITY_SYNC };

/* Same numbers as on the wire. */
enum strategy {
    STRATEGY_UNKNOWN,
    STRATEGY_LAST_WRITE_WINS,
    STRATEGY_MERGE,
    STRATEGY_KEEP_OLD,
    STRATEGY_MANUAL
};

struct category {
    const char *name;
    enum scope scope;
    enum access_rule write;   /* OWNER, ANY, SERVER, PROPOSE */
    enum access_rule read;    /* OWNER, ANY, SERVER */
    enum access_rule resolve; /* WRITER, OWNER, SERVER */
    const struct format *format;
    const struct format_rules *rules; /* NULL: none */
    enum strategy strategy;
    enum locking locking;     /* DEFAULT: optional for LAST_WRITE_WINS, else required */
    enum lww_order lww_order;
    enum durability durability;
    uint32_t history_versions; /* at least 1 */
    ss_time history_span;
    ss_time ttl;              /* 0: cells live until deleted */
    bool session;             /* gone with the owner's last session */
    bool spatial;             /* the rules say where the position is */
    bool unique;              /* the rules have unique fields: unique.h */
    const char *follows;      /* category whose cells say where these are; NULL: none */
    uint32_t state_max;       /* bytes */
};

/* The defaults of the contract: opaque, owner writes and reads, last write wins, 64 versions, 10 s. */
struct category category_default(const char *name);

static inline bool category_locking_required(const struct category *category) {
    if (category->locking != LOCKING_DEFAULT) return category->locking == LOCKING_REQUIRED;
    return category->strategy != STRATEGY_LAST_WRITE_WINS;
}

/* May `player` (with or without the role server) write or read a cell of `owner`? Nobody is the owner of
 * a shared cell (owner 0): there `write: owner` leaves only servers. */
static inline bool category_may_write(const struct category *category, uint64_t player, bool server,
                                      uint64_t owner) {
    if (server) return true;
    switch (category->write) {
    case ACCESS_OWNER: return player == owner && owner != 0;
    case ACCESS_ANY:
    case ACCESS_PROPOSE: return true;
    default: return false;
    }
}
bool category_may_read(const struct category *category, uint64_t player, bool server,
                       uint64_t owner);

/* What is wrong with `category` following `leader` (NULL: it is not declared), to be read behind
 * "CATEGORY follows LEADER, but "; NULL: nothing. */
const char *category_follow_wrong(const struct category *category, const struct category *leader);

#endif
