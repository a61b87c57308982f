/* SPDX-License-Identifier: Apache-2.0 */
/* top: two readings of the server's counters a second apart, and what lies between them. */
#include <stdio.h>

#include "base/status.h"
#include "cli/columns.h"
#include "cli/flag.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/signals.h"
#include "cli/text.h"
#include "cli/words.h"

struct top_options {
    bool once;
    double interval;
};

static const struct flag flags[] = {
    {"once", NULL, FLAG_SWITCH, offsetof(struct top_options, once), "one reading, then end"},
    {"interval", "SECONDS", FLAG_REAL, offsetof(struct top_options, interval),
     "between readings (1)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

/* The counters of one reading: lists of the answer as plain arrays. */
struct reading {
    struct get_stats_response stats;
    uint64_t results[RESULT_KINDS], conflicts[CONFLICT_KINDS], resolutions[STRATEGY_KINDS];
    ss_time at;
    bool valid;
};

static void counters_copy(uint64_t *to, size_t count, struct u64_list from) {
    for (size_t i = 0; i < count; i++)
        to[i] = i < from.count ? from.items[i] : 0;
}

static int reading_take(struct remote *remote, struct reading *reading) {
    struct cli *cli = remote->cli;
    struct get_stats_request request = {.world =
                                            bytes_of(cli->common.world ? cli->common.world : "")};
    arena_reset(&remote->arena, 64 << 10);
    int code = REMOTE_CALL(remote, OWN_SERVICE "GetStats", get_stats_request, &request,
                           get_stats_response, &reading->stats);
    if (code != EXIT_OK) return code;
    counters_copy(reading->results, RESULT_KINDS, reading->stats.results);
    counters_copy(reading->conflicts, CONFLICT_KINDS, reading->stats.conflicts);
    counters_copy(reading->resolutions, STRATEGY_KINDS, reading->stats.resolutions);
    reading->at = loop_now(remote->loop);
    reading->valid = true;
    return EXIT_OK;
}

/* ---- the picture --------------------------------------------------------------------------- */

struct picture {
    struct buffer text;
    const struct cli *cli;
    double seconds; /* between the readings, 0: there is only one */
};

static void heading(struct picture *picture, const char *name) {
    buffer_format(&picture->text, "\n%s%-22s %10s %10s%s\n", ink(picture->cli->color, INK_BOLD),
                  name, "total", picture->seconds > 0 ? "per second" : "",
                  ink(picture->cli->color, INK_PLAIN));
}

static void number(struct picture *picture, double value) {
    struct buffer text = buffer_of(&memory_heap);
    count_print(&text, value);
    buffer_format(&picture->text, " %10.*s", (int)text.size, (const char *)text.data);
    buffer_free(&text);
}

static void counter(struct picture *picture, const char *name, uint64_t now, uint64_t before) {
    buffer_format(&picture->text, "  %-20s", name);
    number(picture, (double)now);
    if (picture->seconds > 0) number(picture, (double)(now - before) / picture->seconds);
    buffer_u8(&picture->text, '\n');
}

static void counters(struct picture *picture, const uint64_t *now, const uint64_t *before,
                     size_t count, const char *(*word)(uint32_t)) {
    for (uint32_t i = 1; i < count; i++)
        if (now[i] || i < 3) counter(picture, word(i), now[i], before[i]);
}

static void draw_head(struct picture *picture, const struct reading *now) {
    const struct get_stats_response *stats = &now->stats;
    struct buffer *out = &picture->text;
    const char *bold = ink(picture->cli->color, INK_BOLD);
    const char *plain = ink(picture->cli->color, INK_PLAIN);
    buffer_format(out, "%sstatesync%s %s  world %s%.*s%s  up ", bold, plain,
                  picture->cli->common.server, bold, (int)stats->world.size,
                  (const char *)stats->world.data, plain);
    span_print(out, stats->uptime_ms * SS_MILLISECOND);
    buffer_format(out, "  tick %u\n", stats->tick);
    buffer_format(out, "%u players on %u connections, %u streams, %u subscriptions\n",
                  stats->players, stats->connections, stats->streams, stats->subscribers);
    count_print(out, (double)stats->cells);
    buffer_format(out, " cells (and %llu tombstones), ", (unsigned long long)stats->tombstones);
    size_print(out, (double)stats->bytes);
    buffer_format(out, " with history; answers take %u us (p50), %u us (p99)\n",
                  stats->latency_p50_us, stats->latency_p99_us);
    if (stats->parked)
        buffer_format(out, "%s%llu waiting for a decision%s: statesync conflicts\n",
                      ink(picture->cli->color, INK_WARN), (unsigned long long)stats->parked, plain);
}

static int draw(const struct cli *cli, const struct reading *now, const struct reading *before,
                bool live) {
    struct picture picture = {.text = buffer_of(&memory_heap), .cli = cli};
    if (before->valid) picture.seconds = (double)(now->at - before->at) / (double)SS_SECOND;
    if (live) buffer_text(&picture.text, "\x1b[H\x1b[J");
    draw_head(&picture, now);
    heading(&picture, "traffic");
    counter(&picture, "updates applied", now->stats.updates, before->stats.updates);
    counter(&picture, "pushes", now->stats.pushes, before->stats.pushes);
    counter(&picture, "bytes in", now->stats.bytes_in, before->stats.bytes_in);
    counter(&picture, "bytes out", now->stats.bytes_out, before->stats.bytes_out);
    heading(&picture, "answers");
    counters(&picture, now->results, before->results, RESULT_KINDS, result_word);
    heading(&picture, "conflicts");
    counters(&picture, now->conflicts, before->conflicts, CONFLICT_KINDS, conflict_word);
    heading(&picture, "resolved by");
    counters(&picture, now->resolutions, before->resolutions, STRATEGY_KINDS, strategy_word);
    return output(cli, &picture.text);
}

/* Waits, but keeps the connection in turn; false when the end was asked for. */
static bool rest(struct remote *remote, ss_time until) {
    ss_time now = loop_now(remote->loop);
    while (now < until && !signals_end()) {
        now = loop_wait(remote->loop, time_min(until, rpc_deadline(remote->rpc)));
        rpc_turn(remote->rpc, now);
    }
    return !signals_end();
}

static int top_loop(struct remote *remote, const struct top_options *options) {
    struct cli *cli = remote->cli;
    struct reading now = {0}, before = {0};
    bool live = cli->terminal && !options->once && !cli->common.json;
    ss_time interval = (ss_time)(options->interval * (double)SS_SECOND);
    for (;;) {
        int code = reading_take(remote, &now);
        if (code != EXIT_OK) return code;
        if (cli->common.json)
            json_line(cli, &message_get_stats_response, &now.stats);
        else if (draw(cli, &now, &before, live) != EXIT_OK)
            return EXIT_FAILED;
        before = now;
        if (options->once || !rest(remote, time_add(now.at, interval))) return EXIT_OK;
    }
}

static void wake(void *loop) {
    loop_wake(loop);
}

static int top_run(struct cli *cli, int argc, char **argv) {
    struct top_options options = {.interval = 1};
    struct operands words;
    struct remote remote;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    if (words.count) return complain(cli, EXIT_USAGE, "top takes no words");
    if (options.interval < 0.1) options.interval = 0.1;
    code = remote_open(&remote, cli);
    if (code == EXIT_OK) {
        signals_catch(true, wake, remote.loop);
        code = top_loop(&remote, &options);
        signals_forget();
    }
    remote_close(&remote);
    return code;
}

const struct command command_top = {
    .name = "top",
    .synopsis = "",
    .summary = "Shows what a server is doing, live",
    .text = "  statesync top\n"
            "  statesync top --once                         one reading\n"
            "  statesync top --json | jq .updates           a line a second, for a script\n",
    .flags = flags,
    .run = top_run,
};
