/* SPDX-License-Identifier: Apache-2.0 */
/* match.h - the match of the demo: players on slow links who write their positions from a recording
 * and now and then all write the same cells, and a watcher who sees everything and decides
 * conflicts.
 *
 * Every write goes over the wire with what its player knows at that moment, so the conflicts are
 * real: the links are slow, and several players act on the same old version.
 *
 *     position   each player's own, opaque: the last write wins
 *     score      shared JSON, sums are merged: everybody scores at the same moment
 *     trade      shared JSON, conflicts are parked: two players take the same thing */
#ifndef CLI_MATCH_H
#define CLI_MATCH_H

#include "cli/mirror.h"
#include "cli/player.h"
#include "cli/recording.h"

#define MATCH_PLAYERS 8
#define MATCH_TRAIL   14
#define MATCH_STORIES 4
#define MATCH_WATCHER 9 /* the player id of the watcher */
#define MATCH_SPARK   30

extern const char match_config[]; /* YAML for the server */

/* What a player knows of a shared cell. */
struct known {
    uint32_t version;
    uint32_t counter; /* of the one node in its clock */
    char node[64];    /* "" before anything is known */
    char state[256];  /* NUL-terminated */
};

struct match_player {
    struct player link;
    ss_time delay, jitter; /* of its cable, one way */
    struct known score, trade;
    float trail[MATCH_TRAIL][3]; /* where the watcher saw it, a ring */
    size_t seen;
    uint64_t bytes_in, bytes_out; /* at the last sample */
    double in_rate, out_rate;     /* bytes a second */
};

struct match_story {
    ss_time at;
    char text[160];
    uint32_t type;    /* of a conflict over the score, 0: another story */
    uint32_t version; /* the old one that the players acted on */
    uint32_t players; /* bit n: player n + 1 was in it */
};

struct match {
    struct recording *recording;
    struct loop *loop;
    struct match_player *players;
    size_t count;
    struct player watcher;
    struct mirror mirror;
    bool caught_up;

    struct trace_tick tick; /* the next one, and when */
    ss_time start, due, score_due, trade_due, ask_due, sample_due;
    unsigned score_round, trade_round, decisions;
    bool writing; /* until the end is near */

    uint64_t versions;                  /* accepted writes */
    uint64_t conflicts[CONFLICT_KINDS]; /* by type */
    uint64_t settled[STRATEGY_KINDS];   /* by what became of them at once */
    uint64_t decided[STRATEGY_KINDS];   /* parked ones, by the watcher's answer */
    uint64_t parked;                    /* waiting now, as the server says */
    uint64_t red, blue;                 /* frags whose write was answered with success */
    uint64_t versions_before;
    double version_rate, in_rate, out_rate;    /* a second; bytes as the server sees them */
    double spark[MATCH_SPARK];                 /* version rates, the newest last */
    struct match_story stories[MATCH_STORIES]; /* the newest first */

    struct question { /* the watcher's one open question */
        enum { ASK_NOTHING, ASK_LIST, ASK_RESOLVE } kind;
        char id[64], what[96];
        uint32_t strategy;
        bool again;
    } question;
    struct arena arena;
    char broken[320]; /* the first thing that went wrong, "" while healthy */
};

/* Connects everybody and subscribes. SS_OK, or a status with `why`. Close it in either case. */
int match_open(struct match *match, struct loop *loop, struct recording *recording, size_t players,
               const char *address, char *why, size_t why_size);
void match_close(struct match *match);

/* Time goes on. */
ss_time match_deadline(const struct match *match);
void match_turn(struct match *match, ss_time now);
/* News for the screen, and the first thing that went wrong. */
void match_tell(struct match *match, const char *format, ...) __attribute__((format(printf, 2, 3)));
void match_break(struct match *match, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Nothing new is written from now on. */
void match_calm(struct match *match);
/* Everything that was sent is answered. */
bool match_answered(const struct match *match);
/* Latency of all players together. */
void match_latency(const struct match *match, struct histogram *all);
void match_results(const struct match *match, uint64_t results[RESULT_KINDS]);

#endif
