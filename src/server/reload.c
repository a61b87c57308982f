/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c - reading the configuration again while running.
 *
 * Everything that can fail is made first; only then is anything exchanged, so a bad file changes
 * nothing. */
#include "server/inside.h"

#include <stdio.h>

#include "base/status.h"

/* What a reload makes anew. */
struct renewal {
    struct config *config;
    const struct category **policies;
    struct auth *auth;
    struct tls_context *tls;
    struct dictionaries *dictionaries;
};

static void renewal_free(ss_server *server, struct renewal *renewal) {
    const struct memory *memory = &server->memory;
    dictionaries_close(renewal->dictionaries);
    tls_context_destroy(renewal->tls);
    auth_destroy(renewal->auth);
    if (renewal->policies)
        memory_free(memory, renewal->policies,
                    (renewal->config->category_count + 1) * sizeof *renewal->policies);
    config_free(renewal->config);
}

static int renewal_make(ss_server *server, struct renewal *renewal) {
    char *why = server->error;
    size_t size = sizeof server->error;
    int status = SS_OK;
    renewal->config = server_read_config(server, &status, why, size);
    if (status != SS_OK) return status;
    status = server_policies(&server->memory, renewal->config, &renewal->policies);
    if (status != SS_OK) return status;
    status = server_open_auth(server, renewal->config, &renewal->auth, why, size);
    if (status != SS_OK) return status;
    status = server_open_tls(server, renewal->config, &renewal->tls, why, size);
    if (status != SS_OK) return status;
    status = dictionaries_open(&renewal->dictionaries, &server->memory, renewal->config, why, size);
    if (status != SS_OK) return status;
    struct reason reason = {""};
    status = worker_reconfigure(server->worker, renewal->policies, renewal->config->category_count,
                                renewal->config->fallback, &reason);
    if (status != SS_OK) snprintf(why, size, "%s", reason.text);
    return status;
}

ss_status ss_server_reload(ss_server *server) {
    struct renewal fresh = {0};
    server->error[0] = 0;
    int status = renewal_make(server, &fresh);
    if (status != SS_OK) {
        renewal_free(server, &fresh);
        if (!server->error[0])
            snprintf(server->error, sizeof server->error, "%s", status_text(status));
        log_line(&server->log, LOG_LEVEL_ERROR, "reload refused, nothing changed: %s",
                 server->error);
        return (ss_status)status;
    }
    size_t fixed = config_differences(server->config, fresh.config, &server->log);
    struct renewal old = {server->config, server->policies, server->auth, server->tls,
                          server->dictionaries};
    server->config = fresh.config;
    server->policies = fresh.policies;
    server->policy_count = fresh.config->category_count;
    server->auth = fresh.auth;
    server->tls = fresh.tls;
    server->dictionaries = fresh.dictionaries;
    worker_dictionaries(server->worker, server->dictionaries);
    renewal_free(server, &old);
    struct limiter_config limits = server_limits(server->config);
    limiter_configure(server->limiter, &limits);
    server->log.least = server_log_least(server->config->log_level);
    status = server_open_worlds(server, server->config, server->error, sizeof server->error);
    log_line(&server->log, LOG_LEVEL_INFO,
             "configuration reloaded; %zu settings wait for a restart", fixed);
    return (ss_status)status;
}
