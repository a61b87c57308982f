/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/status.h"
#include "cli/mirror.h"

static struct wire_update update(uint64_t owner, const char *key, uint32_t version,
                                 const char *state) {
    return (struct wire_update){.owner_id = owner,
                                .category = bytes_of("c"),
                                .key = bytes_of(key),
                                .version = version,
                                .state = bytes_of(state)};
}

static struct state_entry entry(uint64_t owner, const char *key, uint32_t version,
                                const char *state) {
    return (struct state_entry){.owner_id = owner,
                                .category = bytes_of("c"),
                                .key = bytes_of(key),
                                .version = version,
                                .state_data = bytes_of(state)};
}

static void take(struct mirror *mirror, struct wire_update push) {
    assert_int_equal(mirror_take(mirror, &push), SS_OK);
}

static void test_the_newest_version_stands(void **state) {
    (void)state;
    char why[128];
    struct mirror mirror = mirror_of(&memory_heap);
    take(&mirror, update(1, "a", 1, "one"));
    take(&mirror, update(2, "a", 1, "other"));
    take(&mirror, update(1, "a", 3, "three"));
    take(&mirror, update(1, "a", 2, "late"));
    struct state_entry entries[] = {entry(1, "a", 3, "three"), entry(2, "a", 1, "other")};
    assert_true(mirror_equals(&mirror, (struct state_entry_list){entries, 2}, why, sizeof why));
    mirror_free(&mirror);
}

static void test_versions_wrap(void **state) {
    (void)state;
    struct mirror mirror = mirror_of(&memory_heap);
    take(&mirror, update(1, "a", UINT32_MAX, "before"));
    take(&mirror, update(1, "a", 1, "after"));
    assert_int_equal(mirror_find(&mirror, 1, bytes_of("c"), bytes_of("a"))->version, 1);
    mirror_free(&mirror);
}

static void test_deleted_cells_go(void **state) {
    (void)state;
    struct mirror mirror = mirror_of(&memory_heap);
    struct wire_update gone = update(1, "a", 2, "");
    gone.deleted = true;
    take(&mirror, update(1, "a", 1, "one"));
    take(&mirror, update(1, "b", 1, "two"));
    take(&mirror, gone);
    take(&mirror, gone); /* told twice */
    assert_null(mirror_find(&mirror, 1, bytes_of("c"), bytes_of("a")));
    assert_non_null(mirror_find(&mirror, 1, bytes_of("c"), bytes_of("b")));
    mirror_free(&mirror);
}

static void test_differences_are_named(void **state) {
    (void)state;
    char why[128];
    struct mirror mirror = mirror_of(&memory_heap);
    struct state_entry cell = entry(1, "a", 1, "one");
    assert_false(mirror_equals(&mirror, (struct state_entry_list){&cell, 1}, why, sizeof why));
    assert_string_equal(why, "1/c/a never reached the subscriber");
    take(&mirror, update(1, "a", 1, "ONE"));
    assert_false(mirror_equals(&mirror, (struct state_entry_list){&cell, 1}, why, sizeof why));
    assert_string_equal(why, "1/c/a has another state at the subscriber");
    cell.version = 2;
    assert_false(mirror_equals(&mirror, (struct state_entry_list){&cell, 1}, why, sizeof why));
    assert_string_equal(why, "1/c/a has another version at the subscriber");
    assert_false(mirror_equals(&mirror, (struct state_entry_list){NULL, 0}, why, sizeof why));
    assert_string_equal(why, "the subscriber has 1 cells, the snapshot 0");
    mirror_free(&mirror);
}

static void test_deltas(void **state) {
    (void)state;
    struct mirror mirror = mirror_of(&memory_heap);
    take(&mirror, update(1, "a", 4, "one two three"));
    struct wire_update delta = update(1, "a", 5, "");
    delta.delta = bytes_of("\x11\x0cTWO\x19"); /* copy 4, insert 3, copy 6 */
    delta.delta_format = DELTA_FORMAT_PATCH;
    delta.base_version = 3;
    assert_int_equal(mirror_take(&mirror, &delta), SS_ERR_STALE);
    delta.base_version = 4;
    struct wire_update bad = delta, other = delta;
    bad.delta = bytes_of("\x19\x19\x19");
    other.key = bytes_of("b");
    assert_int_equal(mirror_take(&mirror, &bad), SS_ERR_MALFORMED);
    assert_int_equal(mirror_take(&mirror, &other), SS_ERR_STALE);
    assert_int_equal(mirror_find(&mirror, 1, bytes_of("c"), bytes_of("a"))->version, 4);
    take(&mirror, delta);
    assert_int_equal(mirror_take(&mirror, &delta), SS_ERR_STALE); /* it holds 5 by now */
    struct state_entry whole = entry(1, "a", 5, "one TWO three");
    char why[128];
    assert_true(mirror_equals(&mirror, (struct state_entry_list){&whole, 1}, why, sizeof why));
    assert_int_equal(mirror.stats.deltas, 1);
    assert_int_equal(mirror.stats.sent, 13 + 6);
    assert_int_equal(mirror.stats.would_be, 26);
    mirror_free(&mirror);
}

/* Many cells, and what goes leaves the others findable; saved and loaded it is the same. */
static void test_many_cells_saved_and_loaded(void **state) {
    (void)state;
    struct mirror mirror = mirror_of(&memory_heap), again = mirror_of(&memory_heap);
    struct state_entry entries[100];
    static char keys[100][8];
    size_t count = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        take(&mirror, update((uint64_t)i % 3, keys[i], 1, keys[i]));
        if (i % 4) entries[count++] = entry((uint64_t)i % 3, keys[i], 1, keys[i]);
    }
    for (int i = 0; i < 100; i += 4) {
        struct wire_update gone = update((uint64_t)i % 3, keys[i], 2, "");
        gone.deleted = true;
        take(&mirror, gone);
    }
    char why[128];
    assert_true(mirror_equals(&mirror, (struct state_entry_list){entries, count}, why, sizeof why));
    struct buffer saved = buffer_of(&memory_heap);
    mirror_save(&mirror, &saved);
    assert_int_equal(mirror_load(&again, buffer_view(&saved)), SS_OK);
    assert_true(mirror_equals(&again, (struct state_entry_list){entries, count}, why, sizeof why));
    assert_int_equal(mirror_load(&again, bytes_of("rubbish")), SS_ERR_MALFORMED);
    buffer_free(&saved);
    mirror_free(&mirror);
    mirror_free(&again);
}

static void test_running_out_of_memory_anywhere(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct mirror mirror = mirror_of(&memory);
        struct wire_update push = update(1, "a", 1, "state");
        int status = mirror_take(&mirror, &push);
        mirror_free(&mirror);
        assert_int_equal(failing.live, 0);
        if (status == SS_OK) return;
        assert_int_equal(status, SS_ERR_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_version_stands),
        cmocka_unit_test(test_versions_wrap),
        cmocka_unit_test(test_deleted_cells_go),
        cmocka_unit_test(test_differences_are_named),
        cmocka_unit_test(test_deltas),
        cmocka_unit_test(test_many_cells_saved_and_loaded),
        cmocka_unit_test(test_running_out_of_memory_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
