/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - the server under test: ours, a peer's, or one that runs already. */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "bench/options.h"
#include "bench/process.h"

struct target {
    const char *name; /* "statesync", "grpc-go", ... */
    pid_t pid;        /* 0: not ours to stop, and nothing is known of its processor time */
    char address[64];
    char folder[256]; /* of its data; empty: none */
};

/* Ours: options->server, or a child of this program with limits out of the way. False: `why`. */
bool target_open(struct target *target, const struct options *options, char *why, size_t why_size);
/* PEERS/PEER/serve PORT FOLDER (empty: keep nothing; how, says $PEER_DURABILITY), waited for until
 * it accepts (it may have to be built first: 3 minutes). */
bool target_open_peer(struct target *target, const struct options *options, char *why,
                      size_t why_size);
void target_close(struct target *target);

#endif
