/* SPDX-License-Identifier: Apache-2.0 */
/* inside_journal.c - what a disk makes of the journal: groups of writes to random cells, one after
 * the other as the thread of a server commits them, while checkpoints run.
 *
 * The latency of a group is counted from the moment when it could have begun: when the one before
 * it was durable, so that upkeep in between counts for the one that waits for it; with --rate, when
 * the clock said so. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/status.h"
#include "bench/inside.h"
#include "bench/keep.h"
#include "bench/latency.h"
#include "bench/process.h"
#include "bench/report.h"

struct turn {
    struct keep keep;
    struct latency latency;
    int64_t upkeep_ns; /* since the last group was durable */
};

static void sleep_until(int64_t ns) {
    struct timespec at = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* `due`: when the group should begin by the clock, 0: at once. */
static bool turn_take(struct turn *turn, int64_t due) {
    struct keep *keep = &turn->keep;
    if (!keep_draw(keep, keep->options->effects)) return false;
    if (due > clock_ns()) sleep_until(due);
    int64_t start = clock_ns();
    if (!keep_commit(keep)) return false;
    int64_t durable = clock_ns();
    latency_add(&turn->latency,
                (uint64_t)(due ? durable - due : durable - start + turn->upkeep_ns));
    if (journal_tidy(keep->journal) != SS_OK) return false;
    turn->upkeep_ns = clock_ns() - durable;
    return true;
}

static bool round_run(struct turn *turn, struct series *series) {
    const struct options *options = turn->keep.options;
    struct journal_stats before, after;
    uint64_t device = keep_device_bytes(), logical = 0, cpu = process_own_cpu_us();
    if (journal_stats(turn->keep.journal, &before) != SS_OK) return false;
    turn->latency = (struct latency){0};
    int64_t start = clock_ns();
    for (unsigned i = 0; i < options->groups; i++) {
        int64_t due = options->rate > 0 ? start + (int64_t)(i * 1e9 / options->rate) : 0;
        if (!turn_take(turn, due)) return false;
        logical += turn->keep.effects.size;
    }
    double seconds = (double)(clock_ns() - start) / 1e9;
    device = keep_device_bytes() - device;
    cpu = process_own_cpu_us() - cpu;
    if (journal_stats(turn->keep.journal, &after) != SS_OK) return false;
    series_note(series, "groups_per_second", options->groups / seconds);
    series_note(series, "group_kb", (double)logical / options->groups / 1000);
    series_note(series, "p50_ms", latency_us(&turn->latency, 0.5) / 1e3);
    series_note(series, "p99_ms", latency_us(&turn->latency, 0.99) / 1e3);
    series_note(series, "max_ms", latency_us(&turn->latency, 1) / 1e3);
    series_note(series, "device_per_byte", (double)device / (double)logical);
    series_note(series, "cpu_us_per_effect", (double)cpu / options->groups / options->effects);
    series_note(series, "cells_moved", (double)(after.cells_moved - before.cells_moved));
    series_note(series, "groups_left_mb", (double)after.group_bytes / 1e6);
    series_note(series, "database_mb", (double)after.database_bytes / 1e6);
    series_round(series, options->json);
    return true;
}

int inside_journal(const struct options *options) {
    struct turn *turn = calloc(1, sizeof *turn);
    struct series *series = calloc(1, sizeof *series);
    bool fine = turn && series && keep_open(&turn->keep, options) && keep_fill(&turn->keep);
    if (series) *series = (struct series){.bench = "journal", .subject = "statesync"};
    for (unsigned round = 0; fine && round < options->rounds; round++)
        fine = round_run(turn, series);
    if (fine) series_report(series, options->json);
    int code = fine ? 0 : turn ? keep_failed(&turn->keep) : 1;
    if (turn) keep_close(&turn->keep);
    free(series);
    free(turn);
    return code;
}
