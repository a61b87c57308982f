/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"

int bytes_compare(struct bytes a, struct bytes b) {
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0) return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

/* The length of the well-formed sequence at the front of `text`, 0 when there is none (RFC 3629). */
static size_t utf8_sequence(const uint8_t *at, size_t left) {
    uint8_t lead = at[0];
    if (lead < 0x80) return 1;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < size) return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return size;
}

/* Nearly all names are. */
static bool bytes_ascii(struct bytes text) {
    uint64_t seen = 0, word;
    size_t i = 0;
    for (; text.size - i >= sizeof word; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        seen |= word;
    }
    for (; i < text.size; i++)
        seen |= text.data[i];
    return !(seen & 0x8080808080808080u);
}

bool bytes_utf8(struct bytes text) {
    if (bytes_ascii(text)) return true;
    for (size_t i = 0; i < text.size;) {
        size_t size = utf8_sequence(text.data + i, text.size - i);
        if (size == 0) return false;
        i += size;
    }
    return true;
}

/* ---- reader -------------------------------------------------------------------------------- */

uint64_t reader_varint_long(struct reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = reader_u8(reader);
        if (reader->failed || (shift == 63 && byte > 1)) break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    reader->failed = true;
    return 0;
}

/* ---- writer -------------------------------------------------------------------------------- */

void writer_bytes(struct writer *writer, struct bytes from) {
    if (writer->failed || from.size > writer->capacity - writer->size) {
        writer->failed = true;
        return;
    }
    if (from.size) memcpy(writer->data + writer->size, from.data, from.size);
    writer->size += from.size;
}

static void little(uint8_t *out, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static void writer_little(struct writer *writer, uint64_t value, size_t size) {
    uint8_t raw[8];
    little(raw, value, size);
    writer_bytes(writer, bytes_view(raw, size));
}

void writer_u8(struct writer *writer, uint8_t value) { writer_little(writer, value, 1); }
void writer_u16(struct writer *writer, uint16_t value) { writer_little(writer, value, 2); }
void writer_u32(struct writer *writer, uint32_t value) { writer_little(writer, value, 4); }
void writer_u64(struct writer *writer, uint64_t value) { writer_little(writer, value, 8); }

static size_t varint(uint8_t out[10], uint64_t value) {
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

void writer_varint(struct writer *writer, uint64_t value) {
    uint8_t raw[10];
    writer_bytes(writer, bytes_view(raw, varint(raw, value)));
}

/* ---- buffer -------------------------------------------------------------------------------- */

uint8_t *buffer_grow(struct buffer *buffer, size_t size) {
    if (buffer->failed) return NULL;
    void *data = buffer->data;
    if (size > SIZE_MAX - buffer->size ||
        memory_grow(buffer->memory, &data, &buffer->capacity, buffer->size + size, 1) != SS_OK) {
        buffer->failed = true;
        return NULL;
    }
    buffer->data = data;
    return buffer->data + buffer->size;
}

void buffer_varint_long(struct buffer *buffer, uint64_t value) {
    uint8_t raw[10];
    buffer_bytes(buffer, bytes_view(raw, varint(raw, value)));
}

void buffer_text(struct buffer *buffer, const char *text) { buffer_bytes(buffer, bytes_of(text)); }

void buffer_format(struct buffer *buffer, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    uint8_t *room = size < 0 ? NULL : buffer_room(buffer, (size_t)size + 1);
    if (room) {
        vsnprintf((char *)room, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

void buffer_clear(struct buffer *buffer) {
    buffer->size = 0;
    buffer->failed = false;
}

void buffer_drop(struct buffer *buffer, size_t size) {
    buffer->size -= size;
    if (size && buffer->size) memmove(buffer->data, buffer->data + size, buffer->size);
}

void buffer_free(struct buffer *buffer) {
    memory_free(buffer->memory, buffer->data, buffer->capacity);
    *buffer = buffer_of(buffer->memory);
}
