/* SPDX-License-Identifier: Apache-2.0 */
/* virtual.h - a machine that does not exist: time, sockets, loops and entropy of one simulation.
 *
 * The headers of net/ are implemented a second time over it (sim_loop.c, sim_socket.c,
 * sim_entropy.c; net/clock.c itself runs over virtual_clock_gettime). Their functions take no
 * context, as an operating system's do not, so there is one current machine per thread.
 *
 *   end a                                 end b
 *   socket_write -> [segment, segment] -> socket_read      a pipe: bytes with the time they arrive
 *   socket_read  <- [segment]          <- socket_write     another */
#ifndef SIM_VIRTUAL_H
#define SIM_VIRTUAL_H

#include "base/list.h"
#include "base/random.h"
#include "net/loop.h"
#include "net/socket.h"
#include "sim/fault.h"
#include "sim/trace.h"

#define VIRTUAL_EPOCH ((ss_time)1767225600 * SS_SECOND) /* every run begins on 2026-01-01 */

enum { VIRTUAL_OWNERS = 128 };

struct segment {
    struct list link;
    ss_time arrival;
    size_t size, taken;
    uint8_t data[];
};

/* One direction of a connection. */
struct pipe {
    struct list segments;
    size_t waiting;  /* bytes written and not yet read */
    size_t capacity; /* above it the writer must wait */
    uint64_t carried;
    ss_time last;  /* no segment arrives before its predecessor */
    ss_time ended; /* the end of the stream arrives, SS_NEVER: not yet */
};

enum socket_kind { SOCKET_FREE, SOCKET_LISTENER, SOCKET_END };

struct vsocket {
    enum socket_kind kind;
    int fd;
    char name[ADDRESS_TEXT];
    /* listener */
    struct list backlog; /* of ends, by their `link` */
    /* end */
    struct list link;
    struct vsocket *peer; /* NULL: closed over there */
    struct pipe in;
    bool server, open; /* open: a descriptor refers to it */
    ss_time stands;    /* connected or acceptable from then on */
    bool refused;
    ss_time reset; /* from then on only errors, SS_NEVER */
    ss_time delay, jitter;
    ss_time held;       /* nothing arrives before */
    uint64_t cut_after; /* bytes into it, UINT64_MAX: never cut */
    unsigned owner;     /* of the client side: which client */
};

struct virtual {
    ss_time now;
    ss_time wall_offset; /* of the wall clock against `now` */
    fault_set faults;
    struct random network, entropy, order;
    struct trace *trace;
    struct vsocket **sockets;
    size_t socket_count;
    struct loop **loops;
    size_t loop_count;
    struct thread *thread; /* the server's second one, NULL: it has none */
    unsigned connecting; /* the client whose turn it is: owner of new connections */
    bool stirred[VIRTUAL_OWNERS]; /* something happened to connections of that owner: ask when they
                                   * are due. 0: of anybody's server side */
    uint64_t accepts_refused, cuts, bytes;
    bool heal; /* no more faults of the network */
};

/* The machine that the calling thread's net/ functions speak to. */
extern _Thread_local struct virtual *virtual_machine;
static inline struct virtual *virtual_current(void) {
    return virtual_machine;
}
void virtual_start(struct virtual *machine, uint64_t seed, fault_set faults, struct trace *trace);
void virtual_stop(struct virtual *machine);

/* The loop that answered `fd` at loop_fd. */
struct loop *virtual_loop(const struct virtual *machine, int fd);
/* When its loop_wait has something to tell: now, a later time, or SS_NEVER. */
ss_time virtual_loop_due(const struct loop *loop);
/* True when the last loop_wait told nothing and its deadline lay ahead: nothing is left to do. */
bool virtual_loop_idle(const struct loop *loop);

/* The thread that the server started beside its own (sim_thread.c): when it goes on by itself, and
 * what it does until it sleeps again. False: it was not due. */
ss_time virtual_thread_due(const struct virtual *machine);
bool virtual_thread_turn(struct virtual *machine);
/* Called on that thread: it sleeps. Anywhere else nothing happens. */
void virtual_thread_sleep(struct virtual *machine, ss_time span);

/* Everybody must be asked when he is due. */
void virtual_stir(struct virtual *machine);

/* Cuts, holds or heals the connections of one client (0: of everybody). */
void virtual_cut(struct virtual *machine, unsigned owner);
void virtual_hold(struct virtual *machine, unsigned owner, ss_time until);
void virtual_heal(struct virtual *machine);

/* Shared by the parts: what a socket is ready for now, and when it will be ready for more. */
unsigned vsocket_ready(const struct vsocket *vsocket);
ss_time vsocket_due(const struct vsocket *vsocket, unsigned events);
struct vsocket *vsocket_of(const struct virtual *machine, int fd);

#endif
