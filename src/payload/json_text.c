/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner has let through only strings that are UTF-8 with complete escapes, so decoding cannot
 * fail here: every step reads one code point, however it is written. */
#include "payload/json_text.h"

#include "base/hash.h"

#define CHUNK 256 /* bytes hashed in one go */

static uint32_t hex4(const uint8_t *at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    return value;
}

static size_t escape_decode(const uint8_t *at, uint32_t *point) {
    switch (at[1]) {
    case 'b': *point = '\b'; return 2;
    case 'f': *point = '\f'; return 2;
    case 'n': *point = '\n'; return 2;
    case 'r': *point = '\r'; return 2;
    case 't': *point = '\t'; return 2;
    case 'u': break;
    default: *point = at[1]; return 2;
    }
    *point = hex4(at + 2);
    if (*point < 0xd800 || *point > 0xdfff) return 6;
    *point = 0x10000 + ((*point - 0xd800) << 10) + (hex4(at + 8) - 0xdc00);
    return 12;
}

static size_t utf8_decode(const uint8_t *at, uint32_t *point) {
    if (at[0] < 0x80) {
        *point = at[0];
        return 1;
    }
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    *point = at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        *point = *point << 6 | (at[i] & 0x3f);
    return size;
}

static size_t utf8_encode(uint32_t point, uint8_t out[4]) {
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; point >>= 6)
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)((0xf00u >> size) | point);
    return size;
}

/* The code point at the front of `text`, which it leaves; the text is not empty. Without `escaped`
 * a backslash is a backslash. */
static uint32_t text_next(struct json_text *text) {
    uint32_t point = 0;
    const uint8_t *at = text->raw.data;
    bool escape = text->escaped && *at == '\\';
    size_t size = escape ? escape_decode(at, &point) : utf8_decode(at, &point);
    text->raw.data += size;
    text->raw.size -= size;
    return point;
}

int json_text_compare(struct json_text a, struct json_text b) {
    if (!a.escaped && !b.escaped) return bytes_compare(a.raw, b.raw);
    while (a.raw.size > 0 && b.raw.size > 0) {
        uint32_t left = text_next(&a), right = text_next(&b);
        if (left != right) return left < right ? -1 : 1;
    }
    return (a.raw.size > 0) - (b.raw.size > 0);
}

bool json_text_equal(struct json_text a, struct json_text b) {
    if (!a.escaped && !b.escaped) return bytes_equal(a.raw, b.raw);
    return json_text_compare(a, b) == 0;
}

/* Hashes go chunk by chunk, so that text with escapes needs no more memory than one chunk. */
typedef uint64_t chunk_hash(uint64_t seed, struct bytes chunk);

static uint64_t chunk_sip(uint64_t seed, struct bytes chunk) {
    return hash_seeded((struct hash_key){0x6a736f6e, 0x74657874}, seed, chunk);
}

static inline uint64_t chunk_quick(uint64_t seed, struct bytes chunk) {
    uint64_t hash = seed ^ chunk.size, word;
    for (; chunk.size >= 8; chunk.data += 8, chunk.size -= 8) {
        memcpy(&word, chunk.data, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash_mix(hash ^ hash_word(chunk.data, chunk.size));
}

static uint64_t escaped_hash(struct json_text text, chunk_hash *hash_of) {
    uint8_t chunk[CHUNK + 4];
    size_t held = 0;
    uint64_t hash = 0;
    while (text.raw.size > 0) {
        held += utf8_encode(text_next(&text), chunk + held);
        if (held < CHUNK) continue;
        hash = hash_of(hash, bytes_view(chunk, CHUNK));
        held -= CHUNK;
        memmove(chunk, chunk + CHUNK, held);
    }
    return hash_of(hash, bytes_view(chunk, held));
}

static uint64_t text_hash(struct json_text text, chunk_hash *hash_of) {
    if (text.escaped) return escaped_hash(text, hash_of);
    uint64_t hash = 0;
    struct bytes left = text.raw;
    for (; left.size >= CHUNK; left.data += CHUNK, left.size -= CHUNK)
        hash = hash_of(hash, bytes_view(left.data, CHUNK));
    return hash_of(hash, left);
}

uint64_t json_text_hash(struct json_text text) {
    return text_hash(text, chunk_sip);
}
uint32_t json_name_hash(struct json_text name) {
    if (!name.escaped && name.raw.size < CHUNK) return (uint32_t)chunk_quick(0, name.raw);
    return (uint32_t)text_hash(name, chunk_quick);
}

void json_text_pointer(struct json_text text, struct buffer *out) {
    buffer_u8(out, '/');
    while (text.raw.size > 0) {
        uint8_t encoded[4];
        uint32_t point = text_next(&text);
        if (point == '~' || point == '/') {
            buffer_text(out, point == '~' ? "~0" : "~1");
        } else if (point == 0) {
            buffer_text(out, "\\u0000");
        } else {
            buffer_bytes(out, bytes_view(encoded, utf8_encode(point, encoded)));
        }
    }
}
