/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h - from retained ticks and the lanes already coded to a guess of the next lane.
 *
 * All integers: a difference in one bit between two machines would break the stream. Values are
 * held "fine", in fractions of a step (8 bits, DELTA_FLOAT 20), and clamped to +-2^40 before
 * products; that clamps guesses only, never values. */
#ifndef DELTA_PREDICT_H
#define DELTA_PREDICT_H

#include "delta/fixed.h"
#include "delta/lattice.h"
#include "delta/model.h"
#include "delta/quantum.h"
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

/* One lane of the cell at hand, fine. */
struct predictor_lane {
    int64_t now, base, old; /* old: one tick before the base */
    int64_t ahead[3];       /* where each older gap leads, from the base */
    int64_t bend[2];        /* |ahead[0] - ahead[1]|, |ahead[1] - ahead[2]| */
    int64_t miss;           /* now - guess */
};

struct predictor {
    const struct delta_schema *schema;
    const struct delta_times *times;
    const uint8_t *rows[TICKS]; /* NULL: not live then. TICK_NOW: unused */
    const uint8_t *origin;      /* what the cell is guessed from: its base or, at birth, another */
    struct predictor_lane lane[DELTA_LANES_MAX];
    int64_t speed, bends;         /* of the field at hand: sums over its axes */
    int32_t sine, cosine;         /* of now's yaw - base's, Q14 */
    int32_t heading_x, heading_y; /* of now's yaw, Q14 */
    int32_t turn_miss;            /* |yaw miss|, 1/65536 turns */
    int64_t quaternion[3][4];     /* extrapolated, Q30; [0] from old1 */
    int64_t facing[4];            /* base, Q30, in the hemisphere of [0] */
    int64_t lead[2];              /* how much larger the largest component of [0] is, the second */
    uint8_t order[4];             /* components by falling size of quaternion[0] */
    uint8_t largest;              /* which was left out now */
    unsigned class;
    bool quiet; /* every lane so far equals its base */
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
/* What `lane` was: the number that was coded, and the value. */
void predictor_note_yaw(struct predictor *predictor, const struct predictor_lane *lane);

/* A value as fine; `base`: of an angle, from where to go the short way round. */
static inline int64_t predictor_fine(const struct delta_lane *lane, int32_t value, int64_t base) {
    if (lane->kind == DELTA_ANGLE)
        return base + (int64_t)(int16_t)((uint32_t)value - (uint32_t)(base >> 8)) * 256;
    return lane->kind == DELTA_FLOAT ? lattice_fine(lane, value) : (int64_t)value * 256;
}

static inline void predictor_note_quiet(struct predictor *predictor, const struct delta_lane *lane,
                                        int32_t value) {
    if (predictor->quiet)
        predictor->quiet = value == delta_row_get(lane, predictor->rows[TICK_BASE]);
}
static inline void predictor_note_size(struct predictor *predictor, int64_t number) {
    uint64_t size = (uint64_t)fixed_size(number);
    predictor->clue[4] = predictor->clue[3];
    predictor->clue[3] = (int16_t)(size ? 64 - __builtin_clzll(size) : 0);
}

#endif
