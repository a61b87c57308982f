/* SPDX-License-Identifier: Apache-2.0 */
/* number.h - bits and numbers through the range coder, the same text for writing and reading.
 *
 * `mode` is a constant wherever these are called, so each call compiles to one side only. */
#ifndef DELTA_NUMBER_H
#define DELTA_NUMBER_H

#include "delta/model.h"
#include "wire/range.h"

#define ALWAYS static inline __attribute__((always_inline))

enum mode { WRITE, READ, OBSERVE };

struct coder {
    struct range_encoder *encoder; /* WRITE */
    struct range_decoder *decoder; /* READ */
    bool adapts;                   /* chances follow the bits */
};

ALWAYS void adapt(uint16_t *chance, unsigned bit) {
    int target = bit ? RANGE_CHANCE_MIN : RANGE_CHANCE_MAX;
    *chance = (uint16_t)(*chance + (target - *chance) / 64);
}

ALWAYS unsigned code_bit(struct coder *coder, enum mode mode, uint16_t *chance, unsigned bit) {
    if (mode == WRITE) range_encode_bit(coder->encoder, *chance, bit);
    if (mode == READ) bit = range_decode_bit(coder->decoder, *chance);
    if (coder->adapts) adapt(chance, bit);
    return bit;
}

ALWAYS uint64_t code_direct(struct coder *coder, enum mode mode, uint64_t value, int count) {
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

/* The magnitude class: up or down from the leaf's center; the last step stands for all that are
 * larger, told by 4 even bits. */
ALWAYS int code_size(struct coder *coder, enum mode mode, struct model_leaf *leaf, int size) {
    int at = leaf->center;
    if (!code_bit(coder, mode, &leaf->step[at], size > at)) {
        while (at > 0 && code_bit(coder, mode, &leaf->step[at - 1], size < at))
            at--;
        return at;
    }
    for (at++; at < MODEL_STEPS - 1; at++)
        if (!code_bit(coder, mode, &leaf->step[at], size > at)) return at;
    return at + (int)code_direct(coder, mode, (uint64_t)(size - at), 4);
}

/* A number, mirrored where the leaf's chances were learned so. */
ALWAYS int64_t code_number(struct coder *coder, enum mode mode, struct model_lane *model,
                           struct model_leaf *leaf, int64_t number, bool mirrored) {
    uint64_t size = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
    int bits = size ? 64 - __builtin_clzll(size) : 0;
    bits = code_size(coder, mode, leaf, bits);
    if (bits == 0) return 0;
    unsigned slot = bits > 3 ? 2 : (unsigned)bits - 1;
    unsigned sign = code_bit(coder, mode, &leaf->sign[slot], (number < 0) != mirrored);
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
