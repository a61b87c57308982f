/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/target.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/status.h"
#include "net/socket.h"

#define START_MAX ((int64_t)180 * 1000000000)

/* Every limit that a bench would run into; the category `cas` is what Redis is: in memory, and the
 * late one loses. */
static const char *const settings[] = {
    "serve",
    "--listen.udp=none",
    "--listen.http=none",
    "--log.level=warn",
    "--limits.updates_per_second=10000000",
    "--limits.burst=10000000",
    "--limits.streams_per_connection=10000",
    "--limits.connections_per_player=1000000",
    "--categories.default.strategy=last_write_wins",
    "--categories.cas.strategy=keep_old",
};

enum { SETTINGS = sizeof settings / sizeof *settings };

static bool accepts(const char *address) {
    char why[128];
    int fd = socket_connect(address, why, sizeof why);
    if (fd < 0) return false;
    usleep(20000);
    bool fine = socket_connected(fd, why, sizeof why) == SS_OK;
    socket_close(fd);
    return fine;
}

/* The last line of what the server said. */
static void last_words(int words, const char *program, char *why, size_t why_size) {
    char text[1024];
    off_t end = lseek(words, 0, SEEK_END);
    off_t from = end > (off_t)sizeof text ? end - (off_t)sizeof text : 0;
    ssize_t size = pread(words, text, sizeof text - 1, from);
    while (size > 0 && text[size - 1] == '\n')
        size--;
    text[size > 0 ? size : 0] = '\0';
    const char *line = strrchr(text, '\n');
    snprintf(why, why_size, "%s did not start: %s", program, line ? line + 1 : text);
}

/* Starts `arguments` and waits for its port. */
static bool target_start(struct target *target, char *const arguments[], int core, char *why,
                         size_t why_size) {
    int64_t end = clock_ns() + START_MAX;
    bool fine = false;
    int words = memfd_create("words", MFD_CLOEXEC);
    target->pid = words < 0 ? -1 : process_start(arguments, core, words);
    while (target->pid > 0 && !fine && process_running(target->pid) && clock_ns() < end) {
        fine = accepts(target->address);
        if (!fine) usleep(50000);
    }
    if (!fine) last_words(words, arguments[0], why, why_size);
    if (!fine) target_close(target);
    if (words >= 0) close(words);
    return fine;
}

/* A folder for what a server keeps, gone with the server; none where nothing is kept. */
static bool folder_make(struct target *target, const struct options *options, char *why,
                        size_t why_size) {
    if (strcmp(options->durability, "memory") == 0) return true;
    snprintf(target->folder, sizeof target->folder, "%s/statesync-bench-XXXXXX", options->folder);
    if (mkdtemp(target->folder)) return true;
    snprintf(why, why_size, "cannot make %s", target->folder);
    target->folder[0] = '\0';
    return false;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place) {
    (void)stat, (void)kind, (void)place;
    return remove(path);
}

bool target_open(struct target *target, const struct options *options, char *why, size_t why_size) {
    *target = (struct target){.name = "statesync"};
    if (options->server) {
        snprintf(target->address, sizeof target->address, "%s", options->server);
        return true;
    }
    char self[] = "/proc/self/exe", listen[80], data[sizeof target->folder + 16], durability[80];
    char *arguments[SETTINGS + OPTIONS_SETTINGS_MAX + 5] = {self};
    size_t count = 1;
    if (!folder_make(target, options, why, why_size)) return false;
    snprintf(data, sizeof data, "--data=%s", target->folder[0] ? target->folder : "none");
    snprintf(durability, sizeof durability, "--categories.cas.durability=%s", options->durability);
    snprintf(target->address, sizeof target->address, "127.0.0.1:%u", port_free());
    snprintf(listen, sizeof listen, "--listen.grpc=%s", target->address);
    for (size_t i = 0; i < SETTINGS; i++)
        arguments[count++] = (char *)(uintptr_t)settings[i];
    arguments[count++] = listen;
    arguments[count++] = data;
    arguments[count++] = durability;
    for (size_t i = 0; i < options->setting_count; i++)
        arguments[count++] = (char *)(uintptr_t)options->settings[i];
    return target_start(target, arguments, options->server_core, why, why_size);
}

bool target_open_peer(struct target *target, const struct options *options, char *why,
                      size_t why_size) {
    char script[512], port[16];
    unsigned number = port_free();
    *target = (struct target){.name = options->peer};
    snprintf(script, sizeof script, "%s/%s/serve", options->peers, options->peer);
    snprintf(port, sizeof port, "%u", number);
    snprintf(target->address, sizeof target->address, "127.0.0.1:%u", number);
    char *arguments[] = {script, port, target->folder, NULL};
    if (!folder_make(target, options, why, why_size)) return false;
    setenv("PEER_DURABILITY", options->durability, 1);
    return target_start(target, arguments, options->server_core, why, why_size);
}

void target_close(struct target *target) {
    process_stop(target->pid);
    target->pid = 0;
    if (target->folder[0]) nftw(target->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    target->folder[0] = '\0';
}
