/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - a signal handler can reach nothing but static storage, so this is the one place that
 * has some. */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t ends, reloads, hangups_end;
static void (*volatile wake_function)(void *context);
static void *volatile wake_context;

static void on_signal(int number) {
    int saved = errno;
    if (number == SIGHUP && !hangups_end)
        reloads = reloads + 1;
    else
        ends = ends + 1;
    if (wake_function) wake_function(wake_context);
    errno = saved;
}

void signals_catch(bool hangup_ends, void (*wake)(void *context), void *context) {
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    hangups_end = hangup_ends;
    wake_context = context;
    wake_function = wake;
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int signals_end(void) {
    return ends;
}

bool signals_reload(void) {
    if (reloads == 0) return false;
    reloads = 0;
    return true;
}

void signals_forget(void) {
    wake_function = NULL;
}
