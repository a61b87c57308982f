/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "transport/gather.h"

enum { HEADER = FRAME_HEADER_SIZE };

static void put_frame(struct buffer *out, unsigned type, unsigned flags, unsigned stream,
                      size_t size, struct random *random) {
    uint8_t header[HEADER] = {(uint8_t)(size >> 16),
                              (uint8_t)(size >> 8),
                              (uint8_t)size,
                              (uint8_t)type,
                              (uint8_t)flags,
                              0,
                              0,
                              (uint8_t)(stream >> 8),
                              (uint8_t)stream};
    buffer_bytes(out, bytes_view(header, sizeof header));
    for (size_t i = 0; i < size; i++)
        buffer_u8(out, (uint8_t)random_below(random, 256));
}

static size_t size_of(const uint8_t *header) {
    return (size_t)header[0] << 16 | (size_t)header[1] << 8 | header[2];
}

/* What frames say, however they are cut: plain DATA that follows plain DATA of its stream is added
 * to it, empty frames and all others stand for themselves. The number of frames after `preface`. */
static size_t canonical(struct bytes from, size_t preface, struct buffer *out) {
    size_t frames = 0, last = SIZE_MAX;
    buffer_bytes(out, bytes_view(from.data, preface));
    for (size_t at = preface; at < from.size; frames++) {
        const uint8_t *header = from.data + at;
        size_t size = size_of(header);
        bool plain = header[3] == 0 && header[4] == 0 && size;
        bool joins = plain && last != SIZE_MAX && memcmp(out->data + last, header + 3, 6) == 0;
        if (!joins) {
            last = plain ? out->size : SIZE_MAX;
            buffer_bytes(out, bytes_view(header + 3, 6));
        }
        buffer_bytes(out, bytes_view(header + HEADER, size));
        at += HEADER + size;
    }
    return frames;
}

/* Feeds `from` in pieces of at most `most` bytes. */
static void feed(struct bytes from, size_t preface, size_t most, struct random *random,
                 struct buffer *out) {
    static uint8_t room[HEADER + FRAME_PAYLOAD_MAX];
    struct gather gather = gather_of(preface);
    while (from.size) {
        size_t size = 1 + random_below(random, most);
        if (size > from.size) size = from.size;
        struct bytes piece = bytes_view(from.data, size);
        from = bytes_view(from.data + size, from.size - size);
        while (piece.size) {
            size_t before = piece.size;
            struct bytes got = gather_next(&gather, &piece, room);
            assert_true(got.size > 0 && piece.size < before);
            buffer_bytes(out, got);
        }
    }
}

static void random_frames(struct random *random, size_t count, struct buffer *out) {
    for (size_t i = 0; i < count; i++) {
        unsigned type = random_below(random, 8) ? 0 : (unsigned)random_below(random, 10);
        unsigned flags = random_below(random, 8) ? 0 : (unsigned)random_below(random, 16);
        size_t size = random_below(random, 16) ? random_below(random, 200)
                                               : random_below(random, 2 * FRAME_PAYLOAD_MAX);
        put_frame(out, type, flags, random_below(random, 4) ? 1 : 0x103, size, random);
    }
}

/* Whatever comes in whatever pieces: the same is said, in frames that nobody may call too large. */
static void test_says_the_same(void **state) {
    (void)state;
    struct random random = {11};
    struct buffer in = buffer_of(&memory_heap), out = in, said = in, meant = in;
    for (unsigned round = 0; round < 300; round++) {
        size_t preface = round % 3 ? 24 : 0, most = round % 2 ? 40 : 50000;
        buffer_clear(&in), buffer_clear(&out), buffer_clear(&said), buffer_clear(&meant);
        for (size_t i = 0; i < preface; i++)
            buffer_u8(&in, 0);
        random_frames(&random, 40, &in);
        feed(buffer_view(&in), preface, most, &random, &out);
        size_t frames = canonical(buffer_view(&in), preface, &meant);
        assert_true(canonical(buffer_view(&out), preface, &said) <= frames);
        assert_true(bytes_equal(buffer_view(&said), buffer_view(&meant)));
    }
    buffer_free(&in), buffer_free(&out), buffer_free(&said), buffer_free(&meant);
}

/* Frames of one stream in one piece become one, up to the largest that a peer may send. */
static void test_joins(void **state) {
    (void)state;
    uint8_t room[HEADER + FRAME_PAYLOAD_MAX];
    struct random random = {12};
    struct buffer in = buffer_of(&memory_heap);
    struct gather gather = gather_of(0);
    for (unsigned i = 0; i < 64; i++)
        put_frame(&in, 0, 0, 7, 300, &random);
    put_frame(&in, 0, 1, 7, 10, &random);
    struct bytes from = buffer_view(&in), piece = gather_next(&gather, &from, room);
    assert_int_equal(piece.size, HEADER + 54 * 300);
    assert_int_equal(size_of(piece.data), 54 * 300);
    assert_memory_equal(piece.data + HEADER + 300, in.data + 2 * HEADER + 300, 300);
    piece = gather_next(&gather, &from, room);
    assert_int_equal(size_of(piece.data), 10 * 300);
    piece = gather_next(&gather, &from, room);
    assert_int_equal(piece.size, HEADER + 10);
    assert_int_equal(from.size, 0);
    buffer_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_the_same),
        cmocka_unit_test(test_joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
