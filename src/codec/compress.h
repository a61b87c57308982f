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

/* One zstd frame with `base` as raw-content dictionary: `zstd -D` and `--patch-from` open it. SS_OK,
 * SS_ERR_UNSUPPORTED for a base that such tools would take for a trained dictionary, SS_ERR_NOMEM. */
int compress_against(struct bytes base, struct bytes from, struct buffer *out);
/* Opens one, as decompress_frame does. */
int decompress_against(struct bytes base, struct bytes frame, size_t size_max, struct buffer *out);

/* A dictionary that `zstd --train` wrote, prepared once for many frames. */
struct dictionary;

/* Copies `from`. SS_OK, SS_ERR_MALFORMED when it is no trained dictionary, SS_ERR_NOMEM. */
int dictionary_create(struct dictionary **dictionary, const struct memory *memory,
                      struct bytes from);
void dictionary_destroy(struct dictionary *dictionary); /* NULL is allowed */
uint32_t dictionary_id(const struct dictionary *dictionary); /* never 0 */
struct bytes dictionary_bytes(const struct dictionary *dictionary);
/* Appends one zstd frame that names the dictionary. SS_OK, SS_ERR_NOMEM. */
int dictionary_compress(const struct dictionary *dictionary, struct bytes from, struct buffer *out);
/* Opens one, as decompress_frame does. */
int dictionary_decompress(const struct dictionary *dictionary, struct bytes frame, size_t size_max,
                          struct buffer *out);

#endif
