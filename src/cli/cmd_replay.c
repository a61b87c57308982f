/* SPDX-License-Identifier: Apache-2.0 */
/* replay: a recorded match through the real protocol. Sends are scheduled by the clock, never by
 * the answers, so a slow server shows as latency and not as fewer updates; how late this program
 * itself was is measured apart and not counted against the server. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/flag.h"
#include "cli/paint.h"
#include "cli/player.h"
#include "cli/recording.h"
#include "cli/remote.h"
#include "cli/signals.h"
#include "cli/text.h"

#define WINDOW        64              /* updates on their way per client at --speed max */
#define GRACE         (5 * SS_SECOND) /* for the last answers */
#define PROGRESS_EACH (SS_SECOND / 10)

struct replay_options {
    const char *speed, *category;
    uint64_t clients;
    double seconds;
};

static const struct flag flags[] = {
    {"speed", "X|max", FLAG_TEXT, offsetof(struct replay_options, speed),
     "times as fast as it was; max: as fast as answers come (1)"},
    {"clients", "N", FLAG_NUMBER, offsetof(struct replay_options, clients),
     "connections; client c plays the players i with i mod N = c (8)"},
    {"seconds", "N", FLAG_REAL, offsetof(struct replay_options, seconds),
     "end after N s; a shorter trace starts again (once through)"},
    {"category", "NAME", FLAG_TEXT, offsetof(struct replay_options, category),
     "the category written (position)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

struct replay {
    struct cli *cli;
    const struct replay_options *options;
    struct recording recording;
    struct loop *loop;
    struct player *players;
    size_t count;
    double speed;              /* 0: max */
    struct trace_tick tick;    /* at hand */
    size_t record;             /* of it, the next to send */
    ss_time due;               /* when the tick is */
    ss_time start, end, shown; /* end: SS_NEVER means after one lap */
    struct histogram lateness; /* our own, us */
    bool sent_all;
};

/* ---- sending ------------------------------------------------------------------------------- */

static void replay_advance(struct replay *replay) {
    ss_time at;
    recording_next(&replay->recording, &replay->tick, &at);
    replay->record = 0;
    replay->due = replay->start + (replay->speed > 0 ? (ss_time)((double)at / replay->speed) : 0);
    if (replay->end == SS_NEVER ? replay->recording.laps > 0 : replay->due >= replay->end)
        replay->sent_all = true;
}

/* SS_OK, SS_ERR_AGAIN when that client has enough on its way. */
static int replay_record(struct replay *replay, const uint8_t *record, ss_time now) {
    char key[16];
    uint16_t id = trace_id(record);
    struct player *player = &replay->players[id % replay->count];
    if (replay->speed <= 0 && player_in_flight(player) >= WINDOW) return SS_ERR_AGAIN;
    snprintf(key, sizeof key, "%u", id);
    struct state_sync_request request = {
        .category = bytes_of(replay->options->category),
        .key = bytes_of(key),
        .state_data = record_state(record),
        .omit_state = true,
    };
    return player_write(player, &request, 0, now);
}

/* Everything that is due. */
static void replay_send(struct replay *replay, ss_time now) {
    while (!replay->sent_all && replay->due <= now) {
        if (replay->speed <= 0 && now >= replay->end) replay->sent_all = true;
        for (; replay->record < replay->tick.count; replay->record++) {
            const uint8_t *record = record_at(&replay->tick, replay->record);
            if (!recording_plays(&replay->recording, record)) continue;
            if (replay_record(replay, record, now) == SS_ERR_AGAIN) return;
            if (replay->speed > 0) histogram_add(&replay->lateness, (uint64_t)(now - replay->due));
        }
        replay_advance(replay);
    }
}

/* ---- what came of it ----------------------------------------------------------------------- */

struct totals {
    uint64_t sent, answered, bytes_in, bytes_out;
    uint64_t results[RESULT_KINDS];
    struct histogram latency;
};

static void totals_take(struct totals *totals, const struct replay *replay) {
    memset(totals, 0, sizeof *totals);
    for (size_t i = 0; i < replay->count; i++) {
        const struct player *player = &replay->players[i];
        totals->sent += player->sent;
        totals->answered += player->answered;
        totals->bytes_in += rpc_bytes_in(player->rpc);
        totals->bytes_out += rpc_bytes_out(player->rpc);
        for (size_t k = 0; k < RESULT_KINDS; k++)
            totals->results[k] += player->results[k];
        histogram_merge(&totals->latency, &player->latency);
    }
}

static void replay_progress(struct replay *replay, ss_time now) {
    enum { BAR = 30 };
    struct totals totals;
    struct buffer text = buffer_of(&memory_heap);
    double whole =
        (double)(replay->end == SS_NEVER ? replay->recording.length : replay->end - replay->start);
    double done = (double)(now - replay->start);
    if (replay->end == SS_NEVER && replay->speed > 0) done *= replay->speed;
    if (replay->end == SS_NEVER && replay->speed <= 0)
        done = whole * (double)replay->recording.offset / (double)replay->recording.trace.data.size;
    size_t filled = done >= whole ? BAR : (size_t)(done / whole * BAR);
    totals_take(&totals, replay);
    buffer_text(&text, "\r\x1b[K  ");
    for (size_t i = 0; i < BAR; i++)
        buffer_text(&text, i < filled ? "█" : "░");
    buffer_format(&text, " %3.0f %%  %llu updates, p50 ", done >= whole ? 100 : done / whole * 100,
                  (unsigned long long)totals.answered);
    span_print(&text, (ss_time)histogram_at(&totals.latency, 0.5));
    text_write(&text, stderr);
    buffer_free(&text);
}

static void span_line(struct buffer *text, const char *name, const struct histogram *histogram) {
    static const struct {
        const char *name;
        double at;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};
    buffer_format(text, "  %-12s", name);
    for (size_t i = 0; i < 3; i++) {
        buffer_format(text, "%s ", points[i].name);
        span_print(text, (ss_time)histogram_at(histogram, points[i].at));
        buffer_text(text, "   ");
    }
    buffer_text(text, "most ");
    span_print(text, (ss_time)histogram->most);
    buffer_u8(text, '\n');
}

static void summary_text(struct buffer *text, const struct replay *replay,
                         const struct totals *totals, double seconds) {
    const char *bold = ink(replay->cli->color, INK_BOLD),
               *plain = ink(replay->cli->color, INK_PLAIN);
    buffer_format(text, "%sReplayed%s %.1f s by %zu clients\n", bold, plain, seconds,
                  replay->count);
    buffer_format(text, "  %-12s%llu sent, %llu answered, ", "updates",
                  (unsigned long long)totals->sent, (unsigned long long)totals->answered);
    count_print(text, (double)totals->answered / seconds);
    buffer_format(text, " a second\n  %-12s", "answers");
    for (uint32_t i = 0, shown = 0; i < RESULT_KINDS; i++)
        if (totals->results[i])
            buffer_format(text, "%s%s %llu", shown++ ? ", " : "", result_word(i),
                          (unsigned long long)totals->results[i]);
    buffer_u8(text, '\n');
    span_line(text, "latency", &totals->latency);
    if (replay->speed > 0) span_line(text, "own delay", &replay->lateness);
    buffer_format(text, "  %-12s", "bytes");
    size_print(text, (double)totals->bytes_out);
    buffer_text(text, " out (");
    size_print(text, totals->sent ? (double)totals->bytes_out / (double)totals->sent : 0);
    buffer_text(text, " an update), ");
    size_print(text, (double)totals->bytes_in);
    buffer_text(text, " in\n");
    if (replay->speed > 0)
        buffer_text(text, "  Latency is from sending to answer; own delay (sending later than "
                          "planned) is not in it.\n");
}

static void summary_json(struct buffer *text, const struct replay *replay,
                         const struct totals *totals, double seconds) {
    buffer_format(text, "{\"seconds\":%.3f,\"clients\":%zu,\"sent\":%llu,\"answered\":%llu",
                  seconds, replay->count, (unsigned long long)totals->sent,
                  (unsigned long long)totals->answered);
    buffer_text(text, ",\"results\":{");
    for (uint32_t i = 0; i < RESULT_KINDS; i++)
        buffer_format(text, "%s\"%s\":%llu", i ? "," : "", result_word(i),
                      (unsigned long long)totals->results[i]);
    buffer_format(text, "},\"latency_us\":{\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"max\":%llu}",
                  (unsigned long long)histogram_at(&totals->latency, 0.5),
                  (unsigned long long)histogram_at(&totals->latency, 0.9),
                  (unsigned long long)histogram_at(&totals->latency, 0.99),
                  (unsigned long long)totals->latency.most);
    buffer_format(text, ",\"own_delay_us\":{\"p50\":%llu,\"p99\":%llu}",
                  (unsigned long long)histogram_at(&replay->lateness, 0.5),
                  (unsigned long long)histogram_at(&replay->lateness, 0.99));
    buffer_format(text, ",\"bytes_out\":%llu,\"bytes_in\":%llu}\n",
                  (unsigned long long)totals->bytes_out, (unsigned long long)totals->bytes_in);
}

static int replay_summary(const struct replay *replay, ss_time now) {
    struct buffer text = buffer_of(&memory_heap);
    struct totals totals;
    double seconds = (double)(now - replay->start) / (double)SS_SECOND;
    totals_take(&totals, replay);
    if (replay->cli->common.json)
        summary_json(&text, replay, &totals, seconds);
    else
        summary_text(&text, replay, &totals, seconds);
    int code = output(replay->cli, &text);
    if (code != EXIT_OK) return code;
    if (totals.answered < totals.sent)
        return complain(replay->cli, EXIT_FAILED, "%llu updates were never answered",
                        (unsigned long long)(totals.sent - totals.answered));
    return totals.results[SYNC_RESULT_ERROR] ? EXIT_REFUSED : EXIT_OK;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static ss_time replay_deadline(const struct replay *replay, ss_time now) {
    ss_time deadline = now + PROGRESS_EACH;
    if (!replay->sent_all && replay->speed > 0) deadline = time_min(deadline, replay->due);
    for (size_t i = 0; i < replay->count; i++)
        deadline = time_min(deadline, player_deadline(&replay->players[i]));
    return deadline;
}

static bool replay_answered(const struct replay *replay) {
    for (size_t i = 0; i < replay->count; i++)
        if (player_in_flight(&replay->players[i])) return false;
    return true;
}

static const struct player *replay_broken(const struct replay *replay) {
    for (size_t i = 0; i < replay->count; i++)
        if (replay->players[i].ended) return &replay->players[i];
    return NULL;
}

static int replay_loop(struct replay *replay) {
    bool bar = isatty(2) && !replay->cli->common.json;
    ss_time now = loop_now(replay->loop), give_up = SS_NEVER;
    replay->start = now + SS_SECOND / 5;
    if (replay->options->seconds > 0)
        replay->end = replay->start + (ss_time)(replay->options->seconds * (double)SS_SECOND);
    replay_advance(replay);
    while (!(replay->sent_all && replay_answered(replay)) && now < give_up) {
        now = loop_wait(replay->loop, replay_deadline(replay, now));
        if (now >= replay->start) replay_send(replay, now);
        for (size_t i = 0; i < replay->count; i++)
            player_turn(&replay->players[i], now);
        if (signals_end()) replay->sent_all = true;
        if (replay->sent_all && give_up == SS_NEVER) give_up = now + GRACE;
        const struct player *broken = replay_broken(replay);
        if (broken)
            return remote_failed(replay->cli,
                                 rpc_alive(broken->rpc) ? SS_ERR_INVALID : SS_ERR_UNAVAILABLE,
                                 broken->why);
        if (bar && now - replay->shown >= PROGRESS_EACH && now >= replay->start) {
            replay->shown = now;
            replay_progress(replay, now);
        }
    }
    if (bar) fputs("\r\x1b[K", stderr);
    return replay_summary(replay, now);
}

static void wake(void *loop) {
    loop_wake(loop);
}

static int replay_play(struct replay *replay) {
    struct rpc_config config = remote_config(replay->cli);
    struct player_events none = {0};
    char why[256] = "";
    int status = loop_create(&replay->loop, &memory_heap);
    replay->players = memory_zeroed(&memory_heap, replay->count, sizeof *replay->players);
    size_t opened = 0;
    if (!replay->players) status = SS_ERR_NOMEM;
    while (status == SS_OK && opened < replay->count) {
        status = player_open(&replay->players[opened], replay->loop, &config,
                             replay->cli->common.player + opened, &none, why, sizeof why);
        opened++;
    }
    int code;
    if (status == SS_OK) {
        signals_catch(true, wake, replay->loop);
        code = replay_loop(replay);
        signals_forget();
    } else {
        code = remote_failed(replay->cli, status, why[0] ? why : status_text(status));
    }
    while (opened-- > 0)
        player_close(&replay->players[opened]);
    memory_free(&memory_heap, replay->players, replay->count * sizeof *replay->players);
    if (replay->loop) loop_destroy(replay->loop);
    return code;
}

static int replay_run(struct cli *cli, int argc, char **argv) {
    struct replay_options options = {.speed = "1", .category = "position", .clients = 8};
    struct replay replay = {.cli = cli, .options = &options, .end = SS_NEVER};
    struct operands words;
    char why[320], *rest;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    if (words.count != 1) return complain(cli, EXIT_USAGE, "which trace? `statesync replay FILE`");
    if (options.clients < 1 || options.clients > 10000)
        return complain(cli, EXIT_USAGE, "--clients is 1 to 10000");
    if (strcmp(options.speed, "max") != 0) {
        replay.speed = strtod(options.speed, &rest);
        if (*rest || !(replay.speed > 0) || replay.speed > 1e6)
            return complain(cli, EXIT_USAGE, "--speed is a positive number or max, not \"%s\"",
                            options.speed);
    }
    if (recording_open(&replay.recording, words.items[0], why, sizeof why) != SS_OK)
        return complain(cli, EXIT_FAILED, "%s", why);
    replay.count = (size_t)options.clients;
    code = replay_play(&replay);
    recording_close(&replay.recording);
    return code;
}

const struct command command_replay = {
    .name = "replay",
    .synopsis = "TRACE.stt[.zst]",
    .summary = "Plays a recorded match against a server and measures it",
    .text = "  statesync replay share/match.stt.zst\n"
            "  statesync replay share/match.stt.zst --seconds 10 --speed 4 --clients 2\n"
            "  statesync replay share/match.stt.zst --speed max --json | jq .latency_us\n"
            "\nClients are the players from --player on; each needs to be allowed to write the "
            "category.\n",
    .flags = flags,
    .run = replay_run,
};
