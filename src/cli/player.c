/* SPDX-License-Identifier: Apache-2.0 */
/* player.c - answers come in the order of the updates and echo their number, so what is on its way
 * is a ring of times indexed by that number. */
#include "cli/player.h"

#include <stdio.h>

#include "base/status.h"
#include "cli/remote.h"

#define ARENA_MAX ((size_t)16 << 20)

static void player_end(struct player *player, const char *why) {
    if (player->ended) return;
    player->ended = true;
    snprintf(player->why, sizeof player->why, "%s", why);
}

static void take_answer(struct player *player, const struct state_sync_response *answer) {
    uint64_t number = answer->client_sequence;
    uint32_t result = answer->result < RESULT_KINDS ? answer->result : 0;
    if (number == 0 || number > player->sent || number <= player->answered) {
        player_end(player, "an answer came that nobody had asked for");
        return;
    }
    const struct player_sent *sent = &player->flight[number % PLAYER_FLIGHT];
    player->answered = number;
    player->results[result]++;
    histogram_add(&player->latency, (uint64_t)time_max(player->now - sent->at, 0));
    if (answer->compensation) player->server_latency = answer->compensation->measured_latency_ms;
    if (player->events.on_answer)
        player->events.on_answer(player->events.context, player, sent, answer);
}

static void on_message(void *context, struct rpc_call *call, struct bytes message) {
    (void)call;
    struct player *player = context;
    struct state_sync_response response;
    const char *why = "";
    if (player->ended) return;
    player->now = loop_now(player->loop);
    arena_reset(&player->arena, 64 << 10);
    if (message_decode(&message_state_sync_response, message, &response, &player->arena, ARENA_MAX,
                       &why) != SS_OK) {
        player_end(player, why);
        return;
    }
    if (!response.update && !response.outcome && !response.caught_up) {
        take_answer(player, &response);
        return;
    }
    player->pushes += response.update != NULL;
    if (player->events.on_push) player->events.on_push(player->events.context, player, &response);
}

static void on_end(void *context, struct rpc_call *call, enum grpc_status status,
                   const char *message) {
    (void)call;
    struct player *player = context;
    char why[256];
    snprintf(why, sizeof why, "the stream ended: %s %s", grpc_status_name(status), message);
    player->stream = NULL;
    player_end(player, why);
}

int player_open(struct player *player, struct loop *loop, const struct rpc_config *config,
                uint64_t id, const struct player_events *events, char *why, size_t why_size) {
    memset(player, 0, sizeof *player);
    player->id = id;
    player->loop = loop;
    player->events = *events;
    player->arena = arena_of(&memory_heap, 16 << 10);
    ss_time now = loop_now(loop);
    int status = rpc_open(&player->rpc, loop, &memory_heap, config, now, why, why_size);
    if (status != SS_OK) return status;
    struct rpc_events stream = {player, on_message, on_end};
    status = rpc_begin(player->rpc, SYNC_SERVICE "StreamStateUpdates", &stream, SS_NEVER, now,
                       &player->stream);
    if (status != SS_OK) snprintf(why, why_size, "%s", status_text(status));
    return status;
}

void player_close(struct player *player) {
    rpc_close(player->rpc);
    arena_free(&player->arena);
    player->rpc = NULL;
    player->stream = NULL;
}

ss_time player_deadline(const struct player *player) {
    return rpc_deadline(player->rpc);
}

void player_turn(struct player *player, ss_time now) {
    player->now = now;
    rpc_turn(player->rpc, now);
}

size_t player_in_flight(const struct player *player) {
    return (size_t)(player->sent - player->answered);
}

int player_write(struct player *player, struct state_sync_request *request, uint32_t tag,
                 ss_time now) {
    if (!player->stream || player->ended) return SS_ERR_CLOSED;
    if (player_in_flight(player) >= PLAYER_FLIGHT - 1) return SS_ERR_AGAIN;
    request->player_id = player->id;
    request->client_sequence = player->sent + 1;
    request->client_timestamp_ms = time_ms(now);
    int status = rpc_send(player->stream, &message_state_sync_request, request);
    if (status != SS_OK) return status;
    player->sent++;
    player->flight[player->sent % PLAYER_FLIGHT] = (struct player_sent){now, tag};
    return SS_OK;
}

int player_subscribe(struct player *player, const struct wire_subscribe *subscribe) {
    struct state_sync_request request = {.player_id = player->id, .subscribe = subscribe};
    if (!player->stream) return SS_ERR_CLOSED;
    return rpc_send(player->stream, &message_state_sync_request, &request);
}

void player_finish(struct player *player) {
    if (player->stream) rpc_half_close(player->stream);
}
