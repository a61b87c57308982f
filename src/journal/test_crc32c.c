/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "journal/crc32c.h"

/* RFC 3720, appendix B.4. */
static void the_examples_of_the_rfc(void **state) {
    (void)state;
    uint8_t block[32] = {0};
    assert_int_equal(crc32c(0, bytes_of("123456789")), 0xe3069283);
    assert_int_equal(crc32c(0, bytes_view(block, sizeof block)), 0x8a9136aa);
    memset(block, 0xff, sizeof block);
    assert_int_equal(crc32c(0, bytes_view(block, sizeof block)), 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof block; i++)
        block[i] = i;
    assert_int_equal(crc32c(0, bytes_view(block, sizeof block)), 0x46dd794e);
    assert_int_equal(crc32c(0, bytes_view(block, 0)), 0);
}

static void both_ways_agree_in_any_pieces(void **state) {
    (void)state;
    struct random random = {1};
    uint8_t block[300];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)random_next(&random);
    for (int i = 0; i < 2000; i++) {
        size_t from = random_below(&random, sizeof block);
        size_t size = random_below(&random, sizeof block - from + 1);
        size_t cut = random_below(&random, size + 1);
        struct bytes whole = bytes_view(block + from, size);
        uint32_t pieces = crc32c(crc32c(0, bytes_view(whole.data, cut)),
                                 bytes_view(whole.data + cut, size - cut));
        assert_int_equal(crc32c(0, whole), pieces);
        assert_int_equal(crc32c_portable(0, whole), pieces);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc),
        cmocka_unit_test(both_ways_agree_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
