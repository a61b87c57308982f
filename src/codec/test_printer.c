/* SPDX-License-Identifier: Apache-2.0 */
/* What tests/protoc cannot see: PRINT_TEXT, escapes, and floats to the digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "base/memory.h"
#include "codec/printer.h"

static void assert_printed(const struct message_type *type, const void *message, unsigned flags,
                           const char *expected) {
    struct buffer out = buffer_of(&memory_heap);
    message_print(type, message, &out, flags);
    buffer_u8(&out, 0);
    assert_false(out.failed);
    assert_string_equal((const char *)out.data, expected);
    buffer_free(&out);
}

static void prints_every_kind(void **state) {
    (void)state;
    struct counter clock[] = {{bytes_of("n\n"), 1}, {bytes_of("m"), 0}};
    uint32_t accept[] = {COMPRESSION_TYPE_ZSTD, 77, (uint32_t)-1};
    uint64_t owners[] = {0, UINT64_MAX};
    struct bytes categories[] = {bytes_of("a"), bytes_of("")};
    struct state_snapshot_request request = {.player_id = 1,
                                             .categories = {categories, 2},
                                             .last_versions = {clock, 2},
                                             .client_timestamp_ms = -5,
                                             .owners = {owners, 2},
                                             .accept_compression = {accept, 3},
                                             .tombstones = true,
                                             .page_size_bytes = UINT32_MAX,
                                             .page_token = bytes_of("\xff\xfe")};
    assert_printed(&message_state_snapshot_request, &request, 0,
                   "{\"player_id\":\"1\",\"categories\":[\"a\",\"\"],"
                   "\"last_versions\":{\"n\\n\":1,\"m\":0},\"client_timestamp_ms\":\"-5\","
                   "\"owners\":[\"0\",\"18446744073709551615\"],"
                   "\"accept_compression\":[\"COMPRESSION_TYPE_ZSTD\",77,-1],"
                   "\"tombstones\":true,\"page_size_bytes\":4294967295,\"page_token\":\"//4=\"}");
    struct error_response error = {.error_code = -3,
                                   .error_message = bytes_of("\x01\"\\\x7f\xc3\xa9")};
    assert_printed(&message_error_response, &error, 0,
                   "{\"error_code\":-3,\"error_message\":\"\\u0001\\\"\\\\\\u007f\xc3\xa9\"}");
    assert_printed(&message_capabilities_request, &(struct capabilities_request){0}, 0, "{}");
}

static void prints_messages_in_messages(void **state) {
    (void)state;
    struct state_sync_request updates[2] = {{.client_tick = 1}, {.client_tick = 0}};
    struct wire_batch batch = {.updates = {updates, 2}};
    struct wire_subscribe subscribe = {.cancel = false};
    struct state_sync_request request = {.batch = &batch, .subscribe = &subscribe};
    assert_printed(&message_state_sync_request, &request, 0,
                   "{\"batch\":{\"updates\":[{\"client_tick\":1},{}]},\"subscribe\":{}}");
}

static void prints_floats(void **state) {
    (void)state;
    struct wire_area area = {.x = 0.1f, .y = -16777217.0f, .z = 1e-30f, .radius = 3.4028235e38f};
    assert_printed(&message_wire_area, &area, 0,
                   "{\"x\":0.1,\"y\":-16777216,\"z\":1e-30,\"radius\":3.4028235e+38}");
    area = (struct wire_area){NAN, INFINITY, -INFINITY, -0.0f};
    assert_printed(&message_wire_area, &area, 0,
                   "{\"x\":\"NaN\",\"y\":\"Infinity\",\"z\":\"-Infinity\",\"radius\":-0.0}");
}

static void assert_state(const char *state, unsigned flags, const char *expected) {
    struct state_entry entry = {.state_data = bytes_of(state)};
    assert_printed(&message_state_entry, &entry, flags, expected);
}

static void prints_states_for_reading(void **state) {
    (void)state;
    assert_state("{\"a\": [1 , \"b \\\" c\"]\n}", PRINT_TEXT,
                 "{\"state_data\":{\"a\":[1,\"b \\\" c\"]}}");
    assert_state(" [ ] ", PRINT_TEXT, "{\"state_data\":[]}");
    assert_state("{\"a\":1}", 0, "{\"state_data\":\"eyJhIjoxfQ==\"}");
    assert_state("{\"a\":", PRINT_TEXT, "{\"state_data\":\"{\\\"a\\\":\"}");
    assert_state("12", PRINT_TEXT, "{\"state_data\":\"12\"}");
    assert_state("h\xc3\xa9\tllo\n", PRINT_TEXT, "{\"state_data\":\"h\xc3\xa9\\tllo\\n\"}");
    assert_state("h\xc3", PRINT_TEXT, "{\"state_data\":\"aMM=\"}");
    assert_state("\x01", PRINT_TEXT, "{\"state_data\":\"AQ==\"}");
    assert_state("abc", 0, "{\"state_data\":\"YWJj\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_every_kind),
        cmocka_unit_test(prints_messages_in_messages),
        cmocka_unit_test(prints_floats),
        cmocka_unit_test(prints_states_for_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
