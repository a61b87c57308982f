/* SPDX-License-Identifier: Apache-2.0 */
/* demo: what a newcomer sees first. A server of our own, a recorded match, players on slow links,
 * real conflicts, and at the end a check that everybody came to the same state. */
#include <stdio.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/child.h"
#include "cli/flag.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/screen.h"
#include "cli/signals.h"
#include "cli/text.h"

#define FRAME      (SS_SECOND / 10)
#define CALM_MAX   (6 * SS_SECOND) /* for the last answers and decisions */
#define SETTLE_MAX (3 * SS_SECOND) /* for the last pushes */

struct demo_options {
    double seconds;
    uint64_t players;
    const char *trace;
    bool plain, no_color;
};

static const struct flag flags[] = {
    {"seconds", "N", FLAG_REAL, offsetof(struct demo_options, seconds),
     "end after N s (at Ctrl-C)"},
    {"players", "N", FLAG_NUMBER, offsetof(struct demo_options, players), "2 to 8 (8)"},
    {"trace", "FILE", FLAG_TEXT, offsetof(struct demo_options, trace),
     "another recorded match (STT1)"},
    {"plain", NULL, FLAG_SWITCH, offsetof(struct demo_options, plain),
     "a line a second instead of the picture"},
    {"no-color", NULL, FLAG_SWITCH, offsetof(struct demo_options, no_color),
     "plain text (also $NO_COLOR)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

struct demo {
    struct cli *cli;
    struct demo_options options;
    struct recording recording;
    struct child child;
    struct remote remote; /* the loop of everything, and a connection for plain questions */
    struct match match;
    struct screen screen;
    ss_time ended;
    size_t cells; /* equal in mirror and snapshot */
    struct get_stats_response stats;
};

/* ---- the way up ---------------------------------------------------------------------------- */

/* The recording that comes with the program: beside the build folder, or where it is installed. */
static bool find_trace(char *path, size_t size) {
    static const char *const places[] = {
        "../share/match.stt.zst", "../share/statesync/match.stt.zst", "../../share/match.stt.zst"};
    char self[2048];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return false;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, size, "%s/%s", self, places[i]);
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

static int load_recording(struct demo *demo) {
    char path[2200], why[320];
    if (!demo->options.trace && !find_trace(path, sizeof path))
        return complain(demo->cli, EXIT_FAILED,
                        "the recorded match (share/match.stt.zst) is not there; --trace names "
                        "another");
    if (recording_open(&demo->recording, demo->options.trace ? demo->options.trace : path, why,
                       sizeof why) != SS_OK)
        return complain(demo->cli, EXIT_FAILED, "%s", why);
    return EXIT_OK;
}

/* Starts the server and connects to it; the loop is the remote's from then on. */
static int start_server(struct demo *demo) {
    char why[512] = "";
    struct loop *loop;
    if (loop_create(&loop, &memory_heap) != SS_OK)
        return complain(demo->cli, EXIT_FAILED, "out of memory");
    demo->remote.loop = loop;
    if (child_start(&demo->child, loop, match_config, why, sizeof why) != SS_OK ||
        !child_ready(&demo->child, why, sizeof why))
        return complain(demo->cli, EXIT_FAILED, "%s", why);
    demo->cli->common.server = demo->child.address;
    demo->cli->common.player = MATCH_WATCHER;
    return remote_attach(&demo->remote, demo->cli, loop);
}

static int create_cell(struct demo *demo, const char *category, const char *key,
                       const char *state) {
    struct state_sync_response response;
    struct state_sync_request request = {
        .player_id = MATCH_WATCHER,
        .category = bytes_of(category),
        .key = bytes_of(key),
        .state_data = bytes_of(state),
        .must_not_exist = true,
    };
    int code = REMOTE_CALL(&demo->remote, SYNC_SERVICE "SyncState", state_sync_request, &request,
                           state_sync_response, &response);
    if (code != EXIT_OK || response.result == SYNC_RESULT_SUCCESS) return code;
    return complain(demo->cli, EXIT_FAILED, "cannot create %s/%s: %s", category, key,
                    result_word(response.result));
}

static int start_match(struct demo *demo) {
    char why[256] = "";
    int code = create_cell(demo, "score", "match", "{\"red\":0,\"blue\":0}");
    if (code == EXIT_OK)
        code = create_cell(demo, "trade", "market",
                           "{\"item\":\"quad damage\",\"price\":40,\"owner\":0}");
    if (code != EXIT_OK) return code;
    int status = match_open(&demo->match, demo->remote.loop, &demo->recording,
                            (size_t)demo->options.players, demo->child.address, why, sizeof why);
    return status == SS_OK ? EXIT_OK : complain(demo->cli, EXIT_FAILED, "%s", why);
}

/* ---- while it runs ------------------------------------------------------------------------- */

static void demo_turn(struct demo *demo, ss_time until) {
    ss_time deadline = time_min(until, match_deadline(&demo->match));
    deadline = time_min(deadline, rpc_deadline(demo->remote.rpc));
    ss_time now = loop_wait(demo->remote.loop, deadline);
    match_turn(&demo->match, now);
    rpc_turn(demo->remote.rpc, now);
    if (demo->child.ended && !demo->match.broken[0])
        snprintf(demo->match.broken, sizeof demo->match.broken, "the server ended: %.250s",
                 demo->child.last);
}

static bool demo_goes_on(const struct demo *demo, ss_time now) {
    ss_time end = SS_NEVER;
    if (demo->options.seconds > 0)
        end = demo->match.start + (ss_time)(demo->options.seconds * (double)SS_SECOND);
    return !demo->match.broken[0] && !signals_end() && now < end;
}

static void demo_run(struct demo *demo) {
    ss_time now = loop_now(demo->remote.loop);
    ss_time frame = demo->screen.live ? now : demo->match.start + SS_SECOND;
    while (demo_goes_on(demo, now)) {
        demo_turn(demo, frame);
        now = loop_now(demo->remote.loop);
        if (now < frame) continue;
        if (demo->screen.live)
            screen_draw(&demo->screen, &demo->match, now);
        else
            screen_line(&demo->screen, &demo->match, now);
        frame += demo->screen.live ? FRAME : SS_SECOND;
    }
    demo->ended = now;
}

/* ---- the end: does everybody agree? -------------------------------------------------------- */

/* Turns until everything is answered and decided. */
static void demo_calm(struct demo *demo) {
    ss_time now = loop_now(demo->remote.loop), end = now + CALM_MAX;
    match_calm(&demo->match);
    while (now < end && !demo->match.broken[0] && signals_end() < 2 &&
           !match_answered(&demo->match)) {
        demo_turn(demo, now + SS_SECOND / 20);
        now = loop_now(demo->remote.loop);
    }
}

static bool demo_compare(struct demo *demo, char *why, size_t why_size) {
    uint64_t owners[MATCH_PLAYERS];
    struct state_snapshot_response snapshot;
    for (size_t i = 0; i < demo->match.count; i++)
        owners[i] = i + 1;
    struct state_snapshot_request request = {.player_id = MATCH_WATCHER,
                                             .owners = {owners, demo->match.count}};
    arena_reset(&demo->remote.arena, 64 << 10);
    if (REMOTE_CALL(&demo->remote, SYNC_SERVICE "GetStateSnapshot", state_snapshot_request,
                    &request, state_snapshot_response, &snapshot) != EXIT_OK) {
        snprintf(why, why_size, "no final snapshot");
        return false;
    }
    demo->cells = snapshot.entries.count;
    return mirror_equals(&demo->match.mirror, snapshot.entries, why, why_size);
}

/* The last pushes may still be on their way. */
static bool demo_agrees(struct demo *demo, char *why, size_t why_size) {
    ss_time now = loop_now(demo->remote.loop), end = now + SETTLE_MAX;
    while (!demo_compare(demo, why, why_size)) {
        if (now >= end) return false;
        for (ss_time rest = now + SS_SECOND / 10; now < rest; now = loop_now(demo->remote.loop))
            demo_turn(demo, rest);
    }
    return true;
}

static bool score_agrees(const struct demo *demo, char *why, size_t why_size) {
    const struct match *match = &demo->match;
    char wanted[96], wanted_twin[96];
    const struct mirror_cell *cell =
        mirror_find(&match->mirror, 0, bytes_of("score"), bytes_of("match"));
    snprintf(wanted, sizeof wanted, "{\"red\":%llu,\"blue\":%llu}", (unsigned long long)match->red,
             (unsigned long long)match->blue);
    snprintf(wanted_twin, sizeof wanted_twin, "{\"blue\":%llu,\"red\":%llu}",
             (unsigned long long)match->blue, (unsigned long long)match->red);
    if (cell && (bytes_equal(buffer_view(&cell->state), bytes_of(wanted)) ||
                 bytes_equal(buffer_view(&cell->state), bytes_of(wanted_twin))))
        return true;
    snprintf(why, why_size, "the score is %.*s, but what was answered with success adds up to %s",
             cell ? (int)cell->state.size : 0, cell ? (const char *)cell->state.data : "", wanted);
    return false;
}

/* Waits for the last answers, then compares; false with the reason. */
static bool demo_healthy(struct demo *demo, char *why, size_t why_size) {
    uint64_t unanswered = 0;
    demo_calm(demo);
    for (size_t i = 0; i < demo->match.count; i++)
        unanswered += player_in_flight(&demo->match.players[i].link);
    if (demo->match.broken[0]) child_ending(&demo->child, SS_SECOND / 2);
    if (demo->child.ended)
        snprintf(why, why_size, "the server ended; its last words: %.300s", demo->child.last);
    else if (demo->match.broken[0])
        snprintf(why, why_size, "%s", demo->match.broken);
    else if (unanswered)
        snprintf(why, why_size, "%llu updates were never answered", (unsigned long long)unanswered);
    else if (!demo->match.caught_up)
        snprintf(why, why_size, "the watcher never caught up");
    else if (demo_agrees(demo, why, why_size) && score_agrees(demo, why, why_size))
        return true;
    return false;
}

/* ---- the summary --------------------------------------------------------------------------- */

static void counts(struct buffer *out, const char *name, const uint64_t *values, size_t count,
                   const char *(*word)(uint32_t)) {
    bool any = false;
    buffer_format(out, "  %-11s", name);
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == 0) continue;
        buffer_format(out, "%s%llu %s", any ? ", " : "", (unsigned long long)values[i], word(i));
        any = true;
    }
    buffer_text(out, any ? "\n" : "none\n");
}

static void summary_latency(struct buffer *out, const struct demo *demo) {
    struct histogram all;
    match_latency(&demo->match, &all);
    buffer_format(out,
                  "  %-11sp50 %.0f ms, p90 %.0f ms, p99 %.0f ms over cables of %d to %d ms "
                  "each way\n",
                  "latency", (double)histogram_at(&all, 0.5) / 1000,
                  (double)histogram_at(&all, 0.9) / 1000, (double)histogram_at(&all, 0.99) / 1000,
                  (int)(demo->match.players[0].delay / 1000),
                  (int)((demo->match.players[demo->match.count - 1].delay +
                         demo->match.players[demo->match.count - 1].jitter) /
                        1000));
    if (demo->stats.latency_p99_us)
        buffer_format(out, "  %-11sof which the server took %u us (p50), %u us (p99)\n", "",
                      demo->stats.latency_p50_us, demo->stats.latency_p99_us);
}

static void summary_bytes(struct buffer *out, const struct match *match, double seconds) {
    double in = 0, up = 0;
    for (size_t i = 0; i < match->count; i++) {
        in += (double)rpc_bytes_in(match->players[i].link.rpc);
        up += (double)rpc_bytes_out(match->players[i].link.rpc);
    }
    double each = seconds * (double)match->count;
    buffer_format(out, "  %-11s", "bandwidth");
    size_print(out, in / each);
    buffer_text(out, "/s down, ");
    size_print(out, up / each);
    buffer_text(out, "/s up, per player\n");
}

static int demo_summary(struct demo *demo, bool healthy, const char *why) {
    const struct match *match = &demo->match;
    struct buffer text = buffer_of(&memory_heap);
    uint64_t results[RESULT_KINDS];
    double seconds = (double)time_max(demo->ended - match->start, 1) / (double)SS_SECOND;
    const char *plain = ink(demo->cli->color, INK_PLAIN);
    match_results(match, results);
    buffer_format(&text, "%s%s%s after %.0f s with %zu players\n",
                  ink(demo->cli->color, healthy ? INK_GOOD : INK_BAD),
                  healthy ? "Everything agrees" : "Something is wrong", plain, seconds,
                  match->count);
    if (!healthy) buffer_format(&text, "  %-11s%s\n", "reason", why);
    buffer_format(&text, "  %-11s%llu accepted, %.0f a second\n", "versions",
                  (unsigned long long)match->versions, (double)match->versions / seconds);
    counts(&text, "answers", results, RESULT_KINDS, result_word);
    counts(&text, "conflicts", match->conflicts, CONFLICT_KINDS, conflict_word);
    counts(&text, "settled", match->settled, STRATEGY_KINDS, strategy_word);
    counts(&text, "by watcher", match->decided, STRATEGY_KINDS, strategy_word);
    buffer_format(&text, "  %-11s%llu red, %llu blue: every frag counts once, whoever raced\n",
                  "score", (unsigned long long)match->red, (unsigned long long)match->blue);
    summary_latency(&text, demo);
    summary_bytes(&text, match, seconds);
    if (healthy)
        buffer_format(&text,
                      "  %-11s%zu cells, the same at the subscriber and in a final snapshot\n",
                      "mirror", demo->cells);
    int code = output(demo->cli, &text);
    return code != EXIT_OK ? code : healthy ? EXIT_OK : EXIT_FAILED;
}

static int demo_finish(struct demo *demo) {
    char why[400] = "";
    struct get_stats_request request = {0};
    bool healthy = demo_healthy(demo, why, sizeof why);
    screen_close(&demo->screen);
    if (healthy)
        (void)REMOTE_CALL(&demo->remote, OWN_SERVICE "GetStats", get_stats_request, &request,
                          get_stats_response, &demo->stats);
    return demo_summary(demo, healthy, why);
}

/* ---- command ------------------------------------------------------------------------------- */

static void wake(void *loop) {
    loop_wake(loop);
}

static int demo_play(struct demo *demo) {
    size_t columns, rows;
    int code = start_server(demo);
    if (code == EXIT_OK) code = start_match(demo);
    if (code != EXIT_OK) return code;
    terminal_size(STDOUT_FILENO, &columns, &rows);
    bool live = demo->cli->terminal && !demo->options.plain && columns >= 80 && rows >= 24;
    signals_catch(true, wake, demo->remote.loop);
    screen_open(&demo->screen, &demo->recording, live, demo->cli->color);
    demo_run(demo);
    return demo_finish(demo);
}

static int demo_run_command(struct cli *cli, int argc, char **argv) {
    struct demo demo = {.cli = cli, .options = {.players = MATCH_PLAYERS}};
    struct operands words;
    int code;
    demo.child.watch.fd = demo.child.config = -1;
    if (!flags_parse(cli, &demo.options, argc, argv, &words, &code)) return code;
    if (demo.options.no_color) cli->color = false;
    if (words.count) return complain(cli, EXIT_USAGE, "demo takes no words");
    if (demo.options.players < 2 || demo.options.players > MATCH_PLAYERS)
        return complain(cli, EXIT_USAGE, "--players is 2 to %d", MATCH_PLAYERS);
    code = load_recording(&demo);
    if (code == EXIT_OK) {
        code = demo_play(&demo);
        signals_forget();
        match_close(&demo.match);
        child_stop(&demo.child);
        remote_close(&demo.remote);
        recording_close(&demo.recording);
    }
    return code;
}

const struct command command_demo = {
    .name = "demo",
    .synopsis = "",
    .summary = "Shows a real match being synchronized, with real conflicts",
    .text =
        "  statesync demo                               until Ctrl-C\n"
        "  statesync demo --seconds 20 --plain          a line a second, then a summary\n"
        "  statesync demo --trace my.stt.zst --players 4\n"
        "\nStarts a server of its own on a free port and keeps nothing. Exit code 0: every update "
        "was\nanswered and the subscriber's copy equals a final snapshot.\n",
    .flags = flags,
    .local = true,
    .run = demo_run_command,
};
