/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/schema_train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli/text.h"
#include "cli/trace_map.h"
#include "delta/measure.h"
#include "delta/train.h"
#include "delta/untrained.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

struct training {
    const struct cli *cli;
    struct lanes *lanes;
    struct trace_map map;
    struct course_source source;
    enum delta_mode mode;
    struct trace *traces;
    const char *const *names;
    size_t count; /* of the loaded ones */
    struct delta_model *model;
    struct buffer plain, learned; /* tables */
};

static int fail(const struct training *in, const char *what, int status) {
    const char *more = status == SS_ERR_IO ? strerror(errno) : "";
    return complain(in->cli, EXIT_FAILED, "%s: %s%s%s", what, status_text(status),
                    *more ? ": " : "", more);
}

/* Times are not asked for. */
static uint64_t no_clock(void) {
    return 0;
}

static int lanes_open(struct training *in, const struct schema *schema) {
    struct buffer complaints = buffer_of(&memory_heap);
    int status = lanes_create(&in->lanes, &memory_heap, schema, &complaints);
    text_write(&complaints, stderr);
    buffer_free(&complaints);
    if (status == SS_OK) return EXIT_OK;
    return complain(in->cli, EXIT_FAILED, "such states travel as patches: nothing to train");
}

static int traces_open(struct training *in, size_t count) {
    in->traces = calloc(count, sizeof *in->traces);
    if (!in->traces) return fail(in, "train", SS_ERR_NOMEM);
    while (in->count < count) {
        const char *name = in->names[in->count];
        int status = trace_load(&in->traces[in->count], &memory_heap, name, TRACE_BYTES_MAX);
        if (status != SS_OK) return fail(in, name, status);
        in->count++;
        if (in->traces[in->count - 1].rotation != in->traces[0].rotation)
            return complain(in->cli, EXIT_FAILED, "%s: turns in another way than %s", name,
                            in->names[0]);
    }
    return EXIT_OK;
}

static int map_open(struct training *in) {
    struct buffer notes = buffer_of(&memory_heap);
    trace_map_init(&in->map, in->lanes, &in->traces[0], &notes);
    text_write(&notes, stderr);
    buffer_free(&notes);
    in->source = (struct course_source){&in->lanes->delta, trace_map_row, &in->map};
    if (in->map.count > 0) return EXIT_OK;
    return complain(in->cli, EXIT_FAILED,
                    "no field is one of a trace: position, velocity, a quaternion or yaw, pitch, "
                    "roll, kind, discrete0 to discrete7");
}

static int learn(struct training *in) {
    in->model = calloc(1, sizeof *in->model);
    if (!in->model) return fail(in, "train", SS_ERR_NOMEM);
    delta_model_untrained(in->model, &in->lanes->delta, in->mode);
    delta_model_save(in->model, &in->plain);
    profile_retention(PROFILE_PLAYERS, in->mode, in->model);
    int status = delta_train(in->model, &in->source, in->traces, in->count, false, &memory_heap);
    if (status != SS_OK) return fail(in, "train", status);
    delta_model_save(in->model, &in->learned);
    return EXIT_OK;
}

static int cost(const struct training *in, const struct trace *trace, const struct buffer *table,
                double *bytes) {
    static const struct delta_clocks clocks = {no_clock, no_clock};
    struct delta_measure measure;
    struct delta_setup setup = {
        .mode = in->mode, .table = buffer_view(table), .source = &in->source};
    int status = delta_measure(&measure, trace, &setup, &memory_heap, &clocks);
    *bytes = measure.payload_bytes_per_update;
    return status == SS_OK && !measure.verified ? SS_ERR_MALFORMED : status;
}

static int tell_costs(const struct training *in) {
    for (size_t i = 0; i < in->count; i++) {
        double plain, learned;
        int status = cost(in, &in->traces[i], &in->plain, &plain);
        if (status == SS_OK) status = cost(in, &in->traces[i], &in->learned, &learned);
        if (status != SS_OK) return fail(in, in->names[i], status);
        printf("%s: %.3f bytes an update untrained, %.3f trained\n", in->names[i], plain, learned);
    }
    return EXIT_OK;
}

static int write_table(const struct training *in, const char *name) {
    struct buffer file = buffer_of(&memory_heap);
    lanes_model_save(in->lanes, in->model, &file);
    FILE *out = file.failed ? NULL : fopen(name, "wb");
    bool written = out && text_write(&file, out);
    if (out && fclose(out) != 0) written = false;
    if (written) printf("%s: %zu bytes\n", name, file.size);
    buffer_free(&file);
    return written ? EXIT_OK : fail(in, name, SS_ERR_IO);
}

static void close_all(struct training *in) {
    for (size_t i = 0; i < in->count; i++)
        trace_free(&in->traces[i]);
    free(in->traces);
    free(in->model);
    buffer_free(&in->plain);
    buffer_free(&in->learned);
    lanes_destroy(in->lanes);
}

int schema_train(const struct cli *cli, const struct schema *schema, enum delta_mode mode,
                 const char *const *traces, size_t count, const char *out) {
    struct training in = {.cli = cli, .mode = mode, .names = traces};
    in.plain = in.learned = buffer_of(&memory_heap);
    int code = lanes_open(&in, schema);
    if (code == EXIT_OK) code = traces_open(&in, count);
    if (code == EXIT_OK) code = map_open(&in);
    if (code == EXIT_OK) code = learn(&in);
    if (code == EXIT_OK) code = tell_costs(&in);
    if (code == EXIT_OK && out) code = write_table(&in, out);
    close_all(&in);
    return code;
}
