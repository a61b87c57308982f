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
    unsigned largest = (unsigned)delta_row_get(lane, row) & 3;
    int64_t rest = (int64_t)1 << 44;
    for (unsigned i = 0, in = 1; i < 4; i++) {
        if (i == largest) continue;
        int32_t level = delta_row_get(&lane[in++], row), top = lane->levels - 1;
        level = level < 0 ? 0 : level > top ? top : level;
        out[i] = (2 * level - top) * lane->scale / 2;
        int64_t q22 = out[i] >> 8;
        rest -= q22 * q22;
    }
    out[largest] = rest > 0 ? (int64_t)fixed_root((uint64_t)rest) << 8 : 0;
}

int64_t rotation_dot(const int64_t a[4], const int64_t b[4]) {
    int64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (a[i] * b[i]) >> 30;
    return sum;
}

/* The weight in Q26; `square` in Q30. */
static int64_t series_at(const struct rotation_series *series, int64_t square) {
    int64_t sum =
        ((int64_t)1 << 24) + times30(square, series->second + times30(square, series->fourth));
    return fixed_clamp((series->rho * sum) >> 22, (int64_t)8 << 26);
}

void rotation_continue(const int64_t from[4], const int64_t to[4],
                       const struct rotation_series series[2], int64_t out[4]) {
    int64_t cosine = fixed_clamp(rotation_dot(from, to), FIXED_Q30);
    int64_t sine2 = FIXED_Q30 - times30(cosine, cosine);
    int64_t sine4 = times30(sine2, sine2);
    int64_t square = sine2 + sine4 / 3 + times30(sine4, sine2) * 8 / 45;
    int64_t behind = series_at(&series[0], square), ahead = series_at(&series[1], square);
    for (int i = 0; i < 4; i++)
        out[i] = fixed_clamp((ahead * to[i] - behind * from[i]) >> 26, 2 * FIXED_Q30);
}
