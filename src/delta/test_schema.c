/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "delta/profile.h"

static const struct delta_field good[] = {
    {"kind", DELTA_BYTE, DELTA_PLAIN, 1, 0, 0, 0, 0},
    {"position", DELTA_STEPS, DELTA_POSITION, 3, 4, 0, 256, 1},
    {"rotation", DELTA_QUATERNION, DELTA_ROTATION, 1, 16, 512, 0, 0},
};

static int init(const struct delta_field *fields, size_t count, size_t size) {
    struct delta_schema schema;
    return delta_schema_init(&schema, "test", fields, count, size);
}

static void test_layout(void **state) {
    (void)state;
    struct delta_schema schema;
    assert_int_equal(delta_schema_init(&schema, "test", good, 3, 32), SS_OK);
    assert_int_equal(schema.lane_count, 8);
    assert_int_equal(schema.row_size, 6 * 4 + 2);
    assert_int_equal(schema.position, 1);
    assert_int_equal(schema.rotation, 4);
    for (unsigned i = 0; i < schema.lane_count; i++)
        if (schema.lanes[i].width == 4) assert_int_equal(schema.lanes[i].row % 4, 0);
}

static void test_refused(void **state) {
    (void)state;
    const struct delta_field bad[] = {
        {"past the end", DELTA_STEPS, DELTA_PLAIN, 3, 24, 0, 256, 1},
        {"no steps", DELTA_STEPS, DELTA_PLAIN, 1, 0, 0, 0, 1},
        {"no unit", DELTA_FLOAT, DELTA_PLAIN, 1, 0, 0, 1, 0},
        {"none", DELTA_STEPS, DELTA_PLAIN, 0, 0, 0, 1, 1},
        {"four", DELTA_STEPS, DELTA_PLAIN, 4, 0, 0, 1, 1},
        {"one level", DELTA_QUATERNION, DELTA_ROTATION, 1, 0, 1, 0, 0},
        {"flat position", DELTA_STEPS, DELTA_POSITION, 2, 0, 0, 1, 1},
        {"yaw byte", DELTA_BYTE, DELTA_YAW, 1, 0, 0, 0, 0},
        {"kind", 99, DELTA_PLAIN, 1, 0, 0, 1, 1},
        {"role", DELTA_STEPS, 99, 1, 0, 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(init(&bad[i], 1, 32), SS_ERR_INVALID);
    const struct delta_field twice[] = {good[1], good[1]};
    assert_int_equal(init(twice, 2, 32), SS_ERR_INVALID);
}

static void test_too_large(void **state) {
    (void)state;
    struct delta_field many[DELTA_FIELDS_MAX + 1];
    for (size_t i = 0; i <= DELTA_FIELDS_MAX; i++)
        many[i] = (struct delta_field){"x", DELTA_STEPS, DELTA_PLAIN, 1, 0, 0, 1, 1};
    assert_int_equal(init(many, DELTA_FIELDS_MAX + 1, 32), SS_ERR_TOO_LARGE);
    many[0].count = 3;
    assert_int_equal(init(many, DELTA_FIELDS_MAX, 32), SS_ERR_TOO_LARGE); /* 18 x 4 > 64 */
    assert_int_equal(init(many, 14, 32), SS_OK);
}

/* A row is what one cell and baseline cost to retain. */
static void test_profiles_fit(void **state) {
    (void)state;
    uint32_t seen[PROFILE_COUNT];
    for (int i = 0; i < PROFILE_COUNT; i++) {
        struct delta_schema schema;
        profile_schema((enum delta_profile)i, &schema);
        assert_in_range(schema.row_size, 1, DELTA_ROW_MAX);
        seen[i] = delta_schema_hash(&schema);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(seen[i], seen[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_profiles_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
