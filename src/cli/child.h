/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - a server of our own: this very program as a child process, on a free port of this
 * machine, with nothing on disk. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <sys/types.h>

#include "net/loop.h"
#include "net/socket.h"

struct child {
    struct watch watch; /* its log */
    struct loop *loop;
    pid_t pid;                  /* 0: none */
    int config;                 /* a file without a name that holds its configuration */
    char address[ADDRESS_TEXT]; /* "" until it listens */
    char line[512], last[512];  /* of its log: being read, the newest whole one */
    size_t length;
    bool ended; /* its log is closed: it is over, or about to be */
};

/* Starts it with the configuration `yaml`. SS_OK, SS_ERR_IO with a sentence in `why`. */
int child_start(struct child *child, struct loop *loop, const char *yaml, char *why,
                size_t why_size);
/* Turns the loop until it listens; false when it ended or needed over 10 s, with `why`. */
bool child_ready(struct child *child, char *why, size_t why_size);
/* Something broke: waits at most `span` to learn whether it was the child's end (`ended`). */
void child_ending(struct child *child, ss_time span);
/* Asks it to end, waits for it (at most 3 s, then it is killed). Its exit code, or -1. */
int child_stop(struct child *child);

#endif
