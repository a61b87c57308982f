/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - the machine that runs the server under test: opens it, turns it, kills it. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "sim/disk.h"
#include "sim/meter.h"
#include "sim/tokens.h"
#include "sim/trace.h"
#include "sim/virtual.h"
#include "statesync/server.h"

#define HOST_ADDRESS "127.0.0.1:7350"

enum host_state { HOST_DOWN, HOST_UP, HOST_DRAINING };

struct host {
    struct virtual *machine;
    struct trace *trace;
    const struct tokens *tokens;
    struct meter meter;
    struct disk disk;
    ss_server *server; /* NULL: down */
    enum host_state state;
    ss_time up_at;         /* when a server that is down starts again */
    ss_time stalled_until; /* the thread stands still */
    ss_time closes_by;     /* a drain may take no longer */
    ss_time rest;          /* how long it is down afterwards */
    unsigned lives;        /* how often it was started */
    unsigned epoch;        /* rises whenever it goes down or up */
    uint64_t turns;
    char why[160]; /* what went wrong with the host itself, "" */
};

void host_start(struct host *host, struct virtual *machine, struct trace *trace,
                const struct tokens *tokens, uint64_t seed);
/* Closes the server; false when it kept memory. */
bool host_stop(struct host *host);
ss_time host_due(const struct host *host);
/* Turns the server until it has nothing left to do now. True when it went down. */
bool host_turn(struct host *host);

void host_drain(struct host *host, int grace_ms, ss_time rest);
/* As a power cut does it: connections end first, what was not synced is lost. */
void host_crash(struct host *host, ss_time rest);
void host_reload(struct host *host, int variant);

#endif
