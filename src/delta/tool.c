/* SPDX-License-Identifier: Apache-2.0 */
/* tool.c - the delta codec on the command line: train tables, measure, pack and unpack traces. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "delta/measure.h"
#include "delta/train.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

static const char usage[] =
    "usage: delta-tool measure acked|stream [--exact] TRACE...\n"
    "       delta-tool pack acked|stream [--exact] TRACE PACK\n"
    "       delta-tool unpack PACK TRACE\n"
    "       delta-tool train acked|stream [--exact] NAME TRACE... > table_NAME.c\n";

static uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* other work on the machine is not ours */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int fail(const char *what, int status) {
    fprintf(stderr, "delta-tool: %s: error %d\n", what, status);
    return 1;
}

struct options {
    enum delta_mode mode;
    bool exact;
    char **names;
    int count;
};

static bool parse(int argc, char **argv, struct options *options) {
    if (argc < 1 || (strcmp(argv[0], "acked") != 0 && strcmp(argv[0], "stream") != 0)) return false;
    options->mode = argv[0][0] == 'a' ? DELTA_ACKED : DELTA_STREAM;
    options->exact = argc > 1 && strcmp(argv[1], "--exact") == 0;
    options->names = argv + 1 + options->exact;
    options->count = argc - 1 - options->exact;
    return options->count > 0;
}

static int measure_one(const char *name, const struct options *options) {
    struct trace trace;
    struct delta_measure m;
    int status = trace_load(&trace, &memory_heap, name, TRACE_BYTES_MAX);
    if (status != SS_OK) return fail(name, status);
    enum delta_profile profile = profile_of(&trace, options->exact);
    status = delta_measure(&m, &trace, profile, options->mode, delta_table(profile, options->mode),
                           &memory_heap, clock_ns);
    trace_free(&trace);
    if (status != SS_OK) return fail(name, status);
    printf("%s\n  payload %.3f B/update  bound %.3f  packet header %.2f B  frame %.1f B\n"
           "  %llu updates, %.2f a tick  encode %.0f ns  decode %.0f ns  %s\n",
           name, m.payload_bytes_per_update, m.bound_bytes_per_update, m.header_bytes_per_packet,
           m.bytes_per_frame, (unsigned long long)m.updates, (double)m.updates / (double)m.ticks,
           m.encode_ns_per_update, m.decode_ns_per_update,
           m.verified ? "verified" : "NOT VERIFIED");
    return m.verified ? 0 : 1;
}

static int measure(int argc, char **argv) {
    struct options options;
    if (!parse(argc, argv, &options)) return fputs(usage, stderr), 2;
    int failed = 0;
    for (int i = 0; i < options.count; i++)
        failed |= measure_one(options.names[i], &options);
    return failed;
}

static int pack(int argc, char **argv) {
    struct options options;
    if (!parse(argc, argv, &options) || options.count != 2) return fputs(usage, stderr), 2;
    struct trace trace;
    int status = trace_load(&trace, &memory_heap, options.names[0], TRACE_BYTES_MAX);
    if (status != SS_OK) return fail(options.names[0], status);
    struct buffer out = buffer_of(&memory_heap);
    struct delta_packet_stats stats = {0};
    enum delta_profile profile = profile_of(&trace, options.exact);
    status = delta_pack(&trace, profile, options.mode, delta_table(profile, options.mode),
                        &memory_heap, &out, &stats);
    trace_free(&trace);
    FILE *file = status == SS_OK ? fopen(options.names[1], "wb") : NULL;
    if (status == SS_OK && (file == NULL || fwrite(out.data, 1, out.size, file) != out.size))
        status = SS_ERR_IO;
    if (file && fclose(file) != 0) status = SS_ERR_IO;
    buffer_free(&out);
    return status == SS_OK ? 0 : fail(options.names[1], status);
}

static int unpack(int argc, char **argv) {
    if (argc != 2) return fputs(usage, stderr), 2;
    FILE *file = fopen(argv[0], "rb");
    if (file == NULL) return fail(argv[0], SS_ERR_IO);
    struct buffer in = buffer_of(&memory_heap);
    uint8_t block[1 << 14];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buffer_bytes(&in, bytes_view(block, size));
    fclose(file);
    struct trace trace;
    int status = in.failed ? SS_ERR_NOMEM
                           : delta_unpack(&trace, buffer_view(&in), (struct bytes){0}, &memory_heap,
                                          TRACE_BYTES_MAX);
    buffer_free(&in);
    if (status != SS_OK) return fail(argv[0], status);
    status = trace_save(&trace, argv[1]);
    trace_free(&trace);
    return status == SS_OK ? 0 : fail(argv[1], status);
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
    if (status == SS_OK)
        status = delta_train(model, profile_of(&traces[0], options.exact), options.mode, traces,
                             count, &memory_heap);
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
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"measure", measure}, {"pack", pack}, {"unpack", unpack}, {"train", train}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
    fputs(usage, stderr);
    return 2;
}
