/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the event loop, one header wide: readiness of file descriptors and one deadline.
 *
 * Level-triggered. One loop per thread. Backends: epoll (loop_epoll.c). */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/memory.h"
#include "base/time.h"
#include <stdbool.h>

struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* What watches a descriptor: lives in the struct of its user, zeroed before loop_watch. */
struct watch {
    int fd;
    unsigned events;
    /* `ready`: LOOP_READ and LOOP_WRITE bits; errors and hang-ups are told as both. */
    void (*on_ready)(struct watch *watch, unsigned ready, ss_time now);
};

int loop_create(struct loop **loop, const struct memory *memory);
void loop_destroy(struct loop *loop);
int loop_watch(struct loop *loop, struct watch *watch); /* SS_OK or SS_ERR_IO */
int loop_change(struct loop *loop, struct watch *watch, unsigned events);
void loop_forget(struct loop *loop,
                 struct watch *watch); /* also safe from inside on_ready of any watch */

/* Waits until something is ready or `deadline` (absolute, in the loop clock's time) and calls
 * on_ready for each. Returns the time after waking. */
ss_time loop_wait(struct loop *loop, ss_time deadline);
ss_time loop_now(struct loop *loop);
/* The descriptor that is readable when loop_wait has work: for embedding into another loop. */
int loop_fd(const struct loop *loop);
/* Wakes a waiting loop from another thread or a signal handler. */
void loop_wake(struct loop *loop);

#endif
