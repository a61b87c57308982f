/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "delta/challenge.h"
#include "delta/profile.h"
#include "delta/quantum.h"

static void put32(uint8_t *at, int32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)((uint32_t)value >> 8 * i);
}

/* Two frames; cube i has numbers of its own. */
static uint8_t *make_frames(void) {
    uint8_t *frames = test_calloc(2, CHALLENGE_FRAME);
    for (int i = 0; i < 2 * CHALLENGE_CUBES; i++) {
        const int32_t cube[8] = {i % 4, 256, 256 - i % 50, 256 + i % 30, i, -i, 7 * i, i % 2};
        for (int j = 0; j < 8; j++)
            put32(frames + (size_t)i * 32 + (size_t)j * 4, cube[j]);
    }
    return frames;
}

/* The states quantize to the very numbers that the frames hold. */
static void test_same_numbers(void **state) {
    (void)state;
    uint8_t *frames = make_frames();
    struct trace trace;
    struct trace_tick tick;
    struct delta_schema schema;
    assert_int_equal(
        trace_parse(&trace, &memory_heap, bytes_view(frames, 2 * CHALLENGE_FRAME), 1 << 20), SS_OK);
    assert_int_equal(trace.tick_count, 2);
    assert_int_equal(profile_of(&trace, false), PROFILE_CUBES);
    profile_schema(PROFILE_CUBES, &schema);
    int i = 0;
    for (size_t offset = 0; trace_next(&trace, &offset, &tick);)
        for (uint32_t cell = 0; cell < tick.count; cell++, i++) {
            uint8_t row[DELTA_ROW_MAX];
            const int32_t want[9] = {cell ? 2 : 1, i % 2,        i,           -i, 7 * i, i % 4,
                                     256,          256 - i % 50, 256 + i % 30};
            assert_int_equal(delta_quantize(&schema, tick.records + cell * TRACE_RECORD + 2, row),
                             SS_OK);
            for (int lane = 0; lane < 9; lane++)
                assert_int_equal(delta_row_get(&schema.lanes[lane], row), want[lane]);
        }
    assert_int_equal(i, 2 * CHALLENGE_CUBES);
    trace_free(&trace);
    test_free(frames);
}

static void test_refused(void **state) {
    (void)state;
    uint8_t *frames = make_frames();
    struct bytes all = bytes_view(frames, 2 * CHALLENGE_FRAME);
    struct trace trace;
    assert_true(challenge_is(all));
    assert_int_equal(trace_parse(&trace, &memory_heap, all, 60000), SS_ERR_TOO_LARGE);
    assert_false(challenge_is(bytes_view(frames, CHALLENGE_FRAME - 32)));
    assert_false(challenge_is(bytes_view(frames, 0)));
    put32(frames + CHALLENGE_FRAME, 4);
    assert_int_equal(trace_parse(&trace, &memory_heap, all, 1 << 20), SS_ERR_MALFORMED);
    put32(frames, -1);
    assert_false(challenge_is(all));
    test_free(frames);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_numbers),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
