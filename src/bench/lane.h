/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h - what the parts of the load generator know of a lane and of a link, and what a protocol
 * must be able to do. */
#ifndef BENCH_LANE_H
#define BENCH_LANE_H

#include "base/list.h"
#include "bench/load.h"
#include "net/loop.h"

struct load;

struct operation {
    int64_t at; /* ns: when it was sent, or due */
    unsigned cell;
};

struct lane {
    struct link *link;
    struct list due; /* load.due or link.stalled */
    unsigned index;  /* among all lanes */
    uint64_t player;
    uint64_t sent, owed; /* operations begun; due but not begun */
    unsigned first, inflight, next_cell;
    struct operation *operations; /* a ring of `depth` */
    uint32_t *versions;           /* of its cells */
    /* gRPC */
    uint32_t stream;
    int64_t window;
    size_t received; /* bytes for which the stream's window was not returned yet */
    bool answered, success;
    uint32_t version; /* of the unary answer whose end is still to come */
    struct buffer partial;
};

/* One TCP connection. */
struct link {
    struct watch watch;
    struct load *load;
    struct buffer in, out;
    size_t out_sent;
    bool connected, ready; /* ready: the protocol's greeting is over */
    struct list dirty;     /* load.dirty while something is to be written */
    struct list stalled;   /* lanes that flow control holds back */
    /* gRPC */
    uint32_t next_stream, stream_window, streams_max;
    int64_t window;
    size_t received;
    bool headers_sent;   /* the peer's header table holds ours */
    uint32_t *by_stream; /* lane index + 1 by stream number */
};

struct speaker {
    /* The first bytes on a new link. */
    void (*hello)(struct link *link);
    /* Queues `count` operations of the lane; false when flow control forbids it now. */
    bool (*send)(struct lane *lane, unsigned count);
    /* Takes whole pieces from link->in; how many bytes it took. */
    size_t (*recv)(struct link *link);
};

extern const struct speaker speaker_grpc, speaker_redis;

struct load {
    const struct load_config *config;
    const struct speaker *speaker;
    struct load_result *result;
    struct loop *loop;
    struct link *links;
    struct lane *lanes;
    struct list due, dirty;
    char (*keys)[16]; /* of `cells` */
    uint8_t *state;
    uint64_t inflight, begun; /* operations; operations that became due (open loop) */
    unsigned ready;           /* links */
    int64_t now, start, from, to;
    double interval; /* ns between operations of an open loop, 0: closed */
    bool ending;     /* nothing new is begun */
    bool failed;
    char why[256];
};

/* Ends the run with a reason. */
void load_fail(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The greeting of a link is over. */
void link_ready(struct link *link);
/* What flow control held back may be tried again. */
void link_resume(struct link *link);
/* Something was queued in link->out. */
void link_dirty(struct link *link);

/* The next operation of a lane is being written; its cell. */
unsigned lane_begin(struct lane *lane);
/* The oldest operation of the lane is answered; `version` now stands (0: unknown). */
void lane_answered(struct lane *lane, bool success, uint32_t version);
/* A state that differs from the last one. */
struct bytes load_state(struct load *load);

#endif
