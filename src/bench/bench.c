/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - the table of benchmarks. Those over the network only differ in how lanes are laid out.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/deltas.h"
#include "bench/inside.h"
#include "bench/rounds.h"

static bool peer_is(const struct options *options, const char *name) {
    return options->peer && strcmp(options->peer, name) == 0;
}

static struct load_config config_of(const struct options *options) {
    return (struct load_config){.category = options->category,
                                .connections = options->connections,
                                .per_write = options->per_write,
                                .per_frame =
                                    options->per_frame ? options->per_frame : options->per_write,
                                .spin = options->spin,
                                .cells = options->cells,
                                .state_bytes = options->state_bytes,
                                .warmup = options->warmup,
                                .seconds = options->seconds};
}

/* Lanes over connections, as even as they go; a lane never has two updates of one cell in flight.
 */
static bool config_lanes(struct load_config *config, unsigned lanes, unsigned inflight) {
    config->lanes = lanes;
    config->depth = (inflight + lanes - 1) / lanes;
    if (config->connections == 0 || config->connections > lanes) config->connections = lanes;
    if (config->cells < config->depth) config->cells = config->depth;
    if (config->per_write <= config->depth) return true;
    fprintf(stderr, "statesync bench: --per-write is more than a stream has in flight\n");
    return false;
}

static int run_rpc(const struct options *options) {
    struct load_config config = config_of(options);
    config.kind = LOAD_UNARY;
    config.per_write = config.per_frame = 1;
    if (!config_lanes(&config, options->inflight, options->inflight)) return 2;
    return rounds_run("rpc", options, &config, &config);
}

static int run_stream(const struct options *options) {
    struct load_config config = config_of(options);
    config.kind = LOAD_STREAM;
    if (!config_lanes(&config, options->streams, options->inflight)) return 2;
    return rounds_run("stream", options, &config, &config);
}

/* The peer's library, read whole. */
static char *library_read(const struct options *options) {
    char path[512];
    char *text = calloc(1, 65536);
    snprintf(path, sizeof path, "%s/redis/cas.lua", options->peers);
    FILE *file = text ? fopen(path, "r") : NULL;
    if (!file || fread(text, 1, 65535, file) == 0) {
        fprintf(stderr, "statesync bench: cannot read %s: see --peers\n", path);
        free(text);
        text = NULL;
    }
    if (file) fclose(file);
    return text;
}

static int run_cas(const struct options *options) {
    struct load_config ours = config_of(options), peer = ours;
    ours.kind = LOAD_STREAM;
    ours.category = "cas";
    ours.brief = true;
    if (!config_lanes(&ours, options->streams, options->inflight)) return 2;
    if (!peer_is(options, "redis")) return rounds_run("cas", options, &ours, &ours);
    peer = ours;
    peer.kind = LOAD_REDIS;
    peer.connections = peer.lanes;
    char *library = library_read(options);
    if (!library) return 1;
    peer.hello = bytes_of(library);
    int code = rounds_run("cas", options, &ours, &peer);
    free(library);
    return code;
}

struct benchmark {
    const char *name, *summary;
    struct options options; /* what differs from the common defaults */
    int (*run)(const struct options *options);
};

static const struct benchmark benchmarks[] = {
    {"rpc", "unary calls of SyncState", {.connections = 1, .inflight = 500, .cells = 10}, run_rpc},
    {"stream", "updates on streams", {.connections = 1, .inflight = 512, .cells = 10}, run_stream},
    {"cas",
     "compare-and-set: 100 players of 10 cells, 10 in flight each",
     {.connections = 1, .streams = 100, .inflight = 1000, .cells = 10},
     run_cas},
    {"world",
     "the engine alone: updates a second, memory of a cell",
     {.cells = 100000, .inflight = 64, .history = 8},
     inside_world},
    {"merge",
     "the engine alone: time to resolve a conflict",
     {.state_bytes = 1024, .cells = 1000},
     inside_merge},
    {"patch",
     "deltas of states: their bytes, and the time to make and to apply them",
     {.cells = 500},
     inside_patch},
    {"journal",
     "groups of writes to a disk, while checkpoints run",
     {.cells = 100000, .groups = 2000, .state_bytes = 64},
     inside_journal},
    {"recover",
     "a start: 10^6 cells and 64 MB of groups",
     {.cells = 1000000, .groups = 1640, .state_bytes = 64, .history = 4},
     inside_recover},
};

enum { BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

static struct options options_default(const struct benchmark *benchmark) {
    struct options options = benchmark->options;
    options.peers = "bench/peers";
    options.category = "position";
    options.durability = "memory";
    options.folder = "/var/tmp";
    options.rounds = 5;
    options.seconds = 3;
    options.warmup = 1;
    options.per_write = 1;
    options.server_core = 0;
    options.load_core = 1;
    if (!options.inflight) options.inflight = 1;
    if (!options.history) options.history = 64;
    if (!options.groups) options.groups = 1000;
    options.effects = 300;
    if (!options.state_bytes) options.state_bytes = 48;
    return options;
}

static void help(FILE *out) {
    fputs("usage: statesync bench BENCHMARK [FLAGS]\n\n", out);
    for (size_t i = 0; i < BENCHMARKS; i++)
        fprintf(out, "  %-8s %s\n", benchmarks[i].name, benchmarks[i].summary);
    fputs("  delta    bytes and time of a changed state on traces: bench delta --help\n", out);
    fputs("\nThe server is started on one core and loaded from another; figures are medians of\n"
          "rounds. With --peer the same load goes to a peer in the same rounds.\n\n"
          "  statesync bench rpc --peer grpc-go\n"
          "  statesync bench stream --per-write 64 --json\n"
          "  statesync bench rpc --load 0.5            percentiles at half load, open loop\n"
          "  statesync bench journal --rate 400        groups by the clock\n\n",
          out);
    options_help(out);
}

int bench_main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : "";
    if (strcmp(name, "delta") == 0) return deltas_main(count - 1, arguments + 1);
    bool asked = false;
    for (int i = 1; i < count; i++)
        asked = asked || strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0;
    if (asked) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < BENCHMARKS; i++) {
        if (strcmp(benchmarks[i].name, name) != 0) continue;
        struct options options = options_default(&benchmarks[i]);
        int code = 0;
        if (!options_parse(&options, count - 1, arguments + 1, &code)) return code;
        if (options.rounds > 101) options.rounds = 101;
        if (options.streams == 0) options.streams = options.inflight / options.per_write;
        if (options.streams == 0) options.streams = 1;
        return benchmarks[i].run(&options);
    }
    help(stderr);
    return 2;
}
