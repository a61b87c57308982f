/* SPDX-License-Identifier: Apache-2.0 */
/* watcher.c - one question at a time: list what is parked; if the oldest has waited long enough to
 * be seen, answer it; each answer in turn, so that all four ways of deciding are shown. */
#include "cli/watcher.h"

#include <stdio.h>

#include "base/status.h"
#include "cli/remote.h"

#define ASK_EACH    (SS_SECOND / 2)
#define THINKING_MS 900 /* a parked conflict may be seen on the screen before it is decided */
#define ARENA_MAX   ((size_t)4 << 20)

static void on_watched(void *context, struct player *link, const struct state_sync_response *push) {
    (void)link;
    struct match *match = context;
    if (push->caught_up) match->caught_up = true;
    if (!push->update) return;
    struct wire_update update = *push->update;
    int status = mirror_take(&match->mirror, &update);
    if (status != SS_OK)
        match_break(match, "the watcher cannot take a push in: %s", status_text(status));
    if (bytes_equal(update.category, bytes_of("position")) && update.owner_id >= 1 &&
        update.owner_id <= match->count && update.state.size == RECORD_STATE) {
        struct match_player *player = &match->players[update.owner_id - 1];
        state_position(update.state, player->trail[player->seen++ % MATCH_TRAIL]);
    }
}

static void match_ask(struct match *match, const char *path, const struct message_type *type,
                      const void *request, const struct rpc_events *events, ss_time now) {
    struct rpc_call *call;
    int status = rpc_begin(match->watcher.rpc, path, events, now + 10 * SS_SECOND, now, &call);
    if (status == SS_OK) status = rpc_send(call, type, request);
    if (status == SS_OK)
        rpc_half_close(call);
    else
        match_break(match, "the watcher cannot ask: %s", status_text(status));
}

static void on_asked(void *context, struct rpc_call *call, enum grpc_status status,
                     const char *message) {
    (void)call;
    struct match *match = context;
    if (status != GRPC_OK) {
        match_break(match, "the watcher's question failed: %s %s", grpc_status_name(status),
                    message);
        match->question.kind = ASK_NOTHING;
    }
    match->ask_due = loop_now(match->loop) + ASK_EACH;
    /* An answer to a list may have made a decision due; otherwise the question is closed. */
    if (match->question.kind == ASK_RESOLVE)
        match->ask_due = loop_now(match->loop);
    else
        match->question.kind = ASK_NOTHING;
}

static void on_resolved(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct match *match = context;
    struct question *question = &match->question;
    struct conflict_resolution_response response;
    arena_reset(&match->arena, 64 << 10);
    if (message_decode(&message_conflict_resolution_response, message, &response, &match->arena,
                       ARENA_MAX, NULL) != SS_OK) {
        match_break(match, "the watcher got an answer that cannot be read");
        question->kind = ASK_NOTHING;
    } else if (response.success) {
        static const char *const words[STRATEGY_KINDS] = {
            "", "the later one gets it", "joined", "the first one keeps it", "neither gets it"};
        match->decided[question->strategy]++;
        match_tell(match, "the watcher decided about %s: %s (%s)", question->what,
                   words[question->strategy], strategy_word(question->strategy));
        question->kind = ASK_NOTHING;
    } else if (response.conflict && !question->again) {
        question->again = true; /* the cell has moved on: shown what stands now, we still mean it */
    } else {
        match_break(match, "the watcher could not decide: %.*s", (int)response.error_message.size,
                    (const char *)response.error_message.data);
        question->kind = ASK_NOTHING;
    }
}

static void ask_resolve(struct match *match, ss_time now) {
    const struct rpc_events events = {match, on_resolved, on_asked};
    struct question *question = &match->question;
    bool manual = question->strategy == RESOLUTION_STRATEGY_MANUAL;
    struct conflict_resolution_request request = {
        .conflict_id = bytes_of(question->id),
        .strategy = question->strategy,
        .custom_resolved_state =
            bytes_of(manual ? "{\"item\":\"quad damage\",\"price\":0,\"owner\":0}" : ""),
        .client_timestamp_ms = time_ms(now),
        .player_id = MATCH_WATCHER,
    };
    match->ask_due = SS_NEVER;
    match_ask(match, SYNC_SERVICE "ResolveConflict", &message_conflict_resolution_request, &request,
              &events, now);
}

/* The oldest parked conflict that was looked at long enough becomes the next question. */
static void on_listed(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct match *match = context;
    struct question *question = &match->question;
    struct list_conflicts_response response;
    arena_reset(&match->arena, 64 << 10);
    question->kind = ASK_NOTHING;
    if (message_decode(&message_list_conflicts_response, message, &response, &match->arena,
                       ARENA_MAX, NULL) != SS_OK) {
        match_break(match, "the watcher got a list that cannot be read");
        return;
    }
    match->parked = response.total;
    if (response.conflicts.count == 0) return;
    const struct parked_conflict *parked = &response.conflicts.items[0];
    if (!parked->conflict || parked->resolved ||
        time_ms(loop_now(match->loop)) - parked->detected_ms < (match->writing ? THINKING_MS : 0))
        return;
    question->kind = ASK_RESOLVE;
    question->again = false;
    question->strategy = 1 + match->decisions++ % (STRATEGY_KINDS - 1);
    snprintf(question->id, sizeof question->id, "%.*s", (int)parked->conflict->conflict_id.size,
             (const char *)parked->conflict->conflict_id.data);
    snprintf(question->what, sizeof question->what, "player %u's offer", (unsigned)parked->writer);
}

void watcher_ask(struct match *match, ss_time now) {
    const struct rpc_events events = {match, on_listed, on_asked};
    struct list_conflicts_request request = {.player_id = MATCH_WATCHER, .limit = 10};
    if (match->question.kind == ASK_RESOLVE) {
        ask_resolve(match, now);
        return;
    }
    match->question.kind = ASK_LIST;
    match->ask_due = SS_NEVER;
    match_ask(match, OWN_SERVICE "ListConflicts", &message_list_conflicts_request, &request,
              &events, now);
}

int watcher_open(struct match *match, const char *address, char *why, size_t why_size) {
    const struct player_events events = {match, NULL, on_watched};
    struct rpc_config config = {.address = address};
    int status =
        player_open(&match->watcher, match->loop, &config, MATCH_WATCHER, &events, why, why_size);
    if (status != SS_OK) return status;
    const uint32_t deltas[] = {DELTA_FORMAT_PATCH};
    return player_subscribe(&match->watcher,
                            &(const struct wire_subscribe){.accept_deltas = {deltas, 1}});
}
