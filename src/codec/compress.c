/* SPDX-License-Identifier: Apache-2.0 */
/* The three compressed frames behind one loop.
 *
 * Each library is a small struct with the same verb, step: take from `in`, give to `out`, say when
 * the frame has ended. The loop around it gives room in growing portions and stops one byte behind
 * the cap, so what a bomb costs is the cap and the window of the library, never what it claims to
 * hold. */
#include "codec/compress.h"

#include <limits.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/status.h"

#define ZSTD_WINDOW_LOG 17 /* 128 KiB, in both directions: what we write every peer can read */
#define ZSTD_LEVEL      3
#define GZIP_LEVEL      6
#define GZIP_WINDOW     (15 + 16) /* zlib's largest window, in the wrapper of RFC 1952 */
#define PORTION_MIN     4096

/* ---- compressing --------------------------------------------------------------------------- */

static int gzip_compress(struct bytes from, struct buffer *out) {
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)from.data, .avail_in = (uInt)from.size};
    if (from.size > UINT_MAX) return SS_ERR_TOO_LARGE;
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return SS_ERR_NOMEM;
    size_t bound = deflateBound(&stream, (uLong)from.size);
    int status = SS_ERR_NOMEM;
    stream.next_out = bound > UINT_MAX ? NULL : buffer_room(out, bound);
    if (!stream.next_out) goto done;
    stream.avail_out = (uInt)bound;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) goto done;
    out->size += bound - stream.avail_out;
    status = SS_OK;
done:
    deflateEnd(&stream);
    return status;
}

static int lz4_compress(struct bytes from, struct buffer *out) {
    LZ4F_preferences_t preferences = {
        .frameInfo = {.contentSize = from.size,
                      .contentChecksumFlag = LZ4F_contentChecksumEnabled}};
    size_t bound = LZ4F_compressFrameBound(from.size, &preferences);
    uint8_t *to = buffer_room(out, bound);
    if (!to) return SS_ERR_NOMEM;
    size_t size = LZ4F_compressFrame(to, bound, from.data, from.size, &preferences);
    if (LZ4F_isError(size)) return SS_ERR_NOMEM;
    out->size += size;
    return SS_OK;
}

struct dictionary {
    const struct memory *memory;
    struct bytes content;
    uint32_t id;
    ZSTD_CDict *prepared;
    ZSTD_DDict *opener;
};

/* What a zstd frame may refer to besides itself. */
struct reference {
    struct bytes base; /* raw */
    const struct dictionary *dictionary;
};

static int zstd_compress_with(const struct reference *reference, struct bytes from,
                              struct buffer *out) {
    size_t bound = ZSTD_compressBound(from.size);
    uint8_t *to = buffer_room(out, bound);
    ZSTD_CCtx *context = to ? ZSTD_createCCtx() : NULL;
    if (!context) return SS_ERR_NOMEM;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_WINDOW_LOG);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (reference->base.size)
        ZSTD_CCtx_refPrefix(context, reference->base.data, reference->base.size);
    if (reference->dictionary) ZSTD_CCtx_refCDict(context, reference->dictionary->prepared);
    size_t size = ZSTD_compress2(context, to, bound, from.data, from.size);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(size)) return SS_ERR_NOMEM;
    out->size += size;
    return SS_OK;
}

static int plain_copy(struct bytes from, struct buffer *out) {
    buffer_bytes(out, from);
    return out->failed ? SS_ERR_NOMEM : SS_OK;
}

int compress_frame(enum compression type, struct bytes from, struct buffer *out) {
    switch (type) {
    case COMPRESSION_NONE: return plain_copy(from, out);
    case COMPRESSION_GZIP: return gzip_compress(from, out);
    case COMPRESSION_LZ4: return lz4_compress(from, out);
    case COMPRESSION_ZSTD:
        return zstd_compress_with(&(struct reference){.dictionary = NULL}, from, out);
    }
    return SS_ERR_UNSUPPORTED;
}

/* ---- decompressing ------------------------------------------------------------------------- */

/* One frame on its way: the bytes still to be read and the memory still to be filled. */
struct stream {
    struct bytes in;
    struct reference reference;
    uint8_t *out;
    size_t room;
    bool ended;
    union {
        z_stream gzip;
        LZ4F_dctx *lz4;
        ZSTD_DCtx *zstd;
    };
};

static void stream_took(struct stream *stream, size_t in, size_t out) {
    stream->in.data += in;
    stream->in.size -= in;
    stream->out += out;
    stream->room -= out;
}

static int gzip_open(struct stream *stream) {
    stream->gzip = (z_stream){.next_in = NULL};
    return inflateInit2(&stream->gzip, GZIP_WINDOW) == Z_OK ? SS_OK : SS_ERR_NOMEM;
}

static int gzip_step(struct stream *stream) {
    z_stream *gzip = &stream->gzip;
    uInt in = stream->in.size > UINT_MAX ? UINT_MAX : (uInt)stream->in.size;
    uInt room = stream->room > UINT_MAX ? UINT_MAX : (uInt)stream->room;
    gzip->next_in = (uint8_t *)(uintptr_t)stream->in.data;
    gzip->avail_in = in;
    gzip->next_out = stream->out;
    gzip->avail_out = room;
    int status = inflate(gzip, Z_NO_FLUSH);
    stream_took(stream, in - gzip->avail_in, room - gzip->avail_out);
    stream->ended = status == Z_STREAM_END;
    if (status == Z_MEM_ERROR) return SS_ERR_NOMEM;
    return status == Z_OK || status == Z_STREAM_END ? SS_OK : SS_ERR_MALFORMED;
}

static void gzip_close(struct stream *stream) {
    inflateEnd(&stream->gzip);
}

static int lz4_open(struct stream *stream) {
    return LZ4F_isError(LZ4F_createDecompressionContext(&stream->lz4, LZ4F_VERSION)) ? SS_ERR_NOMEM
                                                                                     : SS_OK;
}

static int lz4_step(struct stream *stream) {
    size_t in = stream->in.size, out = stream->room;
    size_t hint = LZ4F_decompress(stream->lz4, stream->out, &out, stream->in.data, &in, NULL);
    if (LZ4F_isError(hint)) return SS_ERR_MALFORMED;
    stream_took(stream, in, out);
    stream->ended = hint == 0;
    return SS_OK;
}

static void lz4_close(struct stream *stream) {
    LZ4F_freeDecompressionContext(stream->lz4);
}

static int zstd_open(struct stream *stream) {
    stream->zstd = ZSTD_createDCtx();
    if (!stream->zstd) return SS_ERR_NOMEM;
    const struct reference *reference = &stream->reference;
    ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    if (reference->base.size)
        ZSTD_DCtx_refPrefix(stream->zstd, reference->base.data, reference->base.size);
    if (reference->dictionary) ZSTD_DCtx_refDDict(stream->zstd, reference->dictionary->opener);
    return SS_OK;
}

static int zstd_step(struct stream *stream) {
    ZSTD_inBuffer in = {stream->in.data, stream->in.size, 0};
    ZSTD_outBuffer out = {stream->out, stream->room, 0};
    size_t hint = ZSTD_decompressStream(stream->zstd, &out, &in);
    switch (ZSTD_isError(hint) ? ZSTD_getErrorCode(hint) : ZSTD_error_no_error) {
    case ZSTD_error_no_error: break;
    case ZSTD_error_frameParameter_windowTooLarge: return SS_ERR_TOO_LARGE;
    case ZSTD_error_memory_allocation: return SS_ERR_NOMEM;
    default: return SS_ERR_MALFORMED;
    }
    stream_took(stream, in.pos, out.pos);
    stream->ended = hint == 0;
    return SS_OK;
}

static void zstd_close(struct stream *stream) {
    ZSTD_freeDCtx(stream->zstd);
}

struct decompressor {
    uint32_t magic; /* of its frames: no skippable or legacy ones */
    uint32_t mask;
    int (*open)(struct stream *);
    int (*step)(struct stream *); /* SS_OK, or why the frame is refused */
    void (*close)(struct stream *);
};

static const struct decompressor decompressors[] = {
    [COMPRESSION_GZIP] = {0x00088b1f, 0x00ffffff, gzip_open, gzip_step, gzip_close},
    [COMPRESSION_LZ4] = {0x184d2204, 0xffffffff, lz4_open, lz4_step, lz4_close},
    [COMPRESSION_ZSTD] = {0xfd2fb528, 0xffffffff, zstd_open, zstd_step, zstd_close},
};

/* Room for the next portion: as much as there is already, at most up to one byte behind the cap. */
static int stream_room(struct stream *stream, struct buffer *out, size_t written, size_t size_max) {
    if (written > size_max) return SS_ERR_TOO_LARGE;
    size_t portion = written < PORTION_MIN ? PORTION_MIN : written;
    if (portion > size_max - written) portion = size_max - written + 1;
    stream->out = buffer_room(out, portion);
    stream->room = portion;
    return stream->out ? SS_OK : SS_ERR_NOMEM;
}

static int stream_run(const struct decompressor *library, struct stream *stream, struct buffer *out,
                      size_t size_max) {
    size_t before = out->size;
    while (!stream->ended) {
        int status = stream_room(stream, out, out->size - before, size_max);
        if (status != SS_OK) return status;
        size_t room = stream->room, left = stream->in.size;
        status = library->step(stream);
        if (status != SS_OK) return status;
        out->size += room - stream->room;
        bool stuck = room == stream->room && left == stream->in.size;
        if (stuck && !stream->ended) return SS_ERR_MALFORMED; /* cut short */
    }
    if (out->size - before > size_max) return SS_ERR_TOO_LARGE;
    return stream->in.size == 0 ? SS_OK : SS_ERR_MALFORMED;
}

static int decompress_with(const struct decompressor *library, const struct reference *reference,
                           struct bytes frame, size_t size_max, struct buffer *out) {
    struct reader reader = reader_of(frame);
    if ((reader_u32(&reader) & library->mask) != library->magic || reader.failed)
        return SS_ERR_MALFORMED;
    struct stream stream = {.in = frame, .reference = *reference};
    size_t before = out->size;
    int status = library->open(&stream);
    if (status != SS_OK) return status;
    status = stream_run(library, &stream, out, size_max);
    library->close(&stream);
    if (status != SS_OK) out->size = before;
    return status;
}

int decompress_frame(enum compression type, struct bytes frame, size_t size_max,
                     struct buffer *out) {
    if (type == COMPRESSION_NONE)
        return frame.size > size_max ? SS_ERR_TOO_LARGE : plain_copy(frame, out);
    if ((unsigned)type >= sizeof decompressors / sizeof *decompressors) return SS_ERR_UNSUPPORTED;
    return decompress_with(&decompressors[type], &(struct reference){.dictionary = NULL}, frame,
                           size_max, out);
}

/* ---- against a base ------------------------------------------------------------------------ */

int compress_against(struct bytes base, struct bytes from, struct buffer *out) {
    struct reader reader = reader_of(base);
    if (reader_u32(&reader) == ZSTD_MAGIC_DICTIONARY) return SS_ERR_UNSUPPORTED;
    return zstd_compress_with(&(struct reference){.base = base}, from, out);
}

int decompress_against(struct bytes base, struct bytes frame, size_t size_max, struct buffer *out) {
    return decompress_with(&decompressors[COMPRESSION_ZSTD], &(struct reference){.base = base},
                           frame, size_max, out);
}

/* ---- with a trained dictionary ------------------------------------------------------------- */

void dictionary_destroy(struct dictionary *dictionary) {
    if (!dictionary) return;
    ZSTD_freeCDict(dictionary->prepared);
    ZSTD_freeDDict(dictionary->opener);
    memory_free(dictionary->memory, (void *)(uintptr_t)dictionary->content.data,
                dictionary->content.size);
    memory_free(dictionary->memory, dictionary, sizeof *dictionary);
}

/* Both libraries' forms of it; they copy. */
static int dictionary_prepare(struct dictionary *dictionary, struct bytes from) {
    dictionary->id = ZSTD_getDictID_fromDict(from.data, from.size);
    if (dictionary->id == 0) return SS_ERR_MALFORMED;
    dictionary->prepared = ZSTD_createCDict(from.data, from.size, ZSTD_LEVEL);
    dictionary->opener = ZSTD_createDDict(from.data, from.size);
    return dictionary->prepared && dictionary->opener ? SS_OK : SS_ERR_MALFORMED;
}

int dictionary_create(struct dictionary **out, const struct memory *memory, struct bytes from) {
    struct dictionary *dictionary = memory_zeroed(memory, 1, sizeof *dictionary);
    uint8_t *copy = dictionary && from.size ? memory_alloc(memory, from.size) : NULL;
    int status = dictionary && (copy || from.size == 0) ? SS_OK : SS_ERR_NOMEM;
    if (dictionary) dictionary->memory = memory;
    if (copy) {
        memcpy(copy, from.data, from.size);
        dictionary->content = (struct bytes){copy, from.size};
    }
    if (status == SS_OK) status = dictionary_prepare(dictionary, dictionary->content);
    if (status == SS_OK) {
        *out = dictionary;
    } else {
        dictionary_destroy(dictionary);
    }
    return status;
}

uint32_t dictionary_id(const struct dictionary *dictionary) {
    return dictionary->id;
}

struct bytes dictionary_bytes(const struct dictionary *dictionary) {
    return dictionary->content;
}

int dictionary_compress(const struct dictionary *dictionary, struct bytes from,
                        struct buffer *out) {
    return zstd_compress_with(&(struct reference){.dictionary = dictionary}, from, out);
}

int dictionary_decompress(const struct dictionary *dictionary, struct bytes frame, size_t size_max,
                          struct buffer *out) {
    return decompress_with(&decompressors[COMPRESSION_ZSTD],
                           &(struct reference){.dictionary = dictionary}, frame, size_max, out);
}
