/* SPDX-License-Identifier: Apache-2.0 */
/* deltas.c - each trace is coded, decoded and compared in each mode (delta/measure.h). */
#include "bench/deltas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "bench/deltas_plot.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

struct request {
    bool json, exact, modes[2];
    unsigned rotation_levels, walks;
    const char *plot;
    char **traces;
    int trace_count;
    struct deltas_row *rows; /* for the plot */
    size_t row_count;
};

static const char *const mode_names[] = {"acked", "stream"};

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static uint64_t cpu_ns(void) {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
static uint64_t now_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

/* "folder/qw_4on4_dm2.stt.zst" -> "qw_4on4_dm2" */
static void name_of(const char *path, char *name, size_t size) {
    const char *slash = strrchr(path, '/');
    const char *start = slash ? slash + 1 : path;
    snprintf(name, size, "%.*s", (int)strcspn(start, "."), start);
}

/* ---- what is printed ---- */

static void print_json(const char *name, const char *mode, const struct delta_measure *m) {
    printf("{\"trace\":\"%s\",\"mode\":\"%s\",\"payload_bytes_per_update\":%.4f,"
           "\"header_bytes_per_packet\":%.3f,\"encode_ns_per_update\":%.1f,"
           "\"decode_ns_per_update\":%.1f,\"bound_bytes_per_update\":%.4f,"
           "\"bytes_per_frame\":%.2f,\"verified\":%s}\n",
           name, mode, m->payload_bytes_per_update, m->header_bytes_per_packet,
           m->encode_ns_per_update, m->decode_ns_per_update, m->bound_bytes_per_update,
           m->bytes_per_frame, m->verified ? "true" : "false");
}

static void print_part(const struct delta_part *part, bool field) {
    printf("  %-14s", part->name);
    if (field)
        printf("%6.1f %%", 100 * part->changed);
    else
        printf("%8s", "");
    printf("%9.3f", part->bytes);
    if (part->bound > 0)
        printf("%9.3f%+8.1f %%", part->bound, 100 * (part->bytes / part->bound - 1));
    else
        printf("%19s", "");
    if (part->encode_ns > 0 || part->decode_ns > 0)
        printf("%10.0f%10.0f", part->encode_ns, part->decode_ns);
    putchar('\n');
}

static void print_table(const char *name, const char *mode, const struct delta_measure *m) {
    struct delta_part all = {"an update",
                             0,
                             m->payload_bytes_per_update,
                             m->bound_bytes_per_update,
                             m->encode_ns_per_update,
                             m->decode_ns_per_update};
    printf("%s, %s\n  %-14s%8s%9s%9s%10s%10s%10s\n", name, mode, "", "changed", "bytes", "bound",
           "distance", "encode ns", "decode ns");
    for (int i = 0; i < MEASURE_PARTS; i++)
        if (m->part[i].name) print_part(&m->part[i], i < MEASURE_FLAGS);
    print_part(&all, false);
    printf("  a packet: %.2f B of headers beside; a frame: %.1f B with them\n"
           "  %llu updates in %llu ticks, %s\n\n",
           m->header_bytes_per_packet, m->bytes_per_frame, (unsigned long long)m->updates,
           (unsigned long long)m->ticks,
           m->verified ? "each decoded and compared" : "NOT EVERY ONE DECODED TO WHAT WAS SENT");
}

/* ---- one trace ---- */

static int complain(const char *what, int status) {
    fprintf(stderr, "statesync bench: %s: %s\n", what,
            status == SS_ERR_IO ? strerror(errno) : status_text(status));
    return 1;
}

static int measure_mode(struct request *request, const char *path, const struct trace *trace,
                        enum delta_mode mode) {
    static const struct delta_clocks clocks = {cpu_ns, now_ns};
    struct deltas_row *row = &request->rows[request->row_count];
    struct delta_setup setup = {.profile = profile_of(trace, request->exact),
                                .mode = mode,
                                .rotation_levels = request->rotation_levels,
                                .walks = request->walks};
    char name[48];
    setup.table = delta_table(setup.profile, mode);
    int status = delta_measure(&row->measure, trace, &setup, &memory_heap, &clocks);
    if (status != SS_OK) return complain(path, status);
    name_of(path, name, sizeof name);
    snprintf(row->label, sizeof row->label, "%s%s, %s", name, request->exact ? " exact" : "",
             mode_names[mode]);
    request->row_count++;
    (request->json ? print_json : print_table)(name, mode_names[mode], &row->measure);
    fflush(stdout);
    return row->measure.verified ? 0 : 1;
}

static int measure_trace(struct request *request, const char *path) {
    struct trace trace;
    int code = 0, status = trace_load(&trace, &memory_heap, path, TRACE_BYTES_MAX);
    if (status != SS_OK) return complain(path, status);
    for (int mode = 0; mode < 2; mode++)
        if (request->modes[mode] && measure_mode(request, path, &trace, (enum delta_mode)mode))
            code = 1;
    trace_free(&trace);
    return code;
}

/* ---- the request ---- */

static void help(FILE *out) {
    fputs("usage: statesync bench delta [FLAGS] TRACE...\n\n"
          "Codes each trace (.stt, .stt.zst, or the layout of the compression challenge of 2015), "
          "decodes it,\ncompares, and says by field what an update cost: in bytes, against the "
          "empirical entropy of the\nsame symbols in the same contexts, and in time.\n\n"
          "  --mode acked|stream|both  the base: the newest tick 100 ms old, or the tick before "
          "(both)\n"
          "  --exact                   every bit of the 48 bytes instead of the trace's quanta\n"
          "  --rotation-levels N       of each component of a quaternion (default: the profile's)\n"
          "  --walks N                 over each trace, for the time (3)\n"
          "  --json                    one object a line\n"
          "  --plot FILE.svg           also a picture\n\n"
          "Time is that of whole packets, each in the fastest walk, by the clock of this thread; "
          "that of a\nfield is taken apart from it, chunk by chunk, once, and includes waking cold "
          "tables.\n",
          out);
}

static int wrong(const char *word) {
    fprintf(stderr, "statesync bench: cannot use %s; see `statesync bench delta --help`\n", word);
    return 2;
}

static bool take_mode(struct request *request, const char *value) {
    bool both = strcmp(value, "both") == 0;
    for (int mode = 0; mode < 2; mode++)
        request->modes[mode] = both || strcmp(value, mode_names[mode]) == 0;
    return request->modes[0] || request->modes[1];
}

static bool take_number(unsigned *number, const char *value, unsigned from, unsigned to) {
    char *end;
    unsigned long taken = strtoul(value, &end, 10);
    *number = (unsigned)taken;
    return end != value && *end == '\0' && taken >= from && taken <= to;
}

/* A flag with a value; false: no such flag, or a value that it cannot have. */
static bool take_value(struct request *request, const char *name, size_t size, const char *value) {
    if (size == 6 && memcmp(name, "--mode", size) == 0) return take_mode(request, value);
    if (size == 17 && memcmp(name, "--rotation-levels", size) == 0)
        return take_number(&request->rotation_levels, value, 2, 32768);
    if (size == 7 && memcmp(name, "--walks", size) == 0)
        return take_number(&request->walks, value, 1, 1000);
    if (size != 6 || memcmp(name, "--plot", size) != 0) return false;
    request->plot = value;
    return true;
}

/* Takes the word at `*i`, and its value. The exit code, or -1: go on. */
static int take(struct request *request, int count, char **arguments, int *i) {
    char *word = arguments[*i];
    if (strncmp(word, "--", 2) != 0) {
        request->traces[request->trace_count++] = word;
        return -1;
    }
    if (strcmp(word, "--json") == 0) return request->json = true, -1;
    if (strcmp(word, "--exact") == 0) return request->exact = true, -1;
    size_t size = strcspn(word, "=");
    const char *value = word[size] ? word + size + 1 : *i + 1 < count ? arguments[++*i] : "";
    return take_value(request, word, size, value) ? -1 : wrong(word);
}

static int run(struct request *request, int count, char **arguments) {
    int code = -1;
    for (int i = 1; i < count && code < 0; i++)
        code = take(request, count, arguments, &i);
    if (code >= 0) return code;
    if (request->trace_count == 0) return wrong("no trace");
    code = 0;
    for (int i = 0; i < request->trace_count; i++)
        if (measure_trace(request, request->traces[i])) code = 1;
    if (request->plot && !deltas_plot(request->plot, request->rows, request->row_count))
        code = complain(request->plot, SS_ERR_IO);
    return code;
}

int deltas_main(int count, char **arguments) {
    for (int i = 1; i < count; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return help(stdout), 0;
    struct request request = {.modes = {true, true}, .walks = 3};
    request.traces = calloc((size_t)count, sizeof *request.traces);
    request.rows = calloc(2 * (size_t)count, sizeof *request.rows);
    int code = request.traces && request.rows ? run(&request, count, arguments)
                                              : complain("delta", SS_ERR_NOMEM);
    free(request.traces);
    free(request.rows);
    return code;
}
