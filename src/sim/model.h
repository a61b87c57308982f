/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what the clients of a run know: every update that was sent, and everything that was
 * ever seen of a cell. The checkers hold it against the contract; no line of the server is asked.
 *
 * Time is a count of sends and receipts (`stamp`): what was answered before something was sent
 * happened before it. Every state that a client writes is unique, so that whoever sees a state
 * knows which update made it. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/time.h"
#include "codec/message.h"

/* X(NAME, "name", shared, read by any, locking required, kept whole, may vanish by itself) */
#define KIND_LIST(X)                                                                               \
    X(POS, "pos", false, true, false, false, false)                                                \
    X(SECRET, "secret", false, false, false, false, false)                                         \
    X(CAS, "cas", true, true, true, true, false)                                                   \
    X(LOOT, "loot", true, true, true, true, false)                                                 \
    X(BAG, "bag", false, false, true, true, false)                                                 \
    X(SUM, "sum", true, true, true, true, false)                                                   \
    X(TRADE, "trade", true, true, true, true, false)                                               \
    X(LEASE, "lease", false, true, false, false, true)                                             \
    X(BRIEF, "brief", false, true, false, false, true)                                             \
    X(ORDER, "order", false, true, false, false, false)                                            \
    X(WISH, "wish", false, true, false, false, false)

enum kind {
#define KIND_ENUM(name, ...) KIND_##name,
    KIND_LIST(KIND_ENUM)
#undef KIND_ENUM
        KIND_COUNT
};

struct kind_rules {
    const char *name;
    bool shared, read_any, locking, whole, vanishes;
};
extern const struct kind_rules kind_rules[KIND_COUNT];

enum { KEYS = 4, STATE_MAX = 400, LIVES_MAX = 255 };
/* Positions are a few points in a row, none of them near the border of an area: it holds its centre
 * and the points beside that. */
enum { PLACES = 5, PLACES_APART = 10, AREA_RADIUS = 12, EVERYWHERE = PLACES };

enum fate {
    FATE_UNKNOWN, /* no answer (yet) */
    FATE_APPLIED,
    FATE_REFUSED,
    FATE_PARKED,
    FATE_OPEN /* parked or proposed, and somebody has said that it shall be applied */
};

/* What an answer about a cell means when the server dies, drawn for each kind (`durability`). */
enum class { CLASS_MEMORY, CLASS_ASYNC, CLASS_SYNC };

/* One version of a cell, as somebody saw it. */
struct sight {
    uint32_t version, op; /* op 0: a merge, or a tombstone */
    uint32_t expected;    /* of the accepted update that made it, 0: not known or none */
    bool deleted, created;
    unsigned life, losses; /* of the server and of the cell, when it was seen first */
    uint64_t digest;
};

struct known_at {
    uint64_t stamp;
    ss_time time;
    uint32_t version;
};

struct cell {
    enum kind kind;
    unsigned owner, key;
    struct sight *sights; /* by version */
    size_t sight_count, sight_capacity;
    uint32_t newest;         /* somebody has seen this version */
    struct known_at *knowns; /* when `newest` rose */
    size_t known_count, known_capacity;
    size_t known_lost; /* the place in `knowns` where the last loss is noted */
    uint32_t highest;  /* like `newest`, but it never goes back: versions are not given twice */
    unsigned losses;   /* how often a restart may have lost something of it */
    uint32_t deletes;  /* that were sent and not refused */
};

struct op {
    struct cell *cell;
    unsigned client;
    uint32_t base_op;         /* whose state its delta is made from, 0: it goes whole */
    uint32_t expected, batch; /* batch: number of its atomic batch, 0: none */
    bool delete, must_not_exist, with_clock, forbidden;
    uint8_t key[12]; /* idempotency key, key_size 0: none */
    uint8_t key_size;
    int32_t amount; /* of KIND_SUM: what it adds */
    char *text;     /* of KIND_SUM: what it writes, the same each time */
    uint64_t first_sent;
    uint32_t floor; /* newest when it was first sent */
    enum fate fate;
    uint32_t attempts;     /* how often it was sent */
    uint32_t version;      /* of the first answer */
    uint32_t first_result; /* 0: none yet */
    uint32_t seen_version; /* where its state stood, 0: nowhere yet */
    unsigned first_life, last_life;      /* of the server, when it was sent */
    /* of the cell, with seen_version, first_result and FATE_REFUSED */
    unsigned seen_losses, answer_losses, refused_losses;
    char conflict_id[40];
    uint8_t decision; /* what its writer decided, 0: nothing yet */
    bool kept;        /* and he was told that it is decided: KEEP_OLD */
};

struct model {
    unsigned clients; /* players are 1 .. clients */
    struct cell *cells;
    struct op *ops; /* 1 .. op_count */
    uint32_t op_count, op_capacity;
    uint32_t batches;
    enum class classes[KIND_COUNT];
    unsigned life;      /* of the server, 1 .. LIVES_MAX */
    ss_time life_began;
    const ss_time *now; /* virtual time */
    uint64_t stamp;
    uint64_t checks;
    bool deltas;           /* subscribers offer to take deltas */
    uint64_t deltas_taken;
    bool lean;     /* the server's memory may have failed: answers may leave out what needs some */
    char node[24]; /* the one actor of every clock, minted with the data, "": not seen yet */
    char why[480]; /* the first violation, "" while there is none */
};

void model_start(struct model *model, unsigned clients, uint64_t seed, const ss_time *now);
void model_free(struct model *model);
/* The server has died. Nothing of class sync may be missing from its next life; of class async what
 * nobody knew before `kept_until` (SS_NEVER: nothing may be); of class memory everything. */
void model_restart(struct model *model, ss_time kept_until);
/* Notes the first violation; later ones are consequences. */
void model_fail(struct model *model, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct cell *model_cell(const struct model *model, enum kind kind, unsigned owner, unsigned key);
size_t model_cell_count(const struct model *model);
/* The cell of those names; NULL when no client ever uses it. */
struct cell *model_find(const struct model *model, struct bytes category, uint64_t owner,
                        struct bytes key);
struct bytes cell_key(const struct cell *cell);
void cell_print(const struct cell *cell, char out[48]);
/* Write at `out`, with a 0 behind it, and return where that stands. */
char *print_text(char *out, const char *text);
char *print_number(char *out, uint32_t number);
bool cell_readable(const struct cell *cell, unsigned client);
/* Notes that from now on this is the newest known version. */
void cell_note(struct model *model, struct cell *cell, uint32_t version);
/* The newest version that somebody knew before `stamp`. */
uint32_t cell_known_before(const struct cell *cell, uint64_t stamp);
/* True when the cell may stand empty though somebody saw it live. */
bool cell_may_vanish(const struct cell *cell);

uint32_t model_op(struct model *model, struct cell *cell, unsigned client);
struct op *op_at(const struct model *model, uint32_t number);
/* At which point what it writes is, and the state itself (all kinds but KIND_SUM). */
unsigned op_place(uint32_t number);
struct bytes op_state(uint32_t number, char out[STATE_MAX]);
/* Which op wrote these bytes, 0: none. */
uint32_t op_of_state(const struct model *model, struct bytes state);

/* ---- the checkers -------------------------------------------------------------------------- */

/* checker_version.c: one content per version, versions that never go back, readers who may read. */
struct view {
    unsigned client; /* who sees it; 0: the referee */
    struct cell *cell;
    uint32_t version; /* 0: nothing ever stood */
    bool deleted;
    bool has_state; /* `state` is the whole of it */
    unsigned life;  /* it may have stood since then, 0: in this life */
    struct bytes state;
    uint32_t floor; /* not older than this may be shown */
    const char *where;
};
void check_view(struct model *model, const struct view *view);
/* Which op wrote that version of the cell, 0: unknown, or none. */
uint32_t sight_op(const struct cell *cell, uint32_t version);
/* A cell's clock names the server's node with the cell's version, whatever clients have sent. */
void check_clock(struct model *model, const struct cell *cell, uint32_t version,
                 struct counter_list clock);
/* At the end: whole chains of versions, each with one predecessor, and no trace of the refused. */
void check_chains(struct model *model);

/* checker_answer.c: what an answer to an update may say. */
struct question {
    uint32_t op;
    unsigned client;
    uint32_t floor; /* when this attempt was sent */
    uint32_t highest;
    unsigned losses, life;
    bool omit_state;
};
/* False: the cell has lost something since, so the answer is no knowledge any more. */
bool question_stands(const struct model *model, const struct question *question);
void check_answer(struct model *model, const struct question *question,
                  const struct state_sync_response *answer);
void check_batch(struct model *model, const struct question *questions, size_t count,
                 const struct state_sync_response *answer);

/* checker_merge.c: the sums of merged counters. `state` stands at the end. */
void check_sum(struct model *model, const struct cell *cell, struct bytes state);
/* Any state of a counter at any time: it is the sum of the updates that it names. */
void check_sum_state(struct model *model, const struct cell *cell, struct bytes state);
bool sum_names(struct bytes state, uint32_t op);
/* The state that adds op `number` to `base` (empty: creates it). */
struct bytes sum_add(uint32_t number, int32_t amount, struct bytes base, char *out, size_t size);

/* checker_snapshot.c: snapshots are one point in the order of effects. */
struct glimpse {
    unsigned client; /* 0: the referee, who asked for everybody's cells */
    uint64_t sent, answered;
    uint32_t *floors;  /* per cell: newest when it was asked for */
    uint32_t *version; /* per cell: what came, 0: nothing */
    bool *deleted;
    bool partial; /* only what differs was asked for */
    bool paged;
    bool kinds[KIND_COUNT];
};
struct glimpse *glimpse_begin(const struct model *model, unsigned client);
void glimpse_free(struct glimpse *glimpse);
void glimpse_entry(struct model *model, struct glimpse *glimpse, const struct state_entry *entry);
void check_glimpse(struct model *model, const struct glimpse *glimpse);

/* checker_feed.c: what a subscriber has, and whether it is the world. */
struct mirror {
    unsigned client;
    unsigned center; /* the point in the middle of its area, EVERYWHERE: it has none */
    bool kinds[KIND_COUNT];
    bool caught_up;
    struct mirrored {
        uint32_t version, pushed;
        bool deleted;
        bool left;  /* its area */
        bool early; /* pushed before caught_up: the first round may tell it again */
    } * cells;
};
void mirror_start(struct mirror *mirror, const struct model *model, unsigned client);
void mirror_free(struct mirror *mirror);
/* A subscription began anew: what it pushes may be known already. */
void mirror_restart(struct mirror *mirror, const struct model *model, bool keep);
/* `former`: of a subscription that was replaced since. */
void mirror_push(struct model *model, struct mirror *mirror, const struct wire_update *update,
                 bool former);
void mirror_own(struct mirror *mirror, const struct model *model, const struct cell *cell,
                uint32_t version, bool deleted);
void check_mirror(struct model *model, const struct mirror *mirror, const struct glimpse *final);

#endif
