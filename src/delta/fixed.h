/* SPDX-License-Identifier: Apache-2.0 */
/* fixed.h - integer arithmetic for what sender and receiver must compute alike to the last bit. */
#ifndef DELTA_FIXED_H
#define DELTA_FIXED_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* What is hot is compiled into the walk over lanes; not under a sanitizer, to which that would be
 * minutes of work. */
#ifdef __has_feature
#define FIXED_CHECKED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FIXED_CHECKED 1
#else
#define FIXED_CHECKED 0
#endif
#if FIXED_CHECKED
#define INLINE static inline
#else
#define INLINE static inline __attribute__((always_inline))
#endif

#define FIXED_MAX ((int64_t)1 << 38) /* no feature is larger, so that products fit */
#define FIXED_Q30 ((int64_t)1 << 30)

static inline int64_t fixed_clamp(int64_t value, int64_t limit) {
    return value > limit ? limit : value < -limit ? -limit : value;
}

static inline int64_t fixed_size(int64_t value) {
    return value < 0 ? -value : value;
}

/* Whether |value| is below 2^bits; almost always, where it is asked. */
static inline int fixed_below(int64_t value, int bits) {
    return ((uint64_t)value + ((uint64_t)1 << bits)) >> (bits + 1) == 0;
}

/* value * ratio / 2^24, at most FIXED_MAX; |value| < 2^41, |ratio| <= 2^34. */
static inline int64_t fixed_scale(int64_t value, int64_t ratio) {
    if (fixed_below(value, 28)) return (value * ratio) >> 24;
    int64_t product;
    if (__builtin_mul_overflow(value, ratio, &product))
        return fixed_clamp((int64_t)(((__int128)value * ratio) >> 24), FIXED_MAX);
    return fixed_clamp(product >> 24, FIXED_MAX);
}

/* log2 in 1/16, of value + 1; 0 <= value < 2^53: then a double holds it, with the logarithm in its
 * highest bits. */
static inline int16_t fixed_log2(int64_t value) {
    double x = (double)(value + 1);
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int16_t)((bits >> 48) - (1023 << 4));
}

/* Sine of 1/65536 turns in Q14. */
int32_t fixed_sine(uint32_t angle);

/* floor(sqrt(value)), value < 2^62. */
uint64_t fixed_root(uint64_t value);

/* The same, value < 2^52: exact in a double, because k^2 - 1 has a root that differs from k by more
 * than rounding does. */
static inline uint64_t fixed_small_root(uint64_t value) {
    return (uint64_t)(int64_t)sqrt((double)(int64_t)value);
}

#endif
