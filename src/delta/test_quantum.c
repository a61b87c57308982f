/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "base/random.h"
#include "delta/quantum.h"

#define QUATERNION_AT 20
#define STATE_SIZE    36

static const struct delta_field fields[] = {
    {"position", DELTA_STEPS, DELTA_POSITION, 3, 0, 0, 256, 1},
    {"yaw", DELTA_ANGLE, DELTA_YAW, 1, 12, 0, 0, 0},
    {"exact", DELTA_FLOAT, DELTA_PLAIN, 1, 16, 0, 32, 1},
    {"rotation", DELTA_QUATERNION, DELTA_ROTATION, 1, QUATERNION_AT, 1414, 0, 0},
};

struct state {
    float position[3], yaw, exact, rotation[4];
};

static struct delta_schema make_schema(void) {
    struct delta_schema schema;
    assert_int_equal(delta_schema_init(&schema, "test", fields, 4, STATE_SIZE), SS_OK);
    return schema;
}

static struct state there_and_back(const struct delta_schema *schema, struct state in) {
    uint8_t row[DELTA_ROW_MAX] = {0};
    struct state out;
    assert_int_equal(delta_quantize(schema, &in, row), SS_OK);
    delta_dequantize(schema, row, &out);
    return out;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static void assert_same_bits(float a, float b) {
    assert_memory_equal(&a, &b, 4);
}

static void test_steps_within_half(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    struct random random = {1};
    for (int i = 0; i < 100000; i++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.position[0] = (float)((random_unit(&random) - 0.5) * 8000);
        struct state out = there_and_back(&schema, in);
        assert_true(fabs((double)out.position[0] - (double)in.position[0]) <= 0.5 / 256);
    }
}

/* Nothing is clamped: what has too many steps comes back bit for bit. */
static void test_steps_escape(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    const uint32_t bits[] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffabcdef, 0x7f7fffff,
                             0xff7fffff, 0x4b000000, 0xcb000000, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.position[1] = from_bits(bits[i]);
        assert_same_bits(there_and_back(&schema, in).position[1], in.position[1]);
    }
}

/* Around the limit no two meanings share a number. */
static void test_steps_limit(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    for (int32_t offset = -300; offset < 300; offset++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.position[2] = from_bits((uint32_t)(schema.lanes[2].threshold + offset));
        struct state out = there_and_back(&schema, in);
        assert_true(fabs((double)out.position[2] - (double)in.position[2]) <= 0.5 / 256);
    }
}

static void test_angles(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    struct random random = {2};
    for (int i = 0; i < 100000; i++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.yaw = (float)((random_unit(&random) - 0.5) * 3000);
        double off = remainder((double)there_and_back(&schema, in).yaw - (double)in.yaw, 360);
        assert_true(fabs(off) <= 180.0 / 65536 + 2e-5);
    }
    const uint32_t odd[] = {0x7f800000, 0xff800000, 0x7fc12345, 0xffc00001};
    for (int i = 0; i < 4; i++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.yaw = from_bits(odd[i]);
        assert_same_bits(there_and_back(&schema, in).yaw, in.yaw);
    }
}

static void test_floats_exact(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    struct random random = {3};
    for (int i = 0; i < 100000; i++) {
        struct state in = {.rotation = {0, 0, 0, 1}};
        in.exact = from_bits((uint32_t)random_next(&random));
        assert_same_bits(there_and_back(&schema, in).exact, in.exact);
    }
}

static void test_quaternions(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    struct random random = {4};
    for (int i = 0; i < 100000; i++) {
        struct state in = {0};
        double norm = 0, dot = 0;
        for (int j = 0; j < 4; j++) {
            in.rotation[j] = (float)(random_unit(&random) - 0.5);
            norm += (double)in.rotation[j] * (double)in.rotation[j];
        }
        struct state out = there_and_back(&schema, in);
        for (int j = 0; j < 4; j++)
            dot += (double)in.rotation[j] * (double)out.rotation[j] / sqrt(norm);
        assert_true(fabs(dot) > 0.9999985); /* half a level on three components */
    }
}

static void test_no_direction(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    uint8_t row[DELTA_ROW_MAX];
    struct state in = {0};
    assert_int_equal(delta_quantize(&schema, &in, row), SS_ERR_INVALID);
    in.rotation[0] = NAN;
    assert_int_equal(delta_quantize(&schema, &in, row), SS_ERR_INVALID);
    in.rotation[0] = INFINITY;
    assert_int_equal(delta_quantize(&schema, &in, row), SS_ERR_INVALID);
}

/* Whatever a peer makes us hold, it becomes floats without undefined behaviour. */
static void test_any_row(void **context) {
    (void)context;
    struct delta_schema schema = make_schema();
    struct random random = {5};
    for (int i = 0; i < 10000; i++) {
        uint8_t row[DELTA_ROW_MAX];
        struct state out;
        for (size_t j = 0; j < sizeof row; j++)
            row[j] = (uint8_t)random_next(&random);
        delta_dequantize(&schema, row, &out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_within_half), cmocka_unit_test(test_steps_escape),
        cmocka_unit_test(test_steps_limit),       cmocka_unit_test(test_angles),
        cmocka_unit_test(test_floats_exact),      cmocka_unit_test(test_quaternions),
        cmocka_unit_test(test_no_direction),      cmocka_unit_test(test_any_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
