/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct spread {
    double median, least, most;
};

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static struct spread spread_of(const double *values, unsigned count) {
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    return (struct spread){median, sorted[0], sorted[count - 1]};
}

static void print_number(double value) {
    if (value >= 1000)
        printf("%.0f", value);
    else
        printf("%.4g", value);
}

static void print_spread(const char *name, const char *what, struct spread spread, bool json) {
    if (json) {
        printf(",\"%s\":{\"median\":%.6g,\"min\":%.6g,\"max\":%.6g}", name, spread.median,
               spread.least, spread.most);
        return;
    }
    printf("  %-16s %s", name, what);
    print_number(spread.median);
    fputs("  [", stdout);
    print_number(spread.least);
    fputs(" .. ", stdout);
    print_number(spread.most);
    fputs("]\n", stdout);
}

void series_note(struct series *series, const char *name, double value) {
    unsigned i = 0;
    while (i < series->columns && strcmp(series->column[i].name, name) != 0)
        i++;
    if (i == FIGURES_MAX || series->rounds == ROUNDS_MAX) return;
    if (i == series->columns) series->columns++;
    series->column[i].name = name;
    series->column[i].values[series->rounds] = value;
}

void series_round(struct series *series, bool json) {
    if (series->rounds == ROUNDS_MAX) return;
    unsigned round = series->rounds++;
    printf(json ? "{\"bench\":\"%s\",\"subject\":\"%s\",\"round\":%u" : "%s %-10s round %u:",
           series->bench, series->subject, round + 1);
    for (unsigned i = 0; i < series->columns; i++) {
        if (json) {
            printf(",\"%s\":%.6g", series->column[i].name, series->column[i].values[round]);
        } else {
            printf("  %s ", series->column[i].name);
            print_number(series->column[i].values[round]);
        }
    }
    puts(json ? "}" : "");
    fflush(stdout);
}

void series_report(const struct series *series, bool json) {
    if (series->rounds == 0) return;
    printf(json ? "{\"bench\":\"%s\",\"subject\":\"%s\",\"rounds\":%u"
                : "\n%s, %s: median [min .. max] of %u rounds\n",
           series->bench, series->subject, series->rounds);
    for (unsigned i = 0; i < series->columns; i++)
        print_spread(series->column[i].name, "",
                     spread_of(series->column[i].values, series->rounds), json);
    if (json) puts("}");
}

void series_compare(const struct series *of, const struct series *by, bool json) {
    unsigned rounds = of->rounds < by->rounds ? of->rounds : by->rounds;
    if (rounds == 0) return;
    printf(json ? "{\"bench\":\"%s\",\"ratio\":\"%s\",\"to\":\"%s\"" : "\n%s, %s divided by %s\n",
           of->bench, of->subject, by->subject);
    for (unsigned i = 0; i < of->columns && i < by->columns; i++) {
        double ratios[ROUNDS_MAX];
        bool fine = true;
        for (unsigned round = 0; round < rounds; round++) {
            double divisor = by->column[i].values[round];
            fine = fine && divisor > 0 && of->column[i].values[round] > 0;
            ratios[round] = divisor > 0 ? of->column[i].values[round] / divisor : 0;
        }
        if (fine) print_spread(of->column[i].name, "x ", spread_of(ratios, rounds), json);
    }
    if (json) puts("}");
}
