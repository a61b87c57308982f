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

/* How a life of the server ended: what may be missing from the next one. */
enum ending {
    ENDING_CLEAN, /* drained: only what is of class memory */
    ENDING_QUICK, /* died while all was well: what of class async was not a second old, too */
    ENDING_ILL,   /* its disk or its memory had failed before: everything of class async */
};

struct host {
    struct virtual *machine;
    struct trace *trace;
    const struct tokens *tokens;
    struct meter meter;
    struct disk *disk;
    struct random luck; /* of the disk and of endings */
    ss_time sync_delay; /* of the disk in this life, roughly */
    ss_server *server; /* NULL: down */
    enum host_state state;
    ss_time up_at;         /* when a server that is down starts again */
    ss_time stalled_until; /* the thread stands still */
    ss_time closes_by;     /* a drain may take no longer */
    ss_time rest;          /* how long it is down afterwards */
    unsigned lives;        /* how often it was started */
    unsigned epoch;        /* rises whenever it goes down or up */
    enum ending ending;    /* of the last life */
    ss_time ill_until;     /* what it wrote before may still wait to become durable */
    bool disk_fails, disk_full;
    bool cut_power;        /* when the disk goes off by itself: the machine did, not the process */
    bool damages;          /* bits may flip while it is down */
    bool kills, cuts;      /* the process, or the machine, may die soon after a start */
    unsigned dies_in;      /* so many syncs, the last of them a long one; 0: in none */
    uint64_t damaged, refused; /* how often they did, and was that noticed */
    bool forgetful; /* `data: none` */
    uint64_t turns;
    char why[160]; /* what went wrong with the host itself, "" */
};

void host_start(struct host *host, struct virtual *machine, struct trace *trace,
                const struct tokens *tokens, uint64_t seed, bool forgetful);
/* Closes the server, and throws its disk away. */
void host_stop(struct host *host);
ss_time host_due(const struct host *host);
/* Turns the server until it has nothing left to do now. */
void host_turn(struct host *host);

void host_drain(struct host *host, int grace_ms, ss_time rest);
/* The process dies, or the machine does: now, or (`calls` > 0) at that call to its disk. */
void host_kill(struct host *host, bool power, uint64_t calls, ss_time rest);
void host_reload(struct host *host, int variant);
/* Faults of the disk, until host_heal_disk. */
void host_fail_disk(struct host *host);
void host_fill_disk(struct host *host);
void host_heal_disk(struct host *host);

#endif
