/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "wire/range.h"

#define SYMBOLS 3000

struct symbol {
    unsigned chance; /* 0: `count` direct bits */
    unsigned value, count;
};

static void draw(struct random *random, struct symbol *symbols, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct symbol *s = &symbols[i];
        if (random_below(random, 4) == 0) {
            s->chance = 0;
            s->count = 1 + (unsigned)random_below(random, RANGE_DIRECT_MAX);
            s->value = (unsigned)random_below(random, (uint64_t)1 << s->count);
        } else {
            uint64_t kind = random_below(random, 3);
            s->chance = kind == 0 ? RANGE_CHANCE_MIN
                        : kind == 1
                            ? RANGE_CHANCE_MAX
                            : RANGE_CHANCE_MIN +
                                  (unsigned)random_below(random, 65536 - 2 * RANGE_CHANCE_MIN);
            s->value = random_below(random, 65536) >= s->chance;
        }
    }
}

static size_t bytes_in(size_t bits) {
    return (bits + 7) / 8;
}

/* In how many bits. */
static size_t encode(const struct symbol *symbols, size_t count, uint8_t *out, size_t capacity) {
    struct range_encoder encoder;
    range_encoder_init(&encoder, out, capacity);
    for (size_t i = 0; i < count; i++)
        if (symbols[i].chance)
            range_encode_bit(&encoder, symbols[i].chance, symbols[i].value);
        else
            range_encode_direct(&encoder, symbols[i].value, symbols[i].count);
    return range_encoder_finish(&encoder);
}

/* Decodes and compares; how many bits the block was. */
static size_t decode(const struct symbol *symbols, size_t count, struct bytes from) {
    struct range_decoder decoder;
    range_decoder_init(&decoder, from, 0);
    for (size_t i = 0; i < count; i++) {
        unsigned value = symbols[i].chance ? range_decode_bit(&decoder, symbols[i].chance)
                                           : range_decode_direct(&decoder, symbols[i].count);
        assert_int_equal(value, symbols[i].value);
    }
    return range_decoder_finish(&decoder);
}

static void test_round_trip(void **state) {
    (void)state;
    struct random random = {1};
    for (int round = 0; round < 300; round++) {
        struct symbol symbols[200];
        uint8_t out[1024];
        size_t count = random_below(&random, 200);
        draw(&random, symbols, count);
        size_t bits = encode(symbols, count, out, sizeof out);
        assert_true(bits > 0);
        assert_int_equal(decode(symbols, count, bytes_view(out, bytes_in(bits))), bits);
    }
}

/* The block decodes whatever follows it, and tells where it ends. */
static void test_delimits_itself(void **state) {
    (void)state;
    struct random random = {2};
    for (int round = 0; round < 2000; round++) {
        struct symbol symbols[20];
        uint8_t out[128];
        size_t count = random_below(&random, 20);
        draw(&random, symbols, count);
        size_t bits = encode(symbols, count, out, 100), size = bytes_in(bits);
        uint8_t filler = round % 3 == 0 ? 0 : round % 3 == 1 ? 0xff : (uint8_t)random_next(&random);
        memset(out + size, filler, sizeof out - size);
        if (bits % 8)
            out[size - 1] |= (uint8_t)(filler >> bits % 8); /* in the rest of its byte too */
        assert_int_equal(decode(symbols, count, bytes_view(out, sizeof out)), bits);
    }
}

static void test_near_entropy(void **state) {
    (void)state;
    struct random random = {3};
    static struct symbol symbols[SYMBOLS];
    static uint8_t out[SYMBOLS];
    for (size_t i = 0; i < SYMBOLS; i++) /* 1 in 16: 0.337 bits each */
        symbols[i] = (struct symbol){61440, random_below(&random, 16) == 0, 0};
    size_t bits = encode(symbols, SYMBOLS, out, sizeof out);
    assert_in_range(bits, SYMBOLS * 0.28, SYMBOLS * 0.40);
}

/* Carries that run through bytes of 0xff. */
static void test_carry(void **state) {
    (void)state;
    for (unsigned tail = 0; tail < 64; tail++) {
        struct symbol symbols[128];
        for (size_t i = 0; i < 128; i++) {
            symbols[i] = (struct symbol){0, 0xffff, 16};
            if (i == 100) symbols[i] = (struct symbol){32768, tail & 1, 0};
        }
        symbols[0] = (struct symbol){RANGE_CHANCE_MAX, 1, 0};
        uint8_t out[512];
        size_t bits = encode(symbols, 101 + tail % 20, out, sizeof out);
        assert_int_equal(decode(symbols, 101 + tail % 20, bytes_view(out, bytes_in(bits))), bits);
    }
}

static void test_too_small(void **state) {
    (void)state;
    struct random random = {4};
    struct symbol symbols[100];
    uint8_t out[600];
    draw(&random, symbols, 100);
    size_t size = bytes_in(encode(symbols, 100, out, sizeof out));
    out[size - 1] = 0xa5;
    assert_int_equal(encode(symbols, 100, out, size - 1), 0);
    assert_int_equal(out[size - 1], 0xa5);
}

static void test_truncated(void **state) {
    (void)state;
    struct random random = {5};
    struct symbol symbols[100];
    uint8_t out[600];
    draw(&random, symbols, 100);
    size_t size = bytes_in(encode(symbols, 100, out, sizeof out));
    for (size_t cut = 0; cut < size; cut++) {
        struct range_decoder decoder;
        range_decoder_init(&decoder, bytes_view(out, cut), 0);
        for (size_t i = 0; i < 100; i++)
            symbols[i].chance ? range_decode_bit(&decoder, symbols[i].chance)
                              : range_decode_direct(&decoder, symbols[i].count);
        size_t used = range_decoder_finish(&decoder);
        assert_true(used <= 8 * cut);
    }
}

/* Bounds of 4 symbols, the narrowest of width 1; and which one comes. */
static unsigned draw_span(struct random *random, uint16_t bounds[5]) {
    const unsigned full = 1u << RANGE_SPAN_BITS;
    bounds[0] = 0;
    bounds[4] = (uint16_t)full;
    bounds[1] = (uint16_t)(1 + random_below(random, random_below(random, 2) ? 2 : full - 3));
    bounds[2] = (uint16_t)(bounds[1] + 1 + random_below(random, full - 2 - bounds[1]));
    bounds[3] = (uint16_t)(bounds[2] + 1 + random_below(random, full - 1 - bounds[2]));
    return (unsigned)random_below(random, 4);
}

/* Symbols of any width, between bits. */
static void test_spans(void **state) {
    (void)state;
    uint8_t out[2 * SYMBOLS];
    uint16_t bounds[5];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct random random = {seed}, again = {seed};
        struct range_encoder encoder;
        struct range_decoder decoder;
        range_encoder_init(&encoder, out, sizeof out);
        for (int i = 0; i < SYMBOLS / 2; i++) {
            unsigned symbol = draw_span(&random, bounds);
            range_encode_span(&encoder, bounds[symbol], bounds[symbol + 1]);
            range_encode_bit(&encoder, 30000, symbol & 1);
        }
        size_t bits = range_encoder_finish(&encoder);
        assert_true(bits > 0);
        range_decoder_init(&decoder, bytes_view(out, bytes_in(bits)), 0);
        for (int i = 0; i < SYMBOLS / 2; i++) {
            unsigned symbol = draw_span(&again, bounds), point = range_decode_point(&decoder);
            assert_in_range(point, bounds[symbol], bounds[symbol + 1] - 1);
            range_decode_take(&decoder, bounds[symbol], bounds[symbol + 1]);
            assert_int_equal(range_decode_bit(&decoder, 30000), symbol & 1);
        }
        assert_int_equal(range_decoder_finish(&decoder), bits);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),           cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_delimits_itself), cmocka_unit_test(test_near_entropy),
        cmocka_unit_test(test_carry),           cmocka_unit_test(test_too_small),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
