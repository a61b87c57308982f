/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/canvas.h"

static struct canvas canvas;

static int blank(void **state) {
    (void)state;
    memset(&canvas, 0, sizeof canvas);
    return 0;
}

/* The first three characters of a row, without colour. */
static void expect(size_t row, const char *wanted) {
    struct buffer out = buffer_of(&memory_heap);
    canvas_print(&canvas, row, false, &out);
    assert_true(out.size >= strlen(wanted));
    assert_memory_equal(out.data, wanted, strlen(wanted));
    buffer_free(&out);
}

static void test_dots_become_patterns(void **state) {
    (void)state;
    canvas_dot(&canvas, 0, 0, 1);
    canvas_dot(&canvas, 1, 3, 1);
    canvas_dot(&canvas, 2, 1, 1);
    expect(0, "⢁⠂ ");
    for (int x = 0; x < 2; x++)
        for (int y = 4; y < 8; y++)
            canvas_ground(&canvas, x, y);
    expect(1, "⣿ ");
}

static void test_letters_lie_above_dots_above_ground(void **state) {
    (void)state;
    canvas_ground(&canvas, 0, 0);
    expect(0, "⠁");
    canvas_dot(&canvas, 1, 0, 2);
    expect(0, "⠈");
    canvas_letter(&canvas, 0, 1, 'A', 3);
    expect(0, "A");
    canvas_wipe(&canvas);
    expect(0, "⠁");
}

static void test_outside_is_nowhere(void **state) {
    (void)state;
    canvas_dot(&canvas, -1, 0, 0);
    canvas_dot(&canvas, 0, -1, 0);
    canvas_dot(&canvas, CANVAS_WIDTH, 0, 0);
    canvas_letter(&canvas, 0, CANVAS_HEIGHT, 'x', 0);
    for (size_t row = 0; row < CANVAS_ROWS; row++)
        expect(row, "                                        ");
    canvas_dot(&canvas, CANVAS_WIDTH - 1, CANVAS_HEIGHT - 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_dots_become_patterns, blank),
        cmocka_unit_test_setup(test_letters_lie_above_dots_above_ground, blank),
        cmocka_unit_test_setup(test_outside_is_nowhere, blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
