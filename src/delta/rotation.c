/* SPDX-License-Identifier: Apache-2.0 */
/* rotation.c - the great arc through two quaternions, followed beyond the second:
 * sin((1 + rho) a) / sin a * to - sin(rho a) / sin a * from. */
#include "delta/rotation.h"

#include "delta/fixed.h"
#include "delta/quantum.h"

static int64_t times30(int64_t a, int64_t b) {
    return (a * b) >> 30;
}

void rotation_series_init(struct rotation_series *series, int64_t rho) {
    rho = fixed_clamp(rho, 8 * FIXED_Q30) >> 6; /* Q24 from here on */
    int64_t one = (int64_t)1 << 24, rho2 = (rho * rho) >> 24, rho4 = (rho2 * rho2) >> 24;
    series->rho = rho;
    series->second = (one - rho2) / 6;
    series->fourth = (7 * one - 10 * rho2 + 3 * rho4) / 360;
}

void rotation_of_row(const struct delta_lane *lane, const uint8_t *row, int64_t out[4]) {
    unsigned largest = row[lane->row] & 3u;
    int32_t top = lane->levels - 1;
    int64_t rest = (int64_t)1 << 44;
    for (unsigned i = 1; i < 4; i++) {
        int32_t level = delta_row_number(&lane[i], row);
        level = level < 0 ? 0 : level > top ? top : level;
        int64_t value = (2 * level - top) * lane->scale / 2, q22 = value >> 8;
        out[i - 1 + (i > largest)] = value;
        rest -= q22 * q22;
    }
    out[largest] = rest > 0 ? (int64_t)fixed_small_root((uint64_t)rest) << 8 : 0;
}

/* The weight in Q26; `square` in Q30. */
static int64_t series_at(const struct rotation_series *series, int64_t square) {
    int64_t sum =
        ((int64_t)1 << 24) + times30(square, series->second + times30(square, series->fourth));
    return fixed_clamp((series->rho * sum) >> 22, (int64_t)8 << 26);
}

void rotation_continue(const int64_t from[4], const int64_t to[4],
                       const struct rotation_series series[2], int64_t out[4]) {
    int64_t dot = 0, opposite = 0;
    for (int i = 0; i < 4; i++) {
        int64_t product = from[i] * to[i];
        dot += product >> 30;
        opposite += -product >> 30;
    }
    int64_t sign = dot < 0 ? -1 : 1;
    int64_t cosine = fixed_clamp(dot < 0 ? opposite : dot, FIXED_Q30);
    int64_t sine2 = FIXED_Q30 - times30(cosine, cosine);
    int64_t sine4 = times30(sine2, sine2);
    int64_t square = sine2 + sine4 / 3 + times30(sine4, sine2) * 8 / 45;
    int64_t behind = sign * series_at(&series[0], square), ahead = series_at(&series[1], square);
    for (int i = 0; i < 4; i++)
        out[i] = fixed_clamp((ahead * to[i] - behind * from[i]) >> 26, 2 * FIXED_Q30);
}
