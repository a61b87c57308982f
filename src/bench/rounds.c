/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.c - both servers live through all rounds, each on the same core, and only one is loaded at
 * a time; who goes first alternates, so that a machine that gets slower is unfair to both. */
#include "bench/rounds.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "bench/report.h"
#include "bench/stall.h"
#include "bench/target.h"

struct subject {
    struct target target;
    struct load_config config;
    struct series series;
};

struct contest {
    const struct options *options;
    struct subject subjects[2];
    unsigned count;
    struct load_result result;
    struct series machine; /* open loop: what a server that costs nothing would have shown */
    struct latency waits;
    char why[256];
};

/* False also when nothing but refusals came: that would measure how fast one can say no. */
static bool subject_load(struct contest *contest, struct subject *subject) {
    const struct load_result *result = &contest->result;
    if (load_run(&subject->config, &contest->result, contest->why, sizeof contest->why) != SS_OK)
        return false;
    if (result->answers > result->refused) return true;
    snprintf(contest->why, sizeof contest->why, "%s answered %llu updates, none with success",
             subject->target.name, (unsigned long long)result->answers);
    return false;
}

static void note_latency(struct series *series, const struct latency *latency) {
    series_note(series, "p50_us", latency_us(latency, 0.5));
    series_note(series, "p99_us", latency_us(latency, 0.99));
    series_note(series, "p999_us", latency_us(latency, 0.999));
    series_note(series, "max_us", latency_us(latency, 1));
}

static void subject_note(struct contest *contest, struct subject *subject) {
    const struct load_result *result = &contest->result;
    struct series *series = &subject->series;
    double answers = result->answers ? (double)result->answers : 1;
    series_note(series, "per_second", (double)result->answers / result->seconds);
    note_latency(series, &result->latency);
    series_note(series, "server_cpu_us", (double)result->server_cpu_us / answers);
    series_note(series, "load_cpu_us", (double)result->load_cpu_us / answers);
    series_note(series, "server_cpu_%",
                (double)result->server_cpu_us / (result->seconds * 1e6) * 100);
    series_note(series, "refused", (double)result->refused);
    if (subject->config.rate <= 0) return;
    series_note(series, "unanswered", (double)result->unanswered);
    series_note(series, "own_p99_us", latency_us(&result->delay, 0.99));
}

static bool subject_round(struct contest *contest, struct subject *subject) {
    if (!subject_load(contest, subject)) return false;
    subject_note(contest, subject);
    series_round(&subject->series, contest->options->json);
    return true;
}

/* --load: the rate of a closed loop first. */
static bool subject_aim(struct contest *contest, struct subject *subject) {
    const struct options *options = contest->options;
    subject->config.rate = 0;
    if (options->load > 0) {
        if (!subject_load(contest, subject)) return false;
        double most = (double)contest->result.answers / contest->result.seconds;
        subject->config.rate = most * options->load;
        if (subject->config.rate < 1) subject->config.rate = 1;
    }
    if (options->rate > 0) subject->config.rate = options->rate;
    return true;
}

static void machine_round(struct contest *contest) {
    const struct options *options = contest->options;
    contest->waits = (struct latency){0};
    stall_measure(&contest->waits, options->server_core, options->seconds);
    note_latency(&contest->machine, &contest->waits);
    series_round(&contest->machine, options->json);
}

static bool contest_rounds(struct contest *contest) {
    bool fine = true;
    for (unsigned i = 0; fine && i < contest->count; i++)
        fine = subject_aim(contest, &contest->subjects[i]);
    for (unsigned round = 0; fine && round < contest->options->rounds; round++) {
        for (unsigned i = 0; fine && i < contest->count; i++)
            fine = subject_round(contest, &contest->subjects[(round + i) % contest->count]);
        if (fine && contest->subjects[0].config.rate > 0) machine_round(contest);
    }
    return fine;
}

static void contest_report(const struct contest *contest) {
    bool json = contest->options->json;
    const struct subject *subjects = contest->subjects;
    for (unsigned i = 0; i < contest->count; i++)
        series_report(&subjects[i].series, json);
    if (contest->machine.rounds) series_report(&contest->machine, json);
    if (contest->count == 2) series_compare(&subjects[0].series, &subjects[1].series, json);
}

static bool contest_open(struct contest *contest, const char *bench, const struct load_config *ours,
                         const struct load_config *peer) {
    const struct options *options = contest->options;
    const struct load_config *configs[2] = {ours, peer};
    contest->count = options->peer ? 2 : 1;
    for (unsigned i = 0; i < contest->count; i++) {
        struct subject *subject = &contest->subjects[i];
        bool fine =
            i == 0 ? target_open(&subject->target, options, contest->why, sizeof contest->why)
                   : target_open_peer(&subject->target, options, contest->why, sizeof contest->why);
        if (!fine) return false;
        subject->config = *configs[i];
        subject->config.address = subject->target.address;
        subject->config.server = subject->target.pid;
        subject->series.bench = bench;
        subject->series.subject = subject->target.name;
    }
    return true;
}

int rounds_run(const char *bench, const struct options *options, const struct load_config *ours,
               const struct load_config *peer) {
    struct contest *contest = calloc(1, sizeof *contest);
    if (!contest) return 1;
    contest->options = options;
    contest->machine = (struct series){.bench = bench, .subject = "machine"};
    bool fine = contest_open(contest, bench, ours, peer);
    if (!process_pin(options->load_core))
        fprintf(stderr, "statesync bench: not pinned to core %d\n", options->load_core);
    fine = fine && contest_rounds(contest);
    if (fine) {
        contest_report(contest);
    } else {
        fprintf(stderr, "statesync bench: %s\n", contest->why);
    }
    for (unsigned i = 0; i < contest->count; i++)
        target_close(&contest->subjects[i].target);
    free(contest);
    return fine ? 0 : 1;
}
