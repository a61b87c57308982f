/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - the server's numbers, for Prometheus, for the page and for `statesync top`. */
#include "server/inside.h"

#include <stdio.h>

static const char *const result_names[RESULT_COUNT] = {"unknown", "success", "conflict",
                                                       "stale",   "error",   "rate_limited"};
static const char *const conflict_names[CONFLICT_TYPE_COUNT] = {
    "none", "version_mismatch", "vector_clock", "concurrent_update", "data_inconsistency"};
static const char *const strategy_names[5] = {"none", "last_write_wins", "merge", "keep_old",
                                              "manual"};

void counters_note(struct counters *counters, const struct answer *answer, ss_time now) {
    if (answer->push) return;
    if (answer->result != RESULT_UNKNOWN) counters->results[answer->result]++;
    if (answer->arrived) histogram_add(&counters->latency, (uint64_t)(now - answer->arrived));
}

static void family(struct buffer *out, const char *name, const char *type, const char *help) {
    buffer_format(out, "# HELP statesync_%s %s\n# TYPE statesync_%s %s\n", name, help, name, type);
}

static void single(struct buffer *out, const char *name, const char *type, const char *help,
                   uint64_t value) {
    family(out, name, type, help);
    buffer_format(out, "statesync_%s %llu\n", name, (unsigned long long)value);
}

static void latency_write(const struct counters *counters, struct buffer *out) {
    static const double fractions[] = {0.5, 0.9, 0.99, 0.999};
    family(out, "answer_seconds", "summary", "From a decoded message to its encoded answer.");
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        buffer_format(out, "statesync_answer_seconds{quantile=\"%g\"} %g\n", fractions[i],
                      (double)histogram_at(&counters->latency, fractions[i]) / 1e6);
    buffer_format(out, "statesync_answer_seconds_sum %g\nstatesync_answer_seconds_count %llu\n",
                  (double)counters->latency.sum / 1e6, (unsigned long long)counters->latency.count);
}

static void server_write(const struct ss_server *server, struct buffer *out) {
    const struct counters *counters = &server->counters;
    single(out, "uptime_seconds", "gauge", "Since the start.",
           (uint64_t)((server->now - server->started) / SS_SECOND));
    single(out, "draining", "gauge", "1 while going down.", server->draining);
    single(out, "connections", "gauge", "Open connections.", server->peer_count);
    single(out, "calls", "gauge", "Open gRPC calls.", server->rpcs.count);
    single(out, "connections_accepted_total", "counter", "Accepted.", counters->accepted);
    single(out, "connections_refused_total", "counter", "Closed at once: too many, or draining.",
           counters->refused);
    single(out, "received_bytes_total", "counter", "From sockets.", counters->bytes_in);
    single(out, "sent_bytes_total", "counter", "To sockets.", counters->bytes_out);
    single(out, "messages_received_total", "counter", "gRPC messages.", counters->messages_in);
    single(out, "messages_sent_total", "counter", "gRPC messages.", counters->messages_out);
    single(out, "unauthenticated_total", "counter", "Calls without a valid identity.",
           counters->unauthenticated);
    single(out, "rate_limited_total", "counter", "Updates over their player's rate.",
           counters->rate_limited);
    family(out, "calls_total", "counter", "Finished gRPC calls by status.");
    for (int i = 0; i < 17; i++)
        if (counters->statuses[i])
            buffer_format(out, "statesync_calls_total{status=\"%s\"} %llu\n",
                          grpc_status_name((enum grpc_status)i),
                          (unsigned long long)counters->statuses[i]);
    family(out, "answers_total", "counter", "Answered updates by result.");
    for (int i = 1; i < RESULT_COUNT; i++)
        buffer_format(out, "statesync_answers_total{result=\"%s\"} %llu\n", result_names[i],
                      (unsigned long long)counters->results[i]);
    latency_write(counters, out);
}

/* One family over all worlds: `value` picks the number. */
static void worlds_write(const struct ss_server *server, struct buffer *out, const char *name,
                         const char *type, const char *help,
                         uint64_t (*value)(const struct world_stats *,
                                           const struct worker_stats *)) {
    family(out, name, type, help);
    for (uint32_t i = 0; i < worker_world_count(server->worker); i++) {
        struct world_stats world;
        struct worker_stats worker;
        world_stats(worker_world(server->worker, i), &world);
        worker_stats(server->worker, i, &worker);
        buffer_format(out, "statesync_%s{world=\"%s\"} %llu\n", name,
                      world_name(worker_world(server->worker, i)),
                      (unsigned long long)value(&world, &worker));
    }
}

#define PICK(function, expression)                                                                 \
    static uint64_t function(const struct world_stats *world, const struct worker_stats *worker) { \
        (void)world, (void)worker;                                                                 \
        return expression;                                                                         \
    }
PICK(pick_cells, world->cells)
PICK(pick_tombstones, world->tombstones)
PICK(pick_bytes, world->bytes)
PICK(pick_updates, world->updates)
PICK(pick_parked, world->parked)
PICK(pick_players, world->players)
PICK(pick_subscribers, worker->subscribers)
PICK(pick_pushes, worker->pushes)

static void labelled_write(const struct ss_server *server, struct buffer *out, const char *name,
                           const char *label, const char *help, const char *const *names,
                           size_t count, size_t offset) {
    family(out, name, "counter", help);
    for (uint32_t i = 0; i < worker_world_count(server->worker); i++) {
        struct world_stats stats;
        world_stats(worker_world(server->worker, i), &stats);
        const uint64_t *values = (const uint64_t *)(const void *)((const char *)&stats + offset);
        for (size_t k = 1; k < count; k++)
            buffer_format(out, "statesync_%s{world=\"%s\",%s=\"%s\"} %llu\n", name,
                          world_name(worker_world(server->worker, i)), label, names[k],
                          (unsigned long long)values[k]);
    }
}

void metrics_write(const struct ss_server *server, struct buffer *out) {
    server_write(server, out);
    worlds_write(server, out, "cells", "gauge", "Live cells.", pick_cells);
    worlds_write(server, out, "tombstones", "gauge", "Deleted cells still remembered.",
                 pick_tombstones);
    worlds_write(server, out, "state_bytes", "gauge", "States with their history.", pick_bytes);
    worlds_write(server, out, "players", "gauge", "Owners of cells or sessions.", pick_players);
    worlds_write(server, out, "parked_conflicts", "gauge", "Conflicts that somebody must decide.",
                 pick_parked);
    worlds_write(server, out, "updates_total", "counter", "Accepted writes.", pick_updates);
    worlds_write(server, out, "subscribers", "gauge", "Subscribed streams.", pick_subscribers);
    worlds_write(server, out, "pushes_total", "counter", "Messages to subscribers.", pick_pushes);
    labelled_write(server, out, "conflicts_total", "type", "Detected conflicts.", conflict_names,
                   CONFLICT_TYPE_COUNT, offsetof(struct world_stats, conflicts));
    labelled_write(server, out, "resolutions_total", "strategy", "How conflicts ended.",
                   strategy_names, 5, offsetof(struct world_stats, resolutions));
}

void stats_fill(const struct ss_server *server, uint32_t index, struct get_stats_response *stats) {
    struct world *world = worker_world(server->worker, index);
    struct world_stats numbers;
    struct worker_stats worker;
    world_stats(world, &numbers);
    worker_stats(server->worker, index, &worker);
    stats->world = bytes_of(world_name(world));
    stats->tick = world_tick_number(world);
    stats->cells = numbers.cells;
    stats->tombstones = numbers.tombstones;
    stats->bytes = numbers.bytes;
    stats->updates = numbers.updates;
    stats->parked = numbers.parked;
    stats->players = (uint32_t)numbers.players;
    stats->subscribers = worker.subscribers;
    stats->pushes = worker.pushes;
    stats->connections = (uint32_t)server->peer_count;
    stats->streams = server->rpcs.count;
    stats->bytes_in = server->counters.bytes_in;
    stats->bytes_out = server->counters.bytes_out;
    stats->uptime_ms = time_ms(server->now - server->started);
    stats->latency_p50_us = (uint32_t)histogram_at(&server->counters.latency, 0.5);
    stats->latency_p99_us = (uint32_t)histogram_at(&server->counters.latency, 0.99);
}

static void json_numbers(struct buffer *out, const char *name, const char *const *names,
                         const uint64_t *values, size_t count) {
    buffer_format(out, ",\"%s\":{", name);
    for (size_t i = 1; i < count; i++)
        buffer_format(out, "%s\"%s\":%llu", i > 1 ? "," : "", names[i],
                      (unsigned long long)values[i]);
    buffer_text(out, "}");
}

static void json_world(const struct ss_server *server, uint32_t index, struct buffer *out) {
    struct world_stats stats;
    struct worker_stats worker;
    struct world *world = worker_world(server->worker, index);
    world_stats(world, &stats);
    worker_stats(server->worker, index, &worker);
    buffer_format(out,
                  "{\"name\":\"%s\",\"tick\":%u,\"cells\":%llu,\"tombstones\":%llu,"
                  "\"bytes\":%llu,\"players\":%llu,\"updates\":%llu,\"parked\":%llu,"
                  "\"subscribers\":%u,\"pushes\":%llu",
                  world_name(world), world_tick_number(world), (unsigned long long)stats.cells,
                  (unsigned long long)stats.tombstones, (unsigned long long)stats.bytes,
                  (unsigned long long)stats.players, (unsigned long long)stats.updates,
                  (unsigned long long)stats.parked, worker.subscribers,
                  (unsigned long long)worker.pushes);
    json_numbers(out, "conflicts", conflict_names, stats.conflicts, CONFLICT_TYPE_COUNT);
    json_numbers(out, "resolutions", strategy_names, stats.resolutions, 5);
    buffer_text(out, "}");
}

void metrics_json(const struct ss_server *server, struct buffer *out) {
    const struct counters *counters = &server->counters;
    buffer_format(
        out,
        "{\"version\":\"%s\",\"uptime_ms\":%lld,\"connections\":%zu,\"calls\":%u,"
        "\"bytes_in\":%llu,\"bytes_out\":%llu,\"messages_in\":%llu,"
        "\"messages_out\":%llu,\"rate_limited\":%llu,\"latency_us\":{\"p50\":%llu,"
        "\"p90\":%llu,\"p99\":%llu}",
        ss_version(), (long long)time_ms(server->now - server->started), server->peer_count,
        server->rpcs.count, (unsigned long long)counters->bytes_in,
        (unsigned long long)counters->bytes_out, (unsigned long long)counters->messages_in,
        (unsigned long long)counters->messages_out, (unsigned long long)counters->rate_limited,
        (unsigned long long)histogram_at(&counters->latency, 0.5),
        (unsigned long long)histogram_at(&counters->latency, 0.9),
        (unsigned long long)histogram_at(&counters->latency, 0.99));
    json_numbers(out, "results", result_names, counters->results, RESULT_COUNT);
    buffer_text(out, ",\"worlds\":[");
    for (uint32_t i = 0; i < worker_world_count(server->worker); i++) {
        if (i) buffer_text(out, ",");
        json_world(server, i, out);
    }
    buffer_text(out, "]}\n");
}
