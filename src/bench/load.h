/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - a load generator: many lanes on few connections, in a closed or an open loop.
 *
 * A lane is one player with cells of its own and a window of operations in flight: a gRPC stream, a
 * place for one unary call at a time, or a Redis connection. Each operation names the version that
 * the lane's last answer for that cell gave.
 *
 *   closed loop   an answer makes room for the next operation; latency is counted from the sending.
 *                 A slow server is asked less, so these percentiles flatter it: for throughput.
 *   open loop     operation n is due at start + n / rate whatever the server does; latency is
 *                 counted from when it was due, so that a stall counts for all whom it delays.
 *                 The generator spins, and tells how late it was itself. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "bench/latency.h"

enum load_kind { LOAD_UNARY, LOAD_STREAM, LOAD_REDIS };

struct load_config {
    enum load_kind kind;
    const char *address;
    const char *category;
    struct bytes hello; /* Redis: the library to load */
    pid_t server;       /* whose processor time is counted; 0: unknown */
    unsigned connections;
    unsigned lanes, depth; /* in all; operations in flight of each */
    unsigned per_write;    /* messages handed to a stream at once */
    unsigned per_frame;    /* of them in one DATA frame */
    unsigned cells;        /* of each lane */
    unsigned state_bytes;
    bool brief;  /* answers need not carry the state */
    bool spin;   /* never sleep */
    double rate; /* operations a second; 0: closed loop */
    double warmup, seconds;
};

struct load_result {
    double seconds;
    uint64_t answers;    /* within `seconds` */
    uint64_t refused;    /* of them, those that were no success */
    uint64_t unanswered; /* open loop: due in time, without an answer 5 s after the end */
    uint64_t server_cpu_us, load_cpu_us;
    uint64_t bytes_in, bytes_out;
    struct latency latency; /* closed loop: of `answers`; open loop: of all that were due */
    struct latency delay;   /* open loop: from due to handed to the socket, where a lane had room */
};

/* SS_OK, SS_ERR_NOMEM, or SS_ERR_UNAVAILABLE and SS_ERR_IO with a sentence in `why`. */
int load_run(const struct load_config *config, struct load_result *result, char *why,
             size_t why_size);

#endif
