/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends over a link that loses, repeats, delays and reorders, from a seed; a failure prints it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "delta/pack.h"
#include "delta/synthetic.h"

#define SEEDS    240
#define TICKS_IN 90
#define FLIGHTS  512

/* A packet or an acknowledgement on its way. */
struct flight {
    bool ack;
    uint32_t due_ms, tick;
    uint64_t hash; /* ack: of the state as the receiver has it */
    struct buffer packet;
};

struct link {
    struct random random;
    struct flight flights[FLIGHTS];
    unsigned count;
    double loss;
    uint32_t delay_ms, jitter_ms;
};

struct match {
    struct delta_schema schema;
    struct delta_model *sending, *receiving;
    struct course from, to;
    struct link link;
    unsigned acked, stale;
};

static uint64_t hash_tick(const struct course *course, int64_t tick) {
    uint64_t hash = course->ms[tick % COURSE_TICKS];
    for (uint32_t i = 0; i < course->chunk_count; i++) {
        const struct delta_frame *frame = course_frame(course, tick, i);
        hash = hash_mix(hash ^ frame->live);
        for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++)
            for (unsigned at = 0; frame->live >> cell & 1 && at < course->schema->row_size; at++)
                hash = hash_mix(hash ^ frame->rows[cell][at]);
    }
    return hash;
}

static void open_match(struct match *match, uint64_t seed, enum delta_profile profile,
                       enum delta_mode mode) {
    *match = (struct match){.link.random = {seed}};
    struct random *random = &match->link.random;
    profile_schema(profile, &match->schema);
    match->sending = test_malloc(sizeof *match->sending);
    match->receiving = test_malloc(sizeof *match->receiving);
    assert_int_equal(delta_model_load(match->sending, &match->schema, delta_table(profile, mode)),
                     SS_OK);
    *match->receiving = *match->sending;
    assert_int_equal(course_init(&match->from, &memory_heap, &match->schema, SYNTHETIC_IDS), SS_OK);
    assert_int_equal(course_init(&match->to, &memory_heap, &match->schema, SYNTHETIC_IDS), SS_OK);
    match->link.loss = random_unit(random) * 0.2;
    match->link.delay_ms = 10 + (uint32_t)random_below(random, 100);
    match->link.jitter_ms = 1 + (uint32_t)random_below(random, 60);
}

static void close_match(struct match *match) {
    for (unsigned i = 0; i < match->link.count; i++)
        buffer_free(&match->link.flights[i].packet);
    course_free(&match->from);
    course_free(&match->to);
    test_free(match->sending);
    test_free(match->receiving);
}

/* Puts a copy on its way, or two, or none. */
static void launch(struct link *link, uint32_t now_ms, bool ack, uint32_t tick, uint64_t hash,
                   struct bytes bytes) {
    unsigned copies = random_unit(&link->random) < link->loss ? 0 : 1;
    copies += random_below(&link->random, 20) == 0;
    for (; copies > 0 && link->count < FLIGHTS; copies--) {
        struct flight *flight = &link->flights[link->count++];
        *flight = (struct flight){ack, 0, tick, hash, buffer_of(&memory_heap)};
        flight->due_ms =
            now_ms + link->delay_ms + (uint32_t)random_below(&link->random, link->jitter_ms);
        buffer_bytes(&flight->packet, bytes);
        assert_false(flight->packet.failed);
    }
}

/* The one that is due next by `now_ms`. */
static bool land(struct link *link, uint32_t now_ms, struct flight *flight) {
    unsigned best = link->count;
    for (unsigned i = 0; i < link->count; i++)
        if (link->flights[i].due_ms <= now_ms &&
            (best == link->count || link->flights[i].due_ms < link->flights[best].due_ms))
            best = i;
    if (best == link->count) return false;
    *flight = link->flights[best];
    link->flights[best] = link->flights[--link->count];
    return true;
}

static void receive(struct match *match, const struct flight *flight) {
    struct delta_link link = {&match->schema, match->receiving, &match->to};
    int status = delta_packet_decode(&link, flight->tick, buffer_view(&flight->packet));
    assert_true(status == SS_OK || status == SS_ERR_STALE);
    match->stale += status == SS_ERR_STALE; /* overtaken, or a copy */
    if (status == SS_OK)
        launch(&match->link, flight->due_ms, true, flight->tick,
               hash_tick(&match->to, flight->tick), (struct bytes){0});
}

static void acknowledge(struct match *match, const struct flight *flight) {
    if (flight->tick + COURSE_TICKS < match->from.tick) return;
    assert_int_equal(flight->hash, hash_tick(&match->from, flight->tick));
    course_hold(&match->from, flight->tick);
    match->acked++;
}

static void land_all(struct match *match, uint32_t now_ms, bool joined) {
    struct flight flight;
    while (land(&match->link, now_ms, &flight)) {
        if (flight.ack)
            acknowledge(match, &flight);
        else if (joined)
            receive(match, &flight);
        buffer_free(&flight.packet);
    }
}

static void send_tick(struct match *match) {
    struct delta_link link = {&match->schema, match->sending, &match->from};
    struct buffer packet = buffer_of(&memory_heap);
    uint32_t tick = match->from.tick - 1;
    assert_int_equal(delta_packet_encode(&link, &packet, NULL), SS_OK);
    launch(&match->link, match->from.ms[tick % COURSE_TICKS], false, tick, 0, buffer_view(&packet));
    buffer_free(&packet);
}

static void play_lossy(uint64_t seed) {
    static const enum delta_profile profiles[] = {PROFILE_PLAYERS, PROFILE_ARENA, PROFILE_CUBES,
                                                  PROFILE_ASTEROIDS, PROFILE_EXACT_ARENA};
    enum delta_profile profile = profiles[seed % 5];
    bool cubes = profile == PROFILE_CUBES || profile == PROFILE_ASTEROIDS;
    struct match match;
    struct trace trace;
    struct trace_tick tick;
    open_match(&match, seed, profile, DELTA_ACKED);
    uint64_t join = random_below(&match.link.random, 40);
    assert_int_equal(synthetic_trace(&trace, &memory_heap, !cubes, true, TICKS_IN, seed % 4 == 0),
                     SS_OK);
    uint64_t at = 0;
    for (size_t offset = 0; trace_next(&trace, &offset, &tick); at++) {
        assert_int_equal(course_feed(&match.from, &tick), SS_OK);
        send_tick(&match);
        land_all(&match, tick.time_ms, at >= join);
    }
    assert_true(match.acked > TICKS_IN / 8);
    trace_free(&trace);
    close_match(&match);
}

/* Over a reliable carrier tables adapt on both sides, tick by tick. */
static void play_stream(uint64_t seed) {
    struct match match;
    struct trace trace;
    struct trace_tick tick;
    enum delta_profile profile = seed % 2 ? PROFILE_ARENA : PROFILE_ASTEROIDS;
    open_match(&match, seed, profile, DELTA_STREAM);
    struct delta_link sender = {&match.schema, match.sending, &match.from};
    struct delta_link receiver = {&match.schema, match.receiving, &match.to};
    struct buffer packet = buffer_of(&memory_heap);
    assert_int_equal(
        synthetic_trace(&trace, &memory_heap, seed % 2, true, 30 + (unsigned)(seed % 30), false),
        SS_OK);
    for (size_t offset = 0; trace_next(&trace, &offset, &tick);) {
        assert_int_equal(course_feed(&match.from, &tick), SS_OK);
        course_hold(&match.from, match.from.tick - 1);
        buffer_clear(&packet);
        assert_int_equal(delta_packet_encode(&sender, &packet, NULL), SS_OK);
        assert_int_equal(delta_packet_decode(&receiver, match.to.tick, buffer_view(&packet)),
                         SS_OK);
        assert_int_equal(hash_tick(&match.from, match.from.tick - 1),
                         hash_tick(&match.to, match.to.tick - 1));
    }
    assert_memory_equal(match.sending, match.receiving, sizeof *match.sending);
    buffer_free(&packet);
    trace_free(&trace);
    close_match(&match);
}

/* Seeds are told before they are played: the last one that is seen is the one that failed. */
static void play_seeds(const char *what, uint64_t from, uint64_t to, void (*play)(uint64_t)) {
    for (uint64_t seed = from; seed < to; seed++) {
        print_message("\r%s, seed %llu ", what, (unsigned long long)seed);
        play(seed);
    }
    print_message("\n");
}

static void test_lossy(void **state) {
    (void)state;
    play_seeds("lossy", 1, SEEDS, play_lossy);
}

static void test_stream(void **state) {
    (void)state;
    play_seeds("stream", 1, SEEDS / 4, play_stream);
}

/* A sender that believes in an acknowledgement that nobody gave is told so: nothing is guessed. */
static void test_missing_ticks(void **state) {
    (void)state;
    struct match match;
    struct trace trace;
    struct trace_tick tick;
    struct buffer packet = buffer_of(&memory_heap);
    open_match(&match, 7, PROFILE_ARENA, DELTA_ACKED);
    struct delta_link sender = {&match.schema, match.sending, &match.from};
    struct delta_link receiver = {&match.schema, match.receiving, &match.to};
    assert_int_equal(synthetic_trace(&trace, &memory_heap, 1, true, 60, false), SS_OK);
    unsigned decoded = 0, stale = 0;
    for (size_t offset = 0; trace_next(&trace, &offset, &tick);) {
        assert_int_equal(course_feed(&match.from, &tick), SS_OK);
        uint32_t now = match.from.tick - 1;
        buffer_clear(&packet);
        assert_int_equal(delta_packet_encode(&sender, &packet, NULL), SS_OK);
        course_hold(&match.from, now);
        if (now % 5 == 3) continue; /* lost */
        struct course_past past;
        bool all_held = true;
        course_choose(&match.from, match.sending, &past);
        for (int t = TICK_BASE; t < TICKS; t++)
            all_held = all_held && (past.tick[t] < 0 || course_holds(&match.to, past.tick[t]));
        int status = delta_packet_decode(&receiver, now, buffer_view(&packet));
        if (!course_holds(&match.to, past.tick[TICK_BASE]) && past.tick[TICK_BASE] >= 0)
            assert_int_equal(status, SS_ERR_STALE);
        if (all_held) assert_int_equal(status, SS_OK);
        decoded += status == SS_OK;
        stale += status == SS_ERR_STALE;
        uint32_t next = match.to.tick;
        assert_int_equal(delta_packet_decode(&receiver, now, buffer_view(&packet)),
                         status == SS_OK ? SS_ERR_STALE : status); /* again: not twice */
        assert_int_equal(match.to.tick, next);
    }
    assert_true(decoded > 5 && stale > 5);
    buffer_free(&packet);
    trace_free(&trace);
    close_match(&match);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lossy),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_missing_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
