/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - SipHash-1-3: a keyed hash, so that no peer can choose colliding keys.
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; 1-3 rounds as in the hash tables
 * of Rust and Ruby. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

struct hash_key {
    uint64_t k0, k1;
};

uint64_t hash_bytes(struct hash_key key, struct bytes from);
/* The same over `seed` (8 bytes, little-endian) followed by `from`. */
uint64_t hash_seeded(struct hash_key key, uint64_t seed, struct bytes from);
/* A fast unkeyed mixer (splitmix64's finalizer): for numbers that no peer chooses. */
static inline uint64_t hash_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}
/* The 0 to 7 bytes at `at` as a little-endian number: loads that overlap instead of a loop. */
static inline uint64_t hash_word(const uint8_t *at, size_t size) {
    if (size >= 4) {
        const uint8_t *end = at + size - 4;
        uint32_t low =
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        uint32_t high = (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 |
                        (uint32_t)end[3] << 24;
        return low | (uint64_t)high << (8 * (size - 4));
    }
    if (size == 0) return 0;
    size_t middle = size / 2, last = size - 1;
    return at[0] | (uint64_t)at[middle] << (8 * middle) | (uint64_t)at[last] << (8 * last);
}

#endif
