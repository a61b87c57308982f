/* SPDX-License-Identifier: Apache-2.0 */
/* Round trips, frames that lie, and bombs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/failing.h"
#include "base/status.h"
#include "codec/compress.h"

static const enum compression types[] = {COMPRESSION_GZIP, COMPRESSION_LZ4, COMPRESSION_ZSTD};
#define TYPES (sizeof types / sizeof *types)

/* Half text, half noise, so that every library has something to do. */
static uint8_t *content(size_t size) {
    uint8_t *bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    uint32_t noise = 1;
    for (size_t i = 0; i < size; i++) {
        noise = noise * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(i % 64 < 32 ? "abcdefgh"[i % 8] : (int)(noise >> 24));
    }
    return bytes;
}

static void round_trips(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 131072, 1000000};
    for (size_t t = 0; t < TYPES; t++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            uint8_t *bytes = content(sizes[i]);
            struct buffer frame = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
            buffer_text(&frame, "before");
            buffer_text(&out, "before");
            assert_int_equal(compress_frame(types[t], bytes_view(bytes, sizes[i]), &frame), SS_OK);
            struct bytes view = bytes_view(frame.data + 6, frame.size - 6);
            assert_int_equal(decompress_frame(types[t], view, sizes[i], &out), SS_OK);
            assert_int_equal(out.size, 6 + sizes[i]);
            assert_memory_equal(out.data + 6, bytes, sizes[i]);
            if (sizes[i])
                assert_int_equal(decompress_frame(types[t], view, sizes[i] - 1, &out),
                                 SS_ERR_TOO_LARGE);
            assert_int_equal(out.size, 6 + sizes[i]);
            buffer_free(&frame);
            buffer_free(&out);
            free(bytes);
        }
}

/* Cut anywhere, followed by a byte or by another frame, and with any byte changed: an error, or the
 * same content (not every bit of a header matters), never more. */
static void refuses_damaged_frames(void **state) {
    (void)state;
    uint8_t *bytes = content(600);
    for (size_t t = 0; t < TYPES; t++) {
        struct buffer frame = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
        assert_int_equal(compress_frame(types[t], bytes_view(bytes, 600), &frame), SS_OK);
        size_t size = frame.size;
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(decompress_frame(types[t], bytes_view(frame.data, cut), 4096, &out),
                             SS_ERR_MALFORMED);
            assert_int_equal(out.size, 0);
        }
        for (size_t i = 0; i < size; i++) {
            frame.data[i] ^= 0x10;
            int status = decompress_frame(types[t], buffer_view(&frame), 4096, &out);
            assert_true(status != SS_OK || (out.size == 600 && !memcmp(out.data, bytes, 600)));
            buffer_clear(&out);
            frame.data[i] ^= 0x10;
        }
        buffer_u8(&frame, 0);
        assert_int_equal(decompress_frame(types[t], buffer_view(&frame), 4096, &out),
                         SS_ERR_MALFORMED);
        frame.size--;
        assert_int_equal(compress_frame(types[t], bytes_view(bytes, 600), &frame), SS_OK);
        assert_int_equal(decompress_frame(types[t], buffer_view(&frame), 4096, &out),
                         SS_ERR_MALFORMED);
        buffer_free(&frame);
        buffer_free(&out);
    }
    free(bytes);
}

static void refuses_other_frames(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    struct bytes skippable = bytes_view("\x50\x2a\x4d\x18\x01\0\0\0x", 9);
    for (size_t t = 0; t < TYPES; t++) {
        assert_int_equal(decompress_frame(types[t], bytes_of(""), 10, &out), SS_ERR_MALFORMED);
        assert_int_equal(decompress_frame(types[t], bytes_of("plain text"), 10, &out),
                         SS_ERR_MALFORMED);
        assert_int_equal(decompress_frame(types[t], skippable, 10, &out), SS_ERR_MALFORMED);
    }
    buffer_free(&out);
}

static void knows_no_other_type(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    assert_int_equal(compress_frame((enum compression)4, bytes_of("a"), &out), SS_ERR_UNSUPPORTED);
    assert_int_equal(decompress_frame((enum compression)4, bytes_of("a"), 9, &out),
                     SS_ERR_UNSUPPORTED);
    assert_int_equal(decompress_frame((enum compression)77777, bytes_of("a"), 9, &out),
                     SS_ERR_UNSUPPORTED);
    assert_int_equal(compress_frame(COMPRESSION_NONE, bytes_of("abc"), &out), SS_OK);
    assert_int_equal(decompress_frame(COMPRESSION_NONE, bytes_of("abc"), 3, &out), SS_OK);
    assert_int_equal(decompress_frame(COMPRESSION_NONE, bytes_of("abc"), 2, &out),
                     SS_ERR_TOO_LARGE);
    assert_true(bytes_equal(buffer_view(&out), bytes_of("abcabc")));
    buffer_free(&out);
}

/* 64 MiB of zeros in each format against a cap of 256 KiB: at most twice the cap is ever held. */
static void bombs_cost_the_cap(void **state) {
    (void)state;
    const size_t size = (size_t)64 << 20, cap = 256 << 10;
    uint8_t *zeros = calloc(1, size);
    assert_non_null(zeros);
    for (size_t t = 0; t < TYPES; t++) {
        struct failing failing = {0};
        struct memory memory = failing_memory(&failing);
        struct buffer bomb = buffer_of(&memory_heap), out = buffer_of(&memory);
        assert_int_equal(compress_frame(types[t], bytes_view(zeros, size), &bomb), SS_OK);
        assert_int_equal(decompress_frame(types[t], buffer_view(&bomb), cap, &out),
                         SS_ERR_TOO_LARGE);
        assert_true(failing.live <= 2 * cap);
        buffer_free(&bomb);
        buffer_free(&out);
        assert_int_equal(failing.live, 0);
    }
    free(zeros);
}

static void refuses_a_large_zstd_window(void **state) {
    (void)state;
    const size_t size = 1 << 20;
    uint8_t *bytes = content(size), *frame = malloc(ZSTD_compressBound(size));
    ZSTD_CCtx *context = ZSTD_createCCtx();
    struct buffer out = buffer_of(&memory_heap);
    assert_non_null(frame);
    assert_non_null(context);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 19);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    size_t framed = ZSTD_compress2(context, frame, ZSTD_compressBound(size), bytes, size);
    assert_false(ZSTD_isError(framed));
    assert_int_equal(decompress_frame(COMPRESSION_ZSTD, bytes_view(frame, framed), 2 * size, &out),
                     SS_ERR_TOO_LARGE);
    ZSTD_freeCCtx(context);
    buffer_free(&out);
    free(frame);
    free(bytes);
}

static void survives_failing_memory(void **state) {
    (void)state;
    uint8_t *bytes = content(50000);
    for (size_t t = 0; t < TYPES; t++) {
        int status = SS_ERR_NOMEM;
        for (size_t n = 1; status != SS_OK; n++) {
            struct failing failing = {.fail_at = n};
            struct memory memory = failing_memory(&failing);
            struct buffer frame = buffer_of(&memory), out = buffer_of(&memory);
            status = compress_frame(types[t], bytes_view(bytes, 50000), &frame);
            if (status == SS_OK)
                status = decompress_frame(types[t], buffer_view(&frame), 50000, &out);
            assert_true(status == SS_OK || (status == SS_ERR_NOMEM && out.size == 0));
            buffer_free(&frame);
            buffer_free(&out);
            assert_int_equal(failing.live, 0);
            assert_true(n < 50);
        }
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(refuses_damaged_frames),
        cmocka_unit_test(refuses_other_frames),
        cmocka_unit_test(knows_no_other_type),
        cmocka_unit_test(bombs_cost_the_cap),
        cmocka_unit_test(refuses_a_large_zstd_window),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
