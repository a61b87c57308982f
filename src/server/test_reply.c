/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/status.h"
#include "server/reply.h"

static void uuids_come_back_and_rubbish_does_not(void **state) {
    (void)state;
    uint8_t id[CONFLICT_ID_SIZE], read[CONFLICT_ID_SIZE];
    for (size_t i = 0; i < sizeof id; i++)
        id[i] = (uint8_t)(i * 17 + 3);
    char text[UUID_SIZE + 1];
    uuid_print(id, text);
    assert_string_equal(text, "03142536-4758-697a-8b9c-adbecfe0f102");
    assert_true(uuid_parse(bytes_of(text), read));
    assert_memory_equal(id, read, sizeof id);
    assert_true(uuid_parse(bytes_of("03142536-4758-697A-8B9C-ADBECFE0F102"), read));
    assert_memory_equal(id, read, sizeof id);
    const char *const bad[] = {"", "no such", "03142536-4758-697a-8b9c-adbecfe0f10",
                               "03142536-4758-697a-8b9c-adbecfe0f1022",
                               "03142536x4758-697a-8b9c-adbecfe0f102",
                               "0314253g-4758-697a-8b9c-adbecfe0f102"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(uuid_parse(bytes_of(bad[i]), read));
}

static void paths_are_split_and_decoded(void **state) {
    (void)state;
    struct arena arena = arena_of(&memory_heap, 1024);
    struct bytes category, key;
    assert_int_equal(reply_path(bytes_of("a%2Fb/k%25%2fz"), &arena, &category, &key), SS_OK);
    assert_true(bytes_equal(category, bytes_of("a/b")));
    assert_true(bytes_equal(key, bytes_of("k%/z")));
    const char *const bad[] = {"", "no slash", "a/b/c", "a%2/b", "a/%", "a%zz/b", "a/%2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(reply_path(bytes_of(bad[i]), &arena, &category, &key), SS_ERR_MALFORMED);
    struct counter counters[] = {{bytes_of("a/b"), 3}, {bytes_of("rubbish"), 4}};
    struct known_version *known;
    size_t count;
    struct counter_list list = {counters, 2};
    assert_int_equal(reply_known(&list, &arena, &known, &count), SS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(known[0].version, 3);
    arena_free(&arena);
}

static struct update update_of(struct arena *arena, const struct counter *counters, size_t count,
                               int wanted) {
    struct state_sync_request request = {.player_id = 1, .vector_clock = {counters, count}};
    struct command command = {.player = 1};
    struct update update;
    assert_int_equal(reply_update(&request, &command, arena, &update), wanted);
    return update;
}

/* Names that cannot be nodes are foreign; zero counters say nothing; 65 entries are refused. */
static void clocks_become_contexts(void **state) {
    (void)state;
    struct arena arena = arena_of(&memory_heap, 1024);
    struct counter counters[65];
    char names[65][17];
    for (size_t i = 0; i < 65; i++) {
        snprintf(names[i], sizeof names[i], "%016zx", i);
        counters[i] = (struct counter){bytes_of(names[i]), (uint32_t)i};
    }
    struct update update = update_of(&arena, counters, 64, SS_OK);
    assert_true(update.context.present);
    assert_int_equal(update.context.count, 63);
    assert_false(update.context.foreign);
    update_of(&arena, counters, 65, SS_ERR_TOO_LARGE);
    struct counter stranger = {bytes_of("player-7"), 1};
    assert_true(update_of(&arena, &stranger, 1, SS_OK).context.foreign);
    stranger.value = 0;
    assert_false(update_of(&arena, &stranger, 1, SS_OK).context.foreign);
    assert_false(update_of(&arena, NULL, 0, SS_OK).context.present);
    arena_free(&arena);
}

/* rewind = min(measured + interpolation, cap, history); the client's own estimate only lowers it. */
static void compensation_follows_the_contract(void **state) {
    (void)state;
    struct arena arena = arena_of(&memory_heap, 4096);
    struct reply_frame frame = {.arena = &arena, .max_rewind = 250 * SS_MILLISECOND};
    struct category policy = category_default("position");
    const struct {
        uint32_t measured, estimated, interpolation, rewind;
        float factor;
    } cases[] = {
        {0, 0, 0, 0, 1.0f},       {40, 0, 100, 140, 1.0f}, {40, 10, 100, 110, 1.0f},
        {40, 90, 100, 140, 1.0f}, {300, 0, 100, 250, 250.0f / 400.0f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct state_sync_request request = {.estimated_latency_ms = cases[i].estimated,
                                             .interpolation_delay_ms = cases[i].interpolation};
        struct command command = {.latency_ms = cases[i].measured};
        struct outcome outcome = {.result = RESULT_SUCCESS, .request_id = 1};
        struct state_sync_response response;
        reply_outcome(&frame, &command, &request, &policy, &outcome, &response);
        assert_int_equal(response.compensation->measured_latency_ms, cases[i].measured);
        assert_int_equal(response.compensation->rewind_time_ms, cases[i].rewind);
        assert_true(response.compensation->compensation_factor == cases[i].factor);
    }
    arena_free(&arena);
}

static void errors_carry_what_a_unary_call_would_have_said(void **state) {
    (void)state;
    struct arena arena = arena_of(&memory_heap, 4096);
    struct reply_frame frame = {.arena = &arena};
    struct state_sync_request request = {.client_sequence = 9};
    struct command command = {0};
    struct outcome outcome = {
        .result = RESULT_ERROR, .status = SS_ERR_DENIED, .message = "not yours"};
    struct state_sync_response response;
    reply_outcome(&frame, &command, &request, NULL, &outcome, &response);
    assert_int_equal(response.request_id, 0);
    assert_int_equal(response.error_code, GRPC_PERMISSION_DENIED);
    assert_int_equal(response.client_sequence, 9);
    assert_true(bytes_equal(response.error_message, bytes_of("not yours")));
    assert_null(response.compensation);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuids_come_back_and_rubbish_does_not),
        cmocka_unit_test(paths_are_split_and_decoded),
        cmocka_unit_test(clocks_become_contexts),
        cmocka_unit_test(compensation_follows_the_contract),
        cmocka_unit_test(errors_carry_what_a_unary_call_would_have_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
