/* SPDX-License-Identifier: Apache-2.0 */
/* Wire bytes written by hand, struct by hand, and both directions. What protoc's own library makes
 * of random messages is compared in tests/protoc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "codec/message_table.h"

#define ARENA_MAX ((size_t)1 << 20)

struct fixture {
    struct arena arena;
    struct buffer out;
    struct buffer wire; /* what hex() wrote */
};

static int setup(void **state) {
    struct fixture *fixture = malloc(sizeof *fixture);
    if (!fixture) return -1;
    fixture->arena = arena_of(&memory_heap, 4096);
    fixture->out = buffer_of(&memory_heap);
    fixture->wire = buffer_of(&memory_heap);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    arena_free(&fixture->arena);
    buffer_free(&fixture->out);
    buffer_free(&fixture->wire);
    free(fixture);
    return 0;
}

/* The bytes of hex digits; blanks are for the eye. Valid until the next call. */
static struct bytes hex(struct fixture *fixture, const char *digits) {
    buffer_clear(&fixture->wire);
    for (unsigned half = 0, byte = 0; *digits; digits++) {
        if (*digits == ' ') continue;
        byte = byte << 4 | (unsigned)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
        if (half ^= 1u) continue;
        buffer_u8(&fixture->wire, (uint8_t)byte);
    }
    return buffer_view(&fixture->wire);
}

static int decode(struct fixture *fixture, const struct message_type *type, struct bytes from,
                  void *message) {
    arena_reset(&fixture->arena, 0);
    return message_decode(type, from, message, &fixture->arena, ARENA_MAX, NULL);
}

static void assert_view(struct bytes view, const char *text) {
    assert_int_equal(view.size, strlen(text));
    assert_memory_equal(view.data, text, view.size);
}

static void assert_refused(struct fixture *fixture, const struct message_type *type,
                           const char *digits, const char *expected) {
    union {
        struct state_sync_request request;
        struct state_sync_response response;
        struct state_snapshot_request snapshot;
        struct get_stats_response stats;
    } message;
    const char *why = NULL;
    struct bytes from = hex(fixture, digits);
    assert_true(message_struct_size(type) <= sizeof message);
    assert_int_equal(message_decode(type, from, &message, &fixture->arena, ARENA_MAX, &why),
                     SS_ERR_MALFORMED);
    assert_non_null(why);
    assert_string_equal(why, expected);
}

/* Encodes, checks the size, decodes and encodes again: the same bytes. The copy is left in `again`.
 */
static void assert_stable(struct fixture *fixture, const struct message_type *type,
                          const void *message, void *again) {
    buffer_clear(&fixture->out);
    message_encode(type, message, &fixture->out);
    assert_false(fixture->out.failed);
    assert_int_equal(fixture->out.size, message_size(type, message));
    assert_int_equal(decode(fixture, type, buffer_view(&fixture->out), again), SS_OK);
    struct buffer second = buffer_of(&memory_heap);
    message_encode(type, again, &second);
    assert_true(bytes_equal(buffer_view(&fixture->out), buffer_view(&second)));
    buffer_free(&second);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void tables_are_in_order(void **state) {
    (void)state;
    const struct message_type *type;
    for (size_t i = 0; (type = message_at(i)); i++) {
        assert_ptr_equal(message_find(bytes_of(type->name)), type);
        for (size_t j = 0; j < type->field_count; j++) {
            const struct field *field = &type->fields[j];
            assert_ptr_equal(field_find(type, field->number), field);
            assert_true(j == 0 || type->fields[j - 1].number < field->number);
            assert_true(field->offset < type->size);
            assert_int_equal(field->kind == KIND_MESSAGE, field->type != NULL);
            assert_int_equal(field->look == LOOK_ENUM, field->values != NULL);
        }
        for (uint32_t number = 0; number < 3000; number++) {
            const struct field *field = field_find(type, number);
            assert_true(!field || field->number == number);
        }
    }
    assert_null(field_find(&message_state_sync_request, UINT32_MAX));
    assert_null(message_find(bytes_of("NoSuchMessage")));
}

/* ---- good bytes ---------------------------------------------------------------------------- */

static const char request_digits[] =
    "09 2a00000000000000"          /* player_id 42 */
    "10 07"                        /* client_tick 7 */
    "18 ffffffffffffffffff01"      /* client_timestamp_ms -1 */
    "22 03 706f73"                 /* category pos */
    "2a 01 6b"                     /* key k */
    "32 02 0001"                   /* state_data */
    "38 ac02"                      /* expected_version 300 */
    "42 05 0a016e 1009"            /* vector_clock n: 9 */
    "48 14"                        /* estimated_latency_ms 20 */
    "a806 01"                      /* 101 delete */
    "e206 08 0a02 1007 0a00 1001"; /* 108 batch: client_tick 7, an empty one, atomic */

static void reads_a_request(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    struct bytes wire = hex(fixture, request_digits);
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request), SS_OK);
    assert_int_equal(request.player_id, 42);
    assert_int_equal(request.client_tick, 7);
    assert_int_equal(request.client_timestamp_ms, -1);
    assert_view(request.category, "pos");
    assert_view(request.key, "k");
    assert_int_equal(request.state_data.size, 2);
    assert_int_equal(request.expected_version, 300);
    assert_int_equal(request.vector_clock.count, 1);
    assert_view(request.vector_clock.items[0].name, "n");
    assert_int_equal(request.vector_clock.items[0].value, 9);
    assert_int_equal(request.estimated_latency_ms, 20);
    assert_true(request.delete);
    assert_true(request.batch->atomic);
    assert_int_equal(request.batch->updates.count, 2);
    assert_int_equal(request.batch->updates.items[0].client_tick, 7);
    assert_int_equal(request.batch->updates.items[1].client_tick, 0);
    message_encode(&message_state_sync_request, &request, &fixture->out);
    assert_true(bytes_equal(buffer_view(&fixture->out), wire));
}

/* Every prefix is either sound (it ends between two fields) or refused, and nothing reads past it:
 * each lies in a block of its own, for the sanitizers. */
static void refuses_what_is_cut(void **state) {
    struct fixture *fixture = *state;
    struct bytes wire = hex(fixture, request_digits);
    size_t sound = 0;
    for (size_t size = 0; size <= wire.size; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        struct state_sync_request request;
        assert_non_null(copy);
        memcpy(copy, wire.data, size);
        int status = decode(fixture, &message_state_sync_request, bytes_view(copy, size), &request);
        assert_true(status == SS_OK || status == SS_ERR_MALFORMED);
        sound += status == SS_OK;
        free(copy);
    }
    assert_int_equal(sound, 12); /* eleven fields */
}

static void skips_unknown_fields(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    struct bytes wire =
        hex(fixture, "10 07  58 ff01  61 0102030405060708  6a 03 616263  75 01020304"
                     "c03e 05  f8ffffff0f 01  ca06 00");
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request),
                     SS_ERR_MALFORMED);
    wire.size -= 3; /* number 105 is known, as a varint */
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request), SS_OK);
    message_encode(&message_state_sync_request, &request, &fixture->out);
    assert_true(bytes_equal(buffer_view(&fixture->out), bytes_view("\x10\x07", 2)));
}

static void takes_the_last_of_duplicates(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    struct bytes wire = hex(fixture, "10 07 10 08  22 01 61 22 02 6262  a806 01 a806 00");
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request), SS_OK);
    assert_int_equal(request.client_tick, 8);
    assert_view(request.category, "bb");
    assert_false(request.delete);
}

static void merges_duplicate_messages(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    /* batch {updates {tick 1}} and batch {updates {tick 2}, atomic} */
    struct bytes wire = hex(fixture, "e206 04 0a021001  e206 06 0a021002 1001");
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request), SS_OK);
    assert_int_equal(request.batch->updates.count, 2);
    assert_int_equal(request.batch->updates.items[0].client_tick, 1);
    assert_int_equal(request.batch->updates.items[1].client_tick, 2);
    assert_true(request.batch->atomic);
}

static void reads_packed_and_unpacked(void **state) {
    struct fixture *fixture = *state;
    struct get_stats_response stats;
    struct state_snapshot_request snapshot;
    /* results 1, 300, 2 and 3; packed, alone, packed */
    struct bytes wire = hex(fixture, "42 03 01ac02  40 02  42 01 03  42 00");
    assert_int_equal(decode(fixture, &message_get_stats_response, wire, &stats), SS_OK);
    assert_int_equal(stats.results.count, 4);
    assert_int_equal(stats.results.items[1], 300);
    assert_int_equal(stats.results.items[3], 3);
    message_encode(&message_get_stats_response, &stats, &fixture->out);
    assert_true(bytes_equal(buffer_view(&fixture->out), hex(fixture, "42 05 01ac020203")));
    /* owners 1 alone and 2 packed; accept_compression ZSTD and GZIP */
    wire = hex(fixture, "a106 0100000000000000 a206 08 0200000000000000 aa06 02 0301");
    assert_int_equal(decode(fixture, &message_state_snapshot_request, wire, &snapshot), SS_OK);
    assert_int_equal(snapshot.owners.count, 2);
    assert_int_equal(snapshot.owners.items[1], 2);
    assert_int_equal(snapshot.accept_compression.count, 2);
    assert_int_equal(snapshot.accept_compression.items[0], COMPRESSION_TYPE_ZSTD);
}

static void reads_map_entries_in_any_order(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    /* value before key and an unknown field; the same key again; no key at all */
    struct bytes wire =
        hex(fixture, "42 07 1009 0a016e 1801  42 05 0a016e 1002  42 02 1003  42 00");
    assert_int_equal(decode(fixture, &message_state_sync_request, wire, &request), SS_OK);
    assert_int_equal(request.vector_clock.count, 4);
    assert_view(request.vector_clock.items[0].name, "n");
    assert_int_equal(request.vector_clock.items[0].value, 9);
    assert_view(request.vector_clock.items[1].name, "n");
    assert_int_equal(request.vector_clock.items[1].value, 2);
    assert_view(request.vector_clock.items[2].name, "");
    assert_int_equal(request.vector_clock.items[2].value, 3);
}

static void keeps_an_empty_string_of_a_oneof(void **state) {
    struct fixture *fixture = *state;
    struct server_reflection_request request, again;
    struct bytes wire = hex(fixture, "3a 00");
    assert_int_equal(decode(fixture, &message_server_reflection_request, wire, &request), SS_OK);
    assert_non_null(request.list_services.data);
    assert_null(request.file_by_filename.data);
    assert_stable(fixture, &message_server_reflection_request, &request, &again);
    assert_int_equal(fixture->out.size, 2);
}

/* ---- bad bytes ----------------------------------------------------------------------------- */

static void refuses_bad_bytes(void **state) {
    const struct message_type *request = &message_state_sync_request;
    const struct message_type *stats = &message_get_stats_response;
    assert_refused(*state, request, "00 00", "StateSyncRequest: a bad tag"); /* number 0 */
    assert_refused(*state, request, "07", "StateSyncRequest: a bad tag");
    assert_refused(*state, request, "88 80 80 80 10 00", "StateSyncRequest: a bad tag");
    assert_refused(*state, request, "80", "StateSyncRequest: a bad tag");
    assert_refused(*state, request, "5b 5c", "StateSyncRequest: a bad unknown field"); /* group */
    assert_refused(*state, request, "5e", "StateSyncRequest: a bad unknown field");
    assert_refused(*state, request, "5f 00", "StateSyncRequest: a bad unknown field");
    assert_refused(*state, request, "5a 05 00", "StateSyncRequest: a bad unknown field");
    assert_refused(*state, request, "08 01", "StateSyncRequest.player_id: a wrong wire type");
    assert_refused(*state, request, "13 14", "StateSyncRequest.client_tick: a wrong wire type");
    assert_refused(*state, request, "12 01 05", "StateSyncRequest.client_tick: a wrong wire type");
    assert_refused(*state, request, "20 05", "StateSyncRequest.category: a wrong wire type");
    assert_refused(*state, request, "09 00", "StateSyncRequest.player_id: a bad number");
    assert_refused(*state, request, "10", "StateSyncRequest.client_tick: a bad number");
    assert_refused(*state, request, "10 ffffffffffffffffffff01",
                   "StateSyncRequest.client_tick: a bad number");
    assert_refused(*state, request, "10 ffffffffffffffffff02",
                   "StateSyncRequest.client_tick: a bad number");
    assert_refused(*state, request, "22 ffffffffffffffffff01",
                   "StateSyncRequest.category: longer than the message");
    assert_refused(*state, request, "22 02 61",
                   "StateSyncRequest.category: longer than the message");
    assert_refused(*state, request, "22 02 c0af", "StateSyncRequest.category: not UTF-8");
    assert_refused(*state, request, "2a 03 eda080", "StateSyncRequest.key: not UTF-8");
    assert_refused(*state, request, "42 03 0a01ff",
                   "StateSyncRequest.vector_clock: a key is not UTF-8");
    assert_refused(*state, request, "42 02 0801", "StateSyncRequest.vector_clock: a bad entry");
    assert_refused(*state, request, "42 02 1201", "StateSyncRequest.vector_clock: a bad entry");
    assert_refused(*state, request, "42 01 10", "StateSyncRequest.vector_clock: a bad entry");
    assert_refused(*state, request, "42 03 0a0541", "StateSyncRequest.vector_clock: a bad entry");
    assert_refused(*state, request, "42 01 1b", "StateSyncRequest.vector_clock: a bad entry");
    assert_refused(*state, request, "e206 04 0a02 0801",
                   "StateSyncRequest.player_id: a wrong wire type");
    assert_refused(*state, stats, "42 02 01ac", "GetStatsResponse.results: a bad number");
    assert_refused(*state, stats, "42 01 ff", "GetStatsResponse.results: a bad number");
    assert_refused(*state, stats, "42 05 01", "GetStatsResponse.results: longer than the message");
    assert_refused(*state, stats, "41 0000000000000000",
                   "GetStatsResponse.results: a wrong wire type");
    assert_refused(*state, &message_state_snapshot_request, "a206 07 01020304050607",
                   "StateSnapshotRequest.owners: a bad number");
}

/* `depth` messages in each other: requests in batches, from the inside out. */
static void nest(struct buffer *wire, size_t depth) {
    size_t size = 0, *sizes = malloc(depth * sizeof *sizes);
    assert_non_null(sizes);
    for (size_t i = 0; i < depth; i++) {
        sizes[i] = size;
        size += varint_size(size) + (i % 2 ? 2 : 1);
    }
    for (size_t i = depth; i-- > 0;) { /* odd: a batch (108) in a request, even: updates (1) */
        if (i % 2) buffer_bytes(wire, bytes_view("\xe2\x06", 2));
        if (i % 2 == 0) buffer_u8(wire, 0x0a);
        buffer_varint(wire, sizes[i]);
    }
    free(sizes);
}

static void bounds_the_depth(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    nest(&fixture->wire, 30);
    assert_int_equal(
        decode(fixture, &message_state_sync_request, buffer_view(&fixture->wire), &request), SS_OK);
    buffer_clear(&fixture->wire);
    nest(&fixture->wire, 32);
    assert_int_equal(
        decode(fixture, &message_state_sync_request, buffer_view(&fixture->wire), &request),
        SS_ERR_MALFORMED);
    buffer_clear(&fixture->wire);
    nest(&fixture->wire, 100000);
    assert_int_equal(
        decode(fixture, &message_state_sync_request, buffer_view(&fixture->wire), &request),
        SS_ERR_MALFORMED);
}

/* 64 000 entries under a cap, and without one in time that is linear. */
static void bounds_the_memory(void **state) {
    struct fixture *fixture = *state;
    struct state_sync_request request;
    for (int i = 0; i < 64000; i++)
        buffer_bytes(&fixture->wire, bytes_view("\x42\x05\x0a\x01n\x10\x01", 7));
    struct bytes wire = buffer_view(&fixture->wire);
    assert_int_equal(
        message_decode(&message_state_sync_request, wire, &request, &fixture->arena, 65536, NULL),
        SS_ERR_TOO_LARGE);
    assert_true(fixture->arena.held <= 65536 + 4096);
    assert_int_equal(message_decode(&message_state_sync_request, wire, &request, &fixture->arena,
                                    8 * ARENA_MAX, NULL),
                     SS_OK);
    assert_int_equal(request.vector_clock.count, 64000);
    assert_true(fixture->arena.held < 64000 * sizeof(struct counter) * 5);
}

static void survives_failing_memory(void **state) {
    struct fixture *fixture = *state;
    struct bytes wire = hex(fixture, request_digits);
    struct state_sync_request request;
    int status = SS_ERR_NOMEM;
    for (size_t n = 1; status != SS_OK; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct arena arena = arena_of(&memory, 64);
        struct buffer out = buffer_of(&memory);
        status =
            message_decode(&message_state_sync_request, wire, &request, &arena, ARENA_MAX, NULL);
        if (status == SS_OK) message_encode(&message_state_sync_request, &request, &out);
        if (out.failed) {
            assert_int_equal(out.size, 0);
            status = SS_ERR_NOMEM;
        }
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        arena_free(&arena);
        buffer_free(&out);
        assert_int_equal(failing.live, 0);
        assert_true(n < 100);
    }
}

/* ---- structs to bytes ---------------------------------------------------------------------- */

static void writes_nothing_for_defaults(void **state) {
    struct fixture *fixture = *state;
    uint8_t zero[1024] = {0}, again[1024];
    const struct message_type *type;
    for (size_t i = 0; (type = message_at(i)); i++) {
        assert_true(message_struct_size(type) <= sizeof zero);
        assert_stable(fixture, type, zero, again);
        assert_int_equal(fixture->out.size, 0);
        assert_memory_equal(zero, again, message_struct_size(type));
    }
}

static void writes_a_response(void **state) {
    struct fixture *fixture = *state;
    uint8_t large[300] = {1};
    struct bytes paths[] = {bytes_of("/a"), {NULL, 0}, bytes_of("/b")};
    struct counter clock[] = {{bytes_of("node"), 0}, {{NULL, 0}, UINT32_MAX}};
    struct conflict_info conflict = {.type = CONFLICT_TYPE_VECTOR_CLOCK,
                                     .old_state = {large, sizeof large},
                                     .overwritten = {paths, 3}};
    struct latency_compensation compensation = {.compensation_factor = -0.0f};
    struct state_sync_response inner[2] = {{.request_id = 1}, {.result = (uint32_t)-1}};
    struct state_sync_response response = {.request_id = UINT64_MAX,
                                           .result = SYNC_RESULT_CONFLICT,
                                           .server_timestamp_ms = INT64_MIN,
                                           .conflict = &conflict,
                                           .compensation = &compensation,
                                           .vector_clock = {clock, 2},
                                           .client_sequence = UINT64_MAX,
                                           .results = {inner, 2},
                                           .replayed = true};
    struct state_sync_response again;
    assert_stable(fixture, &message_state_sync_response, &response, &again);
    assert_int_equal(again.request_id, UINT64_MAX);
    assert_int_equal(again.server_timestamp_ms, INT64_MIN);
    assert_int_equal(again.conflict->type, CONFLICT_TYPE_VECTOR_CLOCK);
    assert_int_equal(again.conflict->old_state.size, sizeof large);
    assert_int_equal(again.conflict->overwritten.count, 3);
    assert_view(again.conflict->overwritten.items[2], "/b");
    assert_int_equal(again.conflict->overwritten.items[1].size, 0);
    assert_int_equal(again.vector_clock.count, 2);
    assert_int_equal(again.vector_clock.items[1].value, UINT32_MAX);
    assert_memory_equal(&again.compensation->compensation_factor, &(float){-0.0f}, sizeof(float));
    assert_int_equal(again.results.count, 2);
    assert_int_equal(again.results.items[1].result, (uint32_t)-1);
    assert_true(again.replayed);
    assert_null(again.update);
}

/* Lengths around every size of their prefix, in a message in a message. */
static void writes_lengths_of_every_size(void **state) {
    struct fixture *fixture = *state;
    static const size_t sizes[] = {0,   1,   100,   120,   122,   123,   124,     125,    126,
                                   127, 128, 16370, 16376, 16380, 16384, 2097140, 2097152};
    uint8_t *bytes = malloc(2097152);
    assert_non_null(bytes);
    memset(bytes, 0x5a, 2097152);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct conflict_info info = {.old_state = {bytes, sizes[i]}};
        struct parked_conflict parked[2] = {{.conflict = &info}, {.version = 5}};
        struct list_conflicts_response list = {.conflicts = {parked, 2}, .total = 2};
        struct list_conflicts_response again;
        assert_stable(fixture, &message_list_conflicts_response, &list, &again);
        assert_int_equal(again.conflicts.items[0].conflict->old_state.size, sizes[i]);
        assert_int_equal(again.conflicts.items[1].version, 5);
        assert_int_equal(again.total, 2);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_in_order),
        cmocka_unit_test_setup_teardown(reads_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(skips_unknown_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_the_last_of_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(merges_duplicate_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_packed_and_unpacked, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_map_entries_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_an_empty_string_of_a_oneof, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_bad_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_failing_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_nothing_for_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_a_response, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_lengths_of_every_size, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
