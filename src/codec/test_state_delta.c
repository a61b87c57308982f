/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "codec/compress.h"
#include "codec/state_delta.h"

/* A state of `size` bytes that no format shrinks, and one that differs from it a little. */
struct pair {
    struct buffer base, next;
};

static struct pair pair_of(size_t size) {
    struct pair pair = {buffer_of(&memory_heap), buffer_of(&memory_heap)};
    struct random random = {size};
    for (size_t i = 0; i < size; i++)
        buffer_u8(&pair.base, (uint8_t)random_next(&random));
    buffer_bytes(&pair.next, (struct bytes){pair.base.data, size / 2});
    buffer_text(&pair.next, "new");
    buffer_bytes(&pair.next, (struct bytes){pair.base.data + size / 2, size - size / 2});
    return pair;
}

static void pair_free(struct pair *pair) {
    buffer_free(&pair->base);
    buffer_free(&pair->next);
}

static uint32_t choose(const struct pair *pair, const uint32_t *formats, size_t count) {
    struct buffer delta = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    struct bytes base = buffer_view(&pair->base), next = buffer_view(&pair->next);
    uint32_t format = state_delta_choose(&(struct u32_list){formats, count}, base, next, &delta);
    if (format == DELTA_FORMAT_NONE) {
        assert_int_equal(delta.size, 0);
    } else {
        assert_true(delta.size + 8 < next.size);
        struct bytes made = buffer_view(&delta);
        assert_int_equal(state_delta_apply(format, base, made, next.size, &out), SS_OK);
        assert_true(bytes_equal(buffer_view(&out), next));
        assert_int_equal(state_delta_apply(format, base, made, next.size - 1, &out),
                         SS_ERR_TOO_LARGE);
    }
    buffer_free(&delta);
    buffer_free(&out);
    return format;
}

static void test_choice(void **state) {
    (void)state;
    const uint32_t both[] = {DELTA_FORMAT_ZSTD, DELTA_FORMAT_PATCH}, unknown[] = {0, 77, 1};
    struct pair large = pair_of(3000), small = pair_of(100), tiny = pair_of(4);
    assert_int_equal(choose(&large, both, 2), DELTA_FORMAT_ZSTD);
    assert_int_equal(choose(&large, both + 1, 1), DELTA_FORMAT_PATCH);
    assert_int_equal(choose(&small, both, 2), DELTA_FORMAT_PATCH); /* too small for a frame */
    assert_int_equal(choose(&small, both, 1), DELTA_FORMAT_NONE);
    assert_int_equal(choose(&tiny, both, 2), DELTA_FORMAT_NONE);
    assert_int_equal(choose(&large, NULL, 0), DELTA_FORMAT_NONE);
    assert_int_equal(choose(&large, unknown, 3), DELTA_FORMAT_PATCH);
    pair_free(&large);
    pair_free(&small);
    pair_free(&tiny);
}

static void test_what_does_not_apply(void **state) {
    (void)state;
    struct buffer out = buffer_of(&memory_heap);
    struct pair pair = pair_of(3000), other = pair_of(3001);
    struct bytes base = buffer_view(&pair.base), wrong = buffer_view(&other.base);
    assert_int_equal(compress_against(base, buffer_view(&pair.next), &out), SS_OK);
    struct buffer opened = buffer_of(&memory_heap);
    /* A frame has a checksum: another base is noticed. */
    assert_int_equal(state_delta_apply(2, wrong, buffer_view(&out), 9999, &opened),
                     SS_ERR_MALFORMED);
    assert_int_equal(state_delta_apply(2, base, bytes_of("no frame"), 9999, &opened),
                     SS_ERR_MALFORMED);
    assert_int_equal(state_delta_apply(1, base, bytes_of("\x07"), 9999, &opened), SS_ERR_MALFORMED);
    assert_int_equal(state_delta_apply(0, base, bytes_of(""), 9, &opened), SS_ERR_UNSUPPORTED);
    assert_int_equal(state_delta_apply(3, base, bytes_of(""), 9, &opened), SS_ERR_UNSUPPORTED);
    assert_int_equal(opened.size, 0);
    /* Stock tools would take this base for a trained dictionary. */
    struct bytes magic = bytes_of("\x37\xa4\x30\xec and more");
    assert_int_equal(compress_against(magic, base, &out), SS_ERR_UNSUPPORTED);
    buffer_free(&opened);
    buffer_free(&out);
    pair_free(&pair);
    pair_free(&other);
}

/* No memory for a delta is no error: the state goes whole. */
static void test_no_memory(void **state) {
    (void)state;
    const uint32_t patch[] = {DELTA_FORMAT_PATCH};
    struct pair pair = pair_of(3000);
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    uint32_t format = DELTA_FORMAT_NONE;
    for (size_t n = 1; format == DELTA_FORMAT_NONE; n++) {
        struct buffer out = buffer_of(&memory);
        failing = (struct failing){.fail_at = n};
        format = state_delta_choose(&(struct u32_list){patch, 1}, buffer_view(&pair.base),
                                    buffer_view(&pair.next), &out);
        assert_int_equal(out.size == 0, format == DELTA_FORMAT_NONE);
        buffer_free(&out);
        assert_int_equal(failing.live, 0);
        assert_true(n < 50);
    }
    pair_free(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_what_does_not_apply),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
