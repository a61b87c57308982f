/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop on Linux: one epoll set, and an eventfd in it that wakes.
 *
 * Events are fetched in batches; a watch that is forgotten while its batch is being told is wiped
 * from the rest of the batch, so that on_ready is never called for it (nor for a struct already
 * freed). */
#include "net/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "net/clock.h"

enum { BATCH = 64 };

struct loop {
    const struct memory *memory;
    int epoll, waker;
    struct clock_source clock;
    struct epoll_event batch[BATCH]; /* data.ptr: the watch; NULL: forgotten, or the waker */
    int batch_at, batch_size;
};

int loop_create(struct loop **created, const struct memory *memory) {
    struct loop *loop = memory_zeroed(memory, 1, sizeof *loop);
    if (!loop) return SS_ERR_NOMEM;
    loop->memory = memory;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll < 0 || loop->waker < 0 ||
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->waker, &event) != 0) {
        loop_destroy(loop);
        return SS_ERR_IO;
    }
    clock_start(&loop->clock);
    *created = loop;
    return SS_OK;
}

void loop_destroy(struct loop *loop) {
    if (!loop) return;
    if (loop->epoll >= 0) close(loop->epoll);
    if (loop->waker >= 0) close(loop->waker);
    memory_free(loop->memory, loop, sizeof *loop);
}

static int control(struct loop *loop, struct watch *watch, int operation) {
    struct epoll_event event = {.data.ptr = watch};
    if (watch->events & LOOP_READ) event.events |= EPOLLIN;
    if (watch->events & LOOP_WRITE) event.events |= EPOLLOUT;
    return epoll_ctl(loop->epoll, operation, watch->fd, &event) == 0 ? SS_OK : SS_ERR_IO;
}

int loop_watch(struct loop *loop, struct watch *watch) {
    return control(loop, watch, EPOLL_CTL_ADD);
}

int loop_change(struct loop *loop, struct watch *watch, unsigned events) {
    if (watch->events == events) return SS_OK;
    unsigned before = watch->events;
    watch->events = events;
    int status = control(loop, watch, EPOLL_CTL_MOD);
    if (status != SS_OK) watch->events = before;
    return status;
}

void loop_forget(struct loop *loop, struct watch *watch) {
    struct epoll_event event = {0};
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, &event);
    for (int i = loop->batch_at; i < loop->batch_size; i++)
        if (loop->batch[i].data.ptr == watch) loop->batch[i].data.ptr = NULL;
}

ss_time loop_now(struct loop *loop) {
    return clock_read(&loop->clock);
}
int loop_fd(const struct loop *loop) {
    return loop->epoll;
}

void loop_wake(struct loop *loop) {
    uint64_t one = 1;
    ssize_t written = write(loop->waker, &one, sizeof one);
    (void)written; /* a counter that is full wakes as well */
}

static void waker_clear(struct loop *loop) {
    uint64_t count;
    ssize_t got = read(loop->waker, &count, sizeof count);
    (void)got; /* empty already */
}

/* Waits with the kernel's resolution of nanoseconds: a tick must not be rounded to milliseconds. */
static int wait_until(struct loop *loop, ss_time deadline) {
    if (deadline == SS_NEVER) return epoll_wait(loop->epoll, loop->batch, BATCH, -1);
    ss_time left = time_max(deadline - loop_now(loop), 0);
    struct timespec span = {.tv_sec = left / SS_SECOND, .tv_nsec = left % SS_SECOND * 1000};
    int count = epoll_pwait2(loop->epoll, loop->batch, BATCH, &span, NULL);
    if (count >= 0 || errno != ENOSYS) return count;
    ss_time milliseconds = time_min((left + SS_MILLISECOND - 1) / SS_MILLISECOND, INT32_MAX);
    return epoll_wait(loop->epoll, loop->batch, BATCH, (int)milliseconds);
}

static unsigned readiness(const struct watch *watch, uint32_t events) {
    unsigned ready = 0;
    if (events & (EPOLLERR | EPOLLHUP)) return LOOP_READ | LOOP_WRITE;
    if (events & (EPOLLIN | EPOLLRDHUP)) ready |= LOOP_READ;
    if (events & EPOLLOUT) ready |= LOOP_WRITE;
    return ready & watch->events;
}

ss_time loop_wait(struct loop *loop, ss_time deadline) {
    int count = wait_until(loop, deadline);
    ss_time now = loop_now(loop);
    loop->batch_size = count > 0 ? count : 0;
    for (loop->batch_at = 0; loop->batch_at < loop->batch_size;) {
        struct epoll_event event = loop->batch[loop->batch_at++];
        struct watch *watch = event.data.ptr;
        if (!watch) {
            waker_clear(loop);
            continue;
        }
        unsigned ready = readiness(watch, event.events);
        if (ready) watch->on_ready(watch, ready, now);
    }
    loop->batch_size = 0;
    return now;
}
