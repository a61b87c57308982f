/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c - doors and peers: the sockets of a server and the machines behind them.
 *
 * Bytes are read once per readiness into one shared buffer, and written once per turn, after the
 * worker has run, so that the answers of a whole turn leave in one system call. */
#include "server/inside.h"

#include <stdio.h>

#include "base/status.h"

#define DOOR_PAUSE       (100 * SS_MILLISECOND)
#define ACCEPTS_PER_TURN 64
#define OUT_MAX          (4u << 20) /* bytes behind a socket that takes none */

/* ---- peers --------------------------------------------------------------------------------- */

void peer_touch(struct peer *peer) {
    if (list_empty(&peer->dirty)) list_push(&peer->server->dirty, &peer->dirty);
}

void peer_destroy(struct peer *peer) {
    struct ss_server *server = peer->server;
    connection_lost(peer->connection);
    connection_destroy(peer->connection);
    if (peer->tls) tls_destroy(peer->tls);
    if (peer->player) limiter_disconnect(server->limiter, peer->player);
    loop_forget(server->loop, &peer->watch);
    socket_close(peer->watch.fd);
    heap_remove(&server->deadlines, &peer->deadline);
    list_remove(&peer->link);
    list_remove(&peer->dirty);
    buffer_free(&peer->out);
    server->peer_count--;
    memory_free(&server->memory, peer, sizeof *peer);
}

void peer_touch_all(struct ss_server *server) {
    for (struct list *link = server->peers.next; link != &server->peers; link = link->next)
        peer_touch(LIST_ENTRY(link, struct peer, link));
}

static void peer_receive(struct peer *peer, struct bytes bytes) {
    struct ss_server *server = peer->server;
    int status = SS_OK;
    if (!peer->tls) {
        status = connection_recv(peer->connection, bytes, server->now);
    } else {
        struct buffer plain = buffer_of(&server->memory);
        status = tls_recv(peer->tls, bytes, &plain, &peer->out);
        if (plain.size)
            status = connection_recv(peer->connection, buffer_view(&plain), server->now);
        buffer_free(&plain);
    }
    if (status != SS_OK) peer->closing = true;
}

static void peer_ready(struct watch *watch, unsigned ready, ss_time now) {
    struct peer *peer = (struct peer *)(void *)((char *)watch - offsetof(struct peer, watch));
    struct ss_server *server = peer->server;
    server->now = now;
    peer_touch(peer);
    if (!(ready & LOOP_READ) || peer->closing) return;
    if (!connection_wants_read(peer->connection)) return;
    ptrdiff_t got = socket_read(watch->fd, server->read_buffer, READ_BUFFER_SIZE);
    if (got == SS_ERR_AGAIN) return;
    if (got <= 0) {
        peer->dead = true;
        return;
    }
    server->counters.bytes_in += (uint64_t)got;
    peer_receive(peer, bytes_view(server->read_buffer, (size_t)got));
}

/* Gives bytes to the socket until it takes no more; what is left. */
static struct bytes peer_put(struct peer *peer, struct bytes bytes) {
    while (bytes.size) {
        ptrdiff_t put = socket_write(peer->watch.fd, bytes.data, bytes.size);
        if (put <= 0) {
            peer->dead = peer->dead || put != SS_ERR_AGAIN;
            return bytes;
        }
        peer->server->counters.bytes_out += (uint64_t)put;
        bytes = bytes_view(bytes.data + put, bytes.size - (size_t)put);
    }
    return bytes;
}

/* Sends or keeps in peer->out what the machine has; false when there was nothing more. */
static bool peer_fill(struct peer *peer) {
    struct ss_server *server = peer->server;
    if (peer->out.size - peer->out_sent > OUT_MAX) return false;
    if (peer->tls && !tls_ready(peer->tls)) return false;
    ptrdiff_t got =
        connection_send(peer->connection, server->write_buffer, WRITE_BUFFER_SIZE, server->now);
    if (got <= 0) return false;
    struct bytes bytes = bytes_view(server->write_buffer, (size_t)got);
    if (peer->tls) {
        if (tls_send(peer->tls, bytes, &peer->out) != SS_OK) peer->dead = true;
    } else {
        if (peer->out.size == 0) bytes = peer_put(peer, bytes);
        buffer_bytes(&peer->out, bytes);
    }
    if (peer->out.failed) peer->dead = true;
    return !peer->dead;
}

/* Writes what waits; false when the socket takes no more for now. */
static bool peer_write(struct peer *peer) {
    if (peer->out.size == 0) return true;
    struct bytes waits =
        bytes_view(peer->out.data + peer->out_sent, peer->out.size - peer->out_sent);
    peer->out_sent = peer->out.size - peer_put(peer, waits).size;
    if (peer->out_sent < peer->out.size) return false;
    buffer_clear(&peer->out);
    peer->out_sent = 0;
    if (peer->out.capacity > 2 * WRITE_BUFFER_SIZE) buffer_free(&peer->out);
    return true;
}

static void peer_flush(struct peer *peer) {
    bool blocked = false;
    do {
        blocked = !peer_write(peer);
    } while (!blocked && !peer->dead && peer_fill(peer));
    bool empty = peer->out_sent == peer->out.size;
    if (peer->dead || (empty && (peer->closing || connection_done(peer->connection)))) {
        peer_destroy(peer);
        return;
    }
    unsigned events = blocked ? LOOP_WRITE : 0;
    bool wants = connection_wants_read(peer->connection) && !peer->server->stuffed;
    if (!peer->closing && wants) events |= LOOP_READ;
    if (events != peer->watch.events) loop_change(peer->server->loop, &peer->watch, events);
    heap_set(&peer->server->deadlines, &peer->deadline, connection_deadline(peer->connection));
}

void peer_flush_all(struct ss_server *server) {
    while (!list_empty(&server->dirty)) {
        struct peer *peer = LIST_ENTRY(server->dirty.next, struct peer, dirty);
        list_remove(&peer->dirty);
        peer_flush(peer);
    }
}

void peer_expire_all(struct ss_server *server) {
    struct heap_entry *first;
    while ((first = heap_first(&server->deadlines)) && first->deadline <= server->now) {
        struct peer *peer = LIST_ENTRY(first, struct peer, deadline);
        heap_remove(&server->deadlines, first);
        if (connection_expire(peer->connection, server->now) != SS_OK) peer->closing = true;
        peer_touch(peer);
        /* A peer that takes no bytes is not waited for. */
        if (peer->closing && peer->out_sent < peer->out.size) peer->dead = true;
    }
}

/* ---- doors --------------------------------------------------------------------------------- */

static int peer_create(struct door *door, int fd, bool loopback, const char *name) {
    struct ss_server *server = door->server;
    struct peer *peer = memory_zeroed(&server->memory, 1, sizeof *peer);
    if (!peer) return SS_ERR_NOMEM;
    peer->server = server;
    peer->door = door->kind;
    peer->loopback = loopback;
    peer->out = buffer_of(&server->memory);
    peer->watch = (struct watch){.fd = fd, .events = LOOP_READ, .on_ready = peer_ready};
    snprintf(peer->name, sizeof peer->name, "%s", name);
    list_init(&peer->link);
    list_init(&peer->dirty);

    struct connection_config config = connection_config_default(true);
    config.memory = &server->memory;
    config.events = rpc_events(peer);
    config.message_max = server->config->limits.request_bytes;
    config.streams_max = server->config->limits.streams_per_connection;
    int status = connection_create(&peer->connection, &config, server->now);
    if (status != SS_OK) goto failed;
    if (server->tls && door->kind == DOOR_GRPC) {
        status = tls_create(&peer->tls, server->tls, NULL);
        if (status != SS_OK) goto failed;
    }
    status = loop_watch(server->loop, &peer->watch);
    if (status != SS_OK) goto failed;
    list_push(&server->peers, &peer->link);
    server->peer_count++;
    peer_touch(peer);
    return SS_OK;

failed:
    if (peer->tls) tls_destroy(peer->tls);
    if (peer->connection) connection_destroy(peer->connection);
    memory_free(&server->memory, peer, sizeof *peer);
    return status;
}

static void door_pause(struct door *door) {
    log_line(&door->server->log, LOG_LEVEL_WARN,
             "out of file descriptors: accepting pauses for 100 ms (raise `ulimit -n`)");
    door->paused = door->server->now + DOOR_PAUSE;
    loop_change(door->server->loop, &door->watch, 0);
}

static void door_ready(struct watch *watch, unsigned ready, ss_time now) {
    (void)ready;
    struct door *door = (struct door *)(void *)((char *)watch - offsetof(struct door, watch));
    struct ss_server *server = door->server;
    server->now = now;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        char name[ADDRESS_TEXT];
        bool loopback;
        int fd = socket_accept(watch->fd, name, &loopback);
        if (fd == SS_ERR_BUSY) door_pause(door);
        if (fd < 0) return;
        server->counters.accepted++;
        bool full = server->peer_count >= server->config->limits.connections;
        if (full || server->draining || peer_create(door, fd, loopback, name) != SS_OK) {
            server->counters.refused++;
            socket_close(fd);
        }
    }
}

void door_resume(struct ss_server *server, ss_time now) {
    for (int kind = 0; kind < DOOR_COUNT; kind++) {
        struct door *door = &server->doors[kind];
        if (door->paused == 0 || door->paused > now) continue;
        door->paused = 0;
        loop_change(server->loop, &door->watch, LOOP_READ);
    }
}

int door_open(struct ss_server *server, enum door_kind kind, const char *address, char *why,
              size_t why_size) {
    struct door *door = &server->doors[kind];
    *door = (struct door){.server = server, .kind = kind, .watch.fd = -1};
    if (!address) return SS_OK;
    int fd = socket_listen(address, why, why_size);
    if (fd < 0) return fd;
    door->watch = (struct watch){.fd = fd, .events = LOOP_READ, .on_ready = door_ready};
    int status = loop_watch(server->loop, &door->watch);
    if (status == SS_OK) status = socket_name(fd, door->name);
    if (status != SS_OK) {
        snprintf(why, why_size, "cannot watch the listener on %s", address);
        socket_close(fd);
        door->watch.fd = -1;
    }
    return status;
}

void door_close(struct ss_server *server, enum door_kind kind) {
    struct door *door = &server->doors[kind];
    if (door->server == NULL || door->watch.fd < 0) return;
    loop_forget(server->loop, &door->watch);
    socket_close(door->watch.fd);
    door->watch.fd = -1;
}
