/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "world/history.h"

#define MODEL_MAX 4096

/* What a history must be: a list, written down in full. */
struct model {
    struct {
        uint32_t version, size;
        ss_time time;
    } records[MODEL_MAX];
    size_t first, count;
};

static uint8_t byte_of(uint32_t version, uint32_t i) {
    return (uint8_t)(version * 31 + i);
}

static int push(struct history *history, const struct memory *memory, uint32_t version,
                uint32_t size, ss_time time, uint32_t versions, ss_time since) {
    struct record *record = history_push(history, memory, size, versions, since);
    if (!record) return SS_ERR_NOMEM;
    *record = (struct record){.version = version, .seq = version * 10, .time = time, .size = size};
    for (uint32_t i = 0; i < size; i++)
        record->state[i] = byte_of(version, i);
    return SS_OK;
}

static void expect_same(const struct history *history, const struct model *model) {
    size_t at = model->first;
    assert_int_equal(history->count, model->count - model->first);
    assert_int_equal(history->trimmed, model->first > 0);
    for (const struct record *record = history_oldest(history); record;
         record = history_newer(history, record), at++) {
        assert_int_equal(record->version, model->records[at].version);
        assert_int_equal(record->size, model->records[at].size);
        for (uint32_t i = 0; i < record->size; i++)
            assert_int_equal(record->state[i], byte_of(record->version, i));
        assert_ptr_equal(history_find(history, record->version), record);
        assert_ptr_equal(history_at(history, record->seq + 5), record);
    }
    assert_int_equal(at, model->count);
}

static void like_a_list(void **state) {
    (void)state;
    static struct model model;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct random random = {seed};
        struct failing failing = {0};
        struct memory memory = failing_memory(&failing);
        struct history history = {0};
        uint32_t versions = 1 + (uint32_t)random_below(&random, 12);
        uint32_t size_max = 1 + (uint32_t)random_below(&random, seed % 10 ? 200 : 3000);
        ss_time time = 0;
        model.first = model.count = 0;
        for (uint32_t v = 1; v < 200; v++) {
            time += (ss_time)random_below(&random, 10);
            ss_time since = time - (ss_time)random_below(&random, 100);
            uint32_t size = (uint32_t)random_below(&random, size_max);
            uint32_t needs = history_needs(&history, size, versions, since);
            bool fails = random_below(&random, 4) == 0;
            failing.fail_at = fails ? failing.calls + 1 : 0;
            bool grows = needs != history.capacity;
            int status = push(&history, &memory, v, size, time, versions, since);
            assert_int_equal(status, fails && grows ? SS_ERR_NOMEM : SS_OK);
            if (status == SS_OK) {
                assert_int_equal(history.capacity, needs);
                model.records[model.count].version = v;
                model.records[model.count].time = time;
                model.records[model.count++].size = size;
                while (model.count - model.first > versions ||
                       (model.count - model.first > 1 && model.records[model.first].time < since))
                    model.first++;
            }
            expect_same(&history, &model);
        }
        history_free(&history, &memory);
        assert_int_equal(failing.live, 0);
    }
}

static void undoes(void **state) {
    (void)state;
    static struct model model;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random random = {seed};
        struct history history = {0};
        uint32_t v = 1;
        model.first = model.count = 0;
        for (uint32_t round = 0; round < 30; round++) {
            for (uint64_t n = 1 + random_below(&random, 5); n > 0; n--, v++) {
                uint32_t size = (uint32_t)random_below(&random, 100);
                push(&history, &memory_heap, v, size, 0, 5, 0);
                model.records[model.count].version = v;
                model.records[model.count++].size = size;
                if (model.count - model.first > 5) model.first++;
            }
            for (uint64_t n = random_below(&random, 6); n > 0; n--)
                push(&history, &memory_heap, v + (uint32_t)n, 60, 0, UINT32_MAX, INT64_MIN);
            history_undo(&history, (uint32_t)(model.count - model.first));
            expect_same(&history, &model);
        }
        history_undo(&history, 0);
        assert_null(history_newest(&history));
        push(&history, &memory_heap, 1, 10, 0, 5, 0);
        assert_int_equal(history.count, 1);
        history_free(&history, &memory_heap);
    }
}

static void trims(void **state) {
    (void)state;
    struct history history = {0};
    for (uint32_t v = 1; v <= 10; v++)
        push(&history, &memory_heap, v, 20, v, UINT32_MAX, INT64_MIN);
    history_trim(&history, 10, 0);
    assert_false(history.trimmed);
    history_trim(&history, 6, 0);
    assert_int_equal(history_oldest(&history)->version, 5);
    history_trim(&history, 6, 8);
    assert_int_equal(history_oldest(&history)->version, 8);
    history_trim(&history, 6, 100); /* the newest stays */
    assert_int_equal(history.count, 1);
    assert_int_equal(history_newest(&history)->version, 10);
    history_free(&history, &memory_heap);
}

static void steady_cell_allocates_nothing(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct history history = {0};
    for (uint32_t v = 1; v <= 64; v++)
        push(&history, &memory, v, 48, v, 64, 0);
    size_t calls = failing.calls;
    assert_int_equal(history.capacity, 64 * 88);
    for (uint32_t v = 65; v < 10000; v++)
        push(&history, &memory, v, 48, v, 64, 0);
    assert_int_equal(failing.calls, calls);
    assert_int_equal(history.count, 64);
    history_free(&history, &memory);
}

static void before_it_was_born(void **state) {
    (void)state;
    struct history history = {0};
    assert_null(history_at(&history, 5));
    assert_null(history_oldest(&history));
    push(&history, &memory_heap, 3, 1, 0, 4, 0); /* seq 30 */
    assert_null(history_at(&history, 29));
    assert_false(history.trimmed);
    assert_int_equal(history_at(&history, 30)->version, 3);
    assert_null(history_find(&history, 4));
    assert_int_equal(push(&history, &memory_heap, 4, 65536, 0, 1, 0), SS_OK);
    assert_true(history.trimmed);
    history_free(&history, &memory_heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_list),
        cmocka_unit_test(undoes),
        cmocka_unit_test(trims),
        cmocka_unit_test(steady_cell_allocates_nothing),
        cmocka_unit_test(before_it_was_born),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
