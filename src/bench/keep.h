/* SPDX-License-Identifier: Apache-2.0 */
/* keep.h - a journal in a folder of its own, and somebody who writes random groups into it.
 *
 * An effect is one write of a state of random letters to one of `cells` cells, ten for each player,
 * so about 55 bytes longer than the state. */
#ifndef BENCH_KEEP_H
#define BENCH_KEEP_H

#include "base/random.h"
#include "bench/options.h"
#include "journal/journal.h"

struct keep {
    struct journal_config config;
    struct journal *journal;
    const struct options *options;
    char folder[256];
    bool made; /* the folder: it goes with the journal */
    uint32_t *versions;
    struct random random;
    uint64_t seq;
    struct buffer group, effects;
    char why[512];
};

/* Makes a folder on the disk that the options name, and an empty journal in it. False:
 * keep->why says why not. keep_close in any case. */
bool keep_open(struct keep *keep, const struct options *options);
/* Opens it again after journal_close. */
bool keep_reopen(struct keep *keep);
void keep_close(struct keep *keep);

/* A group of that many effects, in keep->group, for journal_commit: to random cells. */
bool keep_draw(struct keep *keep, unsigned effects);
bool keep_commit(struct keep *keep);
/* Every cell once, all of them in the table of cells at the end. */
bool keep_fill(struct keep *keep);

/* What this process gave to block devices so far; 0 where the system does not say. */
uint64_t keep_device_bytes(void);
/* Says why->why as the reason of a failure; the exit code. */
int keep_failed(const struct keep *keep);

#endif
