/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "wire/bits.h"
#include "wire/range.h"

#define THINGS 400

/* Anything, one behind the other, comes back as it was: numbers, and blocks that say where they
 * end. */
enum kind { BITS, VARINT, BLOCK };
struct thing {
    enum kind kind;
    unsigned count; /* of bits; of symbols in a block */
    uint64_t value; /* of a block: the seed */
};

static void draw(struct random *random, struct thing *thing) {
    thing->kind = (enum kind)random_below(random, 3);
    thing->count = (unsigned)random_below(random, thing->kind == BITS ? 9 : 60);
    thing->value = random_next(random) >> random_below(random, 64);
    if (thing->kind == BITS) thing->value &= (1u << thing->count) - 1;
}

static void put_block(const struct thing *thing, struct bit_writer *writer) {
    struct random symbols = {thing->value};
    struct range_encoder encoder;
    uint8_t *room = buffer_room(writer->out, 256);
    assert_non_null(room);
    range_encoder_init(&encoder, room, 256);
    for (unsigned i = 0; i < thing->count; i++)
        range_encode_bit(&encoder, 50000, (unsigned)random_below(&symbols, 2));
    size_t bits = range_encoder_finish(&encoder);
    assert_true(bits > 0);
    bits_take(writer, bits);
}

static void get_block(const struct thing *thing, struct bit_reader *reader) {
    struct random symbols = {thing->value};
    struct range_decoder decoder;
    unsigned skip;
    struct bytes rest = bits_rest(reader, &skip);
    range_decoder_init(&decoder, rest, skip);
    for (unsigned i = 0; i < thing->count; i++)
        assert_int_equal(range_decode_bit(&decoder, 50000), random_below(&symbols, 2));
    size_t bits = range_decoder_finish(&decoder);
    assert_true(bits > 0);
    reader->at += bits;
}

static void put(const struct thing *thing, struct bit_writer *writer) {
    switch (thing->kind) {
    case BITS: bits_put(writer, (unsigned)thing->value, thing->count); break;
    case VARINT: bits_varint(writer, thing->value); break;
    case BLOCK: put_block(thing, writer); break;
    }
}

static void get(const struct thing *thing, struct bit_reader *reader) {
    switch (thing->kind) {
    case BITS: assert_int_equal(bits_get(reader, thing->count), thing->value); break;
    case VARINT: assert_int_equal(bits_get_varint(reader), thing->value); break;
    case BLOCK: get_block(thing, reader); break;
    }
}

static void test_round_trip(void **state) {
    (void)state;
    struct random random = {1};
    for (int round = 0; round < 300; round++) {
        struct thing things[THINGS];
        struct buffer out = buffer_of(&memory_heap);
        struct bit_writer writer = {.out = &out};
        size_t count = random_below(&random, THINGS);
        for (size_t i = 0; i < count; i++) {
            draw(&random, &things[i]);
            put(&things[i], &writer);
        }
        struct bit_reader reader = bits_of(buffer_view(&out));
        for (size_t i = 0; i < count; i++)
            get(&things[i], &reader);
        assert_false(reader.failed);
        assert_int_equal(bits_left(&reader), writer.free);
        assert_true(bits_end(&reader));
        buffer_free(&out);
    }
}

/* What goes beyond the end is said, and reads nothing there. */
static void test_end(void **state) {
    (void)state;
    const uint8_t raw[] = {0xff, 0xff, 0x80};
    struct bit_reader reader = bits_of(bytes_view(raw, 2));
    assert_int_equal(bits_get_varint(&reader), 0);
    assert_true(reader.failed);
    reader = bits_of(bytes_view(raw, 3));
    assert_int_equal(bits_get(&reader, 8), 255);
    assert_false(bits_end(&reader));
    assert_int_equal(bits_get(&reader, 8), 255);
    assert_int_equal(bits_get(&reader, 1), 1);
    assert_true(bits_end(&reader));
    assert_int_equal(bits_get(&reader, 8), 0);
    assert_true(reader.failed);
    reader = bits_of(bytes_view(raw, 2));
    bits_get(&reader, 3);
    bits_get(&reader, 8);
    assert_false(bits_end(&reader)); /* ones are no filling */
    reader = bits_of((struct bytes){0});
    assert_true(bits_end(&reader));
}

static void test_long_varint(void **state) {
    (void)state;
    uint8_t raw[11];
    memset(raw, 0xff, sizeof raw);
    struct bit_reader reader = bits_of(bytes_view(raw, sizeof raw));
    assert_int_equal(bits_get_varint(&reader), 0);
    assert_true(reader.failed);
    raw[9] = 1;
    reader = bits_of(bytes_view(raw, sizeof raw));
    assert_int_equal(bits_get_varint(&reader), UINT64_MAX);
    assert_false(reader.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_long_varint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
