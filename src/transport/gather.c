/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/gather.h"

enum { TYPE_DATA = 0 };

static size_t frame_size(const uint8_t *header) {
    return FRAME_HEADER_SIZE + ((size_t)header[0] << 16 | (size_t)header[1] << 8 | header[2]);
}

/* A whole frame of DATA that says nothing but its content. */
static bool is_plain(struct bytes from) {
    if (from.size < FRAME_HEADER_SIZE || from.data[3] != TYPE_DATA || from.data[4] != 0)
        return false;
    size_t size = frame_size(from.data);
    return size > FRAME_HEADER_SIZE && size <= from.size &&
           size <= FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX;
}

static struct bytes after(struct bytes from, size_t size) {
    return bytes_view(from.data + size, from.size - size);
}

/* `next` goes on where the frame with this header ended: type, flags and stream are the same. */
static bool goes_on(const uint8_t *header, struct bytes next) {
    return is_plain(next) && memcmp(header + 3, next.data + 3, FRAME_HEADER_SIZE - 3) == 0;
}

static bool begins_run(struct bytes from) {
    return is_plain(from) && goes_on(from.data, after(from, frame_size(from.data)));
}

/* The rest of a header that came in part, or of what it began. */
static size_t finish_begun(struct gather *gather, struct bytes from) {
    size_t taken = 0;
    while (gather->header_size && gather->left == 0 && taken < from.size) {
        gather->header[gather->header_size++] = from.data[taken++];
        if (gather->header_size < FRAME_HEADER_SIZE) continue;
        gather->left = frame_size(gather->header) - FRAME_HEADER_SIZE;
        gather->header_size = 0;
    }
    size_t rest = from.size - taken < gather->left ? from.size - taken : gather->left;
    gather->left -= rest;
    return taken + rest;
}

/* How many bytes there are before the next run, whose last frame may be cut. */
static size_t pass(struct gather *gather, struct bytes from) {
    size_t taken = finish_begun(gather, from);
    while (taken < from.size) {
        struct bytes frame = after(from, taken);
        if (begins_run(frame)) break;
        if (frame.size < FRAME_HEADER_SIZE) {
            memcpy(gather->header, frame.data, frame.size);
            gather->header_size = frame.size;
            return from.size;
        }
        size_t size = frame_size(frame.data);
        if (size > frame.size) {
            gather->left = size - frame.size;
            return from.size;
        }
        taken += size;
    }
    return taken;
}

static struct bytes join(struct bytes *from, uint8_t *room) {
    const uint8_t *header = from->data;
    uint8_t *to = room + FRAME_HEADER_SIZE;
    size_t payload = 0;
    while (goes_on(header, *from)) {
        size_t size = frame_size(from->data) - FRAME_HEADER_SIZE;
        if (payload + size > FRAME_PAYLOAD_MAX) break;
        memcpy(to + payload, from->data + FRAME_HEADER_SIZE, size);
        payload += size;
        *from = after(*from, FRAME_HEADER_SIZE + size);
    }
    memcpy(room, header, FRAME_HEADER_SIZE);
    room[0] = (uint8_t)(payload >> 16);
    room[1] = (uint8_t)(payload >> 8);
    room[2] = (uint8_t)payload;
    return bytes_view(room, FRAME_HEADER_SIZE + payload);
}

struct bytes gather_next(struct gather *gather, struct bytes *from,
                         uint8_t room[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX]) {
    size_t size = pass(gather, *from);
    struct bytes piece = bytes_view(from->data, size);
    *from = after(*from, size);
    return size ? piece : join(from, room);
}
