/* SPDX-License-Identifier: Apache-2.0 */
/* message_cursor.h - the three shapes that protobuf's values have, taken from bytes that nobody
 * vouches for. Internal to codec/. */
#ifndef CODEC_MESSAGE_CURSOR_H
#define CODEC_MESSAGE_CURSOR_H

#include "base/bytes.h"

struct cursor {
    const uint8_t *at, *end;
};

/* False when there is no whole varint of at most 64 bits. */
static inline bool take_varint(struct cursor *cursor, uint64_t *value) {
    if (cursor->at < cursor->end && *cursor->at < 0x80) {
        *value = *cursor->at++;
        return true;
    }
    uint64_t sum = 0;
    for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
        uint8_t byte = *cursor->at++;
        if (shift == 63 && byte > 1) return false;
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if (byte >= 0x80) continue;
        *value = sum;
        return true;
    }
    return false;
}

static inline bool take_fixed(struct cursor *cursor, void *value, size_t size) {
    if ((size_t)(cursor->end - cursor->at) < size) return false;
    memcpy(value, cursor->at, size);
    cursor->at += size;
    return true;
}

static inline bool take_bytes(struct cursor *cursor, struct bytes *view) {
    uint64_t size;
    if (!take_varint(cursor, &size) || size > (size_t)(cursor->end - cursor->at)) return false;
    *view = (struct bytes){cursor->at, (size_t)size};
    cursor->at += size;
    return true;
}

#endif
