/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - figures of rounds, their medians, and ratios of rounds that were run side by side. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#define FIGURES_MAX 12
#define ROUNDS_MAX  101

/* One subject of a benchmark: named columns, a row per round. */
struct series {
    const char *bench, *subject;
    unsigned columns, rounds;
    struct {
        const char *name;
        double values[ROUNDS_MAX];
    } column[FIGURES_MAX];
};

/* Adds a figure to the round that is being recorded; columns come into being in the first round. */
void series_note(struct series *series, const char *name, double value);
/* Ends the round and prints it: as a line of text or of JSON. */
void series_round(struct series *series, bool json);
/* Medians with minimum and maximum over the rounds. */
void series_report(const struct series *series, bool json);
/* Of each round `of` divided by the same round of `by`, for the figures that both have. */
void series_compare(const struct series *of, const struct series *by, bool json);

#endif
