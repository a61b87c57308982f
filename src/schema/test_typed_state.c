/* SPDX-License-Identifier: Apache-2.0 */
/* What format_protobuf makes of states of a declared message, all but merges. */
#include "schema/samples.h"

#include <math.h>

#include "base/failing.h"
#include "base/random.h"
#include "payload/rules.h"

static const struct format *const format = &format_protobuf;

struct state_test {
    struct format_rules *rules;
    struct buffer state, out;
    struct reason why;
};

static struct state_test state_test_of(const char *name, const char *message) {
    return (struct state_test){.rules = sample_rules(name, message, NULL, 0),
                               .state = buffer_of(&memory_heap),
                               .out = buffer_of(&memory_heap)};
}

static void state_test_free(struct state_test *test) {
    format_rules_destroy(test->rules);
    buffer_free(&test->state);
    buffer_free(&test->out);
}

static void assert_refused(struct state_test *test, const char *why) {
    int status = format->validate(test->rules, buffer_view(&test->state), &test->why);
    assert_int_equal(status, SS_ERR_INVALID);
    assert_string_equal(test->why.text, why);
    buffer_clear(&test->state);
}

static void assert_valid(struct state_test *test) {
    test->why.text[0] = '\0';
    int status = format->validate(test->rules, buffer_view(&test->state), &test->why);
    if (status != SS_OK) fail_msg("%s", test->why.text);
    buffer_clear(&test->state);
}

/* ---- validate ------------------------------------------------------------------------------ */

static void test_wire_types(void **state) {
    (void)state;
    struct state_test test = state_test_of("everything.desc", "sample.Everything");
    assert_valid(&test);
    put_varint(&test.state, 1, 3);
    assert_refused(&test, "/a_double is of another type");
    put_text(&test.state, 10, "\x08");
    assert_refused(&test, "/inner ends inside a field");
    put_text(&test.state, 9, "\xff");
    assert_refused(&test, "/a_string is not UTF-8");
    put_text(&test.state, 11, "\xff");
    put_varint(&test.state, 13, 77); /* a color of a newer client */
    put_varint(&test.state, 1000, 1);
    put_text(&test.state, 1001, "\xff");
    assert_valid(&test);
    put_text(&test.state, 22, "\x0a\x01\xff");
    assert_refused(&test, "/by_name/key is not UTF-8");
    buffer_u8(&test.state, 0x0b); /* a group */
    assert_refused(&test, "sample.Everything has a group or an unknown type");
    state_test_free(&test);
}

static void test_packed_or_not(void **state) {
    (void)state;
    struct state_test test = state_test_of("everything.desc", "sample.Everything");
    put_varint(&test.state, 19, 2);
    put_text(&test.state, 19, "\x02\x04\x80\x01");
    assert_valid(&test);
    put_text(&test.state, 19, "\x02\x80");
    assert_refused(&test, "/numbers ends inside a packed value");
    put_float(&test.state, 19, 1);
    assert_refused(&test, "/numbers is of another type");
    state_test_free(&test);
}

static void test_depth_is_bounded(void **state) {
    (void)state;
    struct state_test test = state_test_of("everything.desc", "sample.Everything");
    for (int depth = 0; depth < 31; depth++) /* child within child */
        schema_record_wrap(&test.state, 0, 27);
    assert_valid(&test);
    for (int depth = 0; depth < 33; depth++)
        schema_record_wrap(&test.state, 0, 27);
    assert_refused(&test, "/child is nested too deep");
    state_test_free(&test);
}

static void test_required_fields(void **state) {
    (void)state;
    struct state_test test = state_test_of("old.desc", "sample.Old");
    assert_refused(&test, "/id is required and not there");
    put_varint(&test.state, 1, 0);
    assert_valid(&test);
    put_varint(&test.state, 1, 0);
    put_text(&test.state, 6, "");
    assert_refused(&test, "/part/name is required and not there");
    state_test_free(&test);
}

/* ---- invariants ---------------------------------------------------------------------------- */

static void position_put(struct buffer *out, float x, float y, float z) {
    size_t start = out->size;
    if (x != 0) put_float(out, 1, x);
    if (y != 0) put_float(out, 2, y);
    if (z != 0) put_float(out, 3, z);
    schema_record_wrap(out, start, 1);
}

static int check(struct state_test *test, struct buffer *previous, ss_time span) {
    struct bytes before = previous ? buffer_view(previous) : (struct bytes){NULL, 0};
    return format->check(test->rules, previous ? &before : NULL, buffer_view(&test->state), span,
                         &test->why);
}

static void test_bounds_hold_wherever(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    position_put(&test.state, 4096, -4096, 0);
    assert_int_equal(check(&test, NULL, 0), SS_OK);
    position_put(&test.state, 1, 4096.5f, 0);
    assert_int_equal(check(&test, NULL, 0), SS_ERR_INVALID);
    assert_string_equal(test.why.text, "/at/y is 4096.5, allowed is -4096 to 4096");
    buffer_clear(&test.state);
    position_put(&test.state, (float)NAN, 0, 0);
    assert_int_equal(check(&test, NULL, 0), SS_ERR_INVALID);
    state_test_free(&test);
}

static void test_bounds_of_a_category_go_over_the_message(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_BOUNDS, .path = "/inner/count", .low = 1, .high = 3},
        {.kind = RULE_BOUNDS, .path = "numbers", .low = -1, .high = 9}};
    struct state_test test = {.rules =
                                  sample_rules("everything.desc", "sample.Everything", list, 2),
                              .state = buffer_of(&memory_heap)};
    assert_int_equal(check(&test, NULL, 0), SS_OK); /* no inner, no numbers */
    put_text(&test.state, 10, "");                  /* an inner with a count of 0 */
    assert_int_equal(check(&test, NULL, 0), SS_ERR_INVALID);
    assert_string_equal(test.why.text, "/inner/count is 0, allowed is 1 to 3");
    buffer_clear(&test.state);
    put_text(&test.state, 10, "\x08\x04");     /* 2 in zigzag */
    put_text(&test.state, 19, "\x02\x12\x14"); /* 1, 9, 10 */
    assert_int_equal(check(&test, NULL, 0), SS_ERR_INVALID);
    assert_string_equal(test.why.text, "/numbers is 10, allowed is -1 to 9");
    state_test_free(&test);
}

static void test_monotone_fields(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Inventory");
    struct buffer previous = buffer_of(&memory_heap);
    put_varint(&previous, 4, 7);
    put_varint(&test.state, 4, 7);
    assert_int_equal(check(&test, &previous, 0), SS_OK);
    buffer_clear(&test.state);
    assert_int_equal(check(&test, &previous, 0), SS_ERR_INVALID);
    assert_string_equal(test.why.text, "/level fell from 7 to 0");
    buffer_free(&previous);
    state_test_free(&test);
}

static void test_speed(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    struct buffer previous = buffer_of(&memory_heap);
    position_put(&previous, 0, 10, 0);
    position_put(&test.state, 3, 10, 4);
    assert_int_equal(check(&test, &previous, SS_SECOND / 8), SS_OK); /* 5 m at 40 m/s */
    assert_int_equal(check(&test, &previous, SS_SECOND / 9), SS_ERR_INVALID);
    assert_non_null(strstr(test.why.text, "max_speed is 40 m/s"));
    buffer_clear(&test.state); /* teleporting by sending no position */
    assert_int_equal(check(&test, &previous, SS_SECOND), SS_ERR_INVALID);
    buffer_free(&previous);
    state_test_free(&test);
}

static void test_locate(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    float at[3];
    assert_int_equal(format->locate(test.rules, buffer_view(&test.state), at), SS_ERR_NOT_FOUND);
    position_put(&test.state, 1, 0, -3);
    assert_int_equal(format->locate(test.rules, buffer_view(&test.state), at), SS_OK);
    assert_true(at[0] == 1 && at[1] == 0 && at[2] == -3);
    state_test_free(&test);
}

static void test_axes_of_a_category_go_over_the_message(void **state) {
    (void)state;
    const struct format_rule list[] = {{.kind = RULE_POSITION, .path = "velocity.x", .axis = 2}};
    struct format_rules *rules = sample_rules("game.desc", "game.Position", list, 1);
    struct buffer at_and_velocity = buffer_of(&memory_heap);
    float at[3];
    position_put(&at_and_velocity, 9, 9, 9);
    size_t start = at_and_velocity.size;
    put_float(&at_and_velocity, 1, 5);
    schema_record_wrap(&at_and_velocity, start, 2);
    assert_int_equal(format->locate(rules, buffer_view(&at_and_velocity), at), SS_OK);
    assert_true(at[0] == 0 && at[1] == 0 && at[2] == 5);
    buffer_free(&at_and_velocity);
    format_rules_destroy(rules);
}

static void refuse_rule(const char *name, const char *message, struct format_rule rule,
                        const char *why_text) {
    struct schema *schema = sample_schema(name, message);
    struct format_rules *rules;
    struct reason why = {""};
    assert_int_equal(format_rules_create_typed(&rules, &memory_heap, schema, &rule, 1, &why),
                     SS_ERR_INVALID);
    assert_string_equal(why.text, why_text);
    schema_destroy(schema);
}

static void test_rules_that_do_not_fit(void **state) {
    (void)state;
    const char *everything = "everything.desc", *message = "sample.Everything";
    refuse_rule(everything, message, (struct format_rule){.kind = RULE_POLICY, .path = "nobody"},
                "nobody: sample.Everything has no such field");
    refuse_rule(everything, message,
                (struct format_rule){.kind = RULE_POLICY, .path = "a_string", .policy = MERGE_SUM},
                "a_string: sum, max and min are for numbers");
    refuse_rule(
        everything, message,
        (struct format_rule){.kind = RULE_POLICY, .path = "an_int32", .policy = MERGE_UNION},
        "an_int32: union is for repeated fields");
    refuse_rule(
        everything, message,
        (struct format_rule){.kind = RULE_POLICY, .path = "inners.count", .policy = MERGE_SUM},
        "inners.count: what is repeated is merged as a whole or by union");
    refuse_rule(everything, message, (struct format_rule){.kind = RULE_MONOTONE, .path = "numbers"},
                "numbers: monotone is for one number, without a default");
    refuse_rule(everything, message,
                (struct format_rule){.kind = RULE_POSITION, .path = "inner.text", .axis = 0},
                "inner.text: an axis of the position is one number");
    refuse_rule(everything, message, (struct format_rule){.kind = RULE_MAX_SPEED, .high = 3},
                "max_speed: the position has no path");
    refuse_rule("old.desc", "sample.Old",
                (struct format_rule){.kind = RULE_POLICY, .path = "life", .policy = MERGE_SUM},
                "life: sum, max and min are for numbers");
}

/* ---- another schema ------------------------------------------------------------------------ */

static void test_a_message_that_cannot_read_the_old_one(void **state) {
    (void)state;
    struct format_rules *position = sample_rules("game.desc", "game.Position", NULL, 0);
    struct format_rules *same = sample_rules("game.desc", "game.Position", NULL, 0);
    struct format_rules *inventory = sample_rules("game.desc", "game.Inventory", NULL, 0);
    assert_true(format_rules_follow(position, same));
    assert_false(format_rules_follow(position, inventory));
    assert_true(format_rules_follow(NULL, inventory));
    format_rules_destroy(position);
    format_rules_destroy(same);
    format_rules_destroy(inventory);
}

/* What an older schema accepted may stand: it is passed over, and merges with it say why. */
static void test_states_of_an_older_schema(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Inventory");
    struct bytes incoming = bytes_of("\x20\x05"), base = {NULL, 0};
    float at[3];
    put_text(&test.state, 1, "gold was a text once");
    put_varint(&test.state, 3, UINT32_MAX); /* and ammunition a number */
    struct bytes standing = buffer_view(&test.state);
    assert_int_equal(format->check(test.rules, &standing, incoming, 0, &test.why), SS_OK);
    assert_int_equal(format->locate(test.rules, standing, at), SS_ERR_NOT_FOUND);
    assert_int_equal(format->redact(test.rules, standing, READER_OTHER, &test.out), SS_OK);
    assert_int_equal(test.out.data[0], 3 << 3);
    buffer_clear(&test.out);
    assert_int_equal(
        format->merge(test.rules, base, standing, incoming, &test.out, NULL, &test.why),
        MERGE_IMPOSSIBLE);
    assert_string_equal(test.why.text, "/gold is of another type");
    state_test_free(&test);
}

/* ---- redact -------------------------------------------------------------------------------- */

static void assert_redacted(struct state_test *test, enum format_reader reader,
                            const struct buffer *want) {
    buffer_clear(&test->out);
    assert_int_equal(format->redact(test->rules, buffer_view(&test->state), reader, &test->out), 0);
    assert_true(bytes_equal(buffer_view(&test->out), buffer_view(want)));
}

static void test_hidden_fields_are_left_out(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Inventory");
    struct buffer without = buffer_of(&memory_heap);
    put_text(&test.state, 5, "before");
    put_varint(&test.state, 1, 50);
    put_text(&test.state, 1000, "unknown");
    put_text(&without, 5, "before");
    put_text(&without, 1000, "unknown");
    assert_true(format_rules_hide(test.rules));
    assert_redacted(&test, READER_OTHER, &without);
    assert_redacted(&test, READER_OWNER, &test.state);
    assert_redacted(&test, READER_SERVER, &test.state);
    buffer_free(&without);
    state_test_free(&test);
    test = state_test_of("game.desc", "game.Match");
    without = buffer_of(&memory_heap);
    put_varint(&test.state, 5, 99);
    assert_redacted(&test, READER_OWNER, &without);
    assert_redacted(&test, READER_SERVER, &test.state);
    buffer_free(&without);
    state_test_free(&test);
}

/* ---- uniques ------------------------------------------------------------------------------- */

static void message_put(struct buffer *out, uint32_t number, uint32_t field, const char *text) {
    size_t start = out->size;
    if (*text) put_text(out, field, text);
    schema_record_wrap(out, start, number);
}

/* "/path=text" or "/path=number", each with who may see it, in the order of the fields. */
static void assert_uniques(struct state_test *test, const char *want) {
    struct format_unique values[FORMAT_UNIQUES_MAX];
    struct reason why;
    char text[512] = "", path[FORMAT_PATH_BYTES];
    size_t count = format->uniques(test->rules, buffer_view(&test->state), values), used = 0;
    assert_int_equal(format->validate(test->rules, buffer_view(&test->state), &why), SS_OK);
    for (uint32_t field = 0; field < 100; field++)
        for (size_t i = 0; i < count; i++)
            if (values[i].field == field)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s=%.*s%ld%s ",
                                         format_rules_field(test->rules, field, path),
                                         (int)values[i].text.size,
                                         (const char *)values[i].text.data, (long)values[i].bits,
                                         values[i].least == READER_OTHER ? "" : "!");
    assert_string_equal(text, want);
}

static void test_values_that_stand_once(void **state) {
    (void)state;
    struct state_test test = state_test_of("unique.desc", "sample.Unique");
    assert_true(format_rules_unique(test.rules));
    assert_uniques(&test, "");
    put_text(&test.state, 1, "");
    message_put(&test.state, 3, 1, "");
    assert_uniques(&test, ""); /* absent, without presence */
    put_varint(&test.state, 2, 0);
    put_text(&test.state, 4, "");
    assert_uniques(&test, "/id=0! /mail=0 "); /* there, with presence */
    put_varint(&test.state, 2, 5);
    put_text(&test.state, 1, "ann");
    put_text(&test.state, 1, "bob");
    message_put(&test.state, 3, 1, "t");
    put_text(&test.state, 4, "m");
    assert_uniques(&test, "/name=bob0 /id=-3! /mail=m0 /inner/tag=t0 ");
    message_put(&test.state, 3, 1, "");
    assert_uniques(&test, "/name=bob0 /id=-3! /mail=m0 /inner/tag=t0 "); /* one message in parts */
    message_put(&test.state, 5, 1, "d");
    assert_uniques(&test, "/name=bob0 /id=-3! /inner/tag=t0 /deep/tag=d0 ");
    message_put(&test.state, 5, 1, "");
    assert_uniques(&test, "/name=bob0 /id=-3! /inner/tag=t0 /deep/tag=d0 ");
    put_varint(&test.state, 6, 0); /* another member of the oneof */
    put_text(&test.state, 1, "");
    assert_uniques(&test, "/id=-3! /inner/tag=t0 ");
    state_test_free(&test);
    test = state_test_of("game.desc", "game.Inventory");
    assert_false(format_rules_unique(test.rules));
    put_varint(&test.state, 1, 50);
    assert_uniques(&test, "");
    state_test_free(&test);
}

/* ---- interpolate --------------------------------------------------------------------------- */

static double number_at(struct state_test *test, const char *path) {
    uint32_t numbers[SCHEMA_DEPTH_MAX];
    uint32_t node = schema_find(test->rules->schema, path);
    size_t depth = schema_numbers(test->rules->schema, node, numbers);
    struct bytes message = buffer_view(&test->out);
    struct protobuf_field field = {0};
    for (size_t i = 0; i < depth; i++) {
        struct reader reader = reader_of(message);
        const char *error;
        bool found = false;
        while (!found && protobuf_next(&reader, &field, &error))
            found = field.number == numbers[i];
        if (!found) return 0;
        if (i + 1 < depth) message = protobuf_content(&field);
    }
    enum schema_type type = (enum schema_type)test->rules->schema->nodes[node].type;
    return schema_real(type, schema_normal(type, field.value));
}

static void interpolate(struct state_test *test, const struct buffer *to, ss_time span,
                        ss_time at) {
    buffer_clear(&test->out);
    assert_int_equal(format->interpolate(test->rules, buffer_view(&test->state), buffer_view(to),
                                         span, at, &test->out),
                     SS_OK);
    assert_int_equal(format->validate(test->rules, buffer_view(&test->out), &test->why), SS_OK);
}

static void vector_put(struct buffer *out, uint32_t number, const float *parts, size_t count) {
    size_t start = out->size;
    for (size_t i = 0; i < count; i++)
        if (parts[i] != 0) put_float(out, (uint32_t)i + 1, parts[i]);
    schema_record_wrap(out, start, number);
}

static void test_positions_follow_their_velocity(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    struct buffer to = buffer_of(&memory_heap);
    vector_put(&test.state, 1, (float[]){0, 0, 2}, 3);
    vector_put(&test.state, 2, (float[]){8, 0, 0}, 3);
    put_varint(&test.state, 5, 3);
    vector_put(&to, 1, (float[]){4, 0, 6}, 3);
    vector_put(&to, 2, (float[]){0, 0, 0}, 3);
    put_varint(&to, 5, 4);
    interpolate(&test, &to, SS_SECOND, SS_SECOND / 2);
    assert_true(fabs(number_at(&test, "at.x") - 3) < 1e-6); /* brakes: half of 4, and 1 more */
    assert_true(fabs(number_at(&test, "at.z") - 4) < 1e-6); /* from rest to rest */
    assert_true(fabs(number_at(&test, "velocity.x") - 4) < 1e-6);
    assert_true(number_at(&test, "pose") == 3); /* steps */
    interpolate(&test, &to, SS_SECOND, 0);
    assert_true(bytes_equal(buffer_view(&test.out), buffer_view(&test.state)));
    interpolate(&test, &to, SS_SECOND, SS_SECOND);
    assert_true(bytes_equal(buffer_view(&test.out), buffer_view(&to)));
    buffer_free(&to);
    state_test_free(&test);
}

static void test_angles_go_the_short_way(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    struct buffer to = buffer_of(&memory_heap);
    put_float(&test.state, 4, 350);
    put_float(&to, 4, 20);
    interpolate(&test, &to, 300, 100);
    assert_true(fabs(number_at(&test, "pitch") - 0) < 1e-4);
    interpolate(&test, &to, 300, 200);
    assert_true(fabs(number_at(&test, "pitch") - 10) < 1e-4);
    buffer_free(&to);
    state_test_free(&test);
}

/* Against the textbook's sines. */
static void test_quaternions_turn_evenly(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    struct buffer to = buffer_of(&memory_heap);
    struct random random = {7};
    for (int round = 0; round < 200; round++) {
        float from[4], target[4];
        double dot = 0, a = 0, b = 0;
        for (int i = 0; i < 4; i++) {
            from[i] = (float)(random_unit(&random) * 2 - 1);
            target[i] = (float)(random_unit(&random) * 2 - 1);
            a += (double)from[i] * (double)from[i];
            b += (double)target[i] * (double)target[i];
            dot += (double)from[i] * (double)target[i];
        }
        double part = random_unit(&random), sign = dot < 0 ? -1 : 1;
        double angle = acos(fmin(1, fabs(dot) / sqrt(a * b)));
        buffer_clear(&test.state);
        buffer_clear(&to);
        vector_put(&test.state, 3, from, 4);
        vector_put(&to, 3, target, 4);
        ss_time at = (ss_time)(part * 1e6);
        part = (double)at / 1e6;
        interpolate(&test, &to, 1000000, at);
        static const char *const names[] = {"facing.x", "facing.y", "facing.z", "facing.w"};
        for (int i = 0; i < 4 && at > 0 && angle > 1e-3; i++) {
            double want = (sin((1 - part) * angle) * (double)from[i] / sqrt(a) +
                           sin(part * angle) * sign * (double)target[i] / sqrt(b)) /
                          sin(angle);
            assert_true(fabs(number_at(&test, names[i]) - want) < 1e-6);
        }
    }
    buffer_free(&to);
    state_test_free(&test);
}

static void test_curves_keep_the_bounds(void **state) {
    (void)state;
    struct state_test test = state_test_of("game.desc", "game.Position");
    struct buffer to = buffer_of(&memory_heap);
    vector_put(&test.state, 1, (float[]){4096, 0, 0}, 3);
    vector_put(&test.state, 2, (float[]){64, 0, 0}, 3);
    vector_put(&to, 1, (float[]){4096, 0, 0}, 3);
    vector_put(&to, 2, (float[]){-64, 0, 0}, 3);
    interpolate(&test, &to, SS_SECOND, SS_SECOND / 2);
    assert_true(number_at(&test, "at.x") == 4096);
    buffer_free(&to);
    state_test_free(&test);
}

/* What only one side has, unknown fields and what is repeated stay those of the earlier state. */
static void test_what_does_not_move(void **state) {
    (void)state;
    struct state_test test = state_test_of("everything.desc", "sample.Everything");
    struct buffer to = buffer_of(&memory_heap), want = buffer_of(&memory_heap);
    put_double(&test.state, 1, 1);
    put_text(&test.state, 9, "early");
    put_varint(&test.state, 19, 4);
    put_varint(&test.state, 1000, 1);
    put_double(&to, 1, 2);
    put_text(&to, 9, "late");
    put_text(&to, 10, "");
    put_varint(&to, 19, 8);
    put_varint(&to, 1000, 2);
    put_double(&want, 1, 1.5);
    put_text(&want, 9, "early");
    put_varint(&want, 19, 4);
    put_varint(&want, 1000, 1);
    interpolate(&test, &to, 10, 5);
    assert_true(bytes_equal(buffer_view(&test.out), buffer_view(&want)));
    buffer_free(&to);
    buffer_free(&want);
    state_test_free(&test);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void test_every_allocation_fails(void **state) {
    (void)state;
    struct schema *schema = sample_schema("game.desc", "game.Position");
    struct state_test test = state_test_of("game.desc", "game.Position");
    const struct format_rule list[] = {{.kind = RULE_MONOTONE, .path = "pose"}};
    struct buffer to = buffer_of(&memory_heap);
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    vector_put(&test.state, 1, (float[]){1, 2, 3}, 3);
    vector_put(&to, 1, (float[]){2, 3, 4}, 3);
    int status = SS_ERR_NOMEM;
    for (size_t n = 1; status != SS_OK; n++) {
        failing = (struct failing){.fail_at = n};
        struct format_rules *rules = NULL;
        struct buffer out = buffer_of(&memory);
        status = format_rules_create_typed(&rules, &memory, schema, list, 1, &test.why);
        if (status == SS_OK)
            status =
                format->interpolate(rules, buffer_view(&test.state), buffer_view(&to), 2, 1, &out);
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        buffer_free(&out);
        format_rules_destroy(rules);
        assert_int_equal(failing.live, 0);
    }
    buffer_free(&to);
    schema_destroy(schema);
    state_test_free(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_types),
        cmocka_unit_test(test_packed_or_not),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_required_fields),
        cmocka_unit_test(test_bounds_hold_wherever),
        cmocka_unit_test(test_bounds_of_a_category_go_over_the_message),
        cmocka_unit_test(test_monotone_fields),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_locate),
        cmocka_unit_test(test_axes_of_a_category_go_over_the_message),
        cmocka_unit_test(test_rules_that_do_not_fit),
        cmocka_unit_test(test_a_message_that_cannot_read_the_old_one),
        cmocka_unit_test(test_states_of_an_older_schema),
        cmocka_unit_test(test_values_that_stand_once),
        cmocka_unit_test(test_hidden_fields_are_left_out),
        cmocka_unit_test(test_positions_follow_their_velocity),
        cmocka_unit_test(test_angles_go_the_short_way),
        cmocka_unit_test(test_quaternions_turn_evenly),
        cmocka_unit_test(test_curves_keep_the_bounds),
        cmocka_unit_test(test_what_does_not_move),
        cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
