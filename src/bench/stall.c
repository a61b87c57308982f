/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stall.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "bench/process.h"

/* All requests due until `asked` were sent, all until `answered` were answered. */
struct echo {
    alignas(64) _Atomic int64_t asked;
    alignas(64) _Atomic int64_t answered;
    alignas(64) atomic_bool over;
    int core;
};

static void *answer(void *context) {
    struct echo *echo = context;
    process_pin(echo->core);
    while (!echo->over)
        echo->answered = echo->asked;
    return NULL;
}

static void ask(struct echo *echo, struct latency *latency, double seconds) {
    int64_t due = clock_ns(), end = due + (int64_t)(seconds * 1e9);
    while (due < end) {
        echo->asked = clock_ns();
        int64_t answered = echo->answered;
        if (answered < due) continue;
        for (int64_t now = clock_ns(); due <= answered; due += 1000)
            latency_add(latency, (uint64_t)(now - due));
    }
}

void stall_measure(struct latency *latency, int server_core, double seconds) {
    struct echo echo = {.core = server_core};
    pthread_t server;
    if (pthread_create(&server, NULL, answer, &echo) != 0) return;
    ask(&echo, latency, seconds);
    echo.over = true;
    pthread_join(server, NULL);
}
