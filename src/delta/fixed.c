/* SPDX-License-Identifier: Apache-2.0 */
/* fixed.c - see fixed.h. */
#include "delta/fixed.h"

/* A quarter of a sine in Q14. */
static const int16_t quarter[65] = {
    0,     402,   804,   1205,  1606,  2006,  2404,  2801,  3196,  3590,  3981,  4370,  4756,
    5139,  5520,  5897,  6270,  6639,  7005,  7366,  7723,  8076,  8423,  8765,  9102,  9434,
    9760,  10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406, 12665, 12916, 13160,
    13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557,
    15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384,
};

int32_t fixed_sine(uint32_t angle) {
    uint32_t at = angle & 0x3fff;
    if (angle & 0x4000) at = 0x4000 - at;
    uint32_t index = at >> 8, part = at & 255;
    int32_t value = quarter[index];
    if (part) value += ((quarter[index + 1] - value) * (int32_t)part) >> 8;
    return angle & 0x8000 ? -value : value;
}

uint64_t fixed_root(uint64_t value) {
    uint64_t root = fixed_small_root(value);
    if (value >> 52 == 0) return root;
    while (root * root > value)
        root--;
    while ((root + 1) * (root + 1) <= value)
        root++;
    return root;
}
