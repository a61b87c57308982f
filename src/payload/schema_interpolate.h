/* SPDX-License-Identifier: Apache-2.0 */
/* schema_interpolate.h - a state between two states (format.h, interpolate). */
#ifndef PAYLOAD_SCHEMA_INTERPOLATE_H
#define PAYLOAD_SCHEMA_INTERPOLATE_H

#include "payload/rules.h"
#include "payload/schema_record.h"

int schema_interpolate(const struct format_rules *rules, struct bytes from, struct bytes to,
                       ss_time span, ss_time at, struct buffer *out);

/* ---- the curves, each from 0 to 1 ---------------------------------------------------------- */

double blend_linear(double from, double to, double part);
/* Velocities per second over `seconds`. */
double blend_hermite(double from, double to, double velocity_from, double velocity_to,
                     double seconds, double part);
/* The short way around; in [0, turn) unless one of the ends is negative, then [-turn/2, turn/2). */
double blend_angle(double from, double to, double turn, double part);
/* Along the great circle, of 3 or 4 parts; what has no length is blended linearly. `antipodal`: q
 * and -q are the same (quaternions). */
void blend_slerp(const double *from, const double *to, size_t count, bool antipodal, double part,
                 double *result);

#endif
