/* SPDX-License-Identifier: Apache-2.0 */
/* watch: one stream, one subscription, one line per change. */
#include <stdio.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/cellname.h"
#include "cli/conflict.h"
#include "cli/flag.h"
#include "cli/mirror.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/signals.h"
#include "cli/text.h"
#include "cli/words.h"

struct watch_options {
    struct text_list owners;
    const char *area;
    uint64_t count, rate;
    bool no_deltas, stats;
};

static const struct flag flags[] = {
    {"owner", "ID", FLAG_LIST, offsetof(struct watch_options, owners),
     "only these owners' cells (0: the shared ones)"},
    {"area", "X,Y,Z,R", FLAG_TEXT, offsetof(struct watch_options, area),
     "only within R metres of a point"},
    {"rate", "HZ", FLAG_NUMBER, offsetof(struct watch_options, rate),
     "at most so often (every tick)"},
    {"count", "N", FLAG_NUMBER, offsetof(struct watch_options, count), "end after N changes"},
    {"no-deltas", NULL, FLAG_SWITCH, offsetof(struct watch_options, no_deltas),
     "let every state come whole"},
    {"stats", NULL, FLAG_SWITCH, offsetof(struct watch_options, stats),
     "say at the end what deltas saved"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

struct watcher {
    struct cli *cli;
    struct arena arena;
    struct mirror mirror;
    uint64_t seen, wanted;
    bool ended;
    int code;
};

/* ---- what comes ---------------------------------------------------------------------------- */

/* On a terminal a change should stay on its line; a pipe gets all of it. */
static size_t state_width(const struct cli *cli) {
    size_t columns, rows;
    if (!cli->terminal) return (size_t)1 << 20;
    terminal_size(STDOUT_FILENO, &columns, &rows);
    return columns > 72 ? columns - 46 : 26;
}

static void change_print(const struct cli *cli, struct buffer *out,
                         const struct wire_update *update) {
    const char *dim = ink(cli->color, INK_DIM), *plain = ink(cli->color, INK_PLAIN);
    buffer_text(out, dim);
    moment_print(out, update->updated_ms);
    buffer_format(out, "%s  %s", plain, ink(cli->color, INK_NAME));
    cell_name_print(out, update->owner_id, update->category, update->key);
    buffer_format(out, "%s  %sv%u by %llu%s  ", plain, dim, update->version,
                  (unsigned long long)update->writer, plain);
    if (update->left)
        buffer_format(out, "%sleft the area%s", dim, plain);
    else if (update->deleted)
        buffer_format(out, "%sdeleted%s", ink(cli->color, INK_WARN), plain);
    else
        state_print(out, update->state, state_width(cli));
    buffer_u8(out, '\n');
}

static void outcome_print(const struct cli *cli, struct buffer *out,
                          const struct wire_outcome *outcome) {
    buffer_format(out, "%sdecided%s  ", ink(cli->color, INK_GOOD), ink(cli->color, INK_PLAIN));
    cell_name_print(out, outcome->owner_id, outcome->category, outcome->key);
    buffer_format(out, "  your parked write: %s%s\n", strategy_word(outcome->strategy),
                  outcome->expired ? " (nobody decided in time)" : "");
}

/* A delta is shown as the state that it makes; a base that was never told is the server's fault. */
static int watcher_take(struct watcher *watcher, struct wire_update *update) {
    int status = mirror_take(&watcher->mirror, update);
    switch (status) {
    case SS_OK: return EXIT_OK;
    case SS_ERR_STALE:
        return complain(watcher->cli, EXIT_FAILED,
                        "a delta came against version %u, which was never told",
                        update->base_version);
    case SS_ERR_MALFORMED:
        return complain(watcher->cli, EXIT_FAILED, "a delta came that does not apply");
    default: return complain(watcher->cli, EXIT_FAILED, "%s", status_text(status));
    }
}

static void stats_print(const struct mirror_stats *stats) {
    struct buffer text = buffer_of(&memory_heap);
    bool color = paint_wanted(STDERR_FILENO);
    buffer_format(&text, "%s%llu states, %llu of them as deltas: ", ink(color, INK_DIM),
                  (unsigned long long)stats->told, (unsigned long long)stats->deltas);
    size_print(&text, (double)stats->sent);
    buffer_text(&text, " instead of ");
    size_print(&text, (double)stats->would_be);
    buffer_format(&text, "%s\n", ink(color, INK_PLAIN));
    fflush(stdout);
    text_write(&text, stderr);
    buffer_free(&text);
}

static void watcher_show(struct watcher *watcher, struct state_sync_response *push) {
    const struct cli *cli = watcher->cli;
    struct buffer text = buffer_of(&memory_heap);
    struct wire_update update;
    if (push->update) {
        update = *push->update;
        watcher->code = watcher_take(watcher, &update);
        if (watcher->code != EXIT_OK) return;
        push->update = &update;
    }
    if (cli->common.json)
        json_line(cli, &message_state_sync_response, push);
    else if (push->update)
        change_print(cli, &text, push->update);
    else if (push->outcome)
        outcome_print(cli, &text, push->outcome);
    else if (push->caught_up)
        buffer_format(&text, "%s--- that is how it stands; from here on it is live ---%s\n",
                      ink(cli->color, INK_DIM), ink(cli->color, INK_PLAIN));
    if (output(cli, &text) != EXIT_OK) watcher->code = EXIT_FAILED;
    watcher->seen += push->update != NULL;
}

static void on_message(void *context, struct rpc_call *call, struct bytes message) {
    struct watcher *watcher = context;
    struct state_sync_response push;
    const char *why = "";
    if (watcher->wanted && watcher->seen >= watcher->wanted) return;
    arena_reset(&watcher->arena, 64 << 10);
    int status = message_decode(&message_state_sync_response, message, &push, &watcher->arena,
                                (size_t)16 << 20, &why);
    if (status != SS_OK)
        watcher->code = complain(watcher->cli, EXIT_FAILED, "cannot read a push: %s", why);
    else if (push.result == SYNC_RESULT_ERROR)
        watcher->code = complain(watcher->cli, EXIT_REFUSED, "%.*s", (int)push.error_message.size,
                                 (const char *)push.error_message.data);
    else
        watcher_show(watcher, &push);
    if (watcher->code != EXIT_OK || (watcher->wanted && watcher->seen >= watcher->wanted))
        rpc_cancel(call);
}

static void on_end(void *context, struct rpc_call *call, enum grpc_status status,
                   const char *message) {
    (void)call;
    struct watcher *watcher = context;
    char why[320];
    watcher->ended = true;
    if (watcher->code != EXIT_OK || signals_end() ||
        (watcher->wanted && watcher->seen >= watcher->wanted))
        return;
    snprintf(why, sizeof why, "the stream ended: %s %s", grpc_status_name(status), message);
    watcher->code = remote_failed(watcher->cli,
                                  status == GRPC_OK ? SS_ERR_UNAVAILABLE : rpc_status(status), why);
}

/* ---- what is asked ------------------------------------------------------------------------- */

static bool area_parse(const char *text, struct wire_area *area) {
    char rest;
    return sscanf(text, "%f,%f,%f,%f%c", &area->x, &area->y, &area->z, &area->radius, &rest) == 4 &&
           area->radius > 0;
}

static void watch_loop(struct remote *remote, struct watcher *watcher, struct rpc_call *call) {
    bool cancelled = false;
    while (!watcher->ended) {
        rpc_turn(remote->rpc, loop_wait(remote->loop, rpc_deadline(remote->rpc)));
        if (signals_end() && !cancelled && !watcher->ended) {
            cancelled = true;
            rpc_cancel(call);
        }
        if (signals_end() > 1) return;
    }
}

static void wake(void *loop) {
    loop_wake(loop);
}

static int watch_subscribe(struct cli *cli, const struct watch_options *options,
                           const struct wire_subscribe *subscribe) {
    struct watcher watcher = {.cli = cli,
                              .arena = arena_of(&memory_heap, 16 << 10),
                              .mirror = mirror_of(&memory_heap),
                              .wanted = options->count};
    struct state_sync_request request = {.player_id = cli->common.player, .subscribe = subscribe};
    struct rpc_events events = {&watcher, on_message, on_end};
    struct rpc_call *call;
    struct remote remote;
    int code = remote_open(&remote, cli);
    if (code == EXIT_OK) {
        signals_catch(true, wake, remote.loop);
        int status = rpc_begin(remote.rpc, SYNC_SERVICE "StreamStateUpdates", &events, SS_NEVER,
                               loop_now(remote.loop), &call);
        if (status == SS_OK) status = rpc_send(call, &message_state_sync_request, &request);
        if (status == SS_OK) watch_loop(&remote, &watcher, call);
        code = status == SS_OK ? watcher.code : remote_failed(cli, status, status_text(status));
        signals_forget();
    }
    remote_close(&remote);
    if (options->stats && code == EXIT_OK) stats_print(&watcher.mirror.stats);
    arena_free(&watcher.arena);
    mirror_free(&watcher.mirror);
    return code;
}

static int watch_run(struct cli *cli, int argc, char **argv) {
    struct watch_options options = {0};
    struct operands words;
    struct bytes categories[TEXT_LIST_MAX];
    uint64_t owners[TEXT_LIST_MAX];
    const uint32_t deltas[] = {DELTA_FORMAT_PATCH};
    struct wire_area area;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    for (size_t i = 0; i < words.count; i++)
        categories[i] = bytes_of(words.items[i]);
    for (size_t i = 0; i < options.owners.count; i++)
        if (!number_parse(options.owners.items[i], &owners[i]))
            return complain(cli, EXIT_USAGE, "--owner wants a number, not \"%s\"",
                            options.owners.items[i]);
    if (options.area && !area_parse(options.area, &area))
        return complain(cli, EXIT_USAGE, "--area wants X,Y,Z,RADIUS in metres, as in 10,0,-4,25");
    struct wire_subscribe subscribe = {
        .categories = {categories, words.count},
        .owners = {owners, options.owners.count},
        .area = options.area ? &area : NULL,
        .max_rate_hz = options.rate > UINT32_MAX ? 0 : (uint32_t)options.rate,
        .accept_deltas = {deltas, options.no_deltas ? 0 : 1},
    };
    return watch_subscribe(cli, &options, &subscribe);
}

const struct command command_watch = {
    .name = "watch",
    .synopsis = "[CATEGORY...]",
    .summary = "Prints changes as they happen, until Ctrl-C",
    .text = "  statesync watch                              everything that you may see\n"
            "  statesync watch position --owner 7 --rate 5\n"
            "  statesync watch position --area 10,0,-4,25   within 25 m of a point\n"
            "  statesync watch --count 1 --json score       the next change, for a script\n"
            "  statesync watch position --stats             and at the end what deltas saved\n",
    .flags = flags,
    .run = watch_run,
};
