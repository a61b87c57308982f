/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "base/status.h"
#include "net/loop.h"

struct end {
    struct watch watch;
    struct loop *loop;
    struct end *victim; /* forgotten when this one is told */
    unsigned told, ready;
};

static void on_ready(struct watch *watch, unsigned ready, ss_time now) {
    struct end *end = (struct end *)(void *)watch;
    (void)now;
    end->told++;
    end->ready = ready;
    if (end->victim) loop_forget(end->loop, &end->victim->watch);
}

static struct end end_of(struct loop *loop, int fd, unsigned events) {
    return (struct end){.watch = {fd, events, on_ready}, .loop = loop};
}

static struct loop *loop_new(void) {
    struct loop *loop;
    assert_int_equal(loop_create(&loop, &memory_heap), SS_OK);
    return loop;
}

static void test_readiness(void **state) {
    (void)state;
    int fds[2];
    struct loop *loop = loop_new();
    assert_int_equal(pipe(fds), 0);
    struct end reader = end_of(loop, fds[0], LOOP_READ), writer = end_of(loop, fds[1], LOOP_WRITE);
    assert_int_equal(loop_watch(loop, &reader.watch), SS_OK);
    assert_int_equal(loop_watch(loop, &writer.watch), SS_OK);
    loop_wait(loop, 0);
    assert_int_equal(reader.told, 0);
    assert_int_equal(writer.ready, LOOP_WRITE);
    assert_int_equal(loop_change(loop, &writer.watch, 0), SS_OK);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_wait(loop, SS_NEVER);
    loop_wait(loop, SS_NEVER); /* level-triggered */
    assert_int_equal(reader.told, 2);
    assert_int_equal(writer.told, 1);
    loop_forget(loop, &reader.watch);
    loop_wait(loop, 0);
    assert_int_equal(reader.told, 2);
    close(fds[0]);
    loop_wait(loop, SS_NEVER); /* nobody reads any more: told although nothing was asked */
    assert_int_equal(writer.ready, LOOP_READ | LOOP_WRITE);
    close(fds[1]);
    loop_destroy(loop);
}

static void test_forget_from_inside(void **state) {
    (void)state;
    int one[2], two[2];
    struct loop *loop = loop_new();
    assert_int_equal(pipe(one) + pipe(two), 0);
    struct end a = end_of(loop, one[0], LOOP_READ), b = end_of(loop, two[0], LOOP_READ);
    a.victim = &b;
    b.victim = &a;
    loop_watch(loop, &a.watch);
    loop_watch(loop, &b.watch);
    assert_int_equal(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
    loop_wait(loop, SS_NEVER);
    assert_int_equal(a.told + b.told, 1);
    for (unsigned i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
    loop_destroy(loop);
}

static void test_deadline(void **state) {
    (void)state;
    struct loop *loop = loop_new();
    ss_time start = loop_now(loop);
    ss_time woke = loop_wait(loop, start + 3 * SS_MILLISECOND);
    assert_true(woke >= start + 3 * SS_MILLISECOND - 100);
    assert_true(woke < start + SS_SECOND);
    assert_true(loop_wait(loop, start) >= woke);
    loop_destroy(loop);
}

static void *wake(void *loop) {
    usleep(2000);
    loop_wake(loop);
    return NULL;
}

static void test_wake(void **state) {
    (void)state;
    pthread_t thread;
    struct loop *loop = loop_new();
    assert_int_equal(pthread_create(&thread, NULL, wake, loop), 0);
    loop_wait(loop, SS_NEVER);
    pthread_join(thread, NULL);
    loop_wake(loop);
    loop_wake(loop);
    loop_wait(loop, SS_NEVER);
    ss_time before = loop_now(loop);
    assert_true(loop_wait(loop, before + SS_MILLISECOND) >= before + SS_MILLISECOND - 100);
    loop_destroy(loop);
}

static void test_bad_descriptor(void **state) {
    (void)state;
    struct loop *loop = loop_new();
    struct end end = end_of(loop, -1, LOOP_READ);
    assert_int_equal(loop_watch(loop, &end.watch), SS_ERR_IO);
    end.watch.events = 0;
    assert_int_equal(loop_change(loop, &end.watch, LOOP_READ), SS_ERR_IO);
    assert_int_equal(end.watch.events, 0);
    assert_true(loop_fd(loop) >= 0);
    loop_destroy(loop);
    loop_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readiness),      cmocka_unit_test(test_forget_from_inside),
        cmocka_unit_test(test_deadline),       cmocka_unit_test(test_wake),
        cmocka_unit_test(test_bad_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
