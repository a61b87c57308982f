/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - what training has seen of one lane or flag. */
#ifndef DELTA_SAMPLES_H
#define DELTA_SAMPLES_H

#include "delta/model.h"

#define SAMPLES_MAX 240000
#define SAMPLE_BINS 48

struct sample {
    float mean[MODEL_MEANS], spread[MODEL_SPREADS]; /* in steps */
    float wanted, width;
    int16_t clue[MODEL_CLUES];
    uint8_t class, size, minus;
    uint8_t bin[MODEL_CLUES];
    uint16_t leaf;
    uint8_t digits; /* 1 + the two digits below the leading one; 0: none */
    bool negative;
};

struct set {
    struct sample *samples;
    size_t count, capacity, seen;
    uint64_t random;
    unsigned target; /* lane, or flag */
    uint32_t lattice[2][2];
    int leaves_max;
    bool quick; /* trees that take less time, for a few more bits */
    double split_bits, value_bits, question_bits;
};

#endif
