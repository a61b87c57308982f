/* SPDX-License-Identifier: Apache-2.0 */
/* range.h - a binary range coder whose end needs no length.
 *
 * Both sides hold the same interval, so the decoder can work out how many bits the encoder flushed:
 * a coded block delimits itself, and blocks can stand side by side with nothing between them, not
 * even the rest of a byte. */
#ifndef WIRE_RANGE_H
#define WIRE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The chance of a 0, in 1/65536; never 0. Clamp what is learned or loaded into these limits. */
#define RANGE_CHANCE_MIN  24
#define RANGE_CHANCE_MAX  (65536 - RANGE_CHANCE_MIN)
#define RANGE_DIRECT_MAX  16
#define RANGE_SPAN_BITS   15
#define RANGE_RENORMALIZE (1u << 24)

/* Writes into memory of the caller, never past `end`; what did not fit sets `failed`. */
struct range_encoder {
    uint32_t low, range;
    uint8_t *start, *at, *end;
    bool failed;
};

/* Reads a view and never past it; bytes after its end count as zeros until range_decoder_finish. */
struct range_decoder {
    uint32_t low, range, code;
    const uint8_t *at, *end;
    uint32_t pair;  /* the two bytes before `at`: the next eight bits begin in the first of them, */
    unsigned skip;  /* 0-7 bits behind its beginning */
    size_t shifted; /* bytes that have left the window */
    size_t bits;    /* there are */
    bool failed;
};

void range_encoder_init(struct range_encoder *encoder, void *data, size_t capacity);
/* Writes the fewest bits that decode whatever follows them, and zeros up to the next byte. Returns
 * the bits of the whole block, or 0 when it did not fit. */
size_t range_encoder_finish(struct range_encoder *encoder);

/* `skip` < 8: bits at the beginning of `from` that are none of the block. */
void range_decoder_init(struct range_decoder *decoder, struct bytes from, unsigned skip);
/* How many bits the block was; 0 when it goes on past the end or cannot have been written by the
 * encoder. An encoder never writes an empty block. */
size_t range_decoder_finish(struct range_decoder *decoder);

void range_encoder_shift(struct range_encoder *encoder);
void range_encoder_carry(struct range_encoder *encoder);

/* `bit` is 0 or 1. Free of branches that follow the data. */
static inline void range_encode_bit(struct range_encoder *encoder, unsigned chance, unsigned bit) {
    uint32_t bound = (uint32_t)(((uint64_t)encoder->range * chance) >> 16);
    uint32_t one = 0u - bit, step = bound & one;
    encoder->low += step;
    if (encoder->low < step) range_encoder_carry(encoder);
    encoder->range = bound + ((encoder->range - 2 * bound) & one);
    if (encoder->range < RANGE_RENORMALIZE) range_encoder_shift(encoder);
}

/* One of several symbols: that which has [low, high) of 1 << RANGE_SPAN_BITS; low < high. */
static inline void range_encode_span(struct range_encoder *encoder, unsigned low, unsigned high) {
    uint32_t unit = encoder->range >> RANGE_SPAN_BITS, step = unit * low;
    encoder->low += step;
    if (encoder->low < step) range_encoder_carry(encoder);
    encoder->range = unit * (high - low);
    if (encoder->range < RANGE_RENORMALIZE) range_encoder_shift(encoder);
}

/* `count` <= RANGE_DIRECT_MAX bits of `value`, all equally likely. */
static inline void range_encode_direct(struct range_encoder *encoder, unsigned value,
                                       unsigned count) {
    encoder->range >>= count;
    uint32_t step = encoder->range * value;
    encoder->low += step;
    if (encoder->low < step) range_encoder_carry(encoder);
    if (encoder->range < RANGE_RENORMALIZE) range_encoder_shift(encoder);
}

static inline uint32_t range_decoder_next(struct range_decoder *decoder) {
    unsigned byte = decoder->at < decoder->end ? *decoder->at++ : 0u;
    decoder->pair = decoder->pair << 8 | byte;
    return decoder->pair >> (8 - decoder->skip) & 255;
}

static inline void range_decoder_shift(struct range_decoder *decoder) {
    do {
        decoder->code = decoder->code << 8 | range_decoder_next(decoder);
        decoder->low <<= 8;
        decoder->range <<= 8;
        decoder->shifted++;
    } while (decoder->range < RANGE_RENORMALIZE);
}

/* Free of branches that follow the data: to a compiler a comparison may become one, so the borrow of
 * a subtraction decides. */
static inline unsigned range_decode_bit(struct range_decoder *decoder, unsigned chance) {
    uint32_t bound = (uint32_t)(((uint64_t)decoder->range * chance) >> 16);
    uint32_t one = ~(uint32_t)(((uint64_t)decoder->code - bound) >> 32), step = bound & one;
    decoder->code -= step;
    decoder->low += step;
    decoder->range = bound + ((decoder->range - 2 * bound) & one);
    if (decoder->range < RANGE_RENORMALIZE) range_decoder_shift(decoder);
    return one & 1;
}

/* Which of 1 << RANGE_SPAN_BITS points was meant; the caller finds the symbol that has it, and
 * takes that. */
static inline unsigned range_decode_point(struct range_decoder *decoder) {
    uint32_t point = decoder->code / (decoder->range >> RANGE_SPAN_BITS);
    if (point >> RANGE_SPAN_BITS) { /* no encoder wrote this */
        decoder->failed = true;
        point = (1u << RANGE_SPAN_BITS) - 1;
    }
    return point;
}

static inline void range_decode_take(struct range_decoder *decoder, unsigned low, unsigned high) {
    uint32_t unit = decoder->range >> RANGE_SPAN_BITS, step = unit * low;
    decoder->code -= step;
    decoder->low += step;
    decoder->range = unit * (high - low);
    if (decoder->range < RANGE_RENORMALIZE) range_decoder_shift(decoder);
}

static inline unsigned range_decode_direct(struct range_decoder *decoder, unsigned count) {
    decoder->range >>= count;
    uint32_t value = decoder->code / decoder->range;
    if (value >> count) { /* no encoder wrote this */
        decoder->failed = true;
        value = (1u << count) - 1;
    }
    decoder->code -= value * decoder->range;
    decoder->low += value * decoder->range;
    if (decoder->range < RANGE_RENORMALIZE) range_decoder_shift(decoder);
    return value;
}

#endif
