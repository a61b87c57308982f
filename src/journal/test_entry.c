/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/rig.h"

#include "journal/entry.h"

/* Whatever a world does comes back to the byte: so both know the same layouts. */
static void what_a_world_does_comes_back(void **state) {
    (void)state;
    struct fixture f;
    struct random random = {5};
    struct buffer again = buffer_of(&memory_heap);
    unsigned kinds = 0;
    rig_world(&f, "default");
    for (int i = 0; i < 1000; i++) {
        enum durability strongest;
        rig_turn(&random, &f, i % 2 == 0);
        struct bytes effects = world_effects(f.world, &strongest);
        struct reader reader = reader_of(effects);
        buffer_clear(&again);
        while (reader.left) {
            struct entry entry;
            assert_int_equal(entry_read(&reader, &entry), SS_OK);
            entry_write(&again, &entry);
            kinds |= 1u << entry.kind;
        }
        assert_true(bytes_equal(buffer_view(&again), effects));
        world_effects_clear(f.world);
    }
    assert_int_equal(kinds, 1u << EFFECT_WRITE | 1u << EFFECT_FLOOR | 1u << EFFECT_FORGET |
                                1u << EFFECT_PARK | 1u << EFFECT_REFRESH | 1u << EFFECT_DECIDE |
                                1u << EFFECT_KEY | 1u << EFFECT_BATCH | 1u << EFFECT_EXPIRE);
    buffer_free(&again);
    fixture_close(&f);
}

static void pieces_and_noise_are_malformed(void **state) {
    (void)state;
    struct buffer whole = buffer_of(&memory_heap);
    struct random random = {6};
    struct entry entry = {.kind = EFFECT_KEY,
                          .seq = 9,
                          .owner = 4,
                          .key = bytes_of("key"),
                          .state = bytes_of("answers")},
                 read;
    entry_write(&whole, &entry);
    for (size_t size = 0; size < whole.size; size++) {
        struct reader reader = reader_of(bytes_view(whole.data, size));
        assert_int_equal(entry_read(&reader, &read), SS_ERR_MALFORMED);
    }
    for (int i = 0; i < 200000; i++) {
        uint8_t block[48];
        for (size_t k = 0; k < sizeof block; k++)
            block[k] = (uint8_t)random_next(&random);
        block[0] = (uint8_t)random_below(&random, 48);
        block[1] = block[2] = block[3] = 0;
        block[4] = (uint8_t)random_below(&random, 12);
        struct reader reader = reader_of(bytes_view(block, sizeof block));
        (void)entry_read(&reader, &read); /* whatever it says, it reads nothing else */
    }
    buffer_free(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_world_does_comes_back),
        cmocka_unit_test(pieces_and_noise_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
