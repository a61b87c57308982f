/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - the log of `serve` comes through a pipe: one line of it tells the port, the last one
 * tells why, if it ends. The configuration lies in memory (memfd), so there is nothing to clean up.
 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/list.h"
#include "base/status.h"
#include "cli/signals.h"

#define LISTENS "grpc listens on "

static void child_line(struct child *child) {
    child->line[child->length] = '\0';
    child->length = 0;
    memcpy(child->last, child->line, sizeof child->last);
    const char *found = strstr(child->line, LISTENS);
    if (found && !child->address[0])
        snprintf(child->address, sizeof child->address, "%s", found + strlen(LISTENS));
}

static void on_ready(struct watch *watch, unsigned ready, ss_time now) {
    (void)ready, (void)now;
    struct child *child = LIST_ENTRY(watch, struct child, watch);
    char bytes[1024];
    ssize_t size = read(watch->fd, bytes, sizeof bytes);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
        child->ended = true;
        loop_forget(child->loop, watch);
        close(watch->fd);
        watch->fd = -1;
        return;
    }
    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] == '\n')
            child_line(child);
        else if (child->length + 1 < sizeof child->line)
            child->line[child->length++] = bytes[i];
    }
}

/* In the child: becomes the server, or ends. */
static void become_server(int config, int log) {
    char file[64];
    snprintf(file, sizeof file, "/proc/self/fd/%d", config);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* no orphans */
    setpgid(0, 0);                    /* Ctrl-C is for the parent to see */
    if (dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0) _exit(127);
    char *const arguments[] = {"statesync",
                               "serve",
                               "--config",
                               file,
                               "--listen.grpc=127.0.0.1:0",
                               "--listen.udp=none",
                               "--listen.http=none",
                               "--data=none",
                               NULL};
    execv("/proc/self/exe", arguments);
    _exit(127);
}

static int child_failed(struct child *child, const char *what, char *why, size_t why_size) {
    snprintf(why, why_size, "cannot start a server: %s: %s", what, strerror(errno));
    if (child->config >= 0) close(child->config);
    child->config = -1;
    return SS_ERR_IO;
}

int child_start(struct child *child, struct loop *loop, const char *yaml, char *why,
                size_t why_size) {
    int ends[2];
    *child = (struct child){.watch.fd = -1, .loop = loop};
    child->config = memfd_create("statesync-demo", 0);
    if (child->config < 0 || write(child->config, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
        return child_failed(child, "configuration", why, why_size);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return child_failed(child, "pipe", why, why_size);
    pid_t pid = fork();
    if (pid == 0) become_server(child->config, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return child_failed(child, "fork", why, why_size);
    }
    child->pid = pid;
    child->watch.fd = ends[0];
    child->watch.events = LOOP_READ;
    child->watch.on_ready = on_ready;
    return loop_watch(loop, &child->watch);
}

bool child_ready(struct child *child, char *why, size_t why_size) {
    ss_time deadline = loop_now(child->loop) + 10 * SS_SECOND;
    while (!child->address[0] && !child->ended && !signals_end() &&
           loop_wait(child->loop, deadline) < deadline)
        continue;
    if (child->address[0]) return true;
    snprintf(why, why_size, "the server did not start: %.300s",
             child->last[0] ? child->last : "it said nothing");
    return false;
}

void child_ending(struct child *child, ss_time span) {
    ss_time deadline = loop_now(child->loop) + span;
    while (!child->ended && loop_wait(child->loop, deadline) < deadline)
        continue;
}

int child_stop(struct child *child) {
    int status = 0;
    if (child->pid > 0) {
        kill(child->pid, SIGTERM);
        for (int i = 0; waitpid(child->pid, &status, WNOHANG) == 0; i++) {
            if (i == 300) kill(child->pid, SIGKILL);
            usleep(10000);
        }
    }
    if (child->watch.fd >= 0) {
        loop_forget(child->loop, &child->watch);
        close(child->watch.fd);
    }
    if (child->config >= 0) close(child->config);
    child->pid = 0;
    child->watch.fd = child->config = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
