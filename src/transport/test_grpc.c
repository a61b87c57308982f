/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "transport/grpc.h"

static void test_status_names(void **state) {
    (void)state;
    assert_string_equal(grpc_status_name(GRPC_OK), "OK");
    assert_string_equal(grpc_status_name(GRPC_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(grpc_status_name(GRPC_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(grpc_status_name((enum grpc_status)17), "UNKNOWN");
    assert_string_equal(grpc_status_name((enum grpc_status) - 1), "UNKNOWN");
}

static void test_timeout_parse(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ss_time span;
    } good[] = {{"1H", 3600 * SS_SECOND},
                {"2M", 120 * SS_SECOND},
                {"3S", 3 * SS_SECOND},
                {"100m", 100000},
                {"7u", 7},
                {"5000n", 5},
                {"999n", 0},
                {"0S", 0},
                {"99999999u", 99999999},
                {"99999999H", 99999999 * (3600 * SS_SECOND)}};
    static const char *const bad[] = {"",    "S",          "1",   "1x",  "-1S",
                                      "1 S", "123456789S", "+1S", "1.5S"};
    ss_time span;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(grpc_timeout_parse(bytes_of(good[i].text), &span), SS_OK);
        assert_true(span == good[i].span);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(grpc_timeout_parse(bytes_of(bad[i]), &span), SS_ERR_MALFORMED);
}

/* What is written reads back as the same or a little later, never earlier. */
static void test_timeout_format(void **state) {
    (void)state;
    char text[GRPC_TIMEOUT_TEXT];
    for (ss_time span = 0; span < (ss_time)1 << 60; span = span * 3 + 1) {
        ss_time back;
        grpc_timeout_format(span, text);
        assert_int_equal(grpc_timeout_parse(bytes_of(text), &back), SS_OK);
        assert_true(back >= span || back == 99999999 * (3600 * SS_SECOND));
        assert_true(back - span <= span / 1000 || back - span < 3600 * SS_SECOND);
    }
    grpc_timeout_format(1500, text);
    assert_string_equal(text, "1500u");
    grpc_timeout_format(SS_NEVER, text);
    assert_string_equal(text, "99999999H");
}

static void test_content_type(void **state) {
    (void)state;
    static const char *const good[] = {"application/grpc", "application/grpc+proto",
                                       "application/grpc;charset=utf-8",
                                       "application/grpc+proto;x"};
    static const char *const bad[] = {"",
                                      "application/grp",
                                      "application/grpc-web",
                                      "application/grpc+json",
                                      "application/grpc+protox",
                                      "text/application/grpc",
                                      "application/json"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(grpc_content_type(bytes_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(grpc_content_type(bytes_of(bad[i])));
    assert_false(grpc_content_type(bytes_view(NULL, 0)));
}

static void test_mappings(void **state) {
    (void)state;
    assert_int_equal(grpc_status_of_http(404), GRPC_UNIMPLEMENTED);
    assert_int_equal(grpc_status_of_http(503), GRPC_UNAVAILABLE);
    assert_int_equal(grpc_status_of_http(418), GRPC_UNKNOWN);
    assert_int_equal(grpc_status_of_reset(7), GRPC_UNAVAILABLE);
    assert_int_equal(grpc_status_of_reset(8), GRPC_CANCELLED);
    assert_int_equal(grpc_status_of_reset(11), GRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(grpc_status_of_reset(1), GRPC_INTERNAL);
}

static void test_message_round_trip(void **state) {
    (void)state;
    uint8_t all[256];
    struct buffer packed = buffer_of(&memory_heap), plain = buffer_of(&memory_heap);
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    grpc_message_encode(bytes_view(all, sizeof all), &packed);
    for (size_t i = 0; i < packed.size; i++)
        assert_in_range(packed.data[i], 0x20, 0x7e);
    grpc_message_decode(buffer_view(&packed), &plain);
    assert_true(bytes_equal(buffer_view(&plain), bytes_view(all, sizeof all)));
    buffer_clear(&packed);
    grpc_message_encode(bytes_of("50% \n"), &packed);
    assert_true(bytes_equal(buffer_view(&packed), bytes_of("50%25 %0A")));
    buffer_free(&packed);
    buffer_free(&plain);
}

static void test_message_bad_escapes(void **state) {
    (void)state;
    struct buffer plain = buffer_of(&memory_heap);
    grpc_message_decode(bytes_of("%zz%4%%41%4a%"), &plain);
    assert_true(bytes_equal(buffer_view(&plain), bytes_of("%zz%4%AJ%")));
    buffer_free(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_timeout_parse),
        cmocka_unit_test(test_timeout_format),
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_mappings),
        cmocka_unit_test(test_message_round_trip),
        cmocka_unit_test(test_message_bad_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
