/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/effort.h"
#include "base/failing.h"
#include "delta/measure.h"
#include "delta/quantum.h"
#include "delta/synthetic.h"

#define SIZE_LIMIT ((size_t)1 << 26)

struct scenario {
    uint32_t rotation;
    bool velocity, exact, odd;
};

static const struct scenario scenarios[] = {
    {1, false, false, false}, {1, true, false, true}, {0, true, false, false},
    {1, true, true, true},    {1, false, true, true},
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

static void make(const struct scenario *s, unsigned ticks, struct trace *trace,
                 enum delta_profile *profile) {
    assert_int_equal(synthetic_trace(trace, &memory_heap, s->rotation, s->velocity, ticks, s->odd),
                     SS_OK);
    *profile = profile_of(trace, s->exact);
}

static int pack(const struct trace *trace, enum delta_profile profile, enum delta_mode mode,
                struct buffer *out) {
    return delta_pack(trace, profile, mode, delta_table(profile, mode), &memory_heap, out, NULL);
}

/* Every state that comes back quantizes to what went in; exact ones are the same bytes. */
static void assert_same_states(const struct trace *a, const struct trace *b,
                               enum delta_profile profile, bool exact) {
    struct delta_schema schema;
    struct trace_tick in, out;
    size_t at = 0, to = 0;
    profile_schema(profile, &schema);
    assert_int_equal(a->tick_count, b->tick_count);
    while (trace_next(a, &at, &in)) {
        assert_true(trace_next(b, &to, &out));
        assert_int_equal(in.time_ms, out.time_ms);
        assert_int_equal(in.count, out.count);
        for (uint32_t i = 0; i < in.count * TRACE_RECORD; i += TRACE_RECORD) {
            const uint8_t *x = in.records + i, *y = out.records + i;
            uint8_t want[DELTA_ROW_MAX], got[DELTA_ROW_MAX];
            assert_int_equal(trace_id(x), trace_id(y));
            assert_int_equal(delta_quantize(&schema, x + 2, want), SS_OK);
            assert_int_equal(delta_quantize(&schema, y + 2, got), SS_OK);
            if (schema.rotation == DELTA_NO_LANE) /* two components may be equally large */
                assert_memory_equal(want, got, schema.row_size);
            if (exact) assert_memory_equal(x, y, TRACE_RECORD);
        }
    }
}

static void test_there_and_back(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * SCENARIOS; i++) {
        struct trace trace, back;
        enum delta_profile profile;
        enum delta_mode mode = i % 2 ? DELTA_STREAM : DELTA_ACKED;
        struct buffer out = buffer_of(&memory_heap);
        make(&scenarios[i / 2], 200, &trace, &profile);
        assert_int_equal(pack(&trace, profile, mode, &out), SS_OK);
        assert_int_equal(
            delta_unpack(&back, buffer_view(&out), (struct bytes){0}, &memory_heap, SIZE_LIMIT),
            SS_OK);
        assert_same_states(&trace, &back, profile, scenarios[i / 2].exact);
        trace_free(&back);
        trace_free(&trace);
        buffer_free(&out);
    }
}

static uint64_t no_clock(void) {
    return 0;
}

static void test_measure(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * SCENARIOS; i++) {
        struct trace trace;
        enum delta_profile profile;
        enum delta_mode mode = i % 2 ? DELTA_STREAM : DELTA_ACKED;
        struct delta_measure measure;
        struct delta_clocks clocks = {no_clock, no_clock};
        make(&scenarios[i / 2], 100, &trace, &profile);
        struct delta_setup setup = {profile, mode, 0, delta_table(profile, mode)};
        assert_int_equal(delta_measure(&measure, &trace, &setup, &memory_heap, &clocks), SS_OK);
        assert_true(measure.verified);
        assert_true(measure.bound_bytes_per_update > 0);
        assert_true(measure.bound_bytes_per_update <= measure.payload_bytes_per_update);
        assert_true(measure.header_bytes_per_packet <= 3);
        trace_free(&trace);
    }
}

/* A whole schema error has a name of its own, and so has a base that is not there. */
static void test_named_errors(void **state) {
    (void)state;
    struct trace trace, back;
    enum delta_profile profile;
    struct buffer out = buffer_of(&memory_heap);
    make(&scenarios[0], 60, &trace, &profile);
    assert_int_equal(pack(&trace, profile, DELTA_ACKED, &out), SS_OK);
    struct bytes all = buffer_view(&out);
    assert_int_equal(
        delta_unpack(&back, all, delta_table(PROFILE_CUBES, DELTA_ACKED), &memory_heap, SIZE_LIMIT),
        SS_ERR_UNSUPPORTED);
    assert_int_equal(delta_unpack(&back, all, (struct bytes){0}, &memory_heap, 1000),
                     SS_ERR_TOO_LARGE);
    out.data[7]--; /* the version in the magic */
    assert_int_equal(delta_unpack(&back, all, (struct bytes){0}, &memory_heap, SIZE_LIMIT),
                     SS_ERR_UNSUPPORTED);
    out.data[7]++;
    out.data[10] ^= 1; /* the hash */
    assert_int_equal(delta_unpack(&back, all, (struct bytes){0}, &memory_heap, SIZE_LIMIT),
                     SS_ERR_UNSUPPORTED);
    out.data[10] ^= 1;
    size_t first = 4 + out.data[0]; /* after the preamble: the first packet, made to name a base */
    out.data[first + 4] &= (uint8_t)~64u;
    assert_int_equal(delta_unpack(&back, all, (struct bytes){0}, &memory_heap, SIZE_LIMIT),
                     SS_ERR_STALE);
    trace_free(&trace);
    buffer_free(&out);
}

static void test_cut_and_damaged(void **state) {
    (void)state;
    struct random random = {3};
    for (size_t i = 0; i < 2 * SCENARIOS; i++) {
        struct trace trace, back;
        enum delta_profile profile;
        struct buffer out = buffer_of(&memory_heap);
        make(&scenarios[i / 2], 20, &trace, &profile);
        assert_int_equal(pack(&trace, profile, i % 2 ? DELTA_STREAM : DELTA_ACKED, &out), SS_OK);
        for (unsigned round = 0, rounds = effort(200); round < rounds; round++) {
            size_t at = random_below(&random, out.size);
            uint8_t before = out.data[at];
            size_t size = round % 2 ? out.size : at;
            out.data[at] = (uint8_t)random_next(&random);
            if (delta_unpack(&back, bytes_view(out.data, size), (struct bytes){0}, &memory_heap,
                             SIZE_LIMIT) == SS_OK)
                trace_free(&back);
            out.data[at] = before;
        }
        trace_free(&trace);
        buffer_free(&out);
    }
}

/* A packet that cannot be read leaves the receiver as it was: the next one still works. */
static void test_refused_packet(void **state) {
    (void)state;
    struct trace trace;
    struct trace_tick tick;
    enum delta_profile profile;
    struct delta_schema schema;
    struct course from, to;
    struct buffer packet = buffer_of(&memory_heap);
    struct delta_model *model = test_malloc(sizeof *model);
    make(&scenarios[1], 80, &trace, &profile);
    profile_schema(profile, &schema);
    assert_int_equal(delta_model_load(model, &schema, delta_table(profile, DELTA_ACKED)), SS_OK);
    assert_int_equal(course_init(&from, &memory_heap, &schema, SYNTHETIC_IDS), SS_OK);
    assert_int_equal(course_init(&to, &memory_heap, &schema, SYNTHETIC_IDS), SS_OK);
    struct delta_link sender = {&schema, model, &from}, receiver = {&schema, model, &to};
    for (size_t offset = 0; trace_next(&trace, &offset, &tick);) {
        assert_int_equal(course_feed(&from, &tick), SS_OK);
        course_hold(&from, from.tick - 1);
        buffer_clear(&packet);
        assert_int_equal(delta_packet_encode(&sender, &packet, NULL), SS_OK);
        static const uint8_t junk[] = {10, 200, 0xff, 0xff};
        assert_int_not_equal(delta_packet_decode(&receiver, to.tick, bytes_view(junk, sizeof junk)),
                             SS_OK);
        assert_int_not_equal(delta_packet_decode(&receiver, to.tick, bytes_view(junk, 0)), SS_OK);
        assert_int_equal(delta_packet_decode(&receiver, to.tick, buffer_view(&packet)), SS_OK);
        int64_t now = (int64_t)from.tick - 1;
        for (uint32_t i = 0; i < from.chunk_count; i++)
            assert_int_equal(course_frame(&from, now, i)->live, course_frame(&to, now, i)->live);
    }
    course_free(&from);
    course_free(&to);
    buffer_free(&packet);
    test_free(model);
    trace_free(&trace);
}

static void test_no_memory(void **state) {
    (void)state;
    struct trace trace, back;
    enum delta_profile profile;
    int status = SS_ERR_NOMEM;
    make(&scenarios[0], 20, &trace, &profile);
    for (size_t n = 1; status != SS_OK; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct buffer out = buffer_of(&memory);
        status = delta_pack(&trace, profile, DELTA_ACKED, delta_table(profile, DELTA_ACKED),
                            &memory, &out, NULL);
        if (status == SS_OK) {
            status = delta_unpack(&back, buffer_view(&out), (struct bytes){0}, &memory, SIZE_LIMIT);
            if (status == SS_OK) trace_free(&back);
        }
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        buffer_free(&out);
        assert_int_equal(failing.live, 0);
    }
    trace_free(&trace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_measure),
        cmocka_unit_test(test_named_errors),   cmocka_unit_test(test_cut_and_damaged),
        cmocka_unit_test(test_refused_packet), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
