/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host.h"

#include <stdio.h>

#include "base/status.h"

enum { TURNS_MAX = 10000 };
#define DRAIN_SLACK (5 * SS_SECOND)

static void on_log(void *context, int level, const char *line) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    const struct host *host = context;
    trace_remark(host->trace, host->machine->now, "server %s: %s", names[level], line);
}

static void host_open(struct host *host) {
    static const char *const settings[] = {"listen.http=none", "listen.udp=none", NULL};
    ss_server_config config = ss_server_config_default();
    config.file = host->tokens->config;
    config.settings = settings;
    config.ignore_environment = true;
    config.on_log = on_log;
    config.context = host;
    config.resize = meter_resize;
    config.resize_context = &host->meter;
    /* A machine that boots asks for the time; only a running server sees it jump. */
    host->machine->wall_offset = 0;
    ss_status status = ss_server_open(&host->server, &config);
    trace_line(host->trace, host->machine->now, "server opens: %d", status);
    if (status == SS_OK) {
        host->state = HOST_UP;
        host->lives++;
        host->epoch++;
    } else if (status == SS_ERR_NOMEM) {
        host->up_at = host->machine->now + 50 * SS_MILLISECOND; /* the operator tries again */
    } else {
        snprintf(host->why, sizeof host->why, "the server does not open: %.120s", config.error);
        host->up_at = SS_NEVER;
    }
}

void host_start(struct host *host, struct virtual *machine, struct trace *trace,
                const struct tokens *tokens, uint64_t seed) {
    *host = (struct host){.machine = machine,
                          .trace = trace,
                          .tokens = tokens,
                          .meter.random.state = hash_mix(seed ^ 0x6d6d),
                          .disk.random.state = hash_mix(seed ^ 0x6469736b),
                          .up_at = SS_NEVER};
    host_open(host);
}

/* Everything that the server took it must have given back. */
static bool host_close(struct host *host) {
    ss_server_close(host->server);
    host->server = NULL;
    host->state = HOST_DOWN;
    if (host->meter.live == 0 && host->meter.blocks == 0 && !host->meter.wrong) return true;
    if (!host->why[0])
        snprintf(host->why, sizeof host->why, "the server kept %zu bytes in %zu blocks%s",
                 host->meter.live, host->meter.blocks,
                 host->meter.wrong ? ", and gave one back with a wrong size" : "");
    return false;
}

bool host_stop(struct host *host) {
    if (host->state == HOST_DOWN) return true;
    host->meter.fail_one_in = 0;
    return host_close(host);
}

ss_time host_due(const struct host *host) {
    if (host->state == HOST_DOWN) return host->up_at;
    ss_time due = virtual_loop_due(virtual_loop(host->machine, ss_server_fd(host->server)));
    return time_max(due, host->stalled_until);
}

static void host_down(struct host *host, const char *how) {
    host->epoch++;
    trace_line(host->trace, host->machine->now, "server %s", how);
    host_close(host);
}

bool host_turn(struct host *host) {
    struct virtual *machine = host->machine;
    if (host->state == HOST_DOWN) {
        host_open(host);
        return false;
    }
    struct loop *loop = virtual_loop(machine, ss_server_fd(host->server));
    for (unsigned turns = 0;; turns++) {
        ss_status status = ss_server_poll(host->server, -1);
        host->turns++;
        if (host->state == HOST_DRAINING && status == SS_ERR_CLOSED) {
            host_down(host, "has drained");
            host->up_at = machine->now + host->rest;
            return true;
        }
        if (virtual_loop_idle(loop)) break;
        if (turns > TURNS_MAX) {
            snprintf(host->why, sizeof host->why, "the server never comes to rest");
            break;
        }
    }
    if (host->state == HOST_DRAINING && machine->now > host->closes_by && !host->why[0])
        snprintf(host->why, sizeof host->why, "a drain takes longer than it was given");
    return false;
}

void host_drain(struct host *host, int grace_ms, ss_time rest) {
    if (host->state != HOST_UP) return;
    trace_line(host->trace, host->machine->now, "server drains for %d ms", grace_ms);
    host->state = HOST_DRAINING;
    host->closes_by = host->machine->now + grace_ms * SS_MILLISECOND + DRAIN_SLACK;
    host->rest = rest;
    ss_server_drain(host->server, grace_ms);
}

void host_crash(struct host *host, ss_time rest) {
    if (host->state == HOST_DOWN) return;
    virtual_cut(host->machine, 0);
    disk_cut(&host->disk);
    host->up_at = host->machine->now + rest;
    host_down(host, "crashes");
}

void host_reload(struct host *host, int variant) {
    if (host->state != HOST_UP) return;
    tokens_configure(host->tokens, variant);
    ss_status status = ss_server_reload(host->server);
    trace_line(host->trace, host->machine->now, "server reloads variant %d: %d", variant, status);
    if (variant < 0 && status == SS_OK)
        snprintf(host->why, sizeof host->why, "a bad configuration was taken");
    if (variant >= 0 && status != SS_OK && status != SS_ERR_NOMEM)
        snprintf(host->why, sizeof host->why, "a good configuration was refused");
    tokens_configure(host->tokens, 0);
}
