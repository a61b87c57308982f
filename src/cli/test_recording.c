/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/recording.h"

/* A trace of two players and one missile: three ticks, 100 ms apart, from second 5 on. */
static void build(struct trace *trace, bool players) {
    struct trace like = {.id_count = 3, .tick_us = 100000, .rotation = 1, .quantum = 0.01f};
    trace_begin(trace, &memory_heap, &like);
    for (uint32_t i = 0; i < 3; i++) {
        trace_add_tick(trace, 5000 + 100 * i, 3);
        for (uint16_t id = 0; id < 3; id++) {
            uint8_t record[TRACE_STATE] = {0};
            float position[3] = {(float)i * 10, (float)id, -1};
            record[0] = players && id < 2 ? RECORD_PLAYER : 3;
            memcpy(record + 2, position, sizeof position);
            trace_add_record(trace, id, record);
        }
    }
    assert_int_equal(trace_end(trace), SS_OK);
}

static void save(char path[32], bool players) {
    struct trace trace;
    strcpy(path, "/tmp/recording-XXXXXX");
    close(mkstemp(path));
    build(&trace, players);
    assert_int_equal(trace_save(&trace, path), SS_OK);
    trace_free(&trace);
}

static void test_ticks_go_round_and_round(void **state) {
    (void)state;
    static const ss_time due[] = {0, 100000, 200000, 300000, 400000, 500000, 600000};
    struct recording recording;
    struct trace_tick tick;
    char path[32], why[128];
    ss_time at;
    save(path, true);
    assert_int_equal(recording_open(&recording, path, why, sizeof why), SS_OK);
    assert_int_equal(recording.length, 300000);
    for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
        recording_next(&recording, &tick, &at);
        assert_int_equal(at, due[i]);
        assert_int_equal(tick.count, 3);
        assert_int_equal(recording.laps, i / 3);
    }
    recording_close(&recording);
    unlink(path);
}

static void test_only_players_play_when_there_are_any(void **state) {
    (void)state;
    struct recording recording;
    struct trace_tick tick;
    char path[32], why[128];
    ss_time at;
    save(path, true);
    assert_int_equal(recording_open(&recording, path, why, sizeof why), SS_OK);
    assert_int_equal(recording.id_count, 2);
    recording_next(&recording, &tick, &at);
    assert_true(recording_plays(&recording, record_at(&tick, 1)));
    assert_false(recording_plays(&recording, record_at(&tick, 2)));
    assert_true(recording.low[0] == 0 && recording.high[0] == 20);
    assert_true(recording.low[1] == 0 && recording.high[1] == 1);
    recording_close(&recording);
    unlink(path);

    save(path, false);
    assert_int_equal(recording_open(&recording, path, why, sizeof why), SS_OK);
    assert_int_equal(recording.id_count, 3);
    recording_close(&recording);
    unlink(path);
}

static void test_what_cannot_be_played_says_why(void **state) {
    (void)state;
    struct recording recording;
    char path[] = "/tmp/recording-XXXXXX", why[128];
    assert_int_not_equal(recording_open(&recording, "/nonexistent/x.stt", why, sizeof why), SS_OK);
    assert_non_null(strstr(why, "/nonexistent/x.stt"));
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "STT1 and nothing else", 21), 21);
    close(fd);
    assert_int_equal(recording_open(&recording, path, why, sizeof why), SS_ERR_MALFORMED);
    assert_non_null(strstr(why, "not a whole STT1 trace"));
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_go_round_and_round),
        cmocka_unit_test(test_only_players_play_when_there_are_any),
        cmocka_unit_test(test_what_cannot_be_played_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
