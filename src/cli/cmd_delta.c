/* SPDX-License-Identifier: Apache-2.0 */
/* delta: the codec of player and body states on recorded traces, so that anybody can count the
 * bytes and compare the states without trusting us. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/flag.h"
#include "delta/measure.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

struct delta_options {
    const char *mode;
    bool exact, json;
};

static const struct flag flags[] = {
    {"mode", "acked|stream", FLAG_TEXT, offsetof(struct delta_options, mode),
     "the base: the newest tick 100 ms old, or the tick before (acked)"},
    {"exact", NULL, FLAG_SWITCH, offsetof(struct delta_options, exact),
     "every bit of the 48 bytes instead of the trace's quanta"},
    {"json", NULL, FLAG_SWITCH, offsetof(struct delta_options, json),
     "measure: one JSON object a trace, for programs"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int fail(const struct cli *cli, const char *name, int status) {
    return complain(cli, EXIT_FAILED, "%s: %s%s%s", name, status_text(status),
                    status == SS_ERR_IO ? ": " : "", status == SS_ERR_IO ? strerror(errno) : "");
}

/* ---- files --------------------------------------------------------------------------------- */

static int file_load(struct buffer *into, const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) return SS_ERR_IO;
    uint8_t block[1 << 14];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buffer_bytes(into, bytes_view(block, size));
    int status = ferror(file) ? SS_ERR_IO : into->failed ? SS_ERR_NOMEM : SS_OK;
    fclose(file);
    return status;
}

static int file_save(struct bytes from, const char *name) {
    FILE *file = fopen(name, "wb");
    if (!file) return SS_ERR_IO;
    bool written = fwrite(from.data, 1, from.size, file) == from.size;
    return fclose(file) == 0 && written ? SS_OK : SS_ERR_IO;
}

/* ---- actions ------------------------------------------------------------------------------- */

struct delta_work {
    const struct cli *cli;
    enum delta_mode mode;
    bool exact, json;
};

static int pack(const struct delta_work *work, const char *const *names) {
    struct trace trace;
    int status = trace_load(&trace, &memory_heap, names[0], TRACE_BYTES_MAX);
    if (status != SS_OK) return fail(work->cli, names[0], status);
    struct buffer out = buffer_of(&memory_heap);
    struct delta_packet_stats stats = {0};
    enum delta_profile profile = profile_of(&trace, work->exact);
    status = delta_pack(&trace, profile, work->mode, delta_table(profile, work->mode), &memory_heap,
                        &out, &stats);
    trace_free(&trace);
    if (status == SS_OK) status = file_save(buffer_view(&out), names[1]);
    if (status == SS_OK) printf("%s: %zu bytes\n", names[1], out.size);
    buffer_free(&out);
    return status == SS_OK ? EXIT_OK : fail(work->cli, names[1], status);
}

static int unpack(const struct delta_work *work, const char *const *names) {
    struct buffer in = buffer_of(&memory_heap);
    struct trace trace;
    int status = file_load(&in, names[0]);
    if (status == SS_OK)
        status = delta_unpack(&trace, buffer_view(&in), (struct bytes){NULL, 0}, &memory_heap,
                              TRACE_BYTES_MAX);
    buffer_free(&in);
    if (status != SS_OK) return fail(work->cli, names[0], status);
    status = trace_save(&trace, names[1]);
    trace_free(&trace);
    return status == SS_OK ? EXIT_OK : fail(work->cli, names[1], status);
}

static void print_json(const struct delta_work *work, const char *name,
                       const struct delta_measure *m) {
    printf("{\"trace\":\"%s\",\"mode\":\"%s\",\"exact\":%s,\"payload_bytes_per_update\":%.4f,"
           "\"header_bytes_per_packet\":%.3f,\"encode_ns_per_update\":%.1f,"
           "\"decode_ns_per_update\":%.1f,\"bound_bytes_per_update\":%.4f,"
           "\"bytes_per_frame\":%.2f,\"updates\":%llu,\"verified\":%s}\n",
           name, work->mode == DELTA_ACKED ? "acked" : "stream", work->exact ? "true" : "false",
           m->payload_bytes_per_update, m->header_bytes_per_packet, m->encode_ns_per_update,
           m->decode_ns_per_update, m->bound_bytes_per_update, m->bytes_per_frame,
           (unsigned long long)m->updates, m->verified ? "true" : "false");
}

static void print_words(const char *name, const struct delta_measure *m) {
    printf("%s\n"
           "  an update   %.3f B, in the same contexts at best %.3f B\n"
           "  a frame     %.1f B with headers (%.2f B a packet)\n"
           "  time        %.0f ns to encode an update, %.0f ns to decode it\n"
           "  %llu updates in %llu ticks, %s\n",
           name, m->payload_bytes_per_update, m->bound_bytes_per_update, m->bytes_per_frame,
           m->header_bytes_per_packet, m->encode_ns_per_update, m->decode_ns_per_update,
           (unsigned long long)m->updates, (unsigned long long)m->ticks,
           m->verified ? "each decoded and compared" : "NOT EVERY ONE DECODED TO WHAT WAS SENT");
}

static int measure(const struct delta_work *work, const char *name) {
    struct trace trace;
    struct delta_measure result;
    int status = trace_load(&trace, &memory_heap, name, TRACE_BYTES_MAX);
    if (status != SS_OK) return fail(work->cli, name, status);
    enum delta_profile profile = profile_of(&trace, work->exact);
    status = delta_measure(&result, &trace, profile, work->mode, delta_table(profile, work->mode),
                           &memory_heap, clock_ns);
    trace_free(&trace);
    if (status != SS_OK) return fail(work->cli, name, status);
    if (work->json) {
        print_json(work, name, &result);
    } else {
        print_words(name, &result);
    }
    return result.verified ? EXIT_OK : EXIT_FAILED;
}

static int delta_run(struct cli *cli, int argc, char **argv) {
    struct delta_options options = {.mode = "acked"};
    struct operands words;
    int code = EXIT_OK;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    bool acked = strcmp(options.mode, "acked") == 0;
    if (!acked && strcmp(options.mode, "stream") != 0)
        return complain(cli, EXIT_USAGE, "--mode is acked or stream, not \"%s\"", options.mode);
    struct delta_work work = {cli, acked ? DELTA_ACKED : DELTA_STREAM, options.exact, options.json};
    const char *action = words.count ? words.items[0] : "";
    if (strcmp(action, "pack") == 0 && words.count == 3) return pack(&work, words.items + 1);
    if (strcmp(action, "unpack") == 0 && words.count == 3) return unpack(&work, words.items + 1);
    if (strcmp(action, "measure") != 0 || words.count < 2)
        return complain(cli, EXIT_USAGE,
                        "say measure TRACE..., pack TRACE OUT or unpack OUT TRACE; see `statesync "
                        "help delta`");
    for (size_t i = 1; i < words.count; i++) {
        int failed = measure(&work, words.items[i]);
        if (failed != EXIT_OK) code = failed;
    }
    return code;
}

const struct command command_delta = {
    .name = "delta",
    .synopsis = "measure TRACE... | pack TRACE OUT | unpack OUT TRACE",
    .summary = "Codes recorded states as deltas, counts the bytes, and gives them back",
    .text =
        "  statesync delta measure share/match.stt.zst\n"
        "  statesync delta measure --mode stream --json *.stt.zst | jq .payload_bytes_per_update\n"
        "  statesync delta pack --mode acked match.stt.zst match.deltas\n"
        "  statesync delta unpack match.deltas match.stt\n"
        "\nA trace is .stt or .stt.zst. OUT is one header, then for each tick a u32 length and\n"
        "the packet with all its headers; unpack writes the states as a receiver has them.\n",
    .flags = flags,
    .local = true,
    .run = delta_run,
};
