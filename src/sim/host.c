/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

enum { TURNS_MAX = 10000 };
#define DRAIN_SLACK (5 * SS_SECOND)
#define LAST_SYNC   150000          /* us: long enough for players to come back and write */
#define ILL_SLACK   (2 * SS_SECOND) /* by then the committer has tried again */

static void complain(struct host *host, const char *what, const char *detail) {
    if (!host->why[0]) snprintf(host->why, sizeof host->why, "%s%.120s", what, detail);
}

static void on_log(void *context, int level, const char *line) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    const struct host *host = context;
    trace_remark(host->trace, host->machine->now, "server %s: %s", names[level], line);
}

/* Most syncs take what this disk usually takes, some much longer. */
static void on_sync(void *context) {
    struct host *host = context;
    uint64_t usual = (uint64_t)host->sync_delay;
    bool last = host->dies_in == 1;
    if (host->dies_in) host->dies_in--;
    if (random_below(&host->luck, 50) == 0) usual *= 20;
    if (last) usual = LAST_SYNC;
    virtual_thread_sleep(host->machine, 1 + (ss_time)random_below(&host->luck, 2 * usual));
    if (last) disk_off(host->disk);
}

/* ---- opening ------------------------------------------------------------------------------- */

static ss_status try_open(struct host *host, char *why, size_t size) {
    static const char *const settings[] = {"listen.http=none", "listen.udp=none",
                                           "data=" DISK_FOLDER, NULL};
    static const char *const forgetful[] = {"listen.http=none", "listen.udp=none", "data=none",
                                            NULL};
    ss_server_config config = ss_server_config_default();
    config.file = host->tokens->config;
    config.settings = host->forgetful ? forgetful : settings;
    config.ignore_environment = true;
    config.on_log = on_log;
    config.context = host;
    config.resize = meter_resize;
    config.resize_context = &host->meter;
    ss_status status = ss_server_open(&host->server, &config);
    trace_line(host->trace, host->machine->now, "server opens: %d", status);
    if (status != SS_OK) trace_remark(host->trace, host->machine->now, "because %s", config.error);
    snprintf(why, size, "%s", config.error);
    return status;
}

/* Everything that the server took it must have given back. */
static void must_be_empty(struct host *host) {
    if (host->meter.live == 0 && host->meter.blocks == 0 && !host->meter.wrong) return;
    if (!host->why[0])
        snprintf(host->why, sizeof host->why, "the server kept %zu bytes in %zu blocks%s",
                 host->meter.live, host->meter.blocks,
                 host->meter.wrong ? ", and gave one back with a wrong size" : "");
}

static void up(struct host *host) {
    static const uint32_t delays[] = {200, 1000, 3000, 8000}; /* us */
    host->dies_in = 0;
    host->sync_delay = delays[random_below(&host->luck, 4)];
    host->state = HOST_UP;
    host->lives++;
    host->epoch++;
    if (!host->kills && !host->cuts) return;
    if (random_below(&host->luck, 4) || host->disk_fails) return;
    host->rest = (ss_time)random_below(&host->luck, 100000);
    host->cut_power = host->cuts && (!host->kills || random_below(&host->luck, 2));
    host->dies_in = 1 + (unsigned)random_below(&host->luck, 3);
}

static void host_open(struct host *host) {
    char why[512];
    /* A machine that boots asks for the time; only a running server sees it jump. */
    host->machine->wall_offset = 0;
    ss_status status = try_open(host, why, sizeof why);
    if (status == SS_OK) {
        up(host);
        return;
    }
    must_be_empty(host);
    bool off = disk_is_off(host->disk);
    if (off) {
        disk_restart(host->disk, host->cut_power ? DISK_REST_SOME : DISK_REST_ALL);
        host->disk_fails = false;
    }
    if (off || host->disk_fails || host->disk_full || status == SS_ERR_NOMEM) {
        host->up_at = host->machine->now + 50 * SS_MILLISECOND; /* the operator tries again */
    } else {
        complain(host, "the server does not open: ", why);
        host->up_at = SS_NEVER;
    }
}

void host_start(struct host *host, struct virtual *machine, struct trace *trace,
                const struct tokens *tokens, uint64_t seed, bool forgetful) {
    *host = (struct host){.machine = machine,
                          .trace = trace,
                          .tokens = tokens,
                          .forgetful = forgetful,
                          .meter.random.state = hash_mix(seed ^ 0x6d6d),
                          .luck.state = hash_mix(seed ^ 0x6c75636b),
                          .up_at = SS_NEVER};
    host->disk = disk_start(hash_mix(seed ^ 0x6469736b), on_sync, host);
    host_open(host);
}

/* ---- damage -------------------------------------------------------------------------------- */

/* Bits have flipped while it was down. Either the server says so and does not start, and then a
 * backup takes the disk's place; or it did not matter: at most a group that nobody was promised is
 * taken for one that was not written whole. */
static void damage(struct host *host) {
    char why[512];
    struct content sound = disk_content(host->disk);
    if (!sound.readable) complain(host, "an undamaged disk cannot be recovered", "");
    disk_damage(host->disk);
    host->damaged++;
    struct content damaged = disk_content(host->disk);
    uint32_t failing = host->meter.fail_one_in, next = host->meter.fail_next;
    host->meter.fail_one_in = host->meter.fail_next = 0;
    ss_status status = try_open(host, why, sizeof why);
    host->meter.fail_one_in = failing;
    host->meter.fail_next = next;
    if (status == SS_OK) {
        if (damaged.newest < sound.marked)
            complain(host, "flipped bits were taken for the end of the journal", "");
        bool alike = damaged.newest == sound.newest && damaged.shape == sound.shape;
        if (alike && damaged.digest != sound.digest)
            complain(host, "flipped bits were taken for what was written", "");
        ss_server_close(host->server);
        host->server = NULL;
    } else {
        host->refused++;
        if (status != SS_ERR_CORRUPT && status != SS_ERR_UNSUPPORTED && status != SS_ERR_IO)
            complain(host, "a damaged disk was refused with: ", why);
        if (!strstr(why, DISK_FOLDER)) complain(host, "damage without a name: ", why);
    }
    must_be_empty(host);
    disk_repair(host->disk);
}

/* ---- closing ------------------------------------------------------------------------------- */

static void host_close(struct host *host) {
    ss_server_close(host->server);
    host->server = NULL;
    host->state = HOST_DOWN;
    must_be_empty(host);
}

void host_stop(struct host *host) {
    if (host->state != HOST_DOWN) {
        host->meter.fail_one_in = 0;
        host_close(host);
    }
    disk_stop(host->disk);
}

ss_time host_due(const struct host *host) {
    if (host->state == HOST_DOWN) return host->up_at;
    ss_time due = virtual_loop_due(virtual_loop(host->machine, ss_server_fd(host->server)));
    due = time_max(due, host->stalled_until);
    return time_min(due, virtual_thread_due(host->machine));
}

static bool is_ill(const struct host *host) {
    return host->disk_fails || host->disk_full || host->machine->now < host->ill_until ||
           host->meter.fail_one_in || host->meter.fail_next;
}

static void host_down(struct host *host, const char *how, enum ending ending) {
    if (is_ill(host)) ending = ENDING_ILL;
    host->ending = ending;
    host->epoch++;
    trace_line(host->trace, host->machine->now, "server %s", how);
    host_close(host);
    host->up_at = host->machine->now + host->rest;
    if (ending != ENDING_CLEAN || !disk_is_off(host->disk)) return;
    host->ending = ENDING_QUICK; /* it died while it closed */
    disk_restart(host->disk, host->cut_power ? DISK_REST_SOME : DISK_REST_ALL);
}

/* Of a process that dies some bytes are under way, of a machine nothing. */
static void die(struct host *host, bool power) {
    if (power || random_below(&host->luck, 2)) virtual_cut(host->machine, 0);
    disk_off(host->disk);
    host_down(host, power ? "loses its power" : "is killed", ENDING_QUICK);
    enum disk_rest rest = random_below(&host->luck, 4) ? DISK_REST_SOME : DISK_REST_NONE;
    disk_restart(host->disk, power ? rest : DISK_REST_ALL);
    host->disk_fails = false;
    if (host->damages && !host->disk_full && random_below(&host->luck, 3) == 0) damage(host);
}

/* ---- turning ------------------------------------------------------------------------------- */

/* A server that cannot keep its promises ends by itself; that needs a reason. */
static void give_up(struct host *host) {
    if (!is_ill(host)) complain(host, "the server gave up without a reason", "");
    host->rest = 50 * SS_MILLISECOND;
    host_down(host, "gives up", ENDING_ILL);
    host_heal_disk(host);
}

static bool poll_once(struct host *host) {
    ss_status status = ss_server_poll(host->server, -1);
    host->turns++;
    if (disk_is_off(host->disk)) {
        die(host, host->cut_power);
    } else if (status == SS_ERR_IO) {
        give_up(host);
    } else if (host->state == HOST_DRAINING && status == SS_ERR_CLOSED) {
        host_down(host, "has drained", ENDING_CLEAN);
    }
    return host->state != HOST_DOWN;
}

/* The committer's thread runs beside a server that stands still. */
static bool thread_turn(struct host *host) {
    while (virtual_thread_turn(host->machine))
        if (disk_is_off(host->disk)) {
            die(host, host->cut_power);
            return false;
        }
    return true;
}

void host_turn(struct host *host) {
    struct virtual *machine = host->machine;
    if (host->state == HOST_DOWN) {
        if (host->up_at <= machine->now) host_open(host);
        return;
    }
    if (!thread_turn(host) || host->stalled_until > machine->now) return;
    struct loop *loop = virtual_loop(machine, ss_server_fd(host->server));
    if (virtual_loop_due(loop) > machine->now) return;
    for (unsigned turns = 0;; turns++) {
        if (!poll_once(host)) return;
        if (virtual_loop_idle(loop)) break;
        if (turns > TURNS_MAX) {
            complain(host, "the server never comes to rest", "");
            break;
        }
    }
    if (host->state == HOST_DRAINING && machine->now > host->closes_by)
        complain(host, "a drain takes longer than it was given", "");
}

/* ---- what happens to it -------------------------------------------------------------------- */

void host_drain(struct host *host, int grace_ms, ss_time rest) {
    if (host->state != HOST_UP) return;
    trace_line(host->trace, host->machine->now, "server drains for %d ms", grace_ms);
    host->state = HOST_DRAINING;
    host->closes_by = host->machine->now + grace_ms * SS_MILLISECOND + DRAIN_SLACK;
    host->rest = rest;
    ss_server_drain(host->server, grace_ms);
}

void host_kill(struct host *host, bool power, uint64_t calls, ss_time rest) {
    if (host->state == HOST_DOWN) return;
    host->rest = rest;
    if (calls == 0) {
        die(host, power);
        return;
    }
    host->cut_power = power;
    disk_off_at(host->disk, calls);
}

void host_fail_disk(struct host *host) {
    bool stays = random_below(&host->luck, 2);
    disk_fail_at(host->disk, 1 + random_below(&host->luck, 60), stays);
    host->disk_fails = true;
}

void host_fill_disk(struct host *host) {
    disk_fill(host->disk, random_below(&host->luck, 30000));
    host->disk_full = true;
}

void host_heal_disk(struct host *host) {
    if (!host->kills && !host->cuts) host->dies_in = 0;
    disk_heal(host->disk);
    ss_time awake = time_max(host->machine->now, host->stalled_until);
    if (host->disk_fails || host->disk_full) host->ill_until = awake + ILL_SLACK;
    host->disk_fails = host->disk_full = false;
}

void host_reload(struct host *host, int variant) {
    if (host->state != HOST_UP) return;
    tokens_configure(host->tokens, variant);
    ss_status status = ss_server_reload(host->server);
    trace_line(host->trace, host->machine->now, "server reloads variant %d: %d", variant, status);
    if (variant < 0 && status == SS_OK) complain(host, "a bad configuration was taken", "");
    if (variant >= 0 && status != SS_OK && status != SS_ERR_NOMEM)
        complain(host, "a good configuration was refused", "");
    tokens_configure(host->tokens, 0);
}
