/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "payload/patch.h"

#define SIZE_MAX_TESTED (64 * 1024)

/* ---- the bytes ----------------------------------------------------------------------------- */

static void expect_apply(struct bytes base, struct bytes patch, const char *state) {
    struct buffer out = buffer_of(&memory_heap);
    assert_int_equal(patch_apply(base, patch, strlen(state), &out), SS_OK);
    assert_true(bytes_equal(buffer_view(&out), bytes_of(state)));
    buffer_free(&out);
}

static void test_operations(void **unused) {
    (void)unused;
    struct bytes base = bytes_of("0123456789abcdef");
    expect_apply(base, bytes_view("", 0), "");
    expect_apply(base, bytes_view("\x08xy", 3), "xy");              /* insert 2 */
    expect_apply(base, bytes_view("\x11\x04-\x05", 4), "0123-5");   /* copy 4, insert, copy 1 */
    expect_apply(base, bytes_view("\x0e\x14\x0a\x11", 4), "abc45"); /* move +10, -9 */
}

static void test_words(void **unused) {
    (void)unused;
    static const uint8_t base[] = {1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0};
    /* five words: the same, +1, -1, +0x8000, +0x40000000 */
    static const uint8_t patch[] = {0x17, 0x94, 0x03, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x80};
    static const uint8_t next[] = {1,    0,    0, 0,    3, 0, 0, 0, 0xff, 0xff,
                                   0xff, 0xff, 5, 0x80, 0, 0, 6, 0, 0,    0x40};
    struct buffer out = buffer_of(&memory_heap);
    struct bytes before = bytes_view(base, sizeof base), after = bytes_view(next, sizeof next);
    assert_int_equal(patch_apply(before, bytes_view(patch, sizeof patch), 20, &out), SS_OK);
    assert_true(bytes_equal(buffer_view(&out), after));
    buffer_clear(&out);
    assert_int_equal(patch_make(before, after, &out), SS_OK);
    assert_true(bytes_equal(buffer_view(&out), bytes_view(patch, sizeof patch)));
    buffer_free(&out);
}

static void expect_status(const char *patch, size_t size, size_t limit, int status) {
    struct buffer out = buffer_of(&memory_heap);
    buffer_u8(&out, '>');
    struct bytes base = bytes_of("0123456789abcdef");
    assert_int_equal(patch_apply(base, bytes_view(patch, size), limit, &out), status);
    assert_int_equal(out.size, 1);
    buffer_free(&out);
}

static void test_what_is_no_patch(void **unused) {
    (void)unused;
    expect_status("\x00", 1, 9, SS_ERR_MALFORMED);      /* nothing to insert */
    expect_status("\x80", 1, 9, SS_ERR_MALFORMED);      /* half a varint */
    expect_status("\x08x", 2, 9, SS_ERR_MALFORMED);     /* one byte short */
    expect_status("\x45", 1, 99, SS_ERR_MALFORMED);     /* 17 of 16 bytes */
    expect_status("\x41\x05", 2, 99, SS_ERR_MALFORMED); /* behind the end */
    expect_status("\x06", 1, 9, SS_ERR_MALFORMED);      /* moves nowhere */
    expect_status("\x06\x01", 2, 9, SS_ERR_MALFORMED);  /* in front of the base */
    expect_status("\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 9, SS_ERR_MALFORMED);
    expect_status("\x07", 1, 9, SS_ERR_MALFORMED);          /* no codes */
    expect_status("\x07\x01\x00", 3, 9, SS_ERR_MALFORMED);  /* half a difference */
    expect_status("\x17\x00\x00", 3, 99, SS_ERR_MALFORMED); /* five words of four */
    expect_status("\x41", 1, 15, SS_ERR_TOO_LARGE);
    expect_status("\x0f\x00", 2, 11, SS_ERR_TOO_LARGE);
    expect_status("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 1 << 20, SS_ERR_TOO_LARGE);
}

/* ---- making -------------------------------------------------------------------------------- */

/* Makes, applies and compares; the size of the patch. */
static size_t round_trip(struct bytes base, struct bytes next) {
    struct buffer patch = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    buffer_u8(&patch, '>');
    assert_int_equal(patch_make(base, next, &patch), SS_OK);
    struct bytes made = {patch.data + 1, patch.size - 1};
    size_t size = made.size;
    assert_true(size <= patch_bound(next.size));
    assert_int_equal(patch_apply(base, made, next.size, &out), SS_OK);
    assert_true(bytes_equal(buffer_view(&out), next));
    if (next.size) assert_int_equal(patch_apply(base, made, next.size - 1, &out), SS_ERR_TOO_LARGE);
    buffer_free(&patch);
    buffer_free(&out);
    return size;
}

static void test_edges(void **unused) {
    (void)unused;
    struct bytes none = {NULL, 0}, some = bytes_of("{\"hp\":100}");
    assert_int_equal(round_trip(none, none), 0);
    assert_int_equal(round_trip(some, none), 0);
    assert_int_equal(round_trip(none, some), some.size + 1);
    assert_true(round_trip(some, some) <= 2);
    for (size_t size = 1; size < some.size; size++) {
        struct bytes part = {some.data, size}, end = {some.data + size, some.size - size};
        round_trip(part, some);
        round_trip(some, part);
        round_trip(end, some);
        round_trip(some, end);
        round_trip(part, end);
    }
}

static void fill(struct random *random, uint8_t *to, size_t size, unsigned alphabet) {
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(random_next(random) % alphabet);
}

/* One random edit of `*size` bytes in a buffer of SIZE_MAX_TESTED: change, insert, drop or move. */
static void edit(struct random *random, uint8_t *bytes, size_t *size) {
    size_t at = random_next(random) % (*size + 1), most = *size - at;
    size_t some = most ? random_next(random) % (most < 40 ? most : 40) : 0;
    switch (random_next(random) % 4) {
    case 0: fill(random, bytes + at, some, 256); return;
    case 1:
        if (*size + some > SIZE_MAX_TESTED) return;
        memmove(bytes + at + some, bytes + at, most);
        fill(random, bytes + at, some, 256);
        *size += some;
        return;
    case 2:
        memmove(bytes + at, bytes + at + some, most - some);
        *size -= some;
        return;
    default: memmove(bytes + random_next(random) % (*size - some + 1), bytes + at, some); return;
    }
}

static void test_random_edits(void **unused) {
    (void)unused;
    struct random random = {1};
    uint8_t *base = malloc(SIZE_MAX_TESTED), *next = malloc(SIZE_MAX_TESTED);
    for (int round = 0; round < 3000; round++) {
        size_t size = random_next(&random) % (round % 100 ? 600 : SIZE_MAX_TESTED), before = size;
        fill(&random, base, size, 1 + (unsigned)random_next(&random) % 256);
        memcpy(next, base, size);
        for (uint64_t edits = random_next(&random) % 8; edits; edits--)
            edit(&random, next, &size);
        round_trip(bytes_view(base, before), bytes_view(next, size));
    }
    free(base);
    free(next);
}

/* ---- how small ----------------------------------------------------------------------------- */

static void test_floats(void **unused) {
    (void)unused;
    float base[12] = {101.5f, 3.25f, -77.125f, 5.1f, 0, -3.3f, 0.1f, 0.7f, 0, 0.7f, 1, 2};
    float next[12];
    memcpy(next, base, sizeof next);
    for (int i = 0; i < 3; i++)
        next[i] += base[3 + i] / 30;
    /* An operation, three bytes of codes, two differences of two bytes. */
    assert_int_equal(round_trip(bytes_view(base, 48), bytes_view(next, 48)), 4 + 2 * 2);
}

static void test_json(void **unused) {
    (void)unused;
    struct buffer base = buffer_of(&memory_heap), next = buffer_of(&memory_heap);
    for (int i = 0; i < 40; i++) {
        buffer_format(&base, "{\"id\":%d,\"hp\":100,\"at\":[%d.5,0,%d.25]},", i, i * 3, i * 7);
        buffer_format(&next, "{\"id\":%d,\"hp\":%d,\"at\":[%d.5,0,%d.25]},", i, i % 10 ? 100 : 95,
                      i * 3, i * 7);
    }
    /* Four records lost a digit: each costs a copy, two inserted bytes and a move at most. */
    assert_true(round_trip(buffer_view(&base), buffer_view(&next)) <= 4 * 8);
    buffer_free(&base);
    buffer_free(&next);
}

static void test_moved_blocks(void **unused) {
    (void)unused;
    struct random random = {7};
    uint8_t *base = malloc(SIZE_MAX_TESTED), *next = malloc(SIZE_MAX_TESTED);
    size_t block = SIZE_MAX_TESTED / 16;
    fill(&random, base, SIZE_MAX_TESTED, 256);
    for (size_t i = 0; i < 16; i++)
        memcpy(next + i * block, base + (i * 7 % 16) * block, block);
    assert_true(round_trip(bytes_view(base, SIZE_MAX_TESTED), bytes_view(next, SIZE_MAX_TESTED)) <
                16 * 16);
    fill(&random, next, SIZE_MAX_TESTED, 256);
    round_trip(bytes_view(base, SIZE_MAX_TESTED), bytes_view(next, SIZE_MAX_TESTED));
    free(base);
    free(next);
}

/* ---- memory -------------------------------------------------------------------------------- */

static int make_and_apply(const struct memory *memory, struct bytes base, struct bytes next) {
    struct buffer patch = buffer_of(memory), out = buffer_of(memory);
    int status = patch_make(base, next, &patch);
    assert_true(status == SS_OK || patch.size == 0);
    if (status == SS_OK) {
        status = patch_apply(base, buffer_view(&patch), next.size, &out);
        assert_true(status == SS_OK || out.size == 0);
    }
    buffer_free(&patch);
    buffer_free(&out);
    return status;
}

static void test_no_memory(void **unused) {
    (void)unused;
    struct random random = {3};
    uint8_t base[2000], next[2000];
    fill(&random, base, sizeof base, 256);
    memcpy(next, base + 600, 1400);
    memcpy(next + 1400, base, 600);
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    int status = SS_ERR_NOMEM;
    for (size_t n = 1; status != SS_OK; n++) {
        failing = (struct failing){.fail_at = n};
        status = make_and_apply(&memory, bytes_view(base, 2000), bytes_view(next, 2000));
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        assert_int_equal(failing.live, 0);
        assert_true(n < 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_what_is_no_patch),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_random_edits),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_moved_blocks),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
