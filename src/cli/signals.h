/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - SIGINT, SIGTERM and SIGHUP as things to ask about between two turns of a loop. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/* From now on they are counted instead of deadly, and `wake(context)` (NULL: nothing; must be safe
 * inside a signal handler) is called for each. SIGPIPE is ignored. */
void signals_catch(bool hangup_ends, void (*wake)(void *context), void *context);
/* How often the end was asked for: SIGINT and SIGTERM, and SIGHUP where it means the end (the
 * terminal is gone) and not a reload. */
int signals_end(void);
/* True once per SIGHUP. */
bool signals_reload(void);
/* Before `context` dies. */
void signals_forget(void);

#endif
