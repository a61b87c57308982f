/* SPDX-License-Identifier: Apache-2.0 */
/* The merge of declared messages: cases by hand, and laws on random triples beside a model of its
 * own. usage: test_typed_merge [TRIPLES] (100 000) */
#include "schema/samples.h"

#include <math.h>
#include <stdlib.h>

#include "base/failing.h"
#include "base/random.h"

static const struct format *const format = &format_protobuf;
static uint64_t triples = 100000;

/* ---- by hand ------------------------------------------------------------------------------- */

struct merge_test {
    struct format_rules *rules;
    struct buffer base, standing, incoming, out, want;
    struct paths lost;
    struct reason why;
};

static struct merge_test merge_test_of(const char *name, const char *message) {
    struct buffer empty = buffer_of(&memory_heap);
    return (struct merge_test){.rules = sample_rules(name, message, NULL, 0),
                               .base = empty,
                               .standing = empty,
                               .incoming = empty,
                               .out = empty,
                               .want = empty,
                               .lost = {.text = empty}};
}

static void merge_test_free(struct merge_test *test) {
    format_rules_destroy(test->rules);
    buffer_free(&test->base);
    buffer_free(&test->standing);
    buffer_free(&test->incoming);
    buffer_free(&test->out);
    buffer_free(&test->want);
    buffer_free(&test->lost.text);
}

static enum merge_result merged(struct merge_test *test) {
    buffer_clear(&test->out);
    buffer_clear(&test->lost.text);
    test->lost.count = test->lost.more = 0;
    test->why.text[0] = '\0';
    enum merge_result result =
        format->merge(test->rules, buffer_view(&test->base), buffer_view(&test->standing),
                      buffer_view(&test->incoming), &test->out, &test->lost, &test->why);
    if (result == MERGE_DONE)
        assert_int_equal(format->validate(test->rules, buffer_view(&test->out), &test->why), 0);
    return result;
}

/* The result must be `want`, and these paths lost ("/a\0/b\0"). */
static void assert_merged(struct merge_test *test, const char *lost, size_t count) {
    enum merge_result result = merged(test);
    if (result != MERGE_DONE) fail_msg("%d: %s", result, test->why.text);
    assert_int_equal(test->lost.count, count);
    for (size_t i = 0, at = 0; i < count; i++) {
        assert_string_equal((char *)test->lost.text.data + at, lost + at);
        at += strlen(lost + at) + 1;
    }
    if (!bytes_equal(buffer_view(&test->out), buffer_view(&test->want))) {
        for (size_t i = 0; i < test->out.size; i++)
            print_error("%02x ", test->out.data[i]);
        fail_msg("is not what it should be");
    }
    struct buffer *all[] = {&test->base, &test->standing, &test->incoming, &test->want};
    for (size_t i = 0; i < 4; i++)
        buffer_clear(all[i]);
}

static void inner_put(struct buffer *out, uint32_t number, uint64_t zigzag, const char *text) {
    size_t start = out->size;
    if (zigzag) put_varint(out, 1, zigzag);
    if (*text) put_text(out, 2, text);
    schema_record_wrap(out, start, number);
}

static void entry_put(struct buffer *out, uint32_t number, const char *key, uint64_t value) {
    size_t start = out->size;
    put_text(out, 1, key);
    if (value) put_varint(out, 2, value);
    schema_record_wrap(out, start, number);
}

static void test_two_purchases(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("game.desc", "game.Inventory");
    put_varint(&test.base, 1, 100);
    put_text(&test.base, 2, "bow");
    put_text(&test.base, 5, "novice");
    put_varint(&test.standing, 1, 70);
    put_text(&test.standing, 2, "bow");
    put_text(&test.standing, 2, "axe");
    put_text(&test.standing, 5, "squire");
    put_varint(&test.incoming, 1, 80);
    put_text(&test.incoming, 2, "key");
    put_text(&test.incoming, 5, "knight");
    put_varint(&test.want, 1, 50);
    put_text(&test.want, 2, "axe");
    put_text(&test.want, 2, "key");
    put_text(&test.want, 5, "knight");
    assert_merged(&test, "/title", 1);
    merge_test_free(&test);
}

static void test_singular_messages_are_gone_into(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Everything");
    inner_put(&test.base, 10, 2, "a");
    inner_put(&test.standing, 10, 4, "a");
    inner_put(&test.incoming, 10, 2, "b");
    inner_put(&test.want, 10, 4, "b");
    assert_merged(&test, "", 0);
    inner_put(&test.base, 10, 2, "a");
    inner_put(&test.standing, 10, 2, "b");
    inner_put(&test.incoming, 10, 2, "c");
    inner_put(&test.want, 10, 2, "c");
    assert_merged(&test, "/inner/text", 1);
    /* Removed here, changed there: it comes back whole. */
    inner_put(&test.base, 10, 2, "a");
    inner_put(&test.incoming, 10, 2, "c");
    put_varint(&test.standing, 3, 1);
    put_varint(&test.want, 3, 1);
    inner_put(&test.want, 10, 2, "c");
    assert_merged(&test, "/inner", 1);
    /* A message that contains itself is one leaf. */
    put_text(&test.standing, 27, "\x18\x01");
    put_text(&test.incoming, 27, "\x28\x01");
    put_text(&test.want, 27, "\x28\x01");
    assert_merged(&test, "/child", 1);
    merge_test_free(&test);
}

static void test_spelling_is_no_change(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Everything");
    put_varint(&test.base, 3, 5);
    put_varint(&test.standing, 5, 0); /* a zero that is written */
    put_varint(&test.standing, 3, 5);
    put_varint(&test.incoming, 3, 9);
    put_varint(&test.incoming, 3, 6); /* the last one counts */
    put_varint(&test.want, 3, 6);
    assert_merged(&test, "", 0);
    put_varint(&test.base, 18, 0); /* here a zero is a value */
    put_varint(&test.base, 5, 1);
    put_varint(&test.incoming, 5, 1);
    put_varint(&test.standing, 18, 0);
    put_varint(&test.standing, 5, 2);
    put_varint(&test.want, 5, 2);
    assert_merged(&test, "", 0);
    merge_test_free(&test);
}

static void test_maps_are_merged_by_key(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    entry_put(&test.base, 10, "arrows", 10);
    entry_put(&test.base, 10, "bolts", 5);
    entry_put(&test.standing, 10, "bolts", 5);
    entry_put(&test.standing, 10, "arrows", 7);
    entry_put(&test.incoming, 10, "arrows", 8);
    entry_put(&test.incoming, 10, "stones", 3);
    entry_put(&test.want, 10, "arrows", 5);
    entry_put(&test.want, 10, "stones", 3);
    assert_merged(&test, "", 0);
    /* Edited here, removed there. */
    entry_put(&test.base, 10, "arrows", 10);
    entry_put(&test.standing, 10, "arrows", 9);
    entry_put(&test.incoming, 10, "a/b", 1);
    entry_put(&test.want, 10, "a/b", 1);
    entry_put(&test.want, 10, "arrows", 9);
    assert_merged(&test, "/totals/arrows", 1);
    merge_test_free(&test);
    test = merge_test_of("everything.desc", "sample.Everything");
    entry_put(&test.base, 22, "a/b", 2);
    entry_put(&test.standing, 22, "a/b", 4);
    entry_put(&test.incoming, 22, "a/b", 6);
    entry_put(&test.want, 22, "a/b", 6);
    assert_merged(&test, "/by_name/a~1b", 1);
    /* Into the messages of a map. */
    put_text(&test.base, 23, "\x08\x07\x12\x02\x08\x02");
    put_text(&test.standing, 23, "\x08\x07\x12\x02\x08\x04");
    put_text(&test.incoming, 23, "\x08\x07\x12\x05\x08\x02\x12\x01x");
    put_text(&test.want, 23, "\x08\x07\x12\x05\x08\x04\x12\x01x");
    assert_merged(&test, "", 0);
    merge_test_free(&test);
}

static void test_members_of_a_oneof_are_one_leaf(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Everything");
    put_varint(&test.base, 24, 1);
    put_text(&test.standing, 25, "x");
    put_varint(&test.incoming, 24, 1);
    put_varint(&test.incoming, 3, 1);
    put_varint(&test.want, 3, 1);
    put_text(&test.want, 25, "x");
    assert_merged(&test, "", 0);
    put_varint(&test.base, 24, 1);
    put_text(&test.standing, 25, "x");
    put_varint(&test.incoming, 24, 2);
    put_varint(&test.want, 24, 2);
    assert_merged(&test, "/second", 1);
    /* The same member on both sides is merged like any other field. */
    inner_put(&test.base, 26, 2, "a");
    inner_put(&test.standing, 26, 4, "a");
    inner_put(&test.incoming, 26, 2, "b");
    inner_put(&test.want, 26, 4, "b");
    assert_merged(&test, "", 0);
    /* Of several members that were sent the last one counts. */
    put_varint(&test.base, 24, 1);
    put_text(&test.standing, 25, "x");
    put_varint(&test.standing, 24, 1);
    put_varint(&test.standing, 3, 1);
    put_text(&test.incoming, 25, "y");
    put_varint(&test.want, 3, 1);
    put_text(&test.want, 25, "y");
    assert_merged(&test, "", 0);
    merge_test_free(&test);
}

static void test_policies_of_one_field(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    put_varint(&test.standing, 13, 1);
    put_varint(&test.incoming, 13, 2);
    put_varint(&test.want, 13, 1);
    assert_merged(&test, "/kept", 1);
    put_varint(&test.standing, 14, 1);
    put_varint(&test.incoming, 14, 2);
    assert_int_equal(merged(&test), MERGE_MUST_PARK);
    assert_string_equal(test.why.text, "/decided changed on both sides");
    put_varint(&test.standing, 15, 1);
    put_varint(&test.incoming, 15, 2);
    assert_int_equal(merged(&test), MERGE_REFUSED);
    assert_string_equal(test.why.text, "/refused changed on both sides");
    merge_test_free(&test);
}

static void test_presence_under_policies(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    put_varint(&test.base, 21, 5); /* optional max: removed here, lowered there */
    put_varint(&test.incoming, 21, 3);
    put_varint(&test.standing, 1, 1);
    put_varint(&test.want, 1, 1);
    put_varint(&test.want, 21, 3);
    assert_merged(&test, "/most", 1);
    put_varint(&test.base, 17, 5);
    put_varint(&test.standing, 1, 1);
    put_varint(&test.incoming, 1, 2);
    put_varint(&test.want, 1, 3);
    assert_merged(&test, "", 0); /* removed on both sides */
    merge_test_free(&test);
}

static void test_sums_that_do_not_fit(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    put_varint(&test.standing, 1, INT64_MAX);
    put_varint(&test.incoming, 1, 1);
    assert_int_equal(merged(&test), MERGE_IMPOSSIBLE);
    assert_string_equal(test.why.text, "/sum64 has a sum beyond int64");
    buffer_clear(&test.standing);
    buffer_clear(&test.incoming);
    put_varint(&test.base, 3, 5); /* uint32: 5 - 3 - 4 */
    put_varint(&test.standing, 3, 2);
    put_varint(&test.incoming, 3, 1);
    assert_int_equal(merged(&test), MERGE_IMPOSSIBLE);
    assert_string_equal(test.why.text, "/sum_unsigned has a sum beyond uint32");
    buffer_clear(&test.base);
    buffer_clear(&test.standing);
    buffer_clear(&test.incoming);
    put_double(&test.standing, 4, 1e308);
    put_double(&test.incoming, 4, 1.5e308);
    assert_int_equal(merged(&test), MERGE_IMPOSSIBLE);
    assert_string_equal(test.why.text, "/sum_double has a sum beyond double");
    buffer_clear(&test.standing);
    buffer_clear(&test.incoming);
    put_text(&test.standing, 12, "\x08\xfe\xff\xff\xff\x0f"); /* inner.count: int32 max */
    put_text(&test.incoming, 12, "\x08\x02");
    assert_int_equal(merged(&test), MERGE_IMPOSSIBLE);
    assert_string_equal(test.why.text, "/inner/count has a sum beyond sint32");
    merge_test_free(&test);
}

/* What rounding takes is given back: 1e15 + 0.125 keeps only 3 of its bits. */
static void test_real_sums_compensate(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    put_double(&test.base, 4, 1e15);
    put_double(&test.standing, 4, 1e15 + 0.125);
    put_double(&test.incoming, 4, 1);
    put_double(&test.want, 4, 1.125);
    assert_merged(&test, "", 0);
    put_double(&test.base, 7, 5); /* min: a number before a NaN */
    put_double(&test.standing, 7, (double)NAN);
    put_double(&test.incoming, 7, 6);
    put_double(&test.want, 7, 6);
    assert_merged(&test, "", 0);
    merge_test_free(&test);
}

static void test_unknown_fields_are_kept(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    put_text(&test.base, 900, "a");
    put_text(&test.standing, 900, "b");
    put_text(&test.incoming, 900, "c");
    put_varint(&test.incoming, 901, 1);
    put_text(&test.want, 900, "c");
    put_varint(&test.want, 901, 1);
    assert_merged(&test, "/900", 1);
    merge_test_free(&test);
}

static void test_quaternions_are_one_leaf(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("game.desc", "game.Position");
    struct buffer *sides[] = {&test.base, &test.standing, &test.incoming};
    for (uint32_t i = 0; i < 3; i++) {
        put_float(sides[i], i + 1, 1);
        schema_record_wrap(sides[i], 0, 3);
    }
    buffer_bytes(&test.want, buffer_view(&test.incoming));
    assert_merged(&test, "/facing", 1);
    merge_test_free(&test);
}

static void test_policies_of_a_category(void **state) {
    (void)state;
    const struct format_rule list[] = {
        {.kind = RULE_POLICY, .path = "/inner/text", .policy = MERGE_KEEP},
        {.kind = RULE_POLICY, .path = "inner", .policy = MERGE_MAX},
        {.kind = RULE_POLICY, .path = "words", .policy = MERGE_UNION}};
    struct merge_test test = merge_test_of("everything.desc", "sample.Everything");
    format_rules_destroy(test.rules);
    test.rules = sample_rules("everything.desc", "sample.Everything", list, 3);
    inner_put(&test.standing, 10, 4, "a");
    inner_put(&test.incoming, 10, 6, "b");
    inner_put(&test.want, 10, 6, "a");
    put_text(&test.standing, 20, "x");
    put_text(&test.incoming, 20, "y");
    put_text(&test.want, 20, "x");
    put_text(&test.want, 20, "y");
    assert_merged(&test, "/inner/text", 1);
    merge_test_free(&test);
}

/* ---- a model of its own -------------------------------------------------------------------- */

#define SET_MAX 24
#define KEYS    3

/* A sample.Merged as plain numbers. */
struct model {
    int64_t sum64;
    int32_t sum32, max;
    uint32_t sum_unsigned;
    double min;
    int32_t set[SET_MAX];
    size_t set_count;
    int32_t totals[KEYS];
    bool total_there[KEYS];
    int32_t inner; /* its count */
    bool inner_there;
};

static const char *const keys[KEYS] = {"a", "b", "c"};

static uint64_t zigzag(int64_t value) {
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static void model_write(const struct model *model, struct buffer *out) {
    buffer_clear(out);
    if (model->sum64) put_varint(out, 1, (uint64_t)model->sum64);
    if (model->sum32) put_varint(out, 2, zigzag(model->sum32));
    if (model->sum_unsigned) put_varint(out, 3, model->sum_unsigned);
    if (model->max) put_varint(out, 6, (uint64_t)(int64_t)model->max);
    if (model->min != 0) put_double(out, 7, model->min);
    size_t start = out->size;
    for (size_t i = 0; i < model->set_count; i++)
        buffer_varint(out, (uint64_t)(int64_t)model->set[i]);
    if (model->set_count) schema_record_wrap(out, start, 8);
    for (size_t i = 0; i < KEYS; i++)
        if (model->total_there[i]) entry_put(out, 10, keys[i], (uint64_t)(int64_t)model->totals[i]);
    if (model->inner_there) inner_put(out, 12, zigzag(model->inner), "");
}

static struct model model_random(struct random *random) {
    struct model model = {.sum64 = (int64_t)random_below(random, 9) - 4,
                          .sum32 = (int32_t)random_below(random, 5) - 2,
                          .sum_unsigned = 1000 + (uint32_t)random_below(random, 3),
                          .max = (int32_t)random_below(random, 4) - 1,
                          .min = (double)random_below(random, 4) - 1,
                          .inner_there = random_below(random, 4) > 0};
    for (int32_t element = -1; element < 4; element++)
        if (random_below(random, 2)) model.set[model.set_count++] = element;
    for (size_t i = 0; i < KEYS; i++) {
        model.total_there[i] = random_below(random, 3) > 0;
        if (model.total_there[i]) model.totals[i] = (int32_t)random_below(random, 4);
    }
    if (model.inner_there) model.inner = (int32_t)random_below(random, 4);
    return model;
}

static bool model_has(const struct model *model, int32_t element) {
    for (size_t i = 0; i < model->set_count; i++)
        if (model->set[i] == element) return true;
    return false;
}

static bool set_equal(const struct model *a, const struct model *b) {
    return a->set_count == b->set_count &&
           memcmp(a->set, b->set, a->set_count * sizeof *a->set) == 0;
}

static void set_take(const struct model *from, struct model *result) {
    memcpy(result->set, from->set, sizeof from->set);
    result->set_count = from->set_count;
}

static void model_union(const struct model *base, const struct model *standing,
                        const struct model *incoming, struct model *result) {
    if (set_equal(base, incoming) || set_equal(base, standing)) {
        set_take(set_equal(base, incoming) ? standing : incoming, result);
        return;
    }
    for (size_t i = 0; i < standing->set_count; i++) {
        int32_t element = standing->set[i];
        if (!model_has(base, element) || model_has(incoming, element))
            result->set[result->set_count++] = element;
    }
    for (size_t i = 0; i < incoming->set_count; i++) {
        int32_t element = incoming->set[i];
        if (!model_has(base, element) && !model_has(standing, element))
            result->set[result->set_count++] = element;
    }
}

#define CHOOSE(field, both)                                                                        \
    result.field = base->field == incoming->field   ? standing->field                              \
                   : base->field == standing->field ? incoming->field                              \
                                                    : (both)

static struct model model_merge(const struct model *base, const struct model *standing,
                                const struct model *incoming) {
    struct model result = {0};
    CHOOSE(sum64, standing->sum64 + incoming->sum64 - base->sum64);
    CHOOSE(sum32, standing->sum32 + incoming->sum32 - base->sum32);
    CHOOSE(sum_unsigned, standing->sum_unsigned + incoming->sum_unsigned - base->sum_unsigned);
    CHOOSE(max, standing->max > incoming->max ? standing->max : incoming->max);
    CHOOSE(min, standing->min < incoming->min ? standing->min : incoming->min);
    model_union(base, standing, incoming, &result);
    for (size_t i = 0; i < KEYS; i++) {
        bool b = base->total_there[i], s = standing->total_there[i], n = incoming->total_there[i];
        if (s && n) {
            CHOOSE(totals[i], standing->totals[i] + incoming->totals[i] - base->totals[i]);
            if (!b) result.totals[i] = standing->totals[i] + incoming->totals[i];
            result.total_there[i] = true;
        } else if (s || n) {
            int32_t value = s ? standing->totals[i] : incoming->totals[i];
            result.total_there[i] = !b || value != base->totals[i];
            if (result.total_there[i]) result.totals[i] = value;
        }
    }
    bool s = standing->inner_there, n = incoming->inner_there;
    if (s && n) {
        CHOOSE(inner, standing->inner + incoming->inner - base->inner);
        result.inner_there = true;
    } else if (s || n) {
        int32_t value = s ? standing->inner : incoming->inner;
        result.inner_there = !base->inner_there || value != base->inner;
        if (result.inner_there) result.inner = value;
    }
    return result;
}

/* ---- laws ---------------------------------------------------------------------------------- */

static void merge_into(const struct format_rules *rules, const struct buffer *base,
                       const struct buffer *standing, const struct buffer *incoming,
                       struct buffer *out) {
    buffer_clear(out);
    enum merge_result result = format->merge(rules, buffer_view(base), buffer_view(standing),
                                             buffer_view(incoming), out, NULL, NULL);
    assert_int_equal(result, MERGE_DONE);
}

static bool same(const struct buffer *a, const struct buffer *b) {
    return bytes_equal(buffer_view(a), buffer_view(b));
}

static int compare_int(const void *a, const void *b) {
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

/* The set of field 8 in ascending order: laws hold for it as a set. */
static void sort_set(const struct buffer *from, struct buffer *out) {
    struct reader reader = reader_of(buffer_view(from));
    struct protobuf_field field;
    const char *error;
    buffer_clear(out);
    while (protobuf_next(&reader, &field, &error)) {
        if (field.number != 8) {
            buffer_bytes(out, field.raw);
            continue;
        }
        struct reader packed = reader_of(protobuf_content(&field));
        int32_t elements[SET_MAX];
        size_t count = 0;
        for (uint64_t bits; schema_packed_next(SCHEMA_INT32, &packed, &bits);)
            elements[count++] = (int32_t)bits;
        qsort(elements, count, sizeof *elements, compare_int);
        for (size_t i = 0; i < count; i++)
            put_varint(out, 8, (uint64_t)(int64_t)elements[i]);
    }
}

static bool same_as_sets(struct buffer *a, struct buffer *b, struct buffer scratch[2]) {
    sort_set(a, &scratch[0]);
    sort_set(b, &scratch[1]);
    return same(&scratch[0], &scratch[1]);
}

enum { BASE, X, Y, Z, XY, YX, YZ, LEFT, RIGHT, WANT, SCRATCH, SCRATCH_2, BUFFERS };

static void check_triple(const struct format_rules *rules, const struct model models[4],
                         struct buffer *at) {
    for (int i = BASE; i <= Z; i++)
        model_write(&models[i], &at[i]);
    struct model want = model_merge(&models[BASE], &models[X], &models[Y]);
    model_write(&want, &at[WANT]);
    merge_into(rules, &at[BASE], &at[X], &at[Y], &at[XY]);
    assert_true(same(&at[XY], &at[WANT]));
    merge_into(rules, &at[BASE], &at[Y], &at[X], &at[YX]);
    assert_true(same_as_sets(&at[XY], &at[YX], &at[SCRATCH])); /* commutative */
    merge_into(rules, &at[BASE], &at[X], &at[BASE], &at[LEFT]);
    assert_true(same(&at[LEFT], &at[X])); /* the base changes nothing */
}

/* Where a side removes what the other changed the order of three writes shows: not for these. */
static void check_associative(const struct format_rules *rules, struct model models[4],
                              struct buffer *at) {
    for (int i = BASE; i <= Z; i++) {
        models[i].inner_there = true;
        for (size_t key = 0; key < KEYS; key++)
            models[i].total_there[key] = true;
        model_write(&models[i], &at[i]);
    }
    merge_into(rules, &at[BASE], &at[X], &at[Y], &at[XY]);
    merge_into(rules, &at[BASE], &at[Y], &at[Z], &at[YZ]);
    merge_into(rules, &at[BASE], &at[XY], &at[Z], &at[LEFT]);
    merge_into(rules, &at[BASE], &at[X], &at[YZ], &at[RIGHT]);
    assert_true(same_as_sets(&at[LEFT], &at[RIGHT], &at[SCRATCH]));
}

/* max, min and union of a state with itself are that state; sums count both. */
static void check_idempotent(const struct format_rules *rules, struct model models[4],
                             struct buffer *at) {
    struct model base = models[BASE], x = models[X];
    x.sum64 = base.sum64;
    x.sum32 = base.sum32;
    x.sum_unsigned = base.sum_unsigned;
    memcpy(x.totals, base.totals, sizeof x.totals);
    memcpy(x.total_there, base.total_there, sizeof x.total_there);
    x.inner = base.inner;
    x.inner_there = base.inner_there;
    model_write(&base, &at[BASE]);
    model_write(&x, &at[X]);
    merge_into(rules, &at[BASE], &at[X], &at[X], &at[LEFT]);
    assert_true(same(&at[LEFT], &at[X]));
}

static void test_laws_on_random_triples(void **state) {
    (void)state;
    struct format_rules *rules = sample_rules("everything.desc", "sample.Merged", NULL, 0);
    struct buffer at[BUFFERS];
    struct random random = {2024};
    for (size_t i = 0; i < BUFFERS; i++)
        at[i] = buffer_of(&memory_heap);
    for (uint64_t round = 0; round < triples; round++) {
        struct model models[4];
        for (size_t i = 0; i < 4; i++)
            models[i] = model_random(&random);
        check_triple(rules, models, at);
        check_idempotent(rules, models, at);
        check_associative(rules, models, at);
    }
    for (size_t i = 0; i < BUFFERS; i++)
        buffer_free(&at[i]);
    format_rules_destroy(rules);
}

/* Sides may be exchanged with any doubles and floats, to the bit. */
static void test_real_sums_commute(void **state) {
    (void)state;
    struct format_rules *rules = sample_rules("everything.desc", "sample.Merged", NULL, 0);
    struct buffer at[5];
    struct random random = {99};
    for (size_t i = 0; i < 5; i++)
        at[i] = buffer_of(&memory_heap);
    for (uint64_t round = 0; round < triples / 4; round++) {
        for (size_t i = 0; i < 3; i++) {
            buffer_clear(&at[i]);
            put_double(&at[i], 4,
                       ldexp(random_unit(&random) - 0.5, (int)random_below(&random, 80)));
            put_float(&at[i], 5, (float)(random_unit(&random) * 1000 + 1));
        }
        merge_into(rules, &at[0], &at[1], &at[2], &at[3]);
        merge_into(rules, &at[0], &at[2], &at[1], &at[4]);
        assert_true(same(&at[3], &at[4]));
    }
    for (size_t i = 0; i < 5; i++)
        buffer_free(&at[i]);
    format_rules_destroy(rules);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void test_every_allocation_fails(void **state) {
    (void)state;
    struct merge_test test = merge_test_of("everything.desc", "sample.Merged");
    struct random random = {5};
    struct model models[3];
    struct buffer *sides[] = {&test.base, &test.standing, &test.incoming};
    for (size_t i = 0; i < 3; i++) {
        models[i] = model_random(&random);
        models[i].inner_there = models[i].total_there[0] = true;
        models[i].set[0] = (int32_t)i;
        models[i].set_count = 1;
        model_write(&models[i], sides[i]);
        put_text(sides[i], 16, i == 0 ? "a" : i == 1 ? "b" : "c");
        put_varint(sides[i], 14, i);
    }
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    enum merge_result result = MERGE_NO_MEMORY;
    for (size_t n = 1; result == MERGE_NO_MEMORY; n++) {
        failing = (struct failing){.fail_at = n};
        struct buffer out = buffer_of(&memory);
        struct paths lost = {.text = buffer_of(&memory)};
        result = format->merge(test.rules, buffer_view(&test.base), buffer_view(&test.standing),
                               buffer_view(&test.incoming), &out, &lost, &test.why);
        assert_true(result == MERGE_NO_MEMORY || n > 3);
        buffer_free(&out);
        buffer_free(&lost.text);
        assert_int_equal(failing.live, 0);
    }
    assert_int_equal(result, MERGE_MUST_PARK);
    merge_test_free(&test);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_purchases),
        cmocka_unit_test(test_singular_messages_are_gone_into),
        cmocka_unit_test(test_spelling_is_no_change),
        cmocka_unit_test(test_maps_are_merged_by_key),
        cmocka_unit_test(test_members_of_a_oneof_are_one_leaf),
        cmocka_unit_test(test_policies_of_one_field),
        cmocka_unit_test(test_presence_under_policies),
        cmocka_unit_test(test_sums_that_do_not_fit),
        cmocka_unit_test(test_real_sums_compensate),
        cmocka_unit_test(test_unknown_fields_are_kept),
        cmocka_unit_test(test_quaternions_are_one_leaf),
        cmocka_unit_test(test_policies_of_a_category),
        cmocka_unit_test(test_laws_on_random_triples),
        cmocka_unit_test(test_real_sums_commute),
        cmocka_unit_test(test_every_allocation_fails),
    };
    if (count > 1) triples = strtoull(arguments[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
