/* SPDX-License-Identifier: Apache-2.0 */
/* Only +, -, *, / and sqrt, which IEEE 754 rounds the same everywhere, so that client and server
 * agree to the bit. The great circle is halved: the middle of two unit vectors is their sum, made
 * unit again. What is left after 16 halvings is so short that the chord is the arc. */
#include "payload/schema_interpolate.h"

#include <math.h>

#define HALVINGS 16

double blend_linear(double from, double to, double part) {
    return from + (to - from) * part;
}

double blend_hermite(double from, double to, double velocity_from, double velocity_to,
                     double seconds, double part) {
    double square = part * part, cube = square * part;
    double late = 3 * square - 2 * cube;
    double leave = (cube - 2 * square + part) * seconds, arrive = (cube - square) * seconds;
    return from + (to - from) * late + velocity_from * leave + velocity_to * arrive;
}

double blend_angle(double from, double to, double turn, double part) {
    double low = from < 0 || to < 0 ? -turn / 2 : 0;
    double way = remainder(to - from, turn);
    double angle = fmod(from + way * part - low, turn);
    if (angle < 0) angle += turn;
    return angle >= turn ? low : angle + low;
}

static double dot(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* False when it has no length. */
static bool make_unit(double *vector, size_t count) {
    double length = sqrt(dot(vector, vector, count));
    if (!(length > 0) || isinf(length)) return false;
    for (size_t i = 0; i < count; i++)
        vector[i] /= length;
    return true;
}

static void blend_chord(const double *from, const double *to, size_t count, double part,
                        double *result) {
    for (size_t i = 0; i < count; i++)
        result[i] = blend_linear(from[i], to[i], part);
}

void blend_slerp(const double *from, const double *to, size_t count, bool antipodal, double part,
                 double *result) {
    double low[4], high[4], middle[4];
    memcpy(low, from, count * sizeof *low);
    memcpy(high, to, count * sizeof *high);
    bool units = make_unit(low, count) && make_unit(high, count);
    if (antipodal && dot(low, high, count) < 0)
        for (size_t i = 0; i < count; i++)
            high[i] = -high[i];
    for (int halving = 0; units && halving < HALVINGS; halving++) {
        for (size_t i = 0; i < count; i++)
            middle[i] = low[i] + high[i];
        units = make_unit(middle, count);
        part *= 2;
        memcpy(part < 1 ? high : low, middle, count * sizeof *middle);
        if (part >= 1) part -= 1;
    }
    if (!units) { /* opposite ends, or no direction at all: any way is as good */
        memcpy(result, part < 0.5 ? from : to, count * sizeof *result);
        return;
    }
    blend_chord(low, high, count, part, result);
    make_unit(result, count);
}
