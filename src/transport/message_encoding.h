/* SPDX-License-Identifier: Apache-2.0 */
/* message_encoding.h - grpc-encoding gzip: whole messages in and out, with a cap on what comes out.
 */
#ifndef TRANSPORT_MESSAGE_ENCODING_H
#define TRANSPORT_MESSAGE_ENCODING_H

#include "base/bytes.h"

struct z_stream_s;

/* Both directions are made when first used and then reused; a zeroed one plus `memory` is valid. */
struct message_encoding {
    const struct memory *memory;
    struct z_stream_s *inflater, *deflater;
    struct buffer plain; /* the last inflated message */
};

struct message_encoding message_encoding_of(const struct memory *memory);
/* One gzip member to at most `size_max` bytes; `plain` is borrowed until the next call. SS_OK,
 * SS_ERR_TOO_LARGE (stopped at the cap), SS_ERR_MALFORMED (also cut short, or bytes behind the
 * end), SS_ERR_NOMEM. */
int message_inflate(struct message_encoding *encoding, struct bytes packed, size_t size_max,
                    struct bytes *plain);
/* Appends `plain` as one gzip member. SS_OK or SS_ERR_NOMEM (what was in `packed` is intact). */
int message_deflate(struct message_encoding *encoding, struct bytes plain, struct buffer *packed);
void message_encoding_free(struct message_encoding *encoding);

#endif
