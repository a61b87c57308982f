/* SPDX-License-Identifier: Apache-2.0 */
/* deltas_plot.c - see deltas_plot.h. */
#include "bench/deltas_plot.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 260, BARS = 560, ROW = 26, BAR = 16, TOP = 62, MARGIN = 90 };

/* Fields of one colour. `first`: how their names begin. */
static const struct group {
    const char *name, *color, *first[4];
} groups[] = {
    {"position", "#3b6ea5", {"position"}},
    {"velocity", "#7fb2dd", {"velocity"}},
    {"rotation", "#5a9367", {"yaw", "pitch", "roll", "rotation"}},
    {"other fields", "#c9a227", {""}},
    {"which cells", "#a8577e", {"which"}},
    {"chunk ends", "#b9b9b9", {"chunk"}},
};
enum { GROUPS = sizeof groups / sizeof *groups, OTHERS = 3 };

static int group_of(const char *name) {
    for (int i = 0; i < GROUPS; i++)
        for (int j = 0; j < 4 && groups[i].first[j] && i != OTHERS; j++)
            if (strncmp(name, groups[i].first[j], strlen(groups[i].first[j])) == 0) return i;
    return OTHERS;
}

/* Bytes of an update by group. */
static void add_up(const struct delta_measure *measure, double bytes[GROUPS]) {
    for (int i = 0; i < GROUPS; i++)
        bytes[i] = 0;
    for (int i = 0; i < MEASURE_PARTS; i++)
        if (measure->part[i].name) bytes[group_of(measure->part[i].name)] += measure->part[i].bytes;
}

static void text(FILE *out, double x, double y, const char *anchor, const char *words) {
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words);
}

static void box(FILE *out, double x, double y, double width, double height, const char *color) {
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y,
            width > 0 ? width : 0, height, color);
}

static void legend(FILE *out) {
    double x = LABEL;
    for (int i = 0; i < GROUPS; i++) {
        box(out, x, 30, 11, 11, groups[i].color);
        text(out, x + 15, 40, "start", groups[i].name);
        x += 28 + 6.6 * (double)strlen(groups[i].name);
    }
    box(out, x, 28, 2, 15, "#000000");
    text(out, x + 7, 40, "start", "bound");
}

static void row(FILE *out, const struct deltas_row *from, double y, double scale) {
    double bytes[GROUPS], x = LABEL;
    char words[64];
    add_up(&from->measure, bytes);
    text(out, LABEL - 8, y + BAR - 4, "end", from->label);
    for (int i = 0; i < GROUPS; i++) {
        box(out, x, y, bytes[i] * scale, BAR, groups[i].color);
        x += bytes[i] > 0 ? bytes[i] * scale : 0;
    }
    box(out, LABEL + from->measure.bound_bytes_per_update * scale - 1, y - 3, 2, BAR + 6,
        "#000000");
    snprintf(words, sizeof words, "%.2f (%.2f)", from->measure.payload_bytes_per_update,
             from->measure.bound_bytes_per_update);
    text(out, x + 8, y + BAR - 4, "start", words);
}

bool deltas_plot(const char *path, const struct deltas_row *rows, size_t count) {
    FILE *out = fopen(path, "w");
    double most = 1e-9;
    if (!out) return false;
    for (size_t i = 0; i < count; i++)
        if (rows[i].measure.payload_bytes_per_update > most)
            most = rows[i].measure.payload_bytes_per_update;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n",
            LABEL + BARS + MARGIN, TOP + ROW * count + 10);
    box(out, 0, 0, LABEL + BARS + MARGIN, TOP + (double)(ROW * count) + 10, "#ffffff");
    text(out, LABEL, 18, "start",
         "bytes of a changed state, by what they say; in brackets the bound in the same contexts");
    legend(out);
    for (size_t i = 0; i < count; i++)
        row(out, &rows[i], TOP + (double)(ROW * i), BARS / most);
    fputs("</svg>\n", out);
    bool written = !ferror(out);
    return fclose(out) == 0 && written;
}
