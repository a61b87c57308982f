/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - the event log of a run: one hash over everything that happened, and with `out` also a
 * line for each. Two runs of a seed are the same run exactly when their hashes are equal. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/time.h"

struct trace {
    uint64_t hash, events;
    FILE *out; /* NULL: silent */
};

/* `who` did `what` at `now`; numbers and bytes as the event has them. */
void trace_event(struct trace *trace, ss_time now, unsigned who, const char *what, uint64_t a,
                 uint64_t b, struct bytes bytes);
/* A line for people; its text is hashed too. */
void trace_line(struct trace *trace, ss_time now, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For readers only: not part of the hash. */
void trace_remark(struct trace *trace, ss_time now, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
