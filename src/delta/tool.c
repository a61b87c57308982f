/* SPDX-License-Identifier: Apache-2.0 */
/* tool.c - the delta codec on the command line: trains the tables that ship as table_*.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/profile.h"
#include "delta/train.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

static const char usage[] =
    "usage: delta-tool train acked|stream [--exact|--quick] NAME TRACE... > table_NAME.c\n";

static int fail(const char *what, int status) {
    fprintf(stderr, "delta-tool: %s: error %d\n", what, status);
    return 1;
}

struct options {
    enum delta_mode mode;
    bool exact, quick; /* quick: see train.h */
    char **names;
    int count;
};

static bool parse(int argc, char **argv, struct options *options) {
    if (argc < 1 || (strcmp(argv[0], "acked") != 0 && strcmp(argv[0], "stream") != 0)) return false;
    options->mode = argv[0][0] == 'a' ? DELTA_ACKED : DELTA_STREAM;
    options->exact = argc > 1 && strcmp(argv[1], "--exact") == 0;
    options->quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    int named = 1 + (options->exact || options->quick);
    options->names = argv + named;
    options->count = argc - named;
    return options->count > 0;
}

static void print_table(const char *name, const struct buffer *table) {
    printf("/* SPDX-License-Identifier: Apache-2.0 */\n"
           "/* table_%s.c - trained; written by `delta-tool train`. */\n"
           "#include \"delta/tables.h\"\n\n"
           "const size_t table_%s_size = %zu;\n"
           "const uint8_t table_%s[] = {",
           name, name, table->size, name);
    for (size_t i = 0; i < table->size; i++)
        printf("%s%u,", i % 25 ? "" : "\n", table->data[i]);
    printf("\n};\n");
}

static int learn(const struct options *options, const struct trace *traces, size_t count,
                 struct delta_model *model) {
    enum delta_profile profile = profile_of(&traces[0], options->exact);
    struct delta_schema schema;
    struct course_source source = {.schema = &schema};
    profile_schema(profile, &schema);
    profile_retention(profile, options->mode, model);
    return delta_train(model, &source, traces, count, options->quick, &memory_heap);
}

static int train(int argc, char **argv) {
    struct options options;
    if (!parse(argc, argv, &options) || options.count < 2) return fputs(usage, stderr), 2;
    size_t count = (size_t)options.count - 1;
    struct trace *traces = calloc(count, sizeof *traces);
    struct delta_model *model = calloc(1, sizeof *model);
    struct buffer table = buffer_of(&memory_heap);
    int status = traces && model ? SS_OK : SS_ERR_NOMEM;
    size_t loaded = 0;
    while (loaded < count && status == SS_OK) {
        const char *name = options.names[1 + loaded];
        status = trace_load(&traces[loaded], &memory_heap, name, TRACE_BYTES_MAX);
        loaded += status == SS_OK;
    }
    if (status == SS_OK) status = learn(&options, traces, count, model);
    if (status == SS_OK) {
        delta_model_save(model, &table);
        print_table(options.names[0], &table);
    }
    for (size_t i = 0; i < loaded; i++)
        trace_free(&traces[i]);
    buffer_free(&table);
    free(traces);
    free(model);
    return status == SS_OK ? 0 : fail("train", status);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "train") == 0) return train(argc - 2, argv + 2);
    fputs(usage, stderr);
    return 2;
}
