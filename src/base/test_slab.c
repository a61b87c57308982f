/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/slab.h"

struct thing {
    uint64_t number;
    uint8_t rest[20];
};

static void test_objects_stay_where_they_are(void **state) {
    (void)state;
    struct slab slab = slab_of(&memory_heap, sizeof(struct thing), 3);
    struct thing *first = NULL;
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t handle = slab_alloc(&slab);
        assert_int_equal(handle, i);
        struct thing *thing = slab_at(&slab, handle);
        assert_int_equal(thing->number, 0);
        memset(thing, 0xff, sizeof *thing);
        thing->number = i;
        if (i == 0) first = thing;
    }
    assert_ptr_equal(first, slab_at(&slab, 0));
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(((struct thing *)slab_at(&slab, i))->number, i);
    assert_int_equal(slab.count, 100);
    slab_free(&slab);
}

static void test_released_slots_come_back_clean(void **state) {
    (void)state;
    struct slab slab = slab_of(&memory_heap, 4, 2);
    for (uint32_t i = 0; i < 10; i++)
        memset(slab_at(&slab, slab_alloc(&slab)), 0xff, 4);
    slab_release(&slab, 3);
    slab_release(&slab, 7);
    assert_int_equal(slab.count, 8);
    assert_int_equal(slab_alloc(&slab), 7);
    assert_memory_equal(slab_at(&slab, 7), "\0\0\0\0", 4);
    assert_int_equal(slab_alloc(&slab), 3);
    assert_int_equal(slab_alloc(&slab), 10);
    slab_free(&slab);
}

static void test_random_use(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct slab slab = slab_of(&memory, 8, 4);
    uint32_t live[200];
    size_t count = 0;
    struct random random = {7};
    for (int i = 0; i < 20000; i++) {
        if (count < 200 && (count == 0 || random_below(&random, 2))) {
            live[count] = slab_alloc(&slab);
            memcpy(slab_at(&slab, live[count]), &(uint64_t){live[count] + 1}, 8);
            count++;
        } else {
            size_t at = random_below(&random, count);
            uint64_t value;
            memcpy(&value, slab_at(&slab, live[at]), 8);
            assert_int_equal(value, live[at] + 1);
            slab_release(&slab, live[at]);
            live[at] = live[--count];
        }
        assert_int_equal(slab.count, count);
    }
    assert_true(slab.used <= 200);
    slab_free(&slab);
    assert_int_equal(failing.live, 0);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct slab slab = slab_of(&memory, 16, 1);
        uint32_t count = 0;
        while (count < 40 && slab_alloc(&slab) != SLAB_NONE)
            count++;
        bool failed = count < 40;
        assert_int_equal(slab.count, count);
        if (failed) assert_int_equal(slab_alloc(&slab), count); /* the next call may succeed */
        slab_free(&slab);
        assert_int_equal(failing.live, 0);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_stay_where_they_are),
        cmocka_unit_test(test_released_slots_come_back_clean),
        cmocka_unit_test(test_random_use),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
