/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - views, cursors and the one growing buffer.
 *
 * A cursor fails once and stays failed, so that a decoder is a straight list of reads with one test at
 * the end. Sizes are compared, pointers never summed first. All integers are little-endian. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

/* A view: borrowed, never owned. data may be NULL only when size is 0. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* The view of a string literal or of a NUL-terminated string, without the NUL. */
static inline struct bytes bytes_of(const char *text) {
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}
static inline struct bytes bytes_view(const void *data, size_t size) {
    return (struct bytes){(const uint8_t *)data, size};
}
/* Of 4 to 8 or 8 to 16 bytes, by two loads that overlap. */
static inline bool bytes_same_4(const uint8_t *a, const uint8_t *b, size_t size) {
    uint32_t x[2], y[2];
    memcpy(&x[0], a, 4), memcpy(&x[1], a + size - 4, 4);
    memcpy(&y[0], b, 4), memcpy(&y[1], b + size - 4, 4);
    return x[0] == y[0] && x[1] == y[1];
}
static inline bool bytes_same_8(const uint8_t *a, const uint8_t *b, size_t size) {
    uint64_t x[2], y[2];
    memcpy(&x[0], a, 8), memcpy(&x[1], a + size - 8, 8);
    memcpy(&y[0], b, 8), memcpy(&y[1], b + size - 8, 8);
    return x[0] == y[0] && x[1] == y[1];
}
/* Names are short, and a call takes longer than comparing them. */
static inline bool bytes_equal(struct bytes a, struct bytes b) {
    if (a.size != b.size) return false;
    if (a.size > 16 || a.size < 4) return a.size == 0 || memcmp(a.data, b.data, a.size) == 0;
    return a.size >= 8 ? bytes_same_8(a.data, b.data, a.size) : bytes_same_4(a.data, b.data, a.size);
}
/* Bytewise order, shorter first on a tie: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);
/* True when the bytes are UTF-8 without surrogates or overlong forms (RFC 3629). */
bool bytes_utf8(struct bytes text);

/* Reads from a view. After a failed read every later read fails and gives zeros. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static inline struct reader reader_of(struct bytes from) {
    return (struct reader){from.data, from.size, false};
}
/* A view into the source. */
static inline struct bytes reader_bytes(struct reader *reader, size_t size) {
    if (reader->failed || size > reader->left) {
        reader->failed = true;
        return (struct bytes){NULL, 0};
    }
    struct bytes taken = {reader->at, size};
    reader->at += size;
    reader->left -= size;
    return taken;
}

static inline uint8_t reader_u8(struct reader *reader) {
    struct bytes raw = reader_bytes(reader, 1);
    return raw.size ? raw.data[0] : 0;
}
static inline uint16_t reader_u16(struct reader *reader) {
    uint16_t value = 0;
    struct bytes raw = reader_bytes(reader, sizeof value);
    if (raw.size) memcpy(&value, raw.data, sizeof value);
    return le16toh(value);
}
static inline uint32_t reader_u32(struct reader *reader) {
    uint32_t value = 0;
    struct bytes raw = reader_bytes(reader, sizeof value);
    if (raw.size) memcpy(&value, raw.data, sizeof value);
    return le32toh(value);
}
static inline uint64_t reader_u64(struct reader *reader) {
    uint64_t value = 0;
    struct bytes raw = reader_bytes(reader, sizeof value);
    if (raw.size) memcpy(&value, raw.data, sizeof value);
    return le64toh(value);
}
uint64_t reader_varint_long(struct reader *reader);
/* LEB128, at most 10 bytes. */
static inline uint64_t reader_varint(struct reader *reader) {
    if (reader->failed || reader->left == 0 || *reader->at >= 0x80)
        return reader_varint_long(reader);
    reader->left--;
    return *reader->at++;
}

/* Writes into memory that the caller owns; never past `capacity`. */
struct writer {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

static inline struct writer writer_of(void *data, size_t capacity) {
    return (struct writer){(uint8_t *)data, 0, capacity, false};
}
void writer_u8(struct writer *writer, uint8_t value);
void writer_u16(struct writer *writer, uint16_t value);
void writer_u32(struct writer *writer, uint32_t value);
void writer_u64(struct writer *writer, uint64_t value);
void writer_varint(struct writer *writer, uint64_t value);
void writer_bytes(struct writer *writer, struct bytes from);

/* A growing byte array. A failed allocation makes it fail and stay failed (`failed`), with what it had
 * intact; buffer_clear keeps the memory and forgives. Zero-initialised plus `memory` is a valid one. */
struct buffer {
    const struct memory *memory;
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

static inline struct buffer buffer_of(const struct memory *memory) {
    return (struct buffer){memory, NULL, 0, 0, false};
}
static inline struct bytes buffer_view(const struct buffer *buffer) {
    return (struct bytes){buffer->data, buffer->size};
}
uint8_t *buffer_grow(struct buffer *buffer, size_t size);
/* Room for `size` more bytes: where to write them, or NULL (then failed is set). The caller adds what
 * it wrote to `size`. */
static inline uint8_t *buffer_room(struct buffer *buffer, size_t size) {
    bool fits = !buffer->failed && buffer->data && buffer->capacity - buffer->size >= size;
    return fits ? buffer->data + buffer->size : buffer_grow(buffer, size);
}
static inline void buffer_bytes(struct buffer *buffer, struct bytes from) {
    if (from.size == 0) return;
    uint8_t *room = buffer_room(buffer, from.size);
    if (!room) return;
    memcpy(room, from.data, from.size);
    buffer->size += from.size;
}
static inline void buffer_u8(struct buffer *buffer, uint8_t value) {
    buffer_bytes(buffer, (struct bytes){&value, 1});
}
static inline void buffer_u32(struct buffer *buffer, uint32_t value) {
    value = htole32(value);
    buffer_bytes(buffer, (struct bytes){(const uint8_t *)&value, sizeof value});
}
static inline void buffer_u64(struct buffer *buffer, uint64_t value) {
    value = htole64(value);
    buffer_bytes(buffer, (struct bytes){(const uint8_t *)&value, sizeof value});
}
void buffer_varint_long(struct buffer *buffer, uint64_t value);
static inline void buffer_varint(struct buffer *buffer, uint64_t value) {
    if (value < 0x80) {
        buffer_u8(buffer, (uint8_t)value);
    } else {
        buffer_varint_long(buffer, value);
    }
}
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *buffer);
/* Drops the first `size` bytes (size <= buffer->size) and moves the rest to the front. */
void buffer_drop(struct buffer *buffer, size_t size);
void buffer_free(struct buffer *buffer);

static inline unsigned varint_size(uint64_t value) {
    return (unsigned)((70 - __builtin_clzll(value | 1)) / 7);
}

#endif
