/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see proc(5) for the fields of /proc/PID/stat. */
#include "bench/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool process_pin(int core) {
    cpu_set_t set;
    if (core < 0) return true;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

pid_t process_start(char *const arguments[], int core, int words) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(words, STDOUT_FILENO) < 0 ||
        dup2(words, STDERR_FILENO) < 0)
        _exit(127);
    process_pin(core);
    execv(arguments[0], arguments);
    _exit(127);
}

bool process_running(pid_t pid) {
    return waitpid(pid, NULL, WNOHANG) == 0;
}

void process_stop(pid_t pid) {
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    for (int i = 0; process_running(pid); i++) {
        if (i == 300) kill(pid, SIGKILL);
        usleep(10000);
    }
}

uint64_t process_cpu_us(pid_t pid) {
    char path[64], text[1024];
    unsigned long long user = 0, kernel = 0;
    if (pid <= 0) return 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *after_name = strrchr(text, ')');
    if (!after_name || sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                              &user, &kernel) != 2)
        return 0;
    return (uint64_t)(user + kernel) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t us_of(struct timeval at) {
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_usec;
}

uint64_t process_own_cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return us_of(usage.ru_utime) + us_of(usage.ru_stime);
}

uint64_t process_own_resident(void) {
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    int fields = fscanf(file, "%llu %llu", &total, &resident);
    fclose(file);
    return fields == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

int64_t clock_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

unsigned port_free(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool fine = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0) close(fd);
    return fine ? ntohs(address.sin_port) : 0;
}
