/* SPDX-License-Identifier: Apache-2.0 */
/* lattice.c - the conversions are exact integer arithmetic: both sides must agree on every bit. */
#include "delta/lattice.h"

#include "delta/fixed.h"

int64_t lattice_fine(const struct delta_lane *lane, int32_t bits) {
    int exponent = (bits >> 23) & 255;
    if (exponent == 255) return 0; /* infinite, NaN: nothing to extrapolate */
    int64_t mantissa = (bits & 0x7fffff) | (exponent ? 1 << 23 : 0);
    int shift = (exponent ? exponent : 1) - 150 + 20 - 24; /* of a product in Q24 steps */
    __int128 product = (__int128)mantissa * lane->scale, fine;
    if (shift >= 0)
        fine = shift > 16 ? FIXED_MAX : product << shift;
    else
        fine = shift < -100 ? 0 : (product + ((__int128)1 << (-shift - 1))) >> -shift;
    int64_t size = fine > FIXED_MAX ? FIXED_MAX : (int64_t)fine;
    return bits < 0 ? -size : size;
}

int32_t lattice_float(const struct delta_lane *lane, int64_t fine) {
    uint64_t size = (uint64_t)fixed_size(fine);
    if (size == 0) return 0;
    unsigned __int128 product = (unsigned __int128)size * (uint64_t)lane->unit; /* 2^-60 units */
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int top = high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll(low);
    int shift = top - 23;
    uint64_t mantissa;
    if (shift > 0)
        mantissa = (uint64_t)((product + ((unsigned __int128)1 << (shift - 1))) >> shift);
    else
        mantissa = low << -shift;
    int exponent = top - 60 + 127; /* a carry out of the mantissa raises it by itself */
    if (exponent < 1 || exponent > 253) return 0;
    uint32_t bits = ((uint32_t)exponent << 23) + (uint32_t)(mantissa - (1u << 23));
    return (int32_t)(fine < 0 ? bits | 0x80000000u : bits);
}

bool lattice_on(const struct delta_lane *lane, int32_t bits) {
    int64_t fine = lattice_fine(lane, bits);
    int64_t steps = (fine + (1 << 19)) >> 20;
    return steps > -(1 << 20) && steps < 1 << 20 && lattice_float(lane, steps * (1 << 20)) == bits;
}
