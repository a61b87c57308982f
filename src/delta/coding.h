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

/* After predictor_guess; completes the clues. `lattice`: DELTA_FLOAT, whether on the lattice. */
struct coding coding_start(struct predictor *predictor, unsigned lane, bool lattice);

int64_t coding_number(const struct coding *coding, const struct predictor *predictor, unsigned lane,
                      int32_t value);
/* The way back. False: no encoder codes such a number. */
bool coding_value(const struct coding *coding, const struct predictor *predictor, unsigned lane,
                  int64_t number, int32_t *value);

#endif
