/* SPDX-License-Identifier: Apache-2.0 */
/* fixed.h - integer arithmetic for what sender and receiver must compute alike to the last bit. */
#ifndef DELTA_FIXED_H
#define DELTA_FIXED_H

#include <stdint.h>

#define FIXED_MAX ((int64_t)1 << 38) /* no feature is larger, so that products fit */
#define FIXED_Q30 ((int64_t)1 << 30)

static inline int64_t fixed_clamp(int64_t value, int64_t limit) {
    return value > limit ? limit : value < -limit ? -limit : value;
}

static inline int64_t fixed_size(int64_t value) {
    return value < 0 ? -value : value;
}

/* value * ratio / 2^24, at most FIXED_MAX; |value| < 2^41, |ratio| <= 2^34. */
static inline int64_t fixed_scale(int64_t value, int64_t ratio) {
    int64_t product;
    if (__builtin_mul_overflow(value, ratio, &product))
        return fixed_clamp((int64_t)(((__int128)value * ratio) >> 24), FIXED_MAX);
    return fixed_clamp(product >> 24, FIXED_MAX);
}

/* log2 in 1/16, of |value| + 1, at most 1023. */
static inline int16_t fixed_log2(int64_t value) {
    uint64_t x = (uint64_t)fixed_size(value) + 1;
    int zeros = __builtin_clzll(x);
    return (int16_t)((63 - zeros) * 16 + (int)(x << zeros >> 59 & 15));
}

/* Sine of 1/65536 turns in Q14. */
int32_t fixed_sine(uint32_t angle);

/* floor(sqrt(value)), value < 2^62. */
uint64_t fixed_root(uint64_t value);

#endif
