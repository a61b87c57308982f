/* SPDX-License-Identifier: Apache-2.0 */
/* coding.h - how the value of a lane and the number that is coded for it hang together. */
#ifndef DELTA_CODING_H
#define DELTA_CODING_H

#include "delta/predict.h"

struct coding {
    int64_t center; /* the number is the value's distance from here */
    bool ordered;   /* of float order */
    bool lattice;   /* of lattice steps */
    bool mirrored;
};

/* After the lane's features; completes its clues. */
static inline struct coding coding_start(struct predictor *p, int fraction) {
    struct coding coding = {.center = (p->guess + ((int64_t)1 << (fraction - 1))) >> fraction};
    int64_t part = p->guess - coding.center * ((int64_t)1 << fraction);
    bool wide = p->clue[0] > 160; /* off by several steps: the side is told by the motion instead */
    coding.mirrored = (wide ? p->mean[0] : part) < 0;
    p->clue[1] = (int16_t)(fixed_size(part) << 8 >> fraction);
    p->clue[14] = (part < 0) != (p->mean[0] < 0);
    return coding;
}

/* The same for a DELTA_FLOAT, then; `lattice`: whether it is coded in steps of its lattice. */
void coding_float(struct coding *coding, struct predictor *predictor, const struct delta_lane *lane,
                  bool lattice);

int64_t coding_angle_number(const struct coding *coding, int32_t value);
int32_t coding_angle_value(const struct coding *coding, int64_t number);
int64_t coding_float_number(const struct coding *coding, const struct delta_lane *lane,
                            int32_t value);
/* False: no encoder codes such a number. */
bool coding_float_value(const struct coding *coding, const struct delta_lane *lane, int64_t number,
                        int32_t *value);

/* By kind; steps and components of quaternions are simply as far as they are. */
static inline int64_t coding_number(const struct coding *coding, const struct delta_lane *lane,
                                    int kind, int32_t value) {
    if (kind == DELTA_FLOAT) return coding_float_number(coding, lane, value);
    if (kind == DELTA_ANGLE) return coding_angle_number(coding, value);
    return value - coding->center;
}
static inline bool coding_value(const struct coding *coding, const struct delta_lane *lane,
                                int kind, int64_t number, int32_t *value) {
    if (kind == DELTA_FLOAT) return coding_float_value(coding, lane, number, value);
    *value = kind == DELTA_ANGLE ? coding_angle_value(coding, number)
                                 : (int32_t)(uint32_t)(uint64_t)(coding->center + number);
    return true;
}

#endif
