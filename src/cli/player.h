/* SPDX-License-Identifier: Apache-2.0 */
/* player.h - one client of a game: a connection of its own, one stream of updates, and a note of
 * what is on its way, so that every answer finds its question. */
#ifndef CLI_PLAYER_H
#define CLI_PLAYER_H

#include "base/histogram.h"
#include "cli/words.h"
#include "client/rpc.h"

#define PLAYER_FLIGHT 4096 /* updates on their way at most; a power of two */

struct player_sent {
    ss_time at;
    uint32_t tag; /* the caller's own note */
};

struct player;
struct player_events {
    void *context;
    /* Borrowed for the call; either may be NULL. */
    void (*on_answer)(void *context, struct player *player, const struct player_sent *sent,
                      const struct state_sync_response *answer);
    void (*on_push)(void *context, struct player *player, const struct state_sync_response *push);
};

struct player {
    uint64_t id;
    struct rpc_client *rpc;
    struct rpc_call *stream;
    struct loop *loop;
    struct player_events events;
    struct arena arena;
    uint64_t sent, answered, pushes;
    uint64_t results[RESULT_KINDS];
    struct histogram latency; /* from send to answer, us */
    uint32_t server_latency;  /* one way, as the server measures it, ms */
    ss_time now;              /* of the turn */
    bool ended;               /* the stream is over: `why` tells why */
    char why[256];
    struct player_sent flight[PLAYER_FLIGHT];
};

/* SS_OK, or why not in `why`. Close it in either case. */
int player_open(struct player *player, struct loop *loop, const struct rpc_config *config,
                uint64_t id, const struct player_events *events, char *why, size_t why_size);
void player_close(struct player *player);
ss_time player_deadline(const struct player *player);
void player_turn(struct player *player, ss_time now);

size_t player_in_flight(const struct player *player);
/* Sends an update; its player_id and client_sequence are filled in. SS_OK, SS_ERR_AGAIN when
 * PLAYER_FLIGHT are on their way, SS_ERR_CLOSED, SS_ERR_NOMEM. */
int player_write(struct player *player, struct state_sync_request *request, uint32_t tag,
                 ss_time now);
int player_subscribe(struct player *player, const struct wire_subscribe *subscribe);
/* Asks to end the stream after what is on its way. */
void player_finish(struct player *player);

#endif
