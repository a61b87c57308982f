/* SPDX-License-Identifier: Apache-2.0 */
/* number.h - bits and numbers through the range coder, the same text for writing and reading.
 *
 * `mode` is a constant wherever these are called, so each call compiles to one side only. */
#ifndef DELTA_NUMBER_H
#define DELTA_NUMBER_H

#include "delta/fixed.h"
#include "delta/model.h"
#include "wire/range.h"

enum mode { WRITE, READ, OBSERVE };

struct coder {
    struct range_encoder *encoder; /* WRITE */
    struct range_decoder *decoder; /* READ */
    bool adapts;                   /* chances follow the bits */
};

INLINE void adapt(uint16_t *chance, unsigned bit) {
    int target = bit ? RANGE_CHANCE_MIN : RANGE_CHANCE_MAX;
    *chance = (uint16_t)(*chance + (target - *chance) / 64);
}

INLINE unsigned code_bit(struct coder *coder, enum mode mode, uint16_t *chance, unsigned bit) {
    if (mode == WRITE) range_encode_bit(coder->encoder, *chance, bit);
    if (mode == READ) bit = range_decode_bit(coder->decoder, *chance);
    if (coder->adapts) adapt(chance, bit);
    return bit;
}

INLINE uint64_t code_direct(struct coder *coder, enum mode mode, uint64_t value, int count) {
    uint64_t result = 0;
    while (count > 0) {
        int part = count > 12 ? 12 : count;
        count -= part;
        unsigned bits = (unsigned)(value >> count) & ((1u << part) - 1);
        if (mode == WRITE) range_encode_direct(coder->encoder, bits, (unsigned)part);
        if (mode == READ) bits = range_decode_direct(coder->decoder, (unsigned)part);
        result = result << part | bits;
    }
    return result;
}

typedef int16_t bounds8 __attribute__((vector_size(16), aligned(2), may_alias));

/* Moves all bounds 1/128 of the way to where this class alone has everything, but for the shares.
 */
INLINE void adapt_code(struct model_code *code, unsigned class) {
    enum { BLOCKS = MODEL_STEPS / 8 };
    bounds8 *bounds = (bounds8 *)(void *)code->bound;
    for (int block = 0; block < BLOCKS; block++) {
        const int from = 8 * block, full = (1 << RANGE_SPAN_BITS) - MODEL_STEPS * MODEL_SHARE;
        bounds8 index = {0, 1, 2, 3, 4, 5, 6, 7};
        index += (int16_t)from;
        bounds8 target = (bounds8)(index > (int16_t) class) & (int16_t)full;
        bounds[block] += (target + index * MODEL_SHARE - bounds[block]) >> 7;
    }
}

/* The class that has `point`: the number of bounds after the first that do not exceed it. */
INLINE unsigned find_class(const uint16_t bound[MODEL_STEPS + 1], unsigned point) {
#ifdef __SSE2__
    const __m128i *from = (const __m128i *)(const void *)(bound + 1);
    __m128i points = _mm_set1_epi16((short)point), none = _mm_setzero_si128();
    __m128i first = _mm_cmpgt_epi16(_mm_loadu_si128(from), points);
    __m128i second = _mm_cmpgt_epi16(_mm_loadu_si128(from + 1), points);
    __m128i third = _mm_cmpgt_epi16(_mm_loadu_si128(from + 2), points);
    unsigned low = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(first, second));
    unsigned high = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(third, none));
    /* The last bound is as high as can be, and negative to the comparison. */
    return (unsigned)__builtin_ctz(low | high << 16 | 1u << (MODEL_STEPS - 1));
#else
    unsigned class = 0;
    while (class < MODEL_STEPS - 1 && bound[class + 1] <= point)
        class ++;
    return class;
#endif
}

/* The magnitude class; the last stands for all that are larger, told by 4 even bits. */
INLINE int code_size(struct coder *coder, enum mode mode, struct model_code *code, int size) {
    unsigned class = size < MODEL_STEPS ? (unsigned)size : MODEL_STEPS - 1;
    if (mode == WRITE)
        range_encode_span(coder->encoder, code->bound[class], code->bound[class + 1]);
    if (mode == READ) {
        class = find_class(code->bound, range_decode_point(coder->decoder));
        range_decode_take(coder->decoder, code->bound[class], code->bound[class + 1]);
    }
    if (coder->adapts) adapt_code(code, class);
    if (class < MODEL_STEPS - 1) return (int)class;
    return (int)(class + code_direct(coder, mode, (uint64_t)(size - (int)class), 4));
}

/* A number, mirrored where the leaf's chances were learned so. */
INLINE int64_t code_number(struct coder *coder, enum mode mode, struct model_lane *model,
                           struct model_code *code, int64_t number, bool mirrored) {
    uint64_t size = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
    int bits = size ? 64 - __builtin_clzll(size) : 0;
    bits = code_size(coder, mode, code, bits);
    if (bits == 0) return 0;
    unsigned slot = bits > 3 ? 2 : (unsigned)bits - 1;
    unsigned sign = code_bit(coder, mode, &code->sign[slot], (number < 0) != mirrored);
    uint64_t value = 1;
    int left = bits - 1;
    uint16_t *digit = model->digit[sign][bits < MODEL_STEPS ? bits : MODEL_STEPS - 1];
    for (int depth = 0; depth < 2 && left > 0; depth++) {
        left--;
        unsigned bit = (unsigned)(size >> left) & 1;
        bit = code_bit(coder, mode, &digit[depth ? 1 + (value & 1) : 0], bit);
        value = value << 1 | bit;
    }
    if (left > 0)
        value = value << left | code_direct(coder, mode, size & (((uint64_t)1 << left) - 1), left);
    return (sign != 0) != mirrored ? -(int64_t)value : (int64_t)value;
}

#endif
