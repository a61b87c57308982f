/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_check.h"

#include <stdio.h>

#include "base/status.h"
#include "net/socket.h"
#include "server/config_setting.h"

/* ---- contradictions ------------------------------------------------------------------------ */

static int check_tls(struct reading *reading, const struct config *config) {
    if (config->tls_key && !config->tls_cert)
        return reading_refuse(reading, settings_node(reading, "tls.key"),
                              "tls.key without tls.cert; give both, or neither for no TLS");
    if (config->tls_cert && !config->tls_key)
        return reading_refuse(reading, settings_node(reading, "tls.cert"),
                              "tls.cert without tls.key; give both, or neither for no TLS");
    if (config->tls_client_ca && !config->tls_cert)
        return reading_refuse(
            reading, settings_node(reading, "tls.client_ca"),
            "tls.client_ca without tls.cert and tls.key; client certificates need TLS");
    return SS_OK;
}

static bool any_port(const char *address) {
    uint64_t port;
    const char *colon = strrchr(address, ':');
    return colon && value_number(colon + 1, &port) && port == 0;
}

/* UDP has ports of its own; the other two would take each other's. */
static int check_doors(struct reading *reading, const struct config *config) {
    if (config->listen_grpc && config->listen_http && !any_port(config->listen_grpc) &&
        strcmp(config->listen_grpc, config->listen_http) == 0)
        return reading_refuse(
            reading, settings_node(reading, "listen.http"),
            "listen.grpc and listen.http are both %s; give one of them another port",
            config->listen_http);
    bool shut = !config->listen_grpc && !config->listen_http;
    if (shut || config->auth_jwt_keys || config->tls_client_ca ||
        config->anonymous != ANONYMOUS_NEVER)
        return SS_OK;
    return reading_refuse(
        reading, settings_node(reading, "auth.anonymous"),
        "auth.anonymous never, without auth.jwt_keys or tls.client_ca: nobody could "
        "come in; give one of them");
}

static int check_sizes(struct reading *reading, const struct config *config) {
    if (config->world_count > config->limits.worlds)
        return reading_refuse(reading, settings_node(reading, "worlds.names"),
                              "%zu worlds are named but limits.worlds is %u; raise it",
                              config->world_count, config->limits.worlds);
    if (config->limits.state_bytes <= config->limits.request_bytes) return SS_OK;
    const struct node *state = settings_node(reading, "limits.state_bytes");
    return reading_refuse(
        reading, state ? state : settings_node(reading, "limits.request_bytes"),
        "limits.state_bytes (%u) fits in no request; raise limits.request_bytes (%u) "
        "or lower it",
        config->limits.state_bytes, config->limits.request_bytes);
}

int config_check(struct reading *reading, const struct config *config) {
    int status = check_tls(reading, config);
    if (status == SS_OK) status = check_doors(reading, config);
    if (status == SS_OK) status = check_sizes(reading, config);
    return status;
}

/* ---- notices ------------------------------------------------------------------------------- */

static void notice_doors(const struct reading *reading, const struct config *config) {
    if (!config->listen_grpc && !config->listen_http)
        log_line(reading->log, LOG_LEVEL_WARN,
                 "listen: no door is open, only this process reaches the worlds");
    if (!config->listen_grpc || address_is_loopback(config->listen_grpc)) return;
    if (!config->auth_jwt_keys && !config->tls_client_ca)
        log_line(reading->log, LOG_LEVEL_WARN,
                 "listen.grpc %s: other machines will be refused, because there is neither "
                 "auth.jwt_keys nor tls.client_ca (anonymous is for loopback only)",
                 config->listen_grpc);
    if (!config->tls_cert)
        log_line(
            reading->log, LOG_LEVEL_WARN,
            "listen.grpc %s WITHOUT TLS: tokens and states cross the network in clear, anybody "
            "on the way can read and reuse them; give tls.cert and tls.key",
            config->listen_grpc);
}

static bool any_sync(const struct config *config) {
    bool sync = config->fallback && config->fallback->durability == DURABILITY_SYNC;
    for (size_t i = 0; i < config->category_count; i++)
        sync |= config->categories[i].durability == DURABILITY_SYNC;
    return sync;
}

static bool any_audit(const struct config *config) {
    bool audit = false;
    for (size_t i = 0; i <= config->category_count; i++)
        audit |= config->audit_days[i] > 0;
    return audit;
}

static bool any_replicated(const struct reading *reading) {
    const struct node *map = node_child(reading->root, "categories");
    for (const struct node *node = map ? map->first : NULL; node; node = node->next) {
        const struct node *durability = node_child(node, "durability");
        if (durability && strcmp(durability->text, "replicated") == 0) return true;
    }
    return false;
}

/* What a key asks for and nobody does yet. */
static void notice_unbuilt(const struct reading *reading, const struct config *config) {
    static const struct {
        const char *path, *line;
    } unbuilt[] = {
        {"listen.udp", "listen.udp: datagrams are not built yet, this door stays closed"},
        {"advertise.udp", "advertise.udp: datagrams are not built yet, nothing is advertised"},
    };
    for (size_t i = 0; i < sizeof unbuilt / sizeof *unbuilt; i++) {
        const struct node *node = settings_node(reading, unbuilt[i].path);
        if (node && node->kind == NODE_TEXT && strcmp(node->text, "none") != 0)
            log_line(reading->log, LOG_LEVEL_WARN, "%s", unbuilt[i].line);
    }
    if (any_replicated(reading))
        log_line(reading->log, LOG_LEVEL_WARN,
                 "durability: replicated is not built yet, it is taken as sync");
    if (any_sync(config) && strcmp(config->data, "none") == 0)
        log_line(reading->log, LOG_LEVEL_WARN,
                 "data: none keeps nothing, also of categories with durability sync");
    if (any_audit(config))
        log_line(reading->log, LOG_LEVEL_WARN,
                 "audit: is not built yet, history ends with the process");
}

void config_notices(const struct reading *reading, const struct config *config) {
    notice_doors(reading, config);
    notice_unbuilt(reading, config);
}

/* ---- reloading ----------------------------------------------------------------------------- */

static size_t differing_settings(const struct config *running, const struct config *wanted,
                                 const struct log_sink *log) {
    size_t differences = 0;
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        char before[256], after[256];
        if (row->shown.reloadable) continue;
        if (setting_same(row, running, wanted)) continue;
        setting_print(row, running, before, sizeof before);
        setting_print(row, wanted, after, sizeof after);
        log_line(log, LOG_LEVEL_WARN, "%s: %s -> %s needs a restart; %s stays", row->shown.path,
                 before, after, before);
        differences++;
    }
    return differences;
}

static const struct category *find_category(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->category_count; i++)
        if (strcmp(config->categories[i].name, name) == 0) return &config->categories[i];
    return NULL;
}

static size_t differing_category(const struct category *running, const struct category *wanted,
                                 const struct log_sink *log) {
    const char *what = !wanted                             ? "is gone"
                       : running->scope != wanted->scope   ? "has another scope"
                       : running->format != wanted->format ? "has another format"
                                                           : NULL;
    if (!what) return 0;
    log_line(log, LOG_LEVEL_WARN, "categories.%s: %s, which needs a restart", running->name, what);
    return 1;
}

size_t config_differences(const struct config *running, const struct config *wanted,
                          const struct log_sink *log) {
    size_t differences = differing_settings(running, wanted, log);
    for (size_t i = 0; i < running->category_count; i++) {
        const struct category *category = &running->categories[i];
        differences += differing_category(category, find_category(wanted, category->name), log);
    }
    if (running->fallback)
        differences += differing_category(running->fallback, wanted->fallback, log);
    return differences;
}
