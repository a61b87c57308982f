/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what a benchmark is asked to do: one struct, filled by its defaults and then by
 * flags. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_SETTINGS_MAX 32

struct options {
    const char *server; /* "host:port"; NULL: a server of our own is started */
    const char *peer;   /* NULL, or a folder of `peers`: measured in the same rounds */
    const char *peers;
    const char *category;
    const char *durability; /* of what is written: memory, async or sync */
    const char *folder;     /* on whose disk data is kept, if any is */
    unsigned rounds;
    double seconds, warmup;
    double rate;          /* operations a second by the clock; 0: closed loop */
    double load;          /* open loop at this part of what a closed loop reached; 0: not */
    unsigned connections; /* 0: as many as lanes */
    unsigned streams;     /* 0: so many that each has one write in flight */
    unsigned inflight;    /* in all */
    unsigned per_write;   /* messages handed to a stream at once */
    unsigned per_frame;   /* of them in one DATA frame; 0: all */
    unsigned state_bytes;
    unsigned cells;             /* of a lane; of the world */
    unsigned history;           /* versions kept */
    unsigned groups;            /* committed in a round; to recover */
    unsigned effects;           /* of a group */
    int server_core, load_core; /* -1: not pinned */
    bool spin;                  /* the load never sleeps */
    bool json;
    const char *settings[OPTIONS_SETTINGS_MAX + 1]; /* "--limits...=...", for our server */
    size_t setting_count;
};

/* Reads arguments[1..] over the defaults that stand in `options`. Unknown words with a dot
 * ("--limits.burst=1") are settings of the server. False when all is said and *code is the exit
 * code. */
bool options_parse(struct options *options, int count, char **arguments, int *code);
void options_help(FILE *out);

#endif
