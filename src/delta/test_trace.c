/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/failing.h"
#include "delta/synthetic.h"

#define SIZE_LIMIT ((size_t)1 << 24)

static void test_walk(void **state) {
    (void)state;
    struct trace made, read;
    struct trace_tick tick;
    uint32_t ticks = 0;
    assert_int_equal(synthetic_trace(&made, &memory_heap, 1, true, 50, false), SS_OK);
    assert_int_equal(trace_parse(&read, &memory_heap, buffer_view(&made.data), SIZE_LIMIT), SS_OK);
    assert_int_equal(read.tick_count, 50);
    assert_int_equal(read.id_count, SYNTHETIC_IDS);
    for (size_t offset = 0; trace_next(&read, &offset, &tick); ticks++)
        assert_in_range(tick.count, 0, SYNTHETIC_IDS);
    assert_int_equal(ticks, 50);
    trace_free(&made);
    trace_free(&read);
}

static void test_files(void **state) {
    (void)state;
    struct trace made, read;
    assert_int_equal(synthetic_trace(&made, &memory_heap, 0, true, 50, true), SS_OK);
    const char *endings[] = {".stt", ".stt.zst"};
    for (int i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/test_trace_%d%s", (int)getpid(), endings[i]);
        assert_int_equal(trace_save(&made, path), SS_OK);
        assert_int_equal(trace_load(&read, &memory_heap, path, SIZE_LIMIT), SS_OK);
        assert_true(bytes_equal(buffer_view(&made.data), buffer_view(&read.data)));
        trace_free(&read);
        assert_int_equal(trace_load(&read, &memory_heap, path, made.data.size - 1),
                         SS_ERR_TOO_LARGE);
        unlink(path);
        assert_int_equal(trace_load(&read, &memory_heap, path, SIZE_LIMIT), SS_ERR_IO);
    }
    trace_free(&made);
}

static void test_damaged(void **state) {
    (void)state;
    struct trace made, read;
    assert_int_equal(synthetic_trace(&made, &memory_heap, 1, true, 5, false), SS_OK);
    for (size_t cut = 0; cut < made.data.size; cut++)
        assert_int_equal(
            trace_parse(&read, &memory_heap, bytes_view(made.data.data, cut), SIZE_LIMIT),
            SS_ERR_MALFORMED);
    struct random random = {9};
    for (int i = 0; i < 3000; i++) {
        size_t at = random_below(&random, made.data.size);
        uint8_t before = made.data.data[at];
        made.data.data[at] = (uint8_t)random_next(&random);
        if (trace_parse(&read, &memory_heap, buffer_view(&made.data), SIZE_LIMIT) == SS_OK)
            trace_free(&read);
        made.data.data[at] = before;
    }
    trace_free(&made);
}

static void test_no_memory(void **state) {
    (void)state;
    struct trace made, read;
    assert_int_equal(synthetic_trace(&made, &memory_heap, 1, true, 20, false), SS_OK);
    int status = SS_ERR_NOMEM;
    for (size_t n = 1; status != SS_OK; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        status = trace_parse(&read, &memory, buffer_view(&made.data), SIZE_LIMIT);
        if (status == SS_OK)
            trace_free(&read);
        else
            assert_int_equal(status, SS_ERR_NOMEM);
        assert_int_equal(failing.live, 0);
    }
    trace_free(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
