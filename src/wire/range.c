/* SPDX-License-Identifier: Apache-2.0 */
/* range.c - the interval [low, low + range) of 32 bits slides over the bytes; a carry out of `low`
 * is added to the bytes already written.
 *
 * At the end the encoder picks the shortest prefix all of whose continuations lie in the interval.
 * Its length depends on `low` and `range` alone, and the decoder has both: so it knows where the
 * block ends. A block is never empty, because the first interval is one short of everything. */
#include "wire/range.h"

void range_encoder_init(struct range_encoder *encoder, void *data, size_t capacity) {
    uint8_t *start = data;
    *encoder = (struct range_encoder){0, UINT32_MAX, start, start, start + capacity, false};
}

void range_encoder_carry(struct range_encoder *encoder) {
    uint8_t *at = encoder->at;
    while (at > encoder->start && ++*--at == 0)
        continue;
}

static void put(struct range_encoder *encoder, uint32_t byte) {
    if (encoder->at == encoder->end)
        encoder->failed = true;
    else
        *encoder->at++ = (uint8_t)byte;
}

void range_encoder_shift(struct range_encoder *encoder) {
    do {
        put(encoder, encoder->low >> 24);
        encoder->low <<= 8;
        encoder->range <<= 8;
    } while (encoder->range < RANGE_RENORMALIZE);
}

/* The fewest bits that pin the interval, and in `*point` the 33-bit value whose top bits they are.
 * With 2^k <= range < 2^(k+1) no aligned interval of more than 2^k fits into it, and one of 2^(k-1)
 * does. */
static unsigned flush_bits(uint32_t low, uint32_t range, uint64_t *point) {
    uint64_t last = (uint64_t)low + range - 1;
    unsigned count = 1 + (unsigned)__builtin_clz(range);
    uint64_t below = ((uint64_t)1 << (32 - count)) - 1;
    *point = (low + below) & ~below;
    if (*point + below <= last) return count;
    below /= 2;
    *point = (low + below) & ~below;
    return count + 1;
}

size_t range_encoder_finish(struct range_encoder *encoder) {
    uint64_t point;
    size_t bits = 8 * (size_t)(encoder->at - encoder->start);
    unsigned count = flush_bits(encoder->low, encoder->range, &point);
    if (point >> 32) range_encoder_carry(encoder);
    for (unsigned at = 0; at < count; at += 8)
        put(encoder, (uint32_t)(point >> (24 - at)) & 0xff);
    return encoder->failed ? 0 : bits + count;
}

void range_decoder_init(struct range_decoder *decoder, struct bytes from, unsigned skip) {
    *decoder = (struct range_decoder){.range = UINT32_MAX,
                                      .at = from.data,
                                      .end = from.data + from.size,
                                      .skip = skip,
                                      .bits = from.size ? 8 * from.size - skip : 0};
    range_decoder_next(decoder);
    for (int i = 0; i < 4; i++)
        decoder->code = decoder->code << 8 | range_decoder_next(decoder);
    decoder->failed = decoder->code >= decoder->range;
}

size_t range_decoder_finish(struct range_decoder *decoder) {
    uint64_t point;
    size_t bits = 8 * decoder->shifted + flush_bits(decoder->low, decoder->range, &point);
    return decoder->failed || bits > decoder->bits ? 0 : bits;
}
