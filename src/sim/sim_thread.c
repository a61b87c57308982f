/* SPDX-License-Identifier: Apache-2.0 */
/* The committer's thread, without a thread: journal/committer.c is compiled again over the functions
 * below, and runs on a stack of its own. It gives way where a thread would sleep: when it waits for
 * work, and while the disk syncs. So the shipping committer meets every interleaving that virtual
 * time brings about, and none that a scheduler would. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <ucontext.h>

#include "sim/virtual.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#endif
#ifdef SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#define ASAN_LEAVE(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define ASAN_ENTER(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define ASAN_LEAVE(save, bottom, size) ((void)(save))
#define ASAN_ENTER(save, bottom, size) ((void)(save))
#endif

enum { STACK_SIZE = 1 << 20, RESUMES_MAX = 1000000 };

struct thread {
    ucontext_t own, other;
    void *(*work)(void *argument);
    void *argument;
    ss_time due;  /* when it goes on, SS_NEVER: when it is signalled */
    bool waiting; /* for a signal */
    bool inside, done;
    void *fake_own, *fake_other; /* AddressSanitizer's */
    const void *other_bottom;
    size_t other_size;
    uint8_t *stack;
};

/* ---- changing stacks ----------------------------------------------------------------------- */

static void resume(struct thread *thread) {
    thread->inside = true;
    ASAN_LEAVE(&thread->fake_other, thread->stack, STACK_SIZE);
    swapcontext(&thread->other, &thread->own);
    ASAN_ENTER(thread->fake_other, NULL, NULL);
    thread->inside = false;
}

static void give_way(struct thread *thread) {
    ASAN_LEAVE(thread->done ? NULL : &thread->fake_own, thread->other_bottom, thread->other_size);
    swapcontext(&thread->own, &thread->other);
    ASAN_ENTER(thread->fake_own, &thread->other_bottom, &thread->other_size);
}

static void enter(void) {
    struct thread *thread = virtual_current()->thread;
    ASAN_ENTER(NULL, &thread->other_bottom, &thread->other_size);
    thread->work(thread->argument);
    thread->done = true;
    thread->due = SS_NEVER;
    give_way(thread);
    abort(); /* nobody goes on with what has ended */
}

ss_time virtual_thread_due(const struct virtual *machine) {
    return machine->thread ? machine->thread->due : SS_NEVER;
}

bool virtual_thread_turn(struct virtual *machine) {
    struct thread *thread = machine->thread;
    if (!thread || thread->done || thread->due > machine->now) return false;
    resume(thread);
    return true;
}

void virtual_thread_sleep(struct virtual *machine, ss_time span) {
    struct thread *thread = machine->thread;
    if (!thread || !thread->inside || span <= 0) return;
    thread->due = machine->now + span;
    give_way(thread);
}

/* ---- pthread.h, as far as a committer needs it --------------------------------------------- */

int virtual_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*work)(void *),
                           void *argument);
int virtual_pthread_join(pthread_t id, void **result);
int virtual_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int virtual_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                   const struct timespec *until);
int virtual_pthread_cond_signal(pthread_cond_t *condition);

int virtual_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*work)(void *),
                           void *argument) {
    (void)attributes;
    struct virtual *machine = virtual_current();
    struct thread *thread = calloc(1, sizeof *thread);
    if (!thread || machine->thread) abort();
    thread->work = work;
    thread->argument = argument;
    thread->due = machine->now;
    thread->stack = malloc(STACK_SIZE);
    if (!thread->stack) abort();
    getcontext(&thread->own);
    thread->own.uc_stack.ss_sp = thread->stack;
    thread->own.uc_stack.ss_size = STACK_SIZE;
    makecontext(&thread->own, enter, 0);
    machine->thread = thread;
    *id = 0;
    return 0;
}

/* Whoever joins stands still, so no time passes. */
int virtual_pthread_join(pthread_t id, void **result) {
    (void)id;
    (void)result;
    struct virtual *machine = virtual_current();
    struct thread *thread = machine->thread;
    for (unsigned resumes = 0; !thread->done; resumes++) {
        if (resumes > RESUMES_MAX) abort(); /* it never ends */
        resume(thread);
    }
    free(thread->stack);
    free(thread);
    machine->thread = NULL;
    return 0;
}

static void wait_until(pthread_mutex_t *mutex, ss_time until) {
    struct thread *thread = virtual_current()->thread;
    thread->due = until;
    thread->waiting = true;
    pthread_mutex_unlock(mutex);
    give_way(thread);
    pthread_mutex_lock(mutex);
    thread->waiting = false;
}

int virtual_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    (void)condition;
    wait_until(mutex, SS_NEVER);
    return 0;
}

int virtual_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                   const struct timespec *until) {
    (void)condition;
    wait_until(mutex, (ss_time)until->tv_sec * SS_SECOND + until->tv_nsec / 1000);
    return 0;
}

int virtual_pthread_cond_signal(pthread_cond_t *condition) {
    (void)condition;
    struct virtual *machine = virtual_current();
    if (machine->thread && machine->thread->waiting) machine->thread->due = machine->now;
    return 0;
}
