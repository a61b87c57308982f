/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - what may go wrong in a simulation, by name. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "name", what it does) */
#define FAULT_LIST(X)                                                                              \
    X(DELAY, "delay", "long delays and jitter; connections overtake each other")                   \
    X(SPLIT, "split", "reads and writes move any number of bytes")                                 \
    X(NARROW, "narrow", "socket buffers of a few hundred bytes to a few KiB")                      \
    X(CUT, "cut", "connections are reset, also in the middle of a message")                        \
    X(PARTITION, "partition", "for a while a client's bytes do not arrive")                        \
    X(LEAVE, "leave", "clients vanish without goodbye and come back")                              \
    X(PAUSE, "pause", "clients stop reading for seconds")                                          \
    X(GARBAGE, "garbage", "peers that speak no protocol, or half of one")                          \
    X(BURST, "burst", "more updates at once than the rate limit allows")                           \
    X(FORGE, "forge", "clocks, versions, ids, players and categories that are made up")            \
    X(REPEAT, "repeat", "the same update again under its idempotency key")                         \
    X(CANCEL, "cancel", "calls are cancelled while they run")                                      \
    X(MEMORY, "memory", "the server's allocations fail now and then")                              \
    X(ACCEPT, "accept", "descriptors run out when a connection is accepted")                       \
    X(CLOCK, "clock", "the wall clock jumps by up to a day")                                       \
    X(STALL, "stall", "the server's thread stands still for a while")                              \
    X(RELOAD, "reload", "the configuration is read again, good or bad")                            \
    X(RESTART, "restart", "the server drains and starts again")                                    \
    X(KILL, "kill", "the server's process dies, also between two calls to its disk")               \
    X(POWER, "power", "the machine dies: what was not synced is lost, torn, or there")             \
    X(FULL, "full", "the disk is full for a while")                                                \
    X(EIO, "eio", "calls to the disk fail, also syncs")                                            \
    X(FLIP, "flip", "bits of the disk flip while the server is down")

enum fault {
#define FAULT_ENUM(name, text, what) FAULT_##name,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

typedef uint32_t fault_set; /* a bit per fault */

#define FAULTS_ALL ((fault_set)((1u << FAULT_COUNT) - 1))

static inline bool fault_in(fault_set set, enum fault fault) {
    return (set >> fault & 1) != 0;
}

/* "all", "none" or names with commas; a name with '-' before it is taken out. False: unknown. */
bool fault_parse(const char *text, fault_set *set);
/* The shortest text that fault_parse reads back. */
void fault_print(fault_set set, char *out, size_t size);
const char *fault_name(enum fault fault);
const char *fault_help(enum fault fault);

#endif
