/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - one turn of the generator: read what came, let lanes begin what they may, write once per
 * connection. */
#include "bench/load.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"
#include "bench/lane.h"
#include "bench/process.h"
#include "net/socket.h"

#define READ_SIZE   ((size_t)256 << 10)
#define CONNECT_MAX ((int64_t)10 * 1000000000)
#define DRAIN_MAX   ((int64_t)5 * 1000000000)

void load_fail(struct load *load, const char *format, ...) {
    va_list arguments;
    if (load->failed) return;
    load->failed = true;
    va_start(arguments, format);
    vsnprintf(load->why, sizeof load->why, format, arguments);
    va_end(arguments);
}

/* ---- lanes --------------------------------------------------------------------------------- */

struct bytes load_state(struct load *load) {
    for (size_t i = 0; i < load->config->state_bytes && ++load->state[i] == 0; i++)
        continue;
    return bytes_view(load->state, load->config->state_bytes);
}

/* When operation `number` of an open loop is due. */
static int64_t due_at(const struct load *load, uint64_t number) {
    return load->start + (int64_t)((double)number * load->interval);
}

static bool within(const struct load *load, int64_t at) {
    return at >= load->from && at < load->to;
}

unsigned lane_begin(struct lane *lane) {
    struct load *load = lane->link->load;
    unsigned depth = load->config->depth;
    struct operation *operation = &lane->operations[(lane->first + lane->inflight++) % depth];
    operation->at = load->now;
    operation->cell = lane->next_cell;
    lane->next_cell = (lane->next_cell + 1) % load->config->cells;
    if (load->interval > 0) {
        operation->at = due_at(load, lane->sent * load->config->lanes + lane->index);
        lane->owed--;
    }
    lane->sent++;
    load->inflight++;
    return operation->cell;
}

void lane_answered(struct lane *lane, bool success, uint32_t version) {
    struct load *load = lane->link->load;
    if (lane->inflight == 0) {
        load_fail(load, "an answer that nobody asked for");
        return;
    }
    struct operation *operation = &lane->operations[lane->first];
    lane->first = (lane->first + 1) % load->config->depth;
    lane->inflight--;
    load->inflight--;
    if (version) lane->versions[operation->cell] = version;
    bool counted = within(load, load->now);
    load->result->answers += counted;
    load->result->refused += counted && !success;
    if (load->interval > 0 ? within(load, operation->at) : counted)
        latency_add(&load->result->latency, (uint64_t)(load->now - operation->at));
    if (list_empty(&lane->due)) list_push(&load->due, &lane->due);
}

/* How many operations the lane may begin in one write. */
static unsigned lane_count(const struct lane *lane) {
    const struct load *load = lane->link->load;
    unsigned count = load->config->per_write, room = load->config->depth - lane->inflight;
    if (load->ending || load->interval <= 0) return load->ending || room < count ? 0 : count;
    if (room < count) count = room;
    return lane->owed < count ? (unsigned)lane->owed : count;
}

static void lane_pump(struct lane *lane) {
    unsigned count;
    while ((count = lane_count(lane)) > 0) {
        if (!lane->link->load->speaker->send(lane, count)) {
            list_push(&lane->link->stalled, &lane->due);
            return;
        }
        link_dirty(lane->link);
    }
}

static void load_pump(struct load *load) {
    while (!list_empty(&load->due) && !load->failed) {
        struct lane *lane = LIST_ENTRY(load->due.next, struct lane, due);
        list_remove(&lane->due);
        lane_pump(lane);
    }
}

/* Open loop: hands out what has become due. A lane that has room sends it in this very turn. */
static void load_schedule(struct load *load) {
    int64_t now = load->now < load->to ? load->now : load->to;
    if (load->interval <= 0 || load->ending) return;
    uint64_t due = (uint64_t)((double)(now - load->start) / load->interval);
    for (; load->begun < due; load->begun++) {
        struct lane *lane = &load->lanes[load->begun % load->config->lanes];
        int64_t at = due_at(load, load->begun);
        lane->owed++;
        if (within(load, at) && lane->inflight + lane->owed <= load->config->depth)
            latency_add(&load->result->delay, (uint64_t)(load->now - at));
        if (list_empty(&lane->due)) list_push(&load->due, &lane->due);
    }
}

/* ---- links --------------------------------------------------------------------------------- */

void link_dirty(struct link *link) {
    if (list_empty(&link->dirty)) list_push(&link->load->dirty, &link->dirty);
}

void link_ready(struct link *link) {
    if (!link->ready) link->load->ready++;
    link->ready = true;
}

void link_resume(struct link *link) {
    while (!list_empty(&link->stalled)) {
        struct list *due = link->stalled.next;
        list_remove(due);
        list_push(&link->load->due, due);
    }
}

static void link_flush(struct link *link) {
    while (link->out_sent < link->out.size) {
        ptrdiff_t put = socket_write(link->watch.fd, link->out.data + link->out_sent,
                                     link->out.size - link->out_sent);
        if (put == SS_ERR_AGAIN) break;
        if (put <= 0) {
            load_fail(link->load, "the server closed a connection");
            return;
        }
        link->out_sent += (size_t)put;
        link->load->result->bytes_out += (uint64_t)put;
    }
    bool blocked = link->out_sent < link->out.size;
    if (!blocked) {
        buffer_clear(&link->out);
        link->out_sent = 0;
    }
    loop_change(link->load->loop, &link->watch, LOOP_READ | (blocked ? LOOP_WRITE : 0));
    if (link->out.failed) load_fail(link->load, "out of memory");
}

static void load_flush(struct load *load) {
    while (!list_empty(&load->dirty) && !load->failed) {
        struct link *link = LIST_ENTRY(load->dirty.next, struct link, dirty);
        list_remove(&link->dirty);
        link_flush(link);
    }
}

static void link_read(struct link *link) {
    struct load *load = link->load;
    uint8_t *room = buffer_room(&link->in, READ_SIZE);
    ptrdiff_t got = room ? socket_read(link->watch.fd, room, READ_SIZE) : SS_ERR_NOMEM;
    if (got == SS_ERR_AGAIN) return;
    if (got <= 0) {
        load_fail(load, "the server closed a connection");
        return;
    }
    load->now = clock_ns();
    link->in.size += (size_t)got;
    load->result->bytes_in += (uint64_t)got;
    buffer_drop(&link->in, load->speaker->recv(link));
}

static void link_on_ready(struct watch *watch, unsigned ready, ss_time now) {
    (void)now;
    struct link *link = LIST_ENTRY(watch, struct link, watch);
    struct load *load = link->load;
    char why[128] = "";
    if (load->failed) return;
    if (!link->connected) {
        if (socket_connected(watch->fd, why, sizeof why) != SS_OK) {
            load_fail(load, "%s: %s", load->config->address, why);
            return;
        }
        link->connected = true;
        load->speaker->hello(link);
        link_dirty(link);
        return;
    }
    if (ready & LOOP_READ) link_read(link);
    if (ready & LOOP_WRITE) link_dirty(link);
}

/* ---- life ---------------------------------------------------------------------------------- */

static int link_open(struct load *load, struct link *link) {
    *link = (struct link){.load = load,
                          .in = buffer_of(&memory_heap),
                          .out = buffer_of(&memory_heap),
                          .watch.on_ready = link_on_ready,
                          .watch.events = LOOP_WRITE,
                          .watch.fd = -1};
    list_init(&link->dirty);
    list_init(&link->stalled);
    link->watch.fd = socket_connect(load->config->address, load->why, sizeof load->why);
    return link->watch.fd < 0 ? link->watch.fd : loop_watch(load->loop, &link->watch);
}

static int lane_open(struct load *load, unsigned index) {
    const struct load_config *config = load->config;
    struct lane *lane = &load->lanes[index];
    lane->link = &load->links[index % config->connections];
    lane->index = index;
    lane->player = index + 1;
    lane->partial = buffer_of(&memory_heap);
    list_init(&lane->due);
    lane->operations = memory_zeroed(&memory_heap, config->depth, sizeof *lane->operations);
    lane->versions = memory_zeroed(&memory_heap, config->cells, sizeof *lane->versions);
    return lane->operations && lane->versions ? SS_OK : SS_ERR_NOMEM;
}

static int load_open(struct load *load) {
    const struct load_config *config = load->config;
    load->links = memory_zeroed(&memory_heap, config->connections, sizeof *load->links);
    load->lanes = memory_zeroed(&memory_heap, config->lanes, sizeof *load->lanes);
    load->keys = memory_zeroed(&memory_heap, config->cells, sizeof *load->keys);
    load->state = memory_zeroed(&memory_heap, config->state_bytes + 1, 1);
    if (!load->links || !load->lanes || !load->keys || !load->state) return SS_ERR_NOMEM;
    for (unsigned i = 0; i < config->connections; i++)
        load->links[i].watch.fd = -1;
    for (unsigned i = 0; i < config->cells; i++)
        snprintf(load->keys[i], sizeof load->keys[i], "unit-%u", i);
    int status = loop_create(&load->loop, &memory_heap);
    for (unsigned i = 0; status == SS_OK && i < config->connections; i++)
        status = link_open(load, &load->links[i]);
    for (unsigned i = 0; status == SS_OK && i < config->lanes; i++)
        status = lane_open(load, i);
    return status;
}

static void link_close(struct link *link) {
    if (link->watch.fd < 0) return;
    loop_forget(link->load->loop, &link->watch);
    socket_close(link->watch.fd);
    buffer_free(&link->in);
    buffer_free(&link->out);
    memory_free(&memory_heap, link->by_stream, 0);
}

static void load_close(struct load *load) {
    const struct load_config *config = load->config;
    for (unsigned i = 0; load->links && i < config->connections; i++)
        link_close(&load->links[i]);
    for (unsigned i = 0; load->lanes && i < config->lanes; i++) {
        struct lane *lane = &load->lanes[i];
        buffer_free(&lane->partial);
        memory_free(&memory_heap, lane->operations, config->depth * sizeof *lane->operations);
        memory_free(&memory_heap, lane->versions, config->cells * sizeof *lane->versions);
    }
    memory_free(&memory_heap, load->links, config->connections * sizeof *load->links);
    memory_free(&memory_heap, load->lanes, config->lanes * sizeof *load->lanes);
    memory_free(&memory_heap, load->keys, config->cells * sizeof *load->keys);
    memory_free(&memory_heap, load->state, config->state_bytes + 1);
    if (load->loop) loop_destroy(load->loop);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void load_turn(struct load *load, ss_time wait) {
    loop_wait(load->loop, time_add(loop_now(load->loop), wait));
    load->now = clock_ns();
    load_schedule(load);
    load_pump(load);
    load_flush(load);
}

static void load_greet(struct load *load) {
    int64_t end = clock_ns() + CONNECT_MAX;
    while (!load->failed && load->ready < load->config->connections) {
        load_turn(load, 10 * SS_MILLISECOND);
        if (load->now > end) load_fail(load, "%s does not answer", load->config->address);
    }
}

static void load_turn_until(struct load *load, int64_t end) {
    while (!load->failed && load->now < end)
        load_turn(load, load->interval > 0 || load->config->spin ? 0 : 10 * SS_MILLISECOND);
}

/* Open loop: what is still owed counts with the time that it has waited. */
static void load_count_lost(struct load *load) {
    struct load_result *result = load->result;
    for (unsigned i = 0; i < load->config->lanes; i++) {
        struct lane *lane = &load->lanes[i];
        for (; lane->inflight > 0; lane->inflight--) {
            const struct operation *operation = &lane->operations[lane->first];
            lane->first = (lane->first + 1) % load->config->depth;
            if (!within(load, operation->at)) continue;
            result->unanswered++;
            latency_add(&result->latency, (uint64_t)(load->now - operation->at));
        }
    }
}

static void load_drain(struct load *load) {
    int64_t end = load->now + DRAIN_MAX;
    bool owed = true;
    while (!load->failed && load->now < end && owed) {
        load_turn(load, SS_MILLISECOND);
        owed = load->inflight > 0;
        for (unsigned i = 0; !owed && load->interval > 0 && i < load->config->lanes; i++)
            owed = load->lanes[i].owed > 0;
        if (!owed || load->interval <= 0) load->ending = true;
    }
    load->ending = true;
    if (load->interval > 0) load_count_lost(load);
}

static void load_measure(struct load *load) {
    const struct load_config *config = load->config;
    struct load_result *result = load->result;
    load->now = load->start = clock_ns();
    load->from = load->start + (int64_t)(config->warmup * 1e9);
    load->to = load->from + (int64_t)(config->seconds * 1e9);
    if (config->rate > 0) load->interval = 1e9 / config->rate;
    for (unsigned i = 0; i < config->lanes; i++)
        list_push(&load->due, &load->lanes[i].due);
    load_turn_until(load, load->from);
    uint64_t server = process_cpu_us(config->server), own = process_own_cpu_us();
    uint64_t in = result->bytes_in, out = result->bytes_out;
    load_turn_until(load, load->to);
    result->server_cpu_us = process_cpu_us(config->server) - server;
    result->load_cpu_us = process_own_cpu_us() - own;
    result->bytes_in -= in;
    result->bytes_out -= out;
    result->seconds = config->seconds;
    load->ending = load->interval <= 0;
    load_drain(load);
}

int load_run(const struct load_config *config, struct load_result *result, char *why,
             size_t why_size) {
    struct load load = {.config = config,
                        .result = result,
                        .speaker = config->kind == LOAD_REDIS ? &speaker_redis : &speaker_grpc};
    *result = (struct load_result){0};
    list_init(&load.due);
    list_init(&load.dirty);
    int status = load_open(&load);
    if (status == SS_OK) {
        load_greet(&load);
        if (!load.failed) load_measure(&load);
        if (load.failed) status = SS_ERR_IO;
    }
    snprintf(why, why_size, "%s", load.why[0] ? load.why : status_text(status));
    load_close(&load);
    return status;
}
