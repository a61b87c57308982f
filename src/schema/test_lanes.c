/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/failing.h"
#include "base/random.h"
#include "delta/chunk.h"
#include "delta/quantum.h"
#include "delta/untrained.h"
#include "payload/schema_state.h"
#include "schema/lanes.h"

struct bench {
    struct schema *schema;
    struct lanes *lanes;
    struct random random;
    uint64_t *drawn, *got;         /* bits of each leaf, by node */
    bool *drawn_there, *got_there; /* of what may be absent */
    struct buffer state, back;
};

static struct bench bench_open(const char *file, const char *message) {
    struct bench bench = {.schema = sample_schema(file, message), .random = {7}};
    struct buffer complaints = buffer_of(&memory_heap);
    if (lanes_create(&bench.lanes, &memory_heap, bench.schema, &complaints) != SS_OK)
        fail_msg("%.*s", (int)complaints.size, (const char *)complaints.data);
    assert_int_equal(complaints.size, 0);
    size_t count = bench.schema->count;
    bench.drawn = test_calloc(count, sizeof *bench.drawn);
    bench.got = test_calloc(count, sizeof *bench.got);
    bench.drawn_there = test_calloc(count, sizeof *bench.drawn_there);
    bench.got_there = test_calloc(count, sizeof *bench.got_there);
    bench.state = bench.back = buffer_of(&memory_heap);
    return bench;
}

static void bench_close(struct bench *bench) {
    test_free(bench->drawn);
    test_free(bench->got);
    test_free(bench->drawn_there);
    test_free(bench->got_there);
    buffer_free(&bench->state);
    buffer_free(&bench->back);
    lanes_destroy(bench->lanes);
    schema_destroy(bench->schema);
}

/* ---- random states ------------------------------------------------------------------------- */

/* A number as games have them, or, when `wild`, any that the type can hold. */
static uint64_t draw_real(struct bench *bench, const struct schema_node *node, bool wild) {
    double value = (random_unit(&bench->random) - 0.5) * 200;
    if (wild && random_below(&bench->random, 3) == 0) {
        uint64_t bits = random_next(&bench->random);
        return node->type == SCHEMA_FLOAT ? (uint32_t)bits : bits;
    }
    if (random_below(&bench->random, 8) == 0) value = (double)(float)(value * 1e9);
    return schema_real_bits((enum schema_type)node->type, value);
}

static uint64_t draw_leaf(struct bench *bench, const struct schema_node *node, bool wild) {
    enum schema_type type = (enum schema_type)node->type;
    uint64_t any = random_next(&bench->random) >> random_below(&bench->random, 64);
    if (schema_is_float(type)) return draw_real(bench, node, wild);
    if (type == SCHEMA_BOOL) return any & 1;
    if (!wild && type == SCHEMA_ENUM) return any % 256;
    if (!wild && node->high_given) return any % ((uint64_t)node->high + 1);
    if (!wild && node->bits) return any & (((uint64_t)1 << node->bits) - 1);
    return schema_normal(type, any);
}

static void draw_rotation(struct bench *bench, uint32_t at) {
    const struct schema_node *node = &bench->schema->nodes[at];
    double part[4], norm = 0;
    for (int i = 0; i < 4; i++) {
        part[i] = random_unit(&bench->random) - 0.5;
        norm += part[i] * part[i];
    }
    for (uint32_t i = 0; i < 4; i++)
        bench->drawn[node->first + i] = schema_real_bits(
            (enum schema_type)bench->schema->nodes[node->first + i].type, part[i] / sqrt(norm));
}

static void draw_values(struct bench *bench, bool wild) {
    const struct schema *schema = bench->schema;
    for (uint32_t at = 1; at < schema->count; at++) {
        const struct schema_node *node = &schema->nodes[at];
        bench->drawn_there[at] = !node->presence || random_below(&bench->random, 8) != 0;
        if (schema_is_leaf(node)) bench->drawn[at] = draw_leaf(bench, node, wild);
        for (uint32_t other = 1; node->oneof && other < at; other++)
            if (schema->nodes[other].oneof == node->oneof && bench->drawn_there[other])
                bench->drawn_there[at] = false;
    }
    for (uint32_t at = 1; at < schema->count; at++)
        if (schema->nodes[at].kind == SCHEMA_QUATERNION && schema->nodes[at].count == 4)
            draw_rotation(bench, at);
}

static void write_message(const struct bench *bench, uint32_t parent, struct buffer *out) {
    const struct schema_node *above = &bench->schema->nodes[parent];
    for (uint32_t at = above->first; at < above->first + above->count; at++) {
        const struct schema_node *node = &bench->schema->nodes[at];
        if (!bench->drawn_there[at]) continue;
        size_t start = out->size;
        struct schema_value value = {.bits = bench->drawn[at]};
        if (node->type == SCHEMA_MESSAGE) {
            write_message(bench, at, out);
            schema_record_wrap(out, start, node->number);
        } else {
            schema_record_put((enum schema_type)node->type, node->number, &value, out);
        }
    }
}

static void read_message(struct bench *bench, uint32_t parent, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_child(bench->schema, parent, field.number);
        assert_int_not_equal(at, SCHEMA_NONE);
        const struct schema_node *node = &bench->schema->nodes[at];
        assert_true(schema_fits(node, &field));
        bench->got_there[at] = true;
        if (node->type == SCHEMA_MESSAGE)
            read_message(bench, at, protobuf_content(&field));
        else
            bench->got[at] = schema_normal((enum schema_type)node->type, field.value);
    }
    assert_false(reader.failed);
}

/* ---- what may differ ----------------------------------------------------------------------- */

static double ulp(const struct schema_node *node, double value) {
    if (node->type == SCHEMA_DOUBLE) return fabs(value) * 0x1p-50;
    return fabs(value) * 0x1p-23;
}

static void check_angle(const struct schema_node *node, double want, double got) {
    double off = fmod(fabs(want - got), node->modulo);
    if (off > node->modulo / 2) off = node->modulo - off;
    assert_true(off <= node->quantum / 2 + ulp(node, want) + ulp(node, node->modulo));
    if (node->low_given)
        assert_true(got >= -node->modulo / 2 && got < node->modulo / 2);
    else
        assert_true(got >= 0 && got < node->modulo);
}

static void check_real(const struct bench *bench, uint32_t at, uint64_t want_bits, uint64_t bits) {
    const struct schema_node *node = &bench->schema->nodes[at];
    enum schema_type type = (enum schema_type)node->type;
    double want = schema_real(type, want_bits), got = schema_real(type, bits);
    bool stepped = node->quantum > 1e-6 || (node->kind >= SCHEMA_UNIT_VECTOR && node->bits);
    double step = node->kind >= SCHEMA_UNIT_VECTOR ? ldexp(2, -node->bits) : node->quantum;
    if (!stepped || !isfinite(want))
        assert_true(want_bits == bits);
    else if (node->kind == SCHEMA_ANGLE && node->bits == 16)
        check_angle(node, want, got);
    else if (fabs(want) >= 1073741824.0 * step)
        assert_true(want_bits == bits); /* escaped, not clamped */
    else
        assert_true(fabs(want - got) <= step / 2 + ulp(node, want));
}

/* q and -q turn alike; of smallest three, the largest follows from the others. */
static void check_rotation(const struct bench *bench, uint32_t at) {
    const struct schema_node *node = &bench->schema->nodes[at];
    double want[4], got[4], dot = 0;
    for (uint32_t i = 0; i < 4; i++) {
        enum schema_type type = (enum schema_type)bench->schema->nodes[node->first + i].type;
        want[i] = schema_real(type, bench->drawn[node->first + i]);
        got[i] = schema_real(type, bench->got[node->first + i]);
        dot += want[i] * got[i];
    }
    double step = 1.4142136 / (ldexp(1, bench->schema->nodes[node->first].bits) - 1);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(want[i] - (dot < 0 ? -got[i] : got[i])) <= 1.6 * step);
}

static bool is_smallest_three(const struct bench *bench, uint32_t part) {
    return bench->lanes->places[part].way == WAY_ROTATION;
}

static void check_leaf(const struct bench *bench, uint32_t at) {
    const struct schema_node *node = &bench->schema->nodes[at];
    for (uint32_t up = at; up != 0; up = bench->schema->nodes[up].parent)
        if (!bench->drawn_there[up]) return;
    if (is_smallest_three(bench, at)) {
        if (node->part == 0) check_rotation(bench, node->parent);
    } else if (schema_is_float((enum schema_type)node->type)) {
        check_real(bench, at, bench->drawn[at], bench->got[at]);
    } else {
        assert_true(bench->drawn[at] == bench->got[at]);
    }
}

static void check_there(const struct bench *bench, uint32_t at) {
    const struct schema_node *node = &bench->schema->nodes[at];
    bool there = node->presence;
    for (uint32_t up = at; up != 0; up = bench->schema->nodes[up].parent)
        there = there && bench->drawn_there[up];
    if (node->presence) assert_true(bench->got_there[at] == there);
}

static void check_state(struct bench *bench, struct bytes state) {
    memset(bench->got, 0, bench->schema->count * sizeof *bench->got);
    memset(bench->got_there, 0, bench->schema->count * sizeof *bench->got_there);
    read_message(bench, 0, state);
    for (uint32_t at = 1; at < bench->schema->count; at++) {
        check_there(bench, at);
        if (schema_is_leaf(&bench->schema->nodes[at])) check_leaf(bench, at);
    }
}

/* Of two largest parts of a rotation either may be left out. */
static void check_again(const struct delta_schema *delta, const uint8_t *row,
                        const uint8_t *again) {
    for (unsigned i = 0; i < delta->lane_count; i++) {
        const struct delta_lane *lane = &delta->lanes[i];
        if (lane->kind == DELTA_QUATERNION) continue;
        assert_int_equal(delta_row_get(lane, row), delta_row_get(lane, again));
    }
}

/* Draws a state; into a row and back. False when the row cannot hold it. */
static bool draw_row(struct bench *bench, bool wild, uint8_t row[DELTA_ROW_MAX]) {
    struct reason why = {""};
    uint8_t again[DELTA_ROW_MAX] = {0};
    draw_values(bench, wild);
    buffer_clear(&bench->state);
    write_message(bench, 0, &bench->state);
    int status = lanes_row(bench->lanes, buffer_view(&bench->state), row, &why);
    if (status == SS_ERR_UNSUPPORTED && wild) return false;
    if (status != SS_OK) fail_msg("%s", why.text);
    buffer_clear(&bench->back);
    lanes_state(bench->lanes, row, &bench->back);
    check_state(bench, buffer_view(&bench->back));
    assert_int_equal(lanes_row(bench->lanes, buffer_view(&bench->back), again, &why), SS_OK);
    check_again(&bench->lanes->delta, row, again);
    return true;
}

static const char *const messages[][2] = {{"game.desc", "game.Position"},
                                          {"lanes.desc", "sample.Numbers"},
                                          {"lanes.desc", "sample.Turning"}};
#define MESSAGES (sizeof messages / sizeof *messages)

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        struct bench bench = bench_open(messages[i][0], messages[i][1]);
        size_t held = 0;
        for (int round = 0; round < 3000; round++) {
            uint8_t row[DELTA_ROW_MAX] = {0};
            assert_true(draw_row(&bench, false, row));
            held += draw_row(&bench, true, row);
        }
        assert_true(held > 0 && (held < 3000 || i == 2)); /* turns always fit */
        bench_close(&bench);
    }
}

/* ---- chunks -------------------------------------------------------------------------------- */

struct frames {
    struct delta_frame frame[TICKS];
    struct delta_model sender, receiver;
    struct delta_times times;
};

/* Some cells as before, some anew, some gone. */
static void draw_frame(struct bench *bench, const struct delta_frame *like,
                       struct delta_frame *frame) {
    *frame = *like;
    for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++) {
        uint64_t what = random_below(&bench->random, 4);
        if (what == 0) frame->live = (uint16_t)(frame->live ^ 1u << cell);
        if (what <= 1) draw_row(bench, what == 0, frame->rows[cell]);
        if (!(like->live >> cell & 1)) draw_row(bench, false, frame->rows[cell]);
    }
}

static void code_frame(struct bench *bench, struct frames *frames, unsigned past) {
    uint8_t out[16384];
    struct delta_frame got = {0};
    size_t used;
    struct delta_chunk chunk = {
        &bench->lanes->delta, &frames->sender, &frames->times, {0}, DELTA_CHUNK_CELLS};
    for (unsigned t = TICK_BASE; t < TICK_BASE + past; t++)
        chunk.past[t] = &frames->frame[t];
    size_t bits = delta_encode_chunk(&chunk, &frames->frame[TICK_NOW], out, sizeof out);
    assert_true(bits > 0);
    chunk.model = &frames->receiver;
    assert_int_equal(delta_decode_chunk(&chunk, bytes_view(out, (bits + 7) / 8), 0, &got, &used),
                     SS_OK);
    assert_int_equal(used, bits);
    assert_int_equal(got.live, frames->frame[TICK_NOW].live);
    for (unsigned i = 0; i < DELTA_CHUNK_CELLS; i++)
        if (got.live >> i & 1)
            assert_memory_equal(got.rows[i], frames->frame[TICK_NOW].rows[i],
                                bench->lanes->delta.row_size);
}

static void test_chunks(void **state) {
    (void)state;
    static const uint32_t ms[TICKS] = {5000, 4900, 4870, 4780, 4700};
    struct frames *frames = test_calloc(1, sizeof *frames);
    for (size_t i = 0; i < 2 * MESSAGES; i++) {
        struct bench bench = bench_open(messages[i / 2][0], messages[i / 2][1]);
        memset(frames, 0, sizeof *frames);
        delta_model_untrained(&frames->sender, &bench.lanes->delta,
                              i % 2 ? DELTA_STREAM : DELTA_ACKED);
        frames->receiver = frames->sender;
        delta_times_init(&frames->times, &bench.lanes->delta, ms);
        for (unsigned round = 0; round < 60; round++) {
            memmove(&frames->frame[1], &frames->frame[0], (TICKS - 1) * sizeof frames->frame[0]);
            draw_frame(&bench, &frames->frame[TICK_BASE], &frames->frame[TICK_NOW]);
            code_frame(&bench, frames, round % 5);
        }
        bench_close(&bench);
    }
    test_free(frames);
}

/* ---- what a row cannot hold ---------------------------------------------------------------- */

static void expect(const struct bench *bench, struct buffer *bytes, int want, const char *text) {
    struct reason why = {""};
    uint8_t row[DELTA_ROW_MAX];
    assert_int_equal(lanes_row(bench->lanes, buffer_view(bytes), row, &why), want);
    assert_string_equal(why.text, text);
    buffer_clear(bytes);
}

static void test_what_a_row_cannot_hold(void **state) {
    (void)state;
    struct bench bench = bench_open("lanes.desc", "sample.Numbers");
    struct buffer bytes = buffer_of(&memory_heap);
    put_double(&bytes, 1, 1e300);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.fine has no room in its lane");
    put_double(&bytes, 1, (double)NAN);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.fine has no room in its lane");
    put_double(&bytes, 11, (double)NAN);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.heading has no room in its lane");
    put_varint(&bytes, 9, 256);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.stance has no room in its lane");
    put_varint(&bytes, 10, 3); /* zigzag: -2 */
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.health has no room in its lane");
    put_varint(&bytes, 77, 1);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers has a field that is not declared");
    put_varint(&bytes, 13, 1);
    put_varint(&bytes, 14, 1);
    expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Numbers.tool is one of two in a oneof");
    put_varint(&bytes, 3, 1);
    expect(&bench, &bytes, SS_ERR_INVALID, "sample.Numbers.single is of another type");
    buffer_u8(&bytes, 0x0d); /* field 1, cut */
    expect(&bench, &bytes, SS_ERR_INVALID, "sample.Numbers ends inside a field");
    put_double(&bytes, 1, (double)INFINITY); /* these have room */
    put_float(&bytes, 3, NAN);
    put_varint(&bytes, 4, UINT64_MAX);
    expect(&bench, &bytes, SS_OK, "");
    buffer_free(&bytes);
    bench_close(&bench);
}

static void test_a_rotation_has_unit_length(void **state) {
    (void)state;
    struct bench bench = bench_open("lanes.desc", "sample.Turning");
    struct buffer bytes = buffer_of(&memory_heap);
    static const double lengths[] = {0, 0.9, 1.1, INFINITY, NAN};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        put_double(&bytes, 4, lengths[i]);
        schema_record_wrap(&bytes, 0, 1);
        expect(&bench, &bytes, SS_ERR_UNSUPPORTED, "sample.Turning.x has no room in its lane");
    }
    put_double(&bytes, 2, -1.005);
    schema_record_wrap(&bytes, 0, 1);
    expect(&bench, &bytes, SS_OK, "");
    expect(&bench, &bytes, SS_OK, ""); /* no message at all */
    buffer_free(&bytes);
    bench_close(&bench);
}

/* ---- what has no lane ---------------------------------------------------------------------- */

static void refused(const char *file, const char *message, const char *want) {
    struct schema *schema = sample_schema(file, message);
    struct buffer complaints = buffer_of(&memory_heap);
    struct lanes *lanes;
    assert_int_equal(lanes_create(&lanes, &memory_heap, schema, &complaints), SS_ERR_UNSUPPORTED);
    assert_null(lanes);
    buffer_u8(&complaints, 0);
    assert_string_equal((const char *)complaints.data, want);
    buffer_free(&complaints);
    schema_destroy(schema);
}

static void test_what_has_no_lane(void **state) {
    (void)state;
    refused("lanes.desc", "sample.Chat",
            "sample.Chat.text: a string has no lane\n"
            "sample.Chat.deep.image: bytes have no lane\n"
            "sample.Chat.deep.list: a repeated field has no lane\n"
            "sample.Chat.deep.votes: a map has no lane\n"
            "sample.Chat.deep.answer: a message within itself has no lane\n");
    refused("lanes.desc", "sample.Many",
            "sample.Many: a row of 73 bytes, at most 64 can be coded\n");
    refused("game.desc", "game.Match", "game.Match.score: a map has no lane\n");
}

/* ---- the lanes themselves ------------------------------------------------------------------ */

static void test_lanes_of_a_game(void **state) {
    (void)state;
    struct bench bench = bench_open("game.desc", "game.Position");
    const struct delta_schema *delta = &bench.lanes->delta;
    static const char *const names[] = {"there", "pose", "pitch", "velocity", "position", "facing"};
    assert_int_equal(delta->field_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(delta->fields[i].name, names[i]);
    assert_int_equal(delta->lane_count, 3 + 3 + 3 + 4);
    assert_int_equal(delta->lanes[delta->position].kind, DELTA_STEPS);
    assert_true(delta->lanes[delta->position].steps == 100);
    assert_true(delta->lanes[delta->velocity].steps == 32);
    assert_int_equal(delta->lanes[delta->rotation].levels, 512);
    assert_int_equal(delta->row_size, 7 * 4 + 3 * 4 + 2 + 1);
    bench_close(&bench);
}

/* ---- any bytes ----------------------------------------------------------------------------- */

static void test_any_row_is_a_state(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        struct bench bench = bench_open(messages[i][0], messages[i][1]);
        for (int round = 0; round < 3000; round++) {
            uint8_t row[DELTA_ROW_MAX], again[DELTA_ROW_MAX];
            struct reason why = {""};
            for (size_t at = 0; at < sizeof row; at++)
                row[at] = (uint8_t)random_next(&bench.random);
            buffer_clear(&bench.back);
            lanes_state(bench.lanes, row, &bench.back);
            assert_false(bench.back.failed);
            assert_int_not_equal(lanes_row(bench.lanes, buffer_view(&bench.back), again, &why),
                                 SS_ERR_INVALID);
        }
        bench_close(&bench);
    }
}

static void test_any_bytes(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        struct bench bench = bench_open(messages[i][0], messages[i][1]);
        for (int round = 0; round < 3000; round++) {
            uint8_t row[DELTA_ROW_MAX];
            struct reason why = {""};
            draw_row(&bench, true, row);
            for (size_t hit = random_below(&bench.random, 4) + 1; hit-- > 0;)
                if (bench.state.size)
                    bench.state.data[random_below(&bench.random, bench.state.size)] =
                        (uint8_t)random_next(&bench.random);
            size_t cut = random_below(&bench.random, bench.state.size + 1);
            uint8_t *exact = test_malloc(cut + 1);
            if (cut) memcpy(exact, bench.state.data, cut);
            int status = lanes_row(bench.lanes, bytes_view(exact, cut), row, &why);
            assert_true(status == SS_OK || why.text[0] != '\0');
            test_free(exact);
        }
        bench_close(&bench);
    }
}

/* ---- models -------------------------------------------------------------------------------- */

static void test_models_as_files(void **state) {
    (void)state;
    struct bench bench = bench_open("game.desc", "game.Position");
    struct bench other = bench_open("lanes.desc", "sample.Turning");
    struct delta_model *model = test_calloc(2, sizeof *model);
    struct buffer file = buffer_of(&memory_heap), twin = buffer_of(&memory_heap);
    struct reason why = {""};
    char text[192];
    delta_model_untrained(model, &bench.lanes->delta, DELTA_ACKED);
    lanes_model_save(bench.lanes, model, &file);
    assert_int_equal(lanes_model_load(bench.lanes, buffer_view(&file), model + 1, &why), SS_OK);
    lanes_model_save(bench.lanes, model + 1, &twin);
    assert_int_equal(lanes_model_load(bench.lanes, buffer_view(&twin), model, &why), SS_OK);
    assert_memory_equal(model, model + 1, sizeof *model);
    assert_int_equal(lanes_model_load(other.lanes, buffer_view(&file), model + 1, &why),
                     SS_ERR_UNSUPPORTED);
    snprintf(text, sizeof text, "trained for another schema: %016llx, sample.Turning is %016llx",
             (unsigned long long)bench.lanes->hash, (unsigned long long)other.lanes->hash);
    assert_string_equal(why.text, text);
    for (size_t cut = 0; cut < file.size; cut++)
        assert_int_equal(lanes_model_load(bench.lanes, bytes_view(file.data, cut), model + 1, &why),
                         SS_ERR_MALFORMED);
    assert_string_equal(why.text, "a broken table for game.Position");
    buffer_free(&file);
    buffer_free(&twin);
    test_free(model);
    bench_close(&bench);
    bench_close(&other);
}

/* ---- no memory ----------------------------------------------------------------------------- */

static void test_allocation_failures(void **state) {
    (void)state;
    static const char *const names[] = {"sample.Numbers", "sample.Chat"};
    for (int i = 0; i < 2; i++) {
        struct schema *schema = sample_schema("lanes.desc", names[i]);
        int status = SS_ERR_NOMEM;
        for (size_t at = 1; status == SS_ERR_NOMEM; at++) {
            struct failing failing = {.fail_at = at};
            struct memory memory = failing_memory(&failing);
            struct buffer complaints = buffer_of(&memory);
            struct lanes *lanes;
            status = lanes_create(&lanes, &memory, schema, &complaints);
            assert_true((status == SS_OK) == (lanes != NULL));
            lanes_destroy(lanes);
            buffer_free(&complaints);
            assert_int_equal(failing.live, 0);
            assert_true(at < 20);
        }
        assert_int_equal(status, i == 0 ? SS_OK : SS_ERR_UNSUPPORTED);
        schema_destroy(schema);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_what_a_row_cannot_hold),
        cmocka_unit_test(test_a_rotation_has_unit_length),
        cmocka_unit_test(test_what_has_no_lane),
        cmocka_unit_test(test_lanes_of_a_game),
        cmocka_unit_test(test_any_row_is_a_state),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_models_as_files),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
