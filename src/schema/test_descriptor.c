/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/samples.h"

static int read_status(struct bytes bytes, struct buffer *complaints) {
    struct descriptor_set set;
    buffer_clear(complaints);
    int status = descriptor_read(&set, &memory_heap, bytes, complaints);
    assert_true((status == SS_OK) == (complaints->size == 0));
    descriptor_free(&set);
    return status;
}

static void test_reads_what_protoc_wrote(void **state) {
    (void)state;
    struct buffer bytes = sample_bytes(SAMPLES, "game.desc"), complaints = buffer_of(&memory_heap);
    struct descriptor_set set;
    assert_int_equal(descriptor_read(&set, &memory_heap, buffer_view(&bytes), &complaints), SS_OK);
    struct message_descriptor *position = descriptor_find(&set, bytes_of(".game.Position"));
    assert_non_null(position);
    assert_null(descriptor_find(&set, bytes_of("game.Nobody")));
    assert_int_equal(position->field_count, 5);
    assert_true(bytes_equal(position->rules.category, bytes_of("position")));
    assert_int_equal(position->rules.history_versions, 128);
    assert_true(position->fields[0].message == descriptor_find(&set, bytes_of("game.Vec3")));
    assert_true(position->fields[0].rules.quantum == 0.01);
    assert_true(rule_given(position->fields[0].rules.given, FIELD_MAX_SPEED));
    assert_false(rule_given(position->fields[0].rules.given, FIELD_MERGE));
    assert_true(position->line > 20 && position->fields[0].line > position->line);
    struct message_descriptor *entry =
        descriptor_find(&set, bytes_of("game.Inventory.AmmunitionEntry"));
    assert_true(entry && entry->map_entry);
    descriptor_free(&set);
    buffer_free(&bytes);
    buffer_free(&complaints);
}

static void test_refuses_what_is_none(void **state) {
    (void)state;
    struct buffer complaints = buffer_of(&memory_heap);
    assert_int_equal(read_status(bytes_of(""), &complaints), SS_ERR_INVALID);
    assert_int_equal(read_status(bytes_of("syntax = \"proto3\";"), &complaints), SS_ERR_INVALID);
    buffer_u8(&complaints, 0);
    assert_non_null(strstr((char *)complaints.data, "protoc --descriptor_set_out"));
    buffer_free(&complaints);
}

/* Without --include_imports the types of fields are missing, and that is said. */
static void test_names_what_is_missing(void **state) {
    (void)state;
    struct buffer file = buffer_of(&memory_heap), message = buffer_of(&memory_heap);
    struct buffer field = buffer_of(&memory_heap), set = buffer_of(&memory_heap);
    struct buffer complaints = buffer_of(&memory_heap);
    put_text(&field, 1, "at");
    put_varint(&field, 3, 1);
    put_varint(&field, 4, 1);
    put_varint(&field, 5, SCHEMA_MESSAGE);
    put_text(&field, 6, ".game.Vec3");
    put_text(&message, 1, "Position");
    put_bytes(&message, 2, buffer_view(&field));
    put_text(&file, 1, "game.proto");
    put_text(&file, 2, "game");
    put_bytes(&file, 4, buffer_view(&message));
    put_bytes(&set, 1, buffer_view(&file));
    assert_int_equal(read_status(buffer_view(&set), &complaints), SS_ERR_INVALID);
    buffer_u8(&complaints, 0);
    assert_string_equal((char *)complaints.data,
                        "game.proto: game.Position.at: its type is not in the set; run protoc with "
                        "--include_imports\n");
    buffer_free(&file);
    buffer_free(&message);
    buffer_free(&field);
    buffer_free(&set);
    buffer_free(&complaints);
}

/* Cut anywhere, or with a byte changed: read or refused with a sentence, never worse. */
static void test_damaged_sets(void **state) {
    (void)state;
    struct buffer bytes = sample_bytes(SAMPLES, "old.desc"), complaints = buffer_of(&memory_heap);
    size_t refused = 0;
    for (size_t i = 0; i < bytes.size; i += 7) {
        refused += read_status(bytes_view(bytes.data, i), &complaints) != SS_OK;
        bytes.data[i] ^= 0x55;
        read_status(buffer_view(&bytes), &complaints);
        bytes.data[i] ^= 0x55;
    }
    assert_true(refused > bytes.size / 8);
    assert_int_equal(read_status(buffer_view(&bytes), &complaints), SS_OK);
    buffer_free(&bytes);
    buffer_free(&complaints);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_protoc_wrote),
        cmocka_unit_test(test_refuses_what_is_none),
        cmocka_unit_test(test_names_what_is_missing),
        cmocka_unit_test(test_damaged_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
