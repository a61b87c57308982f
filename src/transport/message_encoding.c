/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are inflated into a buffer that grows by doubling and never beyond the cap, so a bomb
 * costs the cap and not its claim. Deflating uses an 8 KiB window at level 1: states and snapshots
 * are small, and a connection that compresses should not hold 256 KiB for it. */
#include "transport/message_encoding.h"

#include <limits.h>
#include <zlib.h>

#include "base/status.h"

enum { GZIP = 16, INFLATE_WINDOW = 15, DEFLATE_WINDOW = 13, DEFLATE_MEMORY = 6, DEFLATE_LEVEL = 1 };
enum { FIRST_ROOM = 4096, KEPT_ROOM = 65536 };

/* zlib frees without a size: it stands in front of the block. */
static voidpf zlib_alloc(voidpf memory, uInt count, uInt size) {
    size_t total = (size_t)count * size + 16;
    size_t *block = memory_alloc(memory, total);
    if (!block) return Z_NULL;
    *block = total;
    return (uint8_t *)block + 16;
}

static void zlib_free(voidpf memory, voidpf piece) {
    size_t *block = (size_t *)(void *)((uint8_t *)piece - 16);
    memory_free(memory, block, *block);
}

static z_stream *zlib_stream(const struct memory *memory) {
    z_stream *stream = memory_zeroed(memory, 1, sizeof *stream);
    if (!stream) return NULL;
    stream->zalloc = zlib_alloc;
    stream->zfree = zlib_free;
    stream->opaque = (voidpf)(uintptr_t)memory;
    return stream;
}

struct message_encoding message_encoding_of(const struct memory *memory) {
    return (struct message_encoding){memory, NULL, NULL, buffer_of(memory)};
}

static int inflater_ready(struct message_encoding *encoding) {
    if (encoding->inflater) return inflateReset(encoding->inflater) == Z_OK ? SS_OK : SS_ERR_NOMEM;
    z_stream *stream = zlib_stream(encoding->memory);
    if (!stream) return SS_ERR_NOMEM;
    if (inflateInit2(stream, INFLATE_WINDOW + GZIP) != Z_OK) {
        memory_free(encoding->memory, stream, sizeof *stream);
        return SS_ERR_NOMEM;
    }
    encoding->inflater = stream;
    return SS_OK;
}

/* Room for more output, never more than `size_max` in all and one byte to see that it was passed.
 */
static int plain_room(struct buffer *plain, size_t size_max, z_stream *stream) {
    size_t want = plain->size < FIRST_ROOM ? FIRST_ROOM : plain->size;
    if (want > size_max + 1 - plain->size) want = size_max + 1 - plain->size;
    uint8_t *room = buffer_room(plain, want);
    if (!room) return SS_ERR_NOMEM;
    stream->next_out = room;
    stream->avail_out = (uInt)want;
    return SS_OK;
}

static int inflate_all(z_stream *stream, struct buffer *plain, size_t size_max) {
    for (;;) {
        int status = plain_room(plain, size_max, stream);
        if (status != SS_OK) return status;
        uInt room = stream->avail_out;
        int result = inflate(stream, Z_NO_FLUSH);
        plain->size += room - stream->avail_out;
        if (plain->size > size_max) return SS_ERR_TOO_LARGE;
        if (result == Z_STREAM_END) return stream->avail_in == 0 ? SS_OK : SS_ERR_MALFORMED;
        if (result == Z_MEM_ERROR) return SS_ERR_NOMEM;
        if (result != Z_OK || stream->avail_out != 0) return SS_ERR_MALFORMED;
    }
}

int message_inflate(struct message_encoding *encoding, struct bytes packed, size_t size_max,
                    struct bytes *plain) {
    *plain = bytes_view(NULL, 0);
    if (packed.size > UINT_MAX || size_max >= UINT_MAX) return SS_ERR_TOO_LARGE;
    int status = inflater_ready(encoding);
    if (status != SS_OK) return status;
    if (encoding->plain.capacity > KEPT_ROOM) buffer_free(&encoding->plain);
    buffer_clear(&encoding->plain);
    z_stream *stream = encoding->inflater;
    stream->next_in = (z_const Bytef *)(uintptr_t)packed.data;
    stream->avail_in = (uInt)packed.size;
    status = inflate_all(stream, &encoding->plain, size_max);
    if (status == SS_OK) *plain = buffer_view(&encoding->plain);
    return status;
}

static int deflater_ready(struct message_encoding *encoding) {
    if (encoding->deflater) return deflateReset(encoding->deflater) == Z_OK ? SS_OK : SS_ERR_NOMEM;
    z_stream *stream = zlib_stream(encoding->memory);
    if (!stream) return SS_ERR_NOMEM;
    if (deflateInit2(stream, DEFLATE_LEVEL, Z_DEFLATED, DEFLATE_WINDOW + GZIP, DEFLATE_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        memory_free(encoding->memory, stream, sizeof *stream);
        return SS_ERR_NOMEM;
    }
    encoding->deflater = stream;
    return SS_OK;
}

int message_deflate(struct message_encoding *encoding, struct bytes plain, struct buffer *packed) {
    if (plain.size > UINT_MAX / 2) return SS_ERR_NOMEM;
    int status = deflater_ready(encoding);
    if (status != SS_OK) return status;
    z_stream *stream = encoding->deflater;
    uLong bound = deflateBound(stream, (uLong)plain.size);
    uint8_t *room = buffer_room(packed, bound);
    if (!room) return SS_ERR_NOMEM;
    stream->next_in = (z_const Bytef *)(uintptr_t)plain.data;
    stream->avail_in = (uInt)plain.size;
    stream->next_out = room;
    stream->avail_out = (uInt)bound;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END) return SS_ERR_NOMEM;
    packed->size += bound - stream->avail_out;
    return SS_OK;
}

void message_encoding_free(struct message_encoding *encoding) {
    if (encoding->inflater) {
        inflateEnd(encoding->inflater);
        memory_free(encoding->memory, encoding->inflater, sizeof *encoding->inflater);
    }
    if (encoding->deflater) {
        deflateEnd(encoding->deflater);
        memory_free(encoding->memory, encoding->deflater, sizeof *encoding->deflater);
    }
    buffer_free(&encoding->plain);
    *encoding = message_encoding_of(encoding->memory);
}
