/* SPDX-License-Identifier: Apache-2.0 */
/* version.h - versions are 64 bits inside and 32 on the wire.
 *
 * The wire shows the low 32 bits, and 0 is never the wire form of a version: such numbers are skipped.
 * A wire version means the nearest 64-bit one to the current (a tie: the older). */
#ifndef WORLD_VERSION_H
#define WORLD_VERSION_H

#include <stdint.h>

static inline uint32_t version_wire(uint64_t version) { return (uint32_t)version; }

/* The version after `current`, above `floor`, that has a wire form. */
static inline uint64_t version_next(uint64_t current, uint64_t floor) {
    uint64_t next = (current > floor ? current : floor) + 1;
    return version_wire(next) == 0 ? next + 1 : next;
}

/* The 64-bit version that `wire` (not 0) means beside `current`; 0 when it would lie below 1 or above
 * `current`: from the future. */
uint64_t version_expand(uint32_t wire, uint64_t current);

/* The same without the test for the future: the nearest to `current`, at least 1. For clock counters. */
uint64_t version_nearest(uint32_t wire, uint64_t current);

#endif
