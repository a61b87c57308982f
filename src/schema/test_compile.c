/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/failing.h"
#include "schema/generate.h"

/* ---- tables -------------------------------------------------------------------------------- */

static const struct schema_node *at(const struct schema *schema, const char *path) {
    uint32_t node = schema_find(schema, path);
    if (node == SCHEMA_NONE) fail_msg("no %s", path);
    return &schema->nodes[node];
}

static void test_table_of_a_game(void **state) {
    (void)state;
    struct schema *schema = sample_schema("game.desc", "game.Position");
    assert_string_equal(schema_name(schema, 0), "game.Position");
    assert_int_equal(schema->nodes[0].count, 5);
    const struct schema_node *x = at(schema, "at.x"), *pitch = at(schema, "/pitch");
    assert_int_equal(x->type, SCHEMA_FLOAT);
    assert_int_equal(x->axis, 1);
    assert_true(x->low_given && x->high_given && x->low == -4096 && x->high == 4096);
    assert_true(x->quantum == 0.01 && x->max_speed == 40 && x->priority == 4);
    assert_int_equal(x->bits, 20); /* 819 201 steps */
    assert_int_equal(x->interpolation, SCHEMA_HERMITE);
    assert_int_equal(x->velocity, schema_find(schema, "velocity.x"));
    assert_int_equal(at(schema, "velocity.x")->interpolation, SCHEMA_LINEAR);
    assert_int_equal(at(schema, "velocity.z")->bits, 13); /* 4097 steps */
    assert_int_equal(at(schema, "facing")->interpolation, SCHEMA_SLERP);
    assert_int_equal(at(schema, "facing.w")->part, 3);
    assert_int_equal(at(schema, "facing.w")->bits, 9);
    assert_int_equal(pitch->interpolation, SCHEMA_SHORT_WAY);
    assert_true(pitch->quantum == 360.0 / 65536);
    assert_int_equal(at(schema, "5")->number, 5);
    assert_int_equal(schema->bits, 3 * 20 + 3 * 13 + 3 * 9 + 2 + 16 + 4);
    assert_int_equal(schema_find(schema, "at.q"), SCHEMA_NONE);
    assert_false(schema->hides);
    schema_destroy(schema);
}

static void test_leaves_in_order(void **state) {
    (void)state;
    static const char *const want[] = {"/at/x",       "/at/y",       "/at/z",     "/velocity/x",
                                       "/velocity/y", "/velocity/z", "/facing/x", "/facing/y",
                                       "/facing/z",   "/facing/w",   "/pitch",    "/pose"};
    struct schema *schema = sample_schema("game.desc", "game.Position");
    struct buffer path = buffer_of(&memory_heap);
    size_t count = 0;
    for (uint32_t leaf = schema_leaf_next(schema, SCHEMA_NONE); leaf != SCHEMA_NONE;
         leaf = schema_leaf_next(schema, leaf)) {
        buffer_clear(&path);
        schema_path(schema, leaf, &path);
        assert_true(count < 12 && bytes_equal(buffer_view(&path), bytes_of(want[count])));
        count++;
    }
    assert_int_equal(count, 12);
    uint32_t numbers[SCHEMA_DEPTH_MAX];
    assert_int_equal(schema_numbers(schema, schema_find(schema, "velocity.z"), numbers), 2);
    assert_true(numbers[0] == 2 && numbers[1] == 3);
    buffer_free(&path);
    schema_destroy(schema);
}

static void test_shapes_and_presence(void **state) {
    (void)state;
    struct schema *schema = sample_schema("everything.desc", "sample.Everything");
    assert_false(at(schema, "an_int32")->presence);
    assert_true(at(schema, "maybe")->presence && at(schema, "maybe")->oneof == 0);
    assert_true(at(schema, "first")->presence && at(schema, "first")->oneof == 1);
    assert_true(at(schema, "inner")->presence);
    assert_int_equal(at(schema, "numbers")->shape, SCHEMA_REPEATED);
    assert_int_equal(at(schema, "by_name")->shape, SCHEMA_MAP);
    assert_int_equal(at(schema, "by_number.2.text")->type, SCHEMA_STRING);
    const struct schema_node *child = at(schema, "child");
    assert_true(child->recursive && child->first == schema->nodes[0].first);
    assert_int_equal(schema_find(schema, "child.a_bool"), SCHEMA_NONE);
    schema_destroy(schema);
    schema = sample_schema("old.desc", "sample.Old");
    assert_true(at(schema, "id")->required && at(schema, "life")->has_default);
    assert_true(schema->nodes[0].requires && at(schema, "part")->requires);
    assert_true(at(schema, "gold")->presence && at(schema, "gold")->sums);
    schema_destroy(schema);
}

static void test_hidden_fields(void **state) {
    (void)state;
    struct schema *schema = sample_schema("game.desc", "game.Inventory");
    assert_true(schema->hides && at(schema, "gold")->hidden && !at(schema, "bag")->hidden);
    assert_int_equal(at(schema, "gold")->audience, SCHEMA_FOR_OWNER);
    assert_int_equal(at(schema, "gold")->bits, 30);
    schema_destroy(schema);
}

/* What is coded alike has one hash; names and rights do not count, numbers and quanta do. */
static void test_hash(void **state) {
    (void)state;
    struct schema *a = sample_schema("game.desc", "game.Position");
    struct schema *b = schema_copy(a, &memory_heap);
    assert_int_equal(a->hash, b->hash);
    b->nodes[3].policy = MERGE_KEEP;
    b->nodes[3].audience = SCHEMA_FOR_SERVER;
    schema_settle(b);
    assert_int_equal(a->hash, b->hash);
    b->nodes[schema_find(b, "pitch")].quantum *= 2;
    schema_settle(b);
    assert_int_not_equal(a->hash, b->hash);
    schema_destroy(a);
    schema_destroy(b);
}

/* ---- mistakes ------------------------------------------------------------------------------ */

static void complaints_of(const char *name, struct buffer *complaints, size_t *checked) {
    struct buffer bytes = sample_bytes(SAMPLES, name);
    struct descriptor_set set;
    assert_int_equal(descriptor_read(&set, &memory_heap, buffer_view(&bytes), complaints), SS_OK);
    *checked = 0;
    for (struct message_descriptor *message = set.messages; message; message = message->all) {
        if (!bytes_equal(message->file->package, bytes_of("sample"))) continue;
        struct schema *schema;
        schema_compile(&schema, &memory_heap, message, complaints);
        schema_destroy(schema);
        ++*checked;
    }
    descriptor_free(&set);
    buffer_free(&bytes);
}

/* Takes the complaint "mistakes.proto:LINE: WHO: TEXT" out of the list; false: there is none. */
static bool complaint_take(struct buffer *complaints, unsigned line, const char *text) {
    char head[64];
    int size = snprintf(head, sizeof head, "mistakes.proto:%u: ", line);
    size_t start = 0;
    while (start < complaints->size) {
        uint8_t *from = complaints->data + start;
        uint8_t *end = memchr(from, '\n', complaints->size - start);
        size_t length = (size_t)(end - from), wanted = strlen(text);
        bool here = length > (size_t)size && memcmp(from, head, (size_t)size) == 0 &&
                    (wanted == 0 || (length > wanted && memcmp(end - wanted, text, wanted) == 0));
        if (here) {
            memmove(from, end + 1, complaints->size - start - length - 1);
            complaints->size -= length + 1;
            return true;
        }
        start += length + 1;
    }
    return false;
}

static void test_each_mistake_is_told_on_its_line(void **state) {
    (void)state;
    struct buffer source = sample_bytes(SAMPLE_SOURCES, "mistakes.proto");
    struct buffer complaints = buffer_of(&memory_heap);
    size_t checked, wanted = 0;
    unsigned line = 0;
    complaints_of("mistakes.desc", &complaints, &checked);
    buffer_u8(&source, 0);
    for (char *at_line = strtok((char *)source.data, "\n"); at_line; at_line = strtok(NULL, "\n")) {
        char *want = strstr(at_line, "// want: ");
        line = 0;
        for (uint8_t *byte = source.data; byte < (uint8_t *)at_line; byte++)
            line += *byte == '\n' || *byte == '\0';
        if (strstr(at_line, "// unfit") && !complaint_take(&complaints, line + 1, "repeated"))
            fail_msg("line %u: not told", line + 1);
        if (!want) continue;
        wanted++;
        if (!complaint_take(&complaints, line + 1, want + 9))
            fail_msg("line %u: not told: %s\nof:\n%.*s", line + 1, want + 9, (int)complaints.size,
                     (char *)complaints.data);
    }
    if (complaints.size)
        fail_msg("told too much:\n%.*s", (int)complaints.size, (char *)complaints.data);
    assert_true(wanted > 45);
    buffer_free(&source);
    buffer_free(&complaints);
}

static void test_good_ones_have_no_complaints(void **state) {
    (void)state;
    static const char *const names[] = {"everything.desc", "old.desc", "game.desc"};
    for (size_t i = 0; i < 3; i++) {
        struct buffer complaints = buffer_of(&memory_heap);
        struct buffer bytes = sample_bytes(SAMPLES, names[i]);
        struct descriptor_set set;
        size_t checked;
        assert_int_equal(descriptor_read(&set, &memory_heap, buffer_view(&bytes), &complaints), 0);
        assert_int_equal(schema_check(&memory_heap, &set, &checked, &complaints), SS_OK);
        assert_int_equal(complaints.size, 0);
        assert_true(checked >= 2);
        descriptor_free(&set);
        buffer_free(&bytes);
        buffer_free(&complaints);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

static int compile_all(const struct memory *memory, struct bytes bytes) {
    struct buffer complaints = buffer_of(memory);
    struct descriptor_set set;
    size_t checked;
    int status = descriptor_read(&set, memory, bytes, &complaints);
    if (status == SS_OK) status = schema_check(memory, &set, &checked, &complaints);
    descriptor_free(&set);
    buffer_free(&complaints);
    return status;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    static const char *const names[] = {"everything.desc", "mistakes.desc"};
    for (size_t i = 0; i < 2; i++) {
        struct buffer bytes = sample_bytes(SAMPLES, names[i]);
        struct failing failing = {0};
        struct memory memory = failing_memory(&failing);
        int last = compile_all(&memory, buffer_view(&bytes));
        size_t calls = failing.calls;
        assert_true(calls > 5);
        for (size_t n = 1; n <= calls; n++) {
            failing = (struct failing){.fail_at = n};
            assert_int_equal(compile_all(&memory, buffer_view(&bytes)), SS_ERR_NOMEM);
            assert_int_equal(failing.live, 0);
        }
        assert_int_equal(last, i == 0 ? SS_OK : SS_ERR_INVALID);
        buffer_free(&bytes);
    }
}

static int generate_all(const struct memory *memory, generate_code *generate, struct bytes bytes,
                        struct buffer *code) {
    struct buffer complaints = buffer_of(memory);
    struct descriptor_set set;
    *code = buffer_of(memory);
    int status = descriptor_read(&set, memory, bytes, &complaints);
    if (status == SS_OK) status = generate(&set, NULL, 0, memory, code, &complaints);
    descriptor_free(&set);
    buffer_free(&complaints);
    return status;
}

static void test_generating_without_memory(void **state) {
    (void)state;
    generate_code *const languages[] = {generate_c, generate_cpp};
    struct buffer bytes = sample_bytes(SAMPLES, "everything.desc"), code;
    for (size_t i = 0; i < 2; i++) {
        int status = SS_ERR_NOMEM;
        for (size_t n = 1; status != SS_OK; n++) {
            struct failing failing = {.fail_at = n};
            struct memory memory = failing_memory(&failing);
            status = generate_all(&memory, languages[i], buffer_view(&bytes), &code);
            assert_true(status == SS_OK || status == SS_ERR_NOMEM);
            if (status == SS_OK) assert_true(code.size > 10000);
            buffer_free(&code);
            assert_int_equal(failing.live, 0);
        }
    }
    buffer_free(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_of_a_game),
        cmocka_unit_test(test_leaves_in_order),
        cmocka_unit_test(test_shapes_and_presence),
        cmocka_unit_test(test_hidden_fields),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_each_mistake_is_told_on_its_line),
        cmocka_unit_test(test_good_ones_have_no_complaints),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_generating_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
