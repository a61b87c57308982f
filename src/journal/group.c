/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/group.h"

#include "base/status.h"
#include "journal/crc32c.h"

static void put(uint8_t *at, uint32_t value) {
    struct writer writer = writer_of(at, 4);
    writer_u32(&writer, value);
}

/* One frame whose content comes in two pieces. */
static void add(struct buffer *group, uint32_t world, struct bytes head, struct bytes tail) {
    size_t size = 4 + head.size + tail.size;
    uint8_t *at = size <= UINT32_MAX ? buffer_room(group, 8 + size) : NULL;
    if (!at) {
        group->failed = true;
        return;
    }
    put(at, (uint32_t)size);
    put(at + 8, world);
    if (head.size) memcpy(at + 12, head.data, head.size);
    if (tail.size) memcpy(at + 12 + head.size, tail.data, tail.size);
    put(at + 4, crc32c(0, bytes_view(at + 8, size)));
    group->size += 8 + size;
}

void group_add(struct buffer *group, uint32_t world, struct bytes effects) {
    add(group, world, (struct bytes){NULL, 0}, effects);
}

void group_add_name(struct buffer *group, uint32_t world, struct bytes name) {
    uint8_t number[4];
    put(number, world);
    add(group, GROUP_NAMES, bytes_view(number, sizeof number), name);
}

int group_next(struct reader *group, struct frame *frame) {
    if (group->left == 0 && !group->failed) return 0;
    uint32_t size = reader_u32(group);
    uint32_t crc = reader_u32(group);
    struct reader body = reader_of(reader_bytes(group, size));
    if (group->failed || size < 4) return SS_ERR_CORRUPT;
    if (crc32c(0, bytes_view(body.at, body.left)) != crc) return SS_ERR_CORRUPT;
    frame->world = reader_u32(&body);
    frame->effects = bytes_view(body.at, body.left);
    return 1;
}

bool frame_name(const struct frame *frame, uint32_t *world, struct bytes *name) {
    struct reader body = reader_of(frame->effects);
    *world = reader_u32(&body);
    *name = bytes_view(body.at, body.left);
    return !body.failed && name->size > 0;
}
