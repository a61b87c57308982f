/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - DATA frames that came one right behind the other on one stream become one frame.
 *
 * Many gRPC clients give every message a DATA frame of its own, and nghttp2 takes as long for a frame
 * of 90 bytes as we take for the update inside. What is left out are frame headers only, so flow
 * control counts the same; frames with flags, without content, or cut by the end of what was read
 * stay as they are. */
#ifndef TRANSPORT_GATHER_H
#define TRANSPORT_GATHER_H

#include "base/bytes.h"

enum { FRAME_HEADER_SIZE = 9, FRAME_PAYLOAD_MAX = 16384 };

/* Where in the stream of frames the next byte stands. */
struct gather {
    size_t left;                       /* bytes that are still of the frame (or preface) begun */
    uint8_t header[FRAME_HEADER_SIZE]; /* of a frame whose header came in part */
    size_t header_size;
};

/* Before the first frame come `preface` bytes. */
static inline struct gather gather_of(size_t preface) {
    return (struct gather){.left = preface};
}
/* Takes the next piece off `from` (not empty): a view of it, or one frame made of several in
 * `room`. */
struct bytes gather_next(struct gather *gather, struct bytes *from,
                         uint8_t room[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX]);

#endif
