/* SPDX-License-Identifier: Apache-2.0 */
/* net/socket.h over pipes. What a kernel may do to a byte stream, this one does as the seed says:
 * move fewer bytes than asked, hold them back, end or reset the stream after any byte. It never
 * loses, doubles or reorders bytes of one stream, for TCP does not either. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "sim/virtual.h"

enum { FIRST_FD = 3, BUFFER_USUAL = 128 * 1024, READY_ERROR = 4 };

/* ---- descriptors --------------------------------------------------------------------------- */

struct vsocket *vsocket_of(const struct virtual *machine, int fd) {
    size_t index = (size_t)(fd - FIRST_FD);
    return fd >= FIRST_FD && index < machine->socket_count ? machine->sockets[index] : NULL;
}

static void descriptor_open(struct virtual *machine, struct vsocket *vsocket) {
    size_t index = 0;
    while (index < machine->socket_count && machine->sockets[index])
        index++;
    if (index == machine->socket_count) {
        machine->sockets = realloc(machine->sockets, (index + 1) * sizeof(struct vsocket *));
        if (!machine->sockets) abort();
        machine->socket_count++;
    }
    machine->sockets[index] = vsocket;
    vsocket->fd = (int)index + FIRST_FD;
    vsocket->open = true;
}

static struct vsocket *vsocket_create(enum socket_kind kind) {
    struct vsocket *vsocket = calloc(1, sizeof *vsocket);
    if (!vsocket) abort();
    vsocket->kind = kind;
    vsocket->reset = vsocket->in.ended = SS_NEVER;
    vsocket->cut_after = UINT64_MAX;
    vsocket->in.capacity = BUFFER_USUAL;
    list_init(&vsocket->backlog);
    list_init(&vsocket->link);
    list_init(&vsocket->in.segments);
    return vsocket;
}

/* Something happened to this end that its owner's loop has to hear of. */
static void stir(struct virtual *machine, const struct vsocket *end) {
    machine->stirred[end->server ? 0 : end->owner % VIRTUAL_OWNERS] = true;
}

void virtual_stir(struct virtual *machine) {
    memset(machine->stirred, true, sizeof machine->stirred);
}

/* ---- pipes --------------------------------------------------------------------------------- */

static void pipe_clear(struct pipe *pipe) {
    while (!list_empty(&pipe->segments)) {
        struct segment *segment = LIST_ENTRY(pipe->segments.next, struct segment, link);
        list_remove(&segment->link);
        free(segment);
    }
    pipe->waiting = 0;
}

static struct segment *pipe_head(const struct pipe *pipe) {
    return list_empty(&pipe->segments) ? NULL
                                       : LIST_ENTRY(pipe->segments.next, struct segment, link);
}

/* When something sent now to `end` arrives there. */
static ss_time arrival(struct virtual *machine, struct vsocket *end) {
    ss_time delay = end->delay;
    if (end->jitter && !machine->heal)
        delay += (ss_time)random_below(&machine->network, (uint64_t)end->jitter);
    end->in.last = time_max(time_max(end->in.last, end->held), machine->now + delay);
    return end->in.last;
}

static void pipe_push(struct virtual *machine, struct vsocket *to, const void *data, size_t size) {
    stir(machine, to);
    struct segment *segment = malloc(sizeof *segment + size);
    if (!segment) abort();
    segment->arrival = arrival(machine, to);
    segment->size = size;
    segment->taken = 0;
    memcpy(segment->data, data, size);
    list_push(&to->in.segments, &segment->link);
    to->in.waiting += size;
    to->in.carried += size;
    machine->bytes += size;
}

/* Takes what has arrived, at most `size`. */
static size_t pipe_take(struct virtual *machine, struct pipe *pipe, uint8_t *out, size_t size) {
    size_t taken = 0;
    for (struct segment *head;
         taken < size && (head = pipe_head(pipe)) && head->arrival <= machine->now;) {
        size_t part = head->size - head->taken;
        if (part > size - taken) part = size - taken;
        memcpy(out + taken, head->data + head->taken, part);
        head->taken += part;
        taken += part;
        if (head->taken < head->size) break;
        list_remove(&head->link);
        free(head);
    }
    pipe->waiting -= taken;
    return taken;
}

/* ---- readiness ----------------------------------------------------------------------------- */

static bool has_reset(const struct vsocket *end) {
    return end->reset <= virtual_current()->now;
}

static bool can_read(const struct vsocket *end) {
    const struct segment *head = pipe_head(&end->in);
    ss_time now = virtual_current()->now;
    return head ? head->arrival <= now : end->in.ended <= now;
}

static bool can_write(const struct vsocket *end) {
    return !end->peer || end->peer->in.waiting < end->peer->in.capacity;
}

static const struct vsocket *first_waiting(const struct vsocket *listener) {
    return list_empty(&listener->backlog)
               ? NULL
               : LIST_ENTRY(listener->backlog.next, struct vsocket, link);
}

unsigned vsocket_ready(const struct vsocket *vsocket) {
    ss_time now = virtual_current()->now;
    if (vsocket->kind == SOCKET_LISTENER) {
        const struct vsocket *first = first_waiting(vsocket);
        return first && first->stands <= now ? LOOP_READ : 0;
    }
    if (has_reset(vsocket)) return READY_ERROR;
    if (vsocket->stands > now) return 0;
    return (can_read(vsocket) ? LOOP_READ : 0u) | (can_write(vsocket) ? LOOP_WRITE : 0u);
}

ss_time vsocket_due(const struct vsocket *vsocket, unsigned events) {
    ss_time now = virtual_current()->now;
    unsigned ready = vsocket_ready(vsocket);
    if (ready & (events | READY_ERROR)) return now;
    if (vsocket->kind == SOCKET_LISTENER) {
        const struct vsocket *first = first_waiting(vsocket);
        return first && events & LOOP_READ ? first->stands : SS_NEVER;
    }
    if (vsocket->stands > now) return time_min(vsocket->stands, vsocket->reset);
    if (!(events & LOOP_READ)) return vsocket->reset;
    const struct segment *head = pipe_head(&vsocket->in);
    return time_min(vsocket->reset, head ? head->arrival : vsocket->in.ended);
}

/* ---- connecting ---------------------------------------------------------------------------- */

static struct vsocket *find_listener(const struct virtual *machine, const char *name) {
    for (size_t i = 0; i < machine->socket_count; i++) {
        struct vsocket *vsocket = machine->sockets[i];
        if (vsocket && vsocket->kind == SOCKET_LISTENER && strcmp(vsocket->name, name) == 0)
            return vsocket;
    }
    return NULL;
}

int socket_listen(const char *address, char *why, size_t why_size) {
    struct virtual *machine = virtual_current();
    if (find_listener(machine, address)) {
        if (why_size) snprintf(why, why_size, "%s is in use", address);
        return SS_ERR_BUSY;
    }
    struct vsocket *listener = vsocket_create(SOCKET_LISTENER);
    snprintf(listener->name, sizeof listener->name, "%s", address);
    descriptor_open(machine, listener);
    return listener->fd;
}

static void draw_network(struct virtual *machine, struct vsocket *end) {
    struct random *random = &machine->network;
    bool late = fault_in(machine->faults, FAULT_DELAY) && !machine->heal;
    end->delay = 50 + (ss_time)random_below(random, late ? 40000 : 500);
    end->jitter = late ? 1 + (ss_time)random_below(random, 20000) : 0;
    if (machine->heal) return;
    if (fault_in(machine->faults, FAULT_NARROW) && random_below(random, 4) == 0)
        end->in.capacity = 200 + random_below(random, 4000);
    if (fault_in(machine->faults, FAULT_CUT) && random_below(random, 6) == 0)
        end->cut_after = random_below(random, random_below(random, 2) ? 300 : 30000);
}

int socket_connect(const char *address, char *why, size_t why_size) {
    (void)why;
    (void)why_size;
    struct virtual *machine = virtual_current();
    struct vsocket *listener = find_listener(machine, address);
    struct vsocket *near = vsocket_create(SOCKET_END);
    descriptor_open(machine, near);
    near->owner = machine->connecting;
    draw_network(machine, near);
    near->stands = machine->now + 2 * near->delay;
    near->refused = !listener;
    if (!listener) return near->fd;
    struct vsocket *far = vsocket_create(SOCKET_END);
    draw_network(machine, far);
    far->server = true;
    far->owner = near->owner;
    far->stands = machine->now + near->delay;
    far->peer = near;
    near->peer = far;
    snprintf(far->name, sizeof far->name, "127.0.0.1:%u", 40000 + machine->connecting);
    list_push(&listener->backlog, &far->link);
    return near->fd;
}

int socket_connected(int fd, char *why, size_t why_size) {
    struct vsocket *end = vsocket_of(virtual_current(), fd);
    if (!end->refused && !has_reset(end)) return SS_OK;
    if (why_size) snprintf(why, why_size, "connection refused");
    return SS_ERR_UNAVAILABLE;
}

int socket_accept(int fd, char peer[ADDRESS_TEXT], bool *loopback) {
    struct virtual *machine = virtual_current();
    struct vsocket *listener = vsocket_of(machine, fd);
    if (!(vsocket_ready(listener) & LOOP_READ)) return SS_ERR_AGAIN;
    if (fault_in(machine->faults, FAULT_ACCEPT) && !machine->heal &&
        random_below(&machine->network, 8) == 0) {
        machine->accepts_refused++;
        return SS_ERR_BUSY;
    }
    struct vsocket *end = LIST_ENTRY(listener->backlog.next, struct vsocket, link);
    list_remove(&end->link);
    descriptor_open(machine, end);
    snprintf(peer, ADDRESS_TEXT, "%s", end->name);
    *loopback = true;
    return end->fd;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static void reset_both(struct virtual *machine, struct vsocket *end) {
    end->reset = time_min(end->reset, machine->now);
    if (end->peer) end->peer->reset = time_min(end->peer->reset, machine->now + end->peer->delay);
    stir(machine, end);
    if (end->peer) stir(machine, end->peer);
    machine->cuts++;
}

static size_t partial(struct virtual *machine, size_t size) {
    if (size < 2 || machine->heal || !fault_in(machine->faults, FAULT_SPLIT)) return size;
    switch (random_below(&machine->network, 8)) {
    case 0: return 1;
    case 1:
    case 2: return 1 + random_below(&machine->network, size);
    case 3: return 1 + random_below(&machine->network, size < 64 ? size : 64);
    default: return size;
    }
}

ptrdiff_t socket_read(int fd, void *buffer, size_t size) {
    struct virtual *machine = virtual_current();
    struct vsocket *end = vsocket_of(machine, fd);
    if (has_reset(end)) return SS_ERR_CLOSED;
    if (!can_read(end)) return SS_ERR_AGAIN;
    if (!pipe_head(&end->in)) return 0;
    size_t taken = pipe_take(machine, &end->in, buffer, partial(machine, size));
    if (end->peer) stir(machine, end->peer);
    trace_event(machine->trace, machine->now, end->owner, end->server ? "server-read" : "read",
                taken, end->in.waiting, (struct bytes){NULL, 0});
    return (ptrdiff_t)taken;
}

ptrdiff_t socket_write(int fd, const void *buffer, size_t size) {
    struct virtual *machine = virtual_current();
    struct vsocket *end = vsocket_of(machine, fd), *to = end->peer;
    if (has_reset(end)) return SS_ERR_CLOSED;
    if (!to) { /* closed over there: the first bytes vanish, then comes the answer to them */
        end->reset = time_min(end->reset, machine->now + 2 * end->delay);
        return (ptrdiff_t)size;
    }
    size_t room = to->in.capacity > to->in.waiting ? to->in.capacity - to->in.waiting : 0;
    if (room == 0 || size == 0) return SS_ERR_AGAIN;
    size_t part = partial(machine, size < room ? size : room);
    bool cut =
        !machine->heal && to->cut_after != UINT64_MAX && to->in.carried + part > to->cut_after;
    if (cut) part = (size_t)(to->cut_after - to->in.carried);
    if (part) pipe_push(machine, to, buffer, part);
    trace_event(machine->trace, machine->now, end->owner, end->server ? "server-write" : "write",
                part, (uint64_t)to->in.last, bytes_view(buffer, part));
    if (!cut) return (ptrdiff_t)part;
    reset_both(machine, end);
    return part ? (ptrdiff_t)part : SS_ERR_CLOSED;
}

/* ---- ending -------------------------------------------------------------------------------- */

static void end_close(struct virtual *machine, struct vsocket *end) {
    struct vsocket *peer = end->peer;
    if (peer) {
        bool abortive = end->in.waiting > 0; /* unread bytes turn the end into a reset */
        ss_time at = arrival(machine, peer);
        stir(machine, peer);
        if (abortive) {
            peer->reset = time_min(peer->reset, at);
        } else {
            peer->in.ended = time_min(peer->in.ended, at);
        }
        peer->peer = NULL;
    }
    pipe_clear(&end->in);
    list_remove(&end->link);
    free(end);
}

void socket_close(int fd) {
    struct virtual *machine = virtual_current();
    struct vsocket *vsocket = vsocket_of(machine, fd);
    if (!vsocket) return;
    machine->sockets[fd - FIRST_FD] = NULL;
    if (vsocket->kind == SOCKET_END) {
        end_close(machine, vsocket);
        return;
    }
    while (!list_empty(&vsocket->backlog)) {
        struct vsocket *waiting = LIST_ENTRY(vsocket->backlog.next, struct vsocket, link);
        if (waiting->peer) waiting->peer->reset = machine->now + waiting->peer->delay;
        if (waiting->peer) stir(machine, waiting->peer);
        end_close(machine, waiting);
    }
    free(vsocket);
}

int socket_name(int fd, char name[ADDRESS_TEXT]) {
    snprintf(name, ADDRESS_TEXT, "%s", vsocket_of(virtual_current(), fd)->name);
    return SS_OK;
}

bool address_is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0;
}

/* ---- what happens to connections ----------------------------------------------------------- */

static bool concerns(const struct vsocket *vsocket, unsigned owner) {
    return vsocket && vsocket->kind == SOCKET_END && (owner == 0 || vsocket->owner == owner);
}

void virtual_cut(struct virtual *machine, unsigned owner) {
    for (size_t i = 0; i < machine->socket_count; i++)
        if (concerns(machine->sockets[i], owner)) reset_both(machine, machine->sockets[i]);
}

void virtual_hold(struct virtual *machine, unsigned owner, ss_time until) {
    for (size_t i = 0; i < machine->socket_count; i++)
        if (concerns(machine->sockets[i], owner)) machine->sockets[i]->held = until;
}

/* What was held back arrives at last. */
static void release(const struct virtual *machine, struct vsocket *end) {
    ss_time at = machine->now + end->delay;
    for (struct list *link = end->in.segments.next; link != &end->in.segments; link = link->next) {
        struct segment *segment = LIST_ENTRY(link, struct segment, link);
        segment->arrival = time_min(segment->arrival, at);
    }
    end->held = machine->now;
    end->in.last = time_min(end->in.last, at);
    if (end->in.ended != SS_NEVER) end->in.ended = time_min(end->in.ended, at);
    if (end->reset != SS_NEVER) end->reset = time_min(end->reset, at);
}

void virtual_heal(struct virtual *machine) {
    machine->heal = true;
    virtual_stir(machine);
    machine->wall_offset = 0;
    for (size_t i = 0; i < machine->socket_count; i++) {
        if (!concerns(machine->sockets[i], 0)) continue;
        machine->sockets[i]->cut_after = UINT64_MAX;
        release(machine, machine->sockets[i]);
        machine->sockets[i]->in.capacity = BUFFER_USUAL;
    }
}
