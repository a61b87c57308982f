/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h - from retained ticks and the lanes already coded to a guess of the next lane.
 *
 * All integers: a difference in one bit between two machines would break the stream. Values are
 * held "fine", in fractions of a step (8 bits, DELTA_FLOAT 20), and clamped to +-2^40 before
 * products; that clamps guesses only, never values. */
#ifndef DELTA_PREDICT_H
#define DELTA_PREDICT_H

#include "delta/model.h"
#include "delta/rotation.h"

enum { TICK_NOW, TICK_BASE, TICK_OLD1, TICK_OLD2, TICK_OLD3, TICKS };

/* Ratios of one chunk, computed once. */
struct delta_times {
    int64_t extrapolate[3];              /* (now - base) / (older gap), Q24 */
    struct rotation_series rotate[3][2]; /* of rho = (now - base) / (base - older), and 1 + rho */
    int64_t travel;                      /* velocity steps to position steps over now - base, Q24 */
    int64_t slow, slow_now; /* position steps to velocity steps over base - old1, now - base, Q24 */
    int32_t dt_ms;
};

/* `ms[TICK_OLD*]` equal to the one before means: none. */
void delta_times_init(struct delta_times *times, const struct delta_schema *schema,
                      const uint32_t ms[TICKS]);

struct predictor {
    const struct delta_schema *schema;
    const struct delta_times *times;
    const uint8_t *rows[TICKS]; /* NULL: not live then. TICK_NOW: unused */
    int32_t now[DELTA_LANES_MAX];
    unsigned class;
    bool quiet; /* every lane so far equals its base */
    bool plain; /* the lane at hand is a byte: nothing to extrapolate */
    int64_t fine[TICKS][DELTA_LANES_MAX];
    int64_t ahead[3][DELTA_LANES_MAX]; /* where each older gap leads, fine, from the base */
    int64_t miss[DELTA_LANES_MAX];     /* now - guess, fine */
    uint8_t size[DELTA_LANES_MAX];     /* magnitude class of what was coded */
    int32_t sine, cosine;              /* of now's yaw - base's, Q14 */
    int32_t heading_x, heading_y;      /* of now's yaw, Q14 */
    int32_t turn_miss;                 /* |yaw miss|, 1/65536 turns */
    int64_t quaternion[3][4];          /* extrapolated, Q30; [0] from old1 */
    int64_t facing[4];                 /* base, Q30, in the hemisphere of [0] */
    uint8_t order[4];                  /* components by falling size of quaternion[0] */
    /* of the lane at hand */
    int64_t mean[MODEL_MEANS], spread[MODEL_SPREADS];
    int16_t clue[MODEL_CLUES];
    int64_t base, guess; /* fine */
    int fraction;        /* bits of fineness */
};

/* How many bits finer than a step a lane is held. */
static inline int predict_fraction(const struct delta_lane *lane) {
    return lane->kind == DELTA_FLOAT ? 20 : lane->kind == DELTA_BYTE ? 0 : 8;
}

/* Starts a cell; rows may be NULL (rows[TICK_BASE] NULL: a birth, guessed from `like`, or from
 * zeros when that is NULL too). */
void predictor_start(struct predictor *predictor, const struct delta_schema *schema,
                     const struct delta_times *times, const uint8_t *like);
/* Fills features of `lane` and, from the model, `guess` and all clues. */
void predictor_features(struct predictor *predictor, unsigned lane);
void predictor_guess(struct predictor *predictor, const struct model_lane *model);
/* The same for a DELTA_BYTE: its clues; the value it had. */
static inline int32_t predictor_byte(struct predictor *p, unsigned lane) {
    int32_t base = (int32_t)p->fine[TICK_BASE][lane], old = (int32_t)p->fine[TICK_OLD1][lane];
    p->clue[0] = p->clue[1] = p->clue[14] = 0;
    p->clue[7] = p->quiet;
    p->clue[15] = (int16_t)base;
    p->clue[16] = (int16_t)(base - old);
    p->clue[17] = (int16_t)(old - (int32_t)p->fine[TICK_OLD2][lane]);
    return base;
}
static inline void predictor_note_byte(struct predictor *p, unsigned lane, int32_t value) {
    unsigned clue = p->schema->lanes[lane].clue;
    p->now[lane] = value;
    p->quiet = p->quiet && p->rows[TICK_BASE] && value == p->fine[TICK_BASE][lane];
    if (clue < MODEL_CLUES) p->clue[clue] = (int16_t)value;
}
/* Tells what `lane` was; `coded` is the number that was coded for it. */
void predictor_note(struct predictor *predictor, unsigned lane, int32_t value, int64_t coded);

/* A value of `lane`, whose features are filled, as fine. */
int64_t predictor_fine(const struct predictor *predictor, unsigned lane, int32_t value);

#endif
