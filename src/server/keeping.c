/* SPDX-License-Identifier: Apache-2.0 */
/* keeping.c - the journal behind a server: opened, played into the worlds, and handed to its
 * thread. */
#include "server/inside.h"

#include <stdio.h>

#include "base/status.h"

int keeping_open(struct ss_server *server, char *why, size_t why_size) {
    if (strcmp(server->config->data, "none") == 0) return SS_OK;
    struct journal_config wanted = journal_config_default();
    wanted.folder = server->config->data;
    wanted.memory = &server->memory;
    wanted.log = &server->log;
    wanted.checkpoint_bytes = server->config->journal.checkpoint_bytes;
    wanted.log_pages_max = server->config->journal.log_pages;
    wanted.ballast_bytes = server->config->journal.ballast_bytes;
    int status = journal_open(&server->journal, &wanted, why, why_size);
    if (status == SS_OK) server->node = journal_node(server->journal);
    return status;
}

static int replay(void *context, struct bytes world, struct bytes effects) {
    struct ss_server *server = context;
    return worker_replay(server->worker, world, effects, server->now);
}

static void wake(void *context) {
    struct ss_server *server = context;
    loop_wake(server->loop);
}

static void report(struct ss_server *server) {
    uint64_t cells = 0;
    for (uint32_t i = 0; i < worker_world_count(server->worker); i++) {
        struct world_stats stats;
        world_stats(worker_world(server->worker, i), &stats);
        cells += stats.cells;
    }
    log_line(&server->log, LOG_LEVEL_INFO, "%s: %llu cells in %u worlds, recovered in %lld ms",
             server->config->data, (unsigned long long)cells, worker_world_count(server->worker),
             (long long)time_ms(loop_now(server->loop) - server->now));
}

/* ---- groups that piled up ------------------------------------------------------------------ */

struct tidying {
    struct ss_server *server;
    ss_time told;
};

static void tell(void *context, const char *phase, uint64_t done, uint64_t total) {
    struct tidying *tidying = context;
    struct ss_server *server = tidying->server;
    ss_time now = loop_now(server->loop);
    if (now - tidying->told < SS_SECOND) return;
    tidying->told = now;
    log_line(&server->log, LOG_LEVEL_INFO, "%s: %s: %llu %%", server->config->data, phase,
             (unsigned long long)(100 * done / total));
}

/* A server that dies sooner than a checkpoint is through would start slower each time. A full disk
 * is no reason not to start. */
static int settle(struct ss_server *server) {
    struct tidying tidying = {.server = server, .told = loop_now(server->loop)};
    struct progress progress = {tell, &tidying};
    if (!journal_overdue(server->journal)) return SS_OK;
    log_line(&server->log, LOG_LEVEL_INFO,
             "%s: groups have piled up: they go into the tables before anything else",
             server->config->data);
    int status = journal_settle(server->journal, &progress);
    return status == SS_ERR_UNAVAILABLE ? SS_OK : status;
}

int keeping_recover(struct ss_server *server, char *why, size_t why_size) {
    if (!server->journal) return worker_begin(server->worker, NULL, NULL);
    int status = journal_recover(server->journal, replay, server, why, why_size);
    if (status != SS_OK) {
        if (status == SS_ERR_INVALID)
            snprintf(why, why_size,
                     "%s cannot be played: it holds cells of a category that the configuration no "
                     "longer declares (or declares with another scope); declare it again, or move "
                     "the folder away",
                     server->config->data);
        return status;
    }
    report(server);
    status = settle(server);
    if (status != SS_OK) {
        snprintf(why, why_size, "%s: %s", server->config->data, status_text(status));
        return status;
    }
    struct committer_config wanted = committer_config_default(server->journal);
    wanted.memory = &server->memory;
    wanted.log = &server->log;
    wanted.wake = wake;
    wanted.context = server;
    status = committer_start(&server->committer, &wanted);
    if (status != SS_OK) return status;
    struct reason broken = {""};
    status = worker_begin(server->worker, server->committer, &broken);
    if (status == SS_ERR_INVALID)
        snprintf(why, why_size, "%s: %s", server->config->data, broken.text);
    return status;
}

void keeping_close(struct ss_server *server) {
    if (server->committer && committer_stop(server->committer) != SS_OK)
        log_line(&server->log, LOG_LEVEL_ERROR,
                 "the journal could not be closed properly: what was acknowledged is kept");
    server->committer = NULL;
    journal_close(server->journal);
    server->journal = NULL;
}
