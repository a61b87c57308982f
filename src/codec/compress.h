/* SPDX-License-Identifier: Apache-2.0 */
/* compress.h - gzip, LZ4 frame and zstd over whole buffers, in frames that the stock tools open.
 * Decompression is capped on *output* while it streams, so a bomb costs at most the cap. */
#ifndef CODEC_COMPRESS_H
#define CODEC_COMPRESS_H

#include "base/bytes.h"

/* Same numbers as CompressionType on the wire. */
enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_LZ4, COMPRESSION_ZSTD };

/* Appends one frame with `from`. SS_OK, SS_ERR_UNSUPPORTED for an unknown number, SS_ERR_NOMEM. */
int compress_frame(enum compression type, struct bytes from, struct buffer *out);
/* Appends what the frame holds, at most `size_max` bytes; nothing may follow it. SS_OK,
 * SS_ERR_MALFORMED, SS_ERR_TOO_LARGE (over the cap, or a zstd window over 128 KiB), _UNSUPPORTED,
 * _NOMEM. */
int decompress_frame(enum compression type, struct bytes frame, size_t size_max,
                     struct buffer *out);

#endif
