/* SPDX-License-Identifier: Apache-2.0 */
/* inside_recover.c - how long a start takes: a folder with cells in its table and groups behind
 * them is opened, read through with every check, and played into a world. Its pages are in the
 * memory of the system, as after the crash of a process; a cold disk comes on top. */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "bench/inside.h"
#include "bench/keep.h"
#include "bench/process.h"
#include "bench/report.h"
#include "world/effect_log.h"
#include "world/world.h"

static int pass_over(void *context, struct bytes name, struct bytes effects) {
    uint64_t *bytes = context;
    (void)name;
    *bytes += effects.size;
    return SS_OK;
}

static int replay(void *context, struct bytes name, struct bytes effects) {
    struct world *world = context;
    (void)name;
    return world_replay_all(world, effects);
}

/* Seconds of one journal_recover; negative when it failed. */
static double recover(struct keep *keep, journal_replay *into, void *context) {
    int64_t start = clock_ns();
    if (journal_recover(keep->journal, into, context, keep->why, sizeof keep->why) != SS_OK)
        return -1;
    return (double)(clock_ns() - start) / 1e9;
}

static bool recover_world(struct keep *keep, struct series *series) {
    struct category policy = category_default("inventory");
    struct world_config config = world_config_default();
    struct world *world;
    struct world_stats stats;
    policy.history_versions = keep->options->history;
    config.fallback = &policy;
    if (world_create(&world, &memory_heap, &config, 0) != SS_OK) return false;
    uint64_t cpu = process_own_cpu_us();
    double seconds = recover(keep, replay, world);
    cpu = process_own_cpu_us() - cpu;
    world_stats(world, &stats);
    world_destroy(world);
    series_note(series, "recover_s", seconds);
    series_note(series, "recover_cpu_s", (double)cpu / 1e6);
    series_note(series, "cells", (double)stats.cells);
    return seconds >= 0;
}

static bool round_run(struct keep *keep, struct series *series) {
    uint64_t bytes = 0;
    int64_t start = clock_ns();
    if (!keep_reopen(keep)) return false;
    series_note(series, "open_s", (double)(clock_ns() - start) / 1e9);
    double seconds = recover(keep, pass_over, &bytes);
    series_note(series, "read_s", seconds);
    if (seconds < 0 || !recover_world(keep, series)) return false;
    series_note(series, "effects_mb", (double)bytes / 1e6);
    series_round(series, keep->options->json);
    journal_close(keep->journal);
    keep->journal = NULL;
    return true;
}

/* All cells in the table, and --groups groups that no checkpoint has moved. */
static bool prepare(struct keep *keep) {
    if (!keep_fill(keep)) return false;
    for (unsigned i = 0; i < keep->options->groups; i++)
        if (!keep_draw(keep, keep->options->effects) || !keep_commit(keep)) return false;
    journal_close(keep->journal);
    keep->journal = NULL;
    return true;
}

int inside_recover(const struct options *options) {
    struct keep *keep = calloc(1, sizeof *keep);
    struct series *series = calloc(1, sizeof *series);
    bool fine = keep && series && keep_open(keep, options) && prepare(keep);
    if (series) *series = (struct series){.bench = "recover", .subject = "statesync"};
    for (unsigned round = 0; fine && round < options->rounds; round++)
        fine = round_run(keep, series);
    if (fine) series_report(series, options->json);
    int code = fine ? 0 : keep ? keep_failed(keep) : 1;
    if (keep) keep_close(keep);
    free(series);
    free(keep);
    return code;
}
