/* SPDX-License-Identifier: Apache-2.0 */
/* net/loop.h over virtual sockets. A wait never waits: it tells what is ready, in an order that the
 * seed draws, remembers its deadline and returns. The simulation lets time pass until some loop is
 * due, so that a whole run is one thread. */
#include <stdlib.h>

#include "base/status.h"
#include "net/clock.h"
#include "sim/virtual.h"

struct loop {
    const struct memory *memory;
    struct clock_source clock;
    int id;
    struct watch **watches;
    size_t count, capacity;
    ss_time deadline; /* of the last wait, in the machine's time */
    bool told, woken;
};

int loop_create(struct loop **created, const struct memory *memory) {
    struct virtual *machine = virtual_current();
    struct loop *loop = memory_zeroed(memory, 1, sizeof *loop);
    *created = loop;
    if (!loop) return SS_ERR_NOMEM;
    loop->memory = memory;
    clock_start(&loop->clock);
    while ((size_t)loop->id < machine->loop_count && machine->loops[loop->id])
        loop->id++;
    if ((size_t)loop->id == machine->loop_count) {
        machine->loops = realloc(machine->loops, ++machine->loop_count * sizeof *machine->loops);
        if (!machine->loops) abort();
    }
    machine->loops[loop->id] = loop;
    return SS_OK;
}

void loop_destroy(struct loop *loop) {
    if (!loop) return;
    virtual_current()->loops[loop->id] = NULL;
    free(loop->watches);
    memory_free(loop->memory, loop, sizeof *loop);
}

struct loop *virtual_loop(const struct virtual *machine, int fd) {
    return machine->loops[fd];
}

int loop_watch(struct loop *loop, struct watch *watch) {
    if (loop->count == loop->capacity) {
        loop->capacity = loop->capacity ? 2 * loop->capacity : 8;
        loop->watches = realloc(loop->watches, loop->capacity * sizeof(struct watch *));
        if (!loop->watches) abort();
    }
    loop->watches[loop->count++] = watch;
    return SS_OK;
}

int loop_change(struct loop *loop, struct watch *watch, unsigned events) {
    (void)loop;
    watch->events = events;
    return SS_OK;
}

/* Leaves a hole, which the next wait closes: a wait may be in the middle of its list. */
void loop_forget(struct loop *loop, struct watch *watch) {
    for (size_t i = 0; i < loop->count; i++)
        if (loop->watches[i] == watch) loop->watches[i] = NULL;
}

static void close_holes(struct loop *loop) {
    size_t kept = 0;
    for (size_t i = 0; i < loop->count; i++)
        if (loop->watches[i]) loop->watches[kept++] = loop->watches[i];
    loop->count = kept;
}

static void shuffle(struct loop *loop) {
    struct random *order = &virtual_current()->order;
    for (size_t i = loop->count; i > 1; i--) {
        size_t other = random_below(order, i);
        struct watch *watch = loop->watches[i - 1];
        loop->watches[i - 1] = loop->watches[other];
        loop->watches[other] = watch;
    }
}

static unsigned watch_ready(const struct watch *watch) {
    const struct vsocket *vsocket = vsocket_of(virtual_current(), watch->fd);
    return vsocket ? vsocket_ready(vsocket) & (watch->events | 4u) : 0;
}

ss_time loop_now(struct loop *loop) {
    return clock_read(&loop->clock);
}

int loop_fd(const struct loop *loop) {
    return loop->id;
}

void loop_wake(struct loop *loop) {
    loop->woken = true;
}

ss_time loop_wait(struct loop *loop, ss_time deadline) {
    ss_time now = loop_now(loop), machine_now = virtual_current()->now;
    loop->deadline = deadline == SS_NEVER ? SS_NEVER : machine_now + time_max(deadline - now, 0);
    loop->told = loop->woken;
    loop->woken = false;
    close_holes(loop);
    shuffle(loop);
    for (size_t i = 0, count = loop->count; i < count; i++) {
        struct watch *watch = loop->watches[i];
        unsigned ready = watch ? watch_ready(watch) : 0;
        if (!ready) continue;
        loop->told = true;
        watch->on_ready(watch, ready & 4u ? LOOP_READ | LOOP_WRITE : ready, now);
    }
    return now;
}

bool virtual_loop_idle(const struct loop *loop) {
    return !loop->told && loop->deadline > virtual_current()->now;
}

ss_time virtual_loop_due(const struct loop *loop) {
    const struct virtual *machine = virtual_current();
    ss_time due = loop->woken ? machine->now : loop->deadline;
    for (size_t i = 0; i < loop->count && due > machine->now; i++) {
        const struct watch *watch = loop->watches[i];
        const struct vsocket *vsocket = watch ? vsocket_of(machine, watch->fd) : NULL;
        if (vsocket) due = time_min(due, vsocket_due(vsocket, watch->events));
    }
    return due;
}
