/* SPDX-License-Identifier: Apache-2.0 */
/* moves.c - every write says what its player knew at that moment: the version, and for some the
 * clock. */
#include "cli/moves.h"

#include <stdio.h>
#include <stdlib.h>

/* The number behind "name": in a flat JSON object; 0 when there is none. */
static long field_of(const char *json, const char *name) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    const char *at = strstr(json, quoted);
    at = at ? strchr(at, ':') : NULL;
    return at ? strtol(at + 1, NULL, 10) : 0;
}

static void write_position(struct match *match, const uint8_t *record, ss_time now) {
    size_t index = trace_id(record) % match->count;
    struct state_sync_request request = {
        .category = bytes_of("position"),
        .key = bytes_of("body"),
        .state_data = record_state(record),
        .omit_state = true,
    };
    (void)player_write(&match->players[index].link, &request, TAG_POSITION, now);
}

void move_positions(struct match *match, ss_time now) {
    for (size_t i = 0; i < match->tick.count; i++) {
        const uint8_t *record = record_at(&match->tick, i);
        /* More recorded players than clients: the surplus stays at home. */
        if (recording_plays(match->recording, record) && trace_id(record) < match->count)
            write_position(match, record, now);
    }
    recording_next(match->recording, &match->tick, &match->due);
    match->due += match->start;
}

/* One frag more for the player's team, on top of what it knows. Players with an odd number send the
 * version only, the others their clock too; `foreign` puts another server into that clock. */
static void write_score(struct match_player *player, bool foreign, bool damaged, ss_time now) {
    const struct known *known = &player->score;
    bool red = player->link.id % 2;
    char state[96];
    struct counter clock[2] = {{bytes_of(known->node), known->counter},
                               {bytes_of("another-server"), 7}};
    static const uint8_t wrong_digest[8] = {0xde, 0xad};
    snprintf(state, sizeof state, "{\"red\":%ld,\"blue\":%ld}", field_of(known->state, "red") + red,
             field_of(known->state, "blue") + !red);
    struct state_sync_request request = {
        .category = bytes_of("score"),
        .key = bytes_of("match"),
        .state_data = bytes_of(state),
        .expected_version = known->version,
    };
    if (foreign || player->link.id % 2 == 0)
        request.vector_clock = (struct counter_list){clock, foreign ? 2 : 1};
    if (damaged) request.base_digest = bytes_view(wrong_digest, sizeof wrong_digest);
    enum tag tag = damaged ? TAG_DAMAGED : red ? TAG_RED : TAG_BLUE;
    (void)player_write(&player->link, &request, tag, now);
}

void move_scores(struct match *match, ss_time now) {
    unsigned round = match->score_round++;
    size_t stranger = round % 3 == 2 ? round % match->count : match->count;
    size_t victim = round % 7 == 6 ? (round / 7) % match->count : match->count;
    for (size_t i = 0; i < match->count; i++)
        write_score(&match->players[i], i == stranger, i == victim, now);
}

static void write_trade(struct match_player *player, unsigned price, ss_time now) {
    char state[96];
    snprintf(state, sizeof state, "{\"item\":\"quad damage\",\"price\":%u,\"owner\":%u}", price,
             (unsigned)player->link.id);
    struct state_sync_request request = {
        .category = bytes_of("trade"),
        .key = bytes_of("market"),
        .state_data = bytes_of(state),
        .expected_version = player->trade.version,
    };
    (void)player_write(&player->link, &request, TAG_TRADE, now);
}

void move_trades(struct match *match, ss_time now) {
    unsigned round = match->trade_round++;
    size_t first = round % match->count, second = (round * 3 + 4) % match->count;
    if (first == second) second = (second + 1) % match->count;
    write_trade(&match->players[first], 40 + round % 9, now);
    if (second != first) write_trade(&match->players[second], 50 + round % 7, now);
}
