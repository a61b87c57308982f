/* SPDX-License-Identifier: Apache-2.0 */
/* delta: the codec of player and body states on recorded traces, so that anybody can count the
 * bytes and compare the states without trusting us. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/flag.h"
#include "delta/pack.h"

#define TRACE_BYTES_MAX ((size_t)1 << 30)

struct delta_options {
    const char *mode;
    bool exact;
};

static const struct flag flags[] = {
    {"mode", "acked|stream", FLAG_TEXT, offsetof(struct delta_options, mode),
     "the base: the newest tick 100 ms old, or the tick before (acked)"},
    {"exact", NULL, FLAG_SWITCH, offsetof(struct delta_options, exact),
     "every bit of the 48 bytes instead of the trace's quanta"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

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
    bool exact;
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

/* NULL: the status says it all. */
static const char *unpack_reason(int status) {
    switch (status) {
    case SS_ERR_MALFORMED: return "is no pack of `statesync delta pack`, or is damaged";
    case SS_ERR_UNSUPPORTED:
        return "comes from another build, with other packets or another schema: unpack it with that "
               "one, or pack the trace again";
    case SS_ERR_STALE: return "a packet needs a tick that is not there: packets are missing";
    default: return NULL;
    }
}

static int unpack(const struct delta_work *work, const char *const *names) {
    struct buffer in = buffer_of(&memory_heap);
    struct trace trace;
    int status = file_load(&in, names[0]);
    if (status == SS_OK)
        status = delta_unpack(&trace, buffer_view(&in), (struct bytes){NULL, 0}, &memory_heap,
                              TRACE_BYTES_MAX);
    buffer_free(&in);
    const char *reason = unpack_reason(status);
    if (reason) return complain(work->cli, EXIT_FAILED, "%s: %s", names[0], reason);
    if (status != SS_OK) return fail(work->cli, names[0], status);
    status = trace_save(&trace, names[1]);
    trace_free(&trace);
    return status == SS_OK ? EXIT_OK : fail(work->cli, names[1], status);
}

static int delta_run(struct cli *cli, int argc, char **argv) {
    struct delta_options options = {.mode = "acked"};
    struct operands words;
    int code = EXIT_OK;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    bool acked = strcmp(options.mode, "acked") == 0;
    if (!acked && strcmp(options.mode, "stream") != 0)
        return complain(cli, EXIT_USAGE, "--mode is acked or stream, not \"%s\"", options.mode);
    struct delta_work work = {cli, acked ? DELTA_ACKED : DELTA_STREAM, options.exact};
    const char *action = words.count ? words.items[0] : "";
    if (strcmp(action, "pack") == 0 && words.count == 3) return pack(&work, words.items + 1);
    if (strcmp(action, "unpack") == 0 && words.count == 3) return unpack(&work, words.items + 1);
    return complain(cli, EXIT_USAGE,
                    "say pack TRACE OUT or unpack OUT TRACE; see `statesync help delta`");
}

const struct command command_delta = {
    .name = "delta",
    .synopsis = "pack TRACE OUT | unpack OUT TRACE",
    .summary = "Codes recorded states as deltas, and gives them back",
    .text =
        "  statesync delta pack --mode acked match.stt.zst match.deltas\n"
        "  statesync delta unpack match.deltas match.stt\n"
        "\nA trace is .stt or .stt.zst. OUT is one header, then for each tick a u32 length and\n"
        "the packet with all its headers; unpack writes the states as a receiver has them.\n"
        "What that costs, field by field: `statesync bench delta TRACE...`.\n",
    .flags = flags,
    .local = true,
    .run = delta_run,
};
