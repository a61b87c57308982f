/* SPDX-License-Identifier: Apache-2.0 */
#include "world/category.h"

#include <assert.h>

struct category category_default(const char *name) {
    assert(name);
    return (struct category){.name = name,
                             .scope = SCOPE_PLAYER,
                             .write = ACCESS_OWNER,
                             .read = ACCESS_OWNER,
                             .resolve = ACCESS_WRITER,
                             .format = &format_opaque,
                             .strategy = STRATEGY_LAST_WRITE_WINS,
                             .locking = LOCKING_DEFAULT,
                             .lww_order = LWW_ARRIVAL,
                             .durability = DURABILITY_ASYNC,
                             .history_versions = 64,
                             .history_span = 10 * SS_SECOND,
                             .state_max = 64 * 1024};
}

/* A shared cell belongs to everybody who plays: `read: owner` does not hide it. */
bool category_may_read(const struct category *category, uint64_t player, bool server,
                       uint64_t owner) {
    if (server) return true;
    switch (category->read) {
    case ACCESS_OWNER: return player == owner || category->scope == SCOPE_SHARED;
    case ACCESS_ANY: return true;
    default: return false;
    }
}

const char *category_follow_wrong(const struct category *category, const struct category *leader) {
    if (!leader) return "there is no such category; want the name of one with a position";
    if (category->spatial)
        return "it has a position of its own; leave out either follows or the position";
    if (leader->follows)
        return "that one follows another itself; want the name of one with a position";
    if (!leader->spatial || !leader->rules)
        return "that one has no position; give it spatial, or follow another";
    if (leader->scope != category->scope)
        return "only one of them is shared; want the same scope in both";
    return NULL;
}
