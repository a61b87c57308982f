/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - what is committed together: frames of effects, one for each turn of a world.
 *
 *   frame:  [u32 size of what follows the checksum][u32 CRC-32C of it][u32 world][effects]
 *
 * A frame of the world GROUP_NAMES holds no effects but [u32 world][its name]: from here on that
 * number means that world. */
#ifndef JOURNAL_GROUP_H
#define JOURNAL_GROUP_H

#include "base/bytes.h"

#define GROUP_FRAME_HEAD 12
#define GROUP_NAMES      UINT32_MAX

struct frame {
    uint32_t world;
    struct bytes effects; /* or, of GROUP_NAMES, number and name */
};

/* Adds a frame; the buffer fails when out of memory, and is then as long as before. */
void group_add(struct buffer *group, uint32_t world, struct bytes effects);
void group_add_name(struct buffer *group, uint32_t world, struct bytes name);

/* The next frame of a group: 1, 0 at the end, SS_ERR_CORRUPT when it is damaged. */
int group_next(struct reader *group, struct frame *frame);
/* Number and name out of a frame of GROUP_NAMES; false when it is malformed. */
bool frame_name(const struct frame *frame, uint32_t *world, struct bytes *name);

#endif
