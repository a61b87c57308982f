/* SPDX-License-Identifier: Apache-2.0 */
/* fit.c - least squares, reweighted by the error that is expected of each sample (bits are spent
 * where the error is small), and the expected error as a positive sum of features, by maximum
 * likelihood. */
#include "delta/fit.h"

#include <math.h>

/* Solves the symmetric system in place; features without variance get 0. */
static void solve(double a[MODEL_MEANS][MODEL_MEANS], double b[MODEL_MEANS],
                  double out[MODEL_MEANS]) {
    double m[MODEL_MEANS][MODEL_MEANS + 1];
    for (int i = 0; i < MODEL_MEANS; i++) {
        for (int j = 0; j < MODEL_MEANS; j++)
            m[i][j] = a[i][j];
        m[i][i] = m[i][i] * (1 + 1e-6) + 1e-9;
        m[i][MODEL_MEANS] = b[i];
    }
    for (int c = 0; c < MODEL_MEANS; c++) {
        int best = c;
        for (int r = c + 1; r < MODEL_MEANS; r++)
            if (fabs(m[r][c]) > fabs(m[best][c])) best = r;
        for (int j = 0; j <= MODEL_MEANS; j++) {
            double swap = m[c][j];
            m[c][j] = m[best][j];
            m[best][j] = swap;
        }
        if (fabs(m[c][c]) < 1e-12) continue;
        for (int r = 0; r < MODEL_MEANS; r++) {
            if (r == c) continue;
            double f = m[r][c] / m[c][c];
            for (int j = c; j <= MODEL_MEANS; j++)
                m[r][j] -= f * m[c][j];
        }
    }
    for (int i = 0; i < MODEL_MEANS; i++)
        out[i] = fabs(m[i][i]) < 1e-12 ? 0 : m[i][MODEL_MEANS] / m[i][i];
}

static void fit_mean(struct set *set, int class, double mean[MODEL_MEANS]) {
    double a[MODEL_MEANS][MODEL_MEANS] = {0}, b[MODEL_MEANS] = {0};
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        if (s->class != class) continue;
        double guess = 0;
        for (int i = 0; i < MODEL_MEANS; i++)
            guess += mean[i] * (double)s->mean[i];
        double error = fabs((double)s->wanted - guess), width = (double)s->width;
        double weight = 1 / (width * fmax(error, 0.3 * width));
        for (int i = 0; i < MODEL_MEANS; i++) {
            double x = (double)s->mean[i] * weight;
            if (x == 0) continue;
            b[i] += x * (double)s->wanted;
            for (int j = 0; j < MODEL_MEANS; j++)
                a[i][j] += x * (double)s->mean[j];
        }
    }
    solve(a, b, mean);
}

static double error_of(const struct sample *s, const double mean[MODEL_MEANS]) {
    double guess = 0;
    for (int i = 0; i < MODEL_MEANS; i++)
        guess += mean[i] * (double)s->mean[i];
    return fabs((double)s->wanted - guess);
}

static double width_of(const struct sample *s, const double spread[MODEL_SPREADS]) {
    double width = 0;
    for (int i = 0; i < MODEL_SPREADS; i++)
        width += spread[i] * (double)s->spread[i];
    return fmax(width, 0.02);
}

/* Minimizes sum(log w + |e| / w) over exp'd coefficients with Adam. */
static void fit_spread(struct set *set, int class, const double mean[MODEL_MEANS],
                       double spread[MODEL_SPREADS], int rounds) {
    double theta[MODEL_SPREADS], m[MODEL_SPREADS] = {0}, v[MODEL_SPREADS] = {0};
    size_t stride = set->count / 60000 + 1;
    for (int i = 0; i < MODEL_SPREADS; i++)
        theta[i] = log(fmax(spread[i], 1e-4));
    for (int round = 1; round <= rounds; round++) {
        double g[MODEL_SPREADS] = {0};
        double total = 0;
        for (size_t n = 0; n < set->count; n += stride) {
            struct sample *s = &set->samples[n];
            if (s->class != class) continue;
            double width = width_of(s, spread), error = error_of(s, mean) + 0.05;
            double slope = 1 / width - error / (width * width);
            for (int i = 0; i < MODEL_SPREADS; i++)
                g[i] += slope * (double)s->spread[i] * spread[i];
            total += 1;
        }
        if (total == 0) return;
        for (int i = 0; i < MODEL_SPREADS; i++) {
            double gradient = g[i] / total;
            m[i] = 0.9 * m[i] + 0.1 * gradient;
            v[i] = 0.99 * v[i] + 0.01 * gradient * gradient;
            double mh = m[i] / (1 - pow(0.9, round)), vh = v[i] / (1 - pow(0.99, round));
            theta[i] -= 0.1 * mh / (sqrt(vh) + 1e-7);
            theta[i] = fmin(fmax(theta[i], -12), 4);
            spread[i] = exp(theta[i]);
        }
    }
}

static int32_t q16(double value) {
    return (int32_t)lrint(fmin(fmax(value, -15.9), 15.9) * MODEL_ONE);
}

void fit_class(struct set *set, struct model_lane *lane, int class) {
    double mean[MODEL_MEANS] = {0}, spread[MODEL_SPREADS];
    size_t count = 0;
    for (int i = 0; i < MODEL_SPREADS; i++)
        spread[i] = i == 0 ? 0.3 : 0.05;
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        count += s->class == class;
        s->width = 1 + fabsf(s->wanted) * 0.1f;
    }
    if (count < 30) {
        lane->mean[class][0] = class > 1 ? MODEL_ONE : 0;
        lane->spread[class][0] = MODEL_ONE;
        lane->spread[class][1] = MODEL_ONE / 2;
        return;
    }
    for (int round = 0; round < 8; round++) {
        fit_mean(set, class, mean);
        if (round % 2 == 1) continue;
        fit_spread(set, class, mean, spread, round == 6 ? 250 : 80);
        for (size_t n = 0; n < set->count; n++)
            if (set->samples[n].class == class)
                set->samples[n].width = (float)width_of(&set->samples[n], spread);
    }
    for (int i = 0; i < MODEL_MEANS; i++)
        lane->mean[class][i] = q16(mean[i]);
    for (int i = 0; i < MODEL_SPREADS; i++)
        lane->spread[class][i] = q16(spread[i]);
}
