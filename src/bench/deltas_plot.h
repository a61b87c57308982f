/* SPDX-License-Identifier: Apache-2.0 */
/* deltas_plot.h - a bar for each measured trace and mode, as SVG: bytes of an update by kind of
 * field, and a line where the bound is. */
#ifndef BENCH_DELTAS_PLOT_H
#define BENCH_DELTAS_PLOT_H

#include <stddef.h>

#include "delta/measure.h"

struct deltas_row {
    char label[64];
    struct delta_measure measure;
};

/* False (and errno) when the file cannot be written. */
bool deltas_plot(const char *path, const struct deltas_row *rows, size_t count);

#endif
