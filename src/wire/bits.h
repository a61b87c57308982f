/* SPDX-License-Identifier: Apache-2.0 */
/* bits.h - things of any number of bits, one behind the other: the highest bit of a byte comes
 * first, and the last byte is filled up with zeros. */
#ifndef WIRE_BITS_H
#define WIRE_BITS_H

#include "base/bytes.h"

/* Appends to a buffer, which says when memory has run out. */
struct bit_writer {
    struct buffer *out;
    unsigned free; /* bits of its last byte, 0-7 */
};

/* `bits` bits stand behind the end of the buffer's bytes, in its room, filled up with zeros: they
 * become its next ones, moved up to those before them. */
void bits_take(struct bit_writer *writer, size_t bits);
/* The lowest `count` <= 8 bits of `value`. */
void bits_put(struct bit_writer *writer, unsigned value, unsigned count);
void bits_varint(struct bit_writer *writer, uint64_t value); /* LEB128 */

/* Reads a view, and zeros beyond its end: then `failed`. */
struct bit_reader {
    struct bytes from;
    size_t at; /* bits */
    bool failed;
};

static inline struct bit_reader bits_of(struct bytes from) {
    return (struct bit_reader){from, 0, false};
}
static inline size_t bits_left(const struct bit_reader *reader) {
    return 8 * reader->from.size - reader->at;
}
/* What is left, and how many bits of its first byte are gone. */
static inline struct bytes bits_rest(const struct bit_reader *reader, unsigned *skip) {
    *skip = reader->at % 8;
    return bytes_view(reader->from.data + reader->at / 8, reader->from.size - reader->at / 8);
}
/* The next `count` <= 8 bits. */
unsigned bits_get(struct bit_reader *reader, unsigned count);
uint64_t bits_get_varint(struct bit_reader *reader);
/* Whether nothing is left but what fills up the last byte. */
bool bits_end(const struct bit_reader *reader);

#endif
