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
