/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/bits.h"

void bits_take(struct bit_writer *writer, size_t bits) {
    struct buffer *out = writer->out;
    unsigned free = writer->free;
    size_t bytes = (bits + 7) / 8;
    uint8_t *room = out->data + out->size;
    if (free > 0 && bytes > 0) {
        room[-1] = (uint8_t)(room[-1] | room[0] >> (8 - free));
        for (size_t i = 0; i < bytes; i++) {
            unsigned next = i + 1 < bytes ? room[i + 1] : 0u;
            room[i] = (uint8_t)((unsigned)room[i] << free | next >> (8 - free));
        }
    }
    size_t more = bits > free ? bits - free : 0;
    out->size += (more + 7) / 8;
    writer->free = bits > free ? (unsigned)(-more % 8) : free - (unsigned)bits;
}

void bits_put(struct bit_writer *writer, unsigned value, unsigned count) {
    uint8_t *room = buffer_room(writer->out, 1);
    if (!room) return;
    *room = (uint8_t)(value << (8 - count));
    bits_take(writer, count);
}

void bits_varint(struct bit_writer *writer, uint64_t value) {
    for (; value > 127; value >>= 7)
        bits_put(writer, 128 | (unsigned)(value & 127), 8);
    bits_put(writer, (unsigned)value, 8);
}

unsigned bits_get(struct bit_reader *reader, unsigned count) {
    if (count == 0) return 0;
    if (bits_left(reader) < count) {
        reader->failed = true;
        return 0;
    }
    const uint8_t *at = reader->from.data + reader->at / 8;
    unsigned past = reader->at % 8, pair = (unsigned)*at << 8;
    if (past + count > 8) pair |= at[1];
    reader->at += count;
    return pair >> (16 - past - count) & ((1u << count) - 1);
}

uint64_t bits_get_varint(struct bit_reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = bits_get(reader, 8);
        if (shift == 63 && byte > 1) break;
        value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) return reader->failed ? 0 : value;
    }
    reader->failed = true;
    return 0;
}

bool bits_end(const struct bit_reader *reader) {
    struct bit_reader rest = *reader;
    size_t left = bits_left(reader);
    return left < 8 && bits_get(&rest, (unsigned)left) == 0;
}
