/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/list.h"
#include "base/status.h"
#include "cli/moves.h"
#include "cli/watcher.h"

#define SCORE_EACH (3 * SS_SECOND / 2)
#define TRADE_EACH (4 * SS_SECOND)

const char match_config[] =
    "worlds: { names: [default], tick_hz: 60 }\n"
    "categories:\n"
    "  position: { scope: player, write: owner, read: any, format: opaque,\n"
    "              strategy: last_write_wins, durability: memory }\n"
    "  score:    { scope: shared, write: any, read: any, format: json, strategy: merge,\n"
    "              fields: { /red: sum, /blue: sum }, durability: memory }\n"
    "  trade:    { scope: shared, write: any, read: any, format: json, strategy: manual,\n"
    "              resolve: server, durability: memory }\n";

void match_break(struct match *match, const char *format, ...) {
    va_list arguments;
    if (match->broken[0]) return;
    va_start(arguments, format);
    vsnprintf(match->broken, sizeof match->broken, format, arguments);
    va_end(arguments);
}

void match_tell(struct match *match, const char *format, ...) {
    va_list arguments;
    memmove(&match->stories[1], &match->stories[0], (MATCH_STORIES - 1) * sizeof *match->stories);
    match->stories[0] = (struct match_story){.at = loop_now(match->loop)};
    va_start(arguments, format);
    vsnprintf(match->stories[0].text, sizeof match->stories[0].text, format, arguments);
    va_end(arguments);
}

/* ---- what a player knows ------------------------------------------------------------------- */

static void known_take(struct known *known, uint32_t version, struct bytes state,
                       struct counter_list clock) {
    if (known->node[0] && (int32_t)(version - known->version) < 0) return;
    known->version = version;
    snprintf(known->state, sizeof known->state, "%.*s", (int)state.size, (const char *)state.data);
    if (clock.count == 0) return;
    snprintf(known->node, sizeof known->node, "%.*s", (int)clock.items[0].name.size,
             (const char *)clock.items[0].name.data);
    known->counter = clock.items[0].value;
}

/* ---- what players hear --------------------------------------------------------------------- */

static struct known *known_of(struct match_player *player, uint32_t tag) {
    return tag == TAG_TRADE ? &player->trade : &player->score;
}

/* One story for all who scored on the same old version and so met the same fate. */
static void tell_scored(struct match *match, size_t index, const struct conflict_info *info) {
    struct match_story *story = NULL;
    char who[4 * MATCH_PLAYERS] = "";
    for (size_t i = 0; i < MATCH_STORIES && !story; i++)
        if (match->stories[i].type == info->type && match->stories[i].version == info->base_version)
            story = &match->stories[i];
    if (!story) {
        match_tell(match, "%s", "");
        story = &match->stories[0];
    }
    story->type = info->type;
    story->version = info->base_version;
    story->players |= 1u << index;
    for (size_t i = 0; i < MATCH_PLAYERS; i++)
        if (story->players >> i & 1)
            snprintf(who + strlen(who), sizeof who - strlen(who), " %zu", i + 1);
    snprintf(story->text, sizeof story->text, "%s scored on old version %u (%s): merged", who + 1,
             info->base_version, conflict_word(info->type));
}

static void tell_conflict(struct match *match, const struct match_player *player, uint32_t tag,
                          const struct conflict_info *info) {
    unsigned id = (unsigned)player->link.id;
    const char *type = conflict_word(info->type);
    if (tag == TAG_TRADE && info->requires_manual_resolution)
        match_tell(match, "%u took the quad, somebody was faster (%s): parked", id, type);
    else if (tag == TAG_DAMAGED)
        match_tell(match, "%u wrote from a damaged copy (%s): refused", id, type);
    else if (info->type == CONFLICT_TYPE_VECTOR_CLOCK)
        match_tell(match, "%u came with the past of another server (%s): merged", id, type);
    else if (info->strategy == RESOLUTION_STRATEGY_MERGE)
        tell_scored(match, (size_t)(player - match->players), info);
    else
        match_tell(match, "%u met a %s on the %s: %s", id, type,
                   tag == TAG_TRADE ? "trade" : "score", strategy_word(info->strategy));
}

static void on_answer(void *context, struct player *link, const struct player_sent *sent,
                      const struct state_sync_response *answer) {
    struct match *match = context;
    struct match_player *player = LIST_ENTRY(link, struct match_player, link);
    const struct conflict_info *info = answer->conflict;
    if (answer->result == SYNC_RESULT_SUCCESS) {
        match->versions++;
        match->red += sent->tag == TAG_RED;
        match->blue += sent->tag == TAG_BLUE;
    }
    if (answer->result == SYNC_RESULT_ERROR || answer->result == SYNC_RESULT_RATE_LIMITED)
        match_break(match, "player %u was answered %s: %.*s", (unsigned)link->id,
                    result_word(answer->result), (int)answer->error_message.size,
                    (const char *)answer->error_message.data);
    if (sent->tag != TAG_POSITION && answer->request_id)
        known_take(known_of(player, sent->tag), answer->current_version, answer->state_data,
                   answer->vector_clock);
    if (!info) return;
    match->conflicts[info->type < CONFLICT_KINDS ? info->type : 0]++;
    if (!info->requires_manual_resolution)
        match->settled[info->strategy < STRATEGY_KINDS ? info->strategy : 0]++;
    tell_conflict(match, player, sent->tag, info);
}

static void on_push(void *context, struct player *link, const struct state_sync_response *push) {
    (void)context;
    struct match_player *player = LIST_ENTRY(link, struct match_player, link);
    const struct wire_update *update = push->update;
    if (!update || update->deleted) return;
    if (bytes_equal(update->category, bytes_of("score")))
        known_take(&player->score, update->version, update->state, update->vector_clock);
    if (bytes_equal(update->category, bytes_of("trade")))
        known_take(&player->trade, update->version, update->state, update->vector_clock);
}

/* ---- once a second ------------------------------------------------------------------------- */

static void sample(struct match *match) {
    match->in_rate = match->out_rate = 0;
    for (size_t i = 0; i < match->count; i++) {
        struct match_player *player = &match->players[i];
        uint64_t in = rpc_bytes_in(player->link.rpc), out = rpc_bytes_out(player->link.rpc);
        player->in_rate = (double)(in - player->bytes_in);
        player->out_rate = (double)(out - player->bytes_out);
        player->bytes_in = in;
        player->bytes_out = out;
        match->in_rate += player->out_rate; /* what leaves the client comes in at the server */
        match->out_rate += player->in_rate;
    }
    match->version_rate = (double)(match->versions - match->versions_before);
    match->versions_before = match->versions;
    memmove(match->spark, match->spark + 1, (MATCH_SPARK - 1) * sizeof *match->spark);
    match->spark[MATCH_SPARK - 1] = match->version_rate;
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Cables from good to bad. */
static void match_cable(struct match_player *player, size_t index) {
    static const struct {
        int delay, jitter;
    } cables[MATCH_PLAYERS] = {{10, 2},  {16, 4},  {24, 6},  {35, 8},
                               {48, 10}, {64, 14}, {85, 20}, {120, 30}};
    player->delay = cables[index].delay * SS_MILLISECOND;
    player->jitter = cables[index].jitter * SS_MILLISECOND;
}

static int match_join(struct match *match, size_t index, const char *address, char *why,
                      size_t why_size) {
    struct match_player *player = &match->players[index];
    const struct player_events events = {match, on_answer, on_push};
    match_cable(player, index);
    struct rpc_config config = {
        .address = address, .delay = player->delay, .jitter = player->jitter, .seed = index + 1};
    int status =
        player_open(&player->link, match->loop, &config, index + 1, &events, why, why_size);
    if (status != SS_OK) return status;
    return player_subscribe(&player->link, &(const struct wire_subscribe){0});
}

int match_open(struct match *match, struct loop *loop, struct recording *recording, size_t players,
               const char *address, char *why, size_t why_size) {
    *match = (struct match){.recording = recording,
                            .loop = loop,
                            .count = players,
                            .mirror = mirror_of(&memory_heap),
                            .arena = arena_of(&memory_heap, 16 << 10)};
    match->players = memory_zeroed(&memory_heap, players, sizeof *match->players);
    int status = match->players ? watcher_open(match, address, why, why_size) : SS_ERR_NOMEM;
    for (size_t i = 0; i < players && status == SS_OK; i++)
        status = match_join(match, i, address, why, why_size);
    if (status != SS_OK && why_size && !why[0]) snprintf(why, why_size, "%s", status_text(status));
    ss_time now = loop_now(loop);
    match->writing = true;
    match->start = now + SS_SECOND;
    recording_next(recording, &match->tick, &match->due);
    match->due += match->start;
    match->score_due = match->start + SCORE_EACH;
    match->trade_due = match->start + TRADE_EACH / 2;
    match->ask_due = match->start;
    match->sample_due = match->start + SS_SECOND;
    return status;
}

void match_close(struct match *match) {
    for (size_t i = 0; match->players && i < match->count; i++)
        if (match->players[i].link.rpc) player_close(&match->players[i].link);
    if (match->watcher.rpc) player_close(&match->watcher);
    memory_free(&memory_heap, match->players, match->count * sizeof *match->players);
    match->players = NULL;
    mirror_free(&match->mirror);
    arena_free(&match->arena);
}

/* ---- time ---------------------------------------------------------------------------------- */

ss_time match_deadline(const struct match *match) {
    ss_time deadline = time_min(match->ask_due, match->sample_due);
    if (match->writing) {
        deadline = time_min(deadline, match->due);
        deadline = time_min(deadline, time_min(match->score_due, match->trade_due));
    }
    deadline = time_min(deadline, player_deadline(&match->watcher));
    for (size_t i = 0; i < match->count; i++)
        deadline = time_min(deadline, player_deadline(&match->players[i].link));
    return deadline;
}

static void match_write(struct match *match, ss_time now) {
    while (match->due <= now)
        move_positions(match, now);
    if (match->score_due <= now) {
        match->score_due = now + SCORE_EACH;
        move_scores(match, now);
    }
    if (match->trade_due <= now) {
        match->trade_due = now + TRADE_EACH;
        move_trades(match, now);
    }
}

static void match_check(struct match *match) {
    if (match->watcher.ended) match_break(match, "the watcher: %s", match->watcher.why);
    for (size_t i = 0; i < match->count; i++) {
        const struct player *link = &match->players[i].link;
        if (link->ended) match_break(match, "player %zu: %s", i + 1, link->why);
    }
}

void match_turn(struct match *match, ss_time now) {
    if (match->writing) match_write(match, now);
    if (match->ask_due <= now) watcher_ask(match, now);
    if (match->sample_due <= now) {
        match->sample_due += SS_SECOND;
        sample(match);
    }
    for (size_t i = 0; i < match->count; i++)
        player_turn(&match->players[i].link, now);
    player_turn(&match->watcher, now);
    match_check(match);
}

void match_calm(struct match *match) {
    match->writing = false;
}

bool match_answered(const struct match *match) {
    for (size_t i = 0; i < match->count; i++)
        if (player_in_flight(&match->players[i].link)) return false;
    return match->parked == 0 && match->question.kind != ASK_RESOLVE;
}

void match_latency(const struct match *match, struct histogram *all) {
    memset(all, 0, sizeof *all);
    for (size_t i = 0; i < match->count; i++)
        histogram_merge(all, &match->players[i].link.latency);
}

void match_results(const struct match *match, uint64_t results[RESULT_KINDS]) {
    for (size_t k = 0; k < RESULT_KINDS; k++) {
        results[k] = 0;
        for (size_t i = 0; i < match->count; i++)
            results[k] += match->players[i].link.results[k];
    }
}
