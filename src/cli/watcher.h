/* SPDX-License-Identifier: Apache-2.0 */
/* watcher.h - the ninth client of the demo: mirrors every cell and decides parked conflicts. */
#ifndef CLI_WATCHER_H
#define CLI_WATCHER_H

#include "cli/match.h"

/* Connects and subscribes to everything. SS_OK, or a status with `why`. */
int watcher_open(struct match *match, const char *address, char *why, size_t why_size);
/* Asks its next question: what is parked, or the decision that it has come to. Due at
 * match->ask_due. */
void watcher_ask(struct match *match, ss_time now);

#endif
