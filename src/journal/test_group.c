/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "journal/group.h"

static void frames_come_back(void **state) {
    (void)state;
    struct buffer group = buffer_of(&memory_heap);
    struct frame frame;
    struct bytes name;
    uint32_t world;
    group_add_name(&group, 7, bytes_of("arena"));
    group_add(&group, 7, bytes_of("effects"));
    group_add(&group, 0, (struct bytes){NULL, 0});
    struct reader reader = reader_of(buffer_view(&group));
    assert_int_equal(group_next(&reader, &frame), 1);
    assert_int_equal(frame.world, GROUP_NAMES);
    assert_true(frame_name(&frame, &world, &name));
    assert_int_equal(world, 7);
    assert_true(bytes_equal(name, bytes_of("arena")));
    assert_int_equal(group_next(&reader, &frame), 1);
    assert_int_equal(frame.world, 7);
    assert_true(bytes_equal(frame.effects, bytes_of("effects")));
    assert_int_equal(group_next(&reader, &frame), 1);
    assert_int_equal(frame.effects.size, 0);
    assert_false(frame_name(&frame, &world, &name));
    assert_int_equal(group_next(&reader, &frame), 0);
    buffer_free(&group);
}

static int read_all(struct bytes group) {
    struct reader reader = reader_of(group);
    struct frame frame;
    int status;
    while ((status = group_next(&reader, &frame)) == 1) {
    }
    return status;
}

static void every_flip_and_every_cut_is_noticed(void **state) {
    (void)state;
    struct buffer group = buffer_of(&memory_heap);
    group_add_name(&group, 1, bytes_of("w"));
    size_t first = group.size;
    group_add(&group, 1, bytes_of("something that happened"));
    assert_int_equal(read_all(buffer_view(&group)), 0);
    for (size_t bit = 0; bit < group.size * 8; bit++) {
        group.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(read_all(buffer_view(&group)), SS_ERR_CORRUPT);
        group.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 1; size < group.size; size++)
        if (size != first) assert_int_equal(read_all(bytes_view(group.data, size)), SS_ERR_CORRUPT);
    buffer_free(&group);
}

static void noise_is_no_group(void **state) {
    (void)state;
    struct random random = {3};
    uint8_t block[64];
    for (int i = 0; i < 100000; i++) {
        for (size_t k = 0; k < sizeof block; k++)
            block[k] = (uint8_t)random_next(&random);
        block[1] = block[2] = block[3] = 0;
        assert_int_equal(read_all(bytes_view(block, sizeof block)), SS_ERR_CORRUPT);
    }
}

static void without_memory_nothing_is_added(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct buffer group = buffer_of(&memory);
    uint8_t large[4096] = {0};
    group_add(&group, 1, bytes_of("a"));
    size_t size = group.size;
    failing.fail_at = failing.calls + 1;
    group_add(&group, 1, bytes_view(large, sizeof large));
    assert_true(group.failed);
    assert_int_equal(group.size, size);
    group.failed = false;
    group_add(&group, 1, bytes_view(large, sizeof large));
    assert_int_equal(read_all(buffer_view(&group)), 0);
    buffer_free(&group);
    assert_int_equal(failing.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(every_flip_and_every_cut_is_noticed),
        cmocka_unit_test(noise_is_no_group),
        cmocka_unit_test(without_memory_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
