/* SPDX-License-Identifier: Apache-2.0 */
/* The distance between a wire version and the current one is a signed 32-bit number: the nearest
 * 64-bit version lies that far away, and INT32_MIN, the tie, chooses the older by itself. */
#include "world/version.h"

#include <assert.h>

static int64_t distance(uint32_t wire, uint64_t current) {
    return (int32_t)(wire - version_wire(current));
}

uint64_t version_expand(uint32_t wire, uint64_t current) {
    int64_t away = distance(wire, current);
    if (wire == 0 || away > 0 || current < (uint64_t)-away) return 0;
    uint64_t version = current - (uint64_t)-away;
    assert(version == 0 || version_wire(version) == wire);
    return version;
}

uint64_t version_nearest(uint32_t wire, uint64_t current) {
    int64_t away = distance(wire, current);
    if (away >= 0) return current + (uint64_t)away;
    return current > (uint64_t)-away ? current - (uint64_t)-away : wire;
}
