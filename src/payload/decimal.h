/* SPDX-License-Identifier: Apache-2.0 */
/* decimal.h - exact arithmetic on the text of JSON numbers, so that no gold is lost to a double. */
#ifndef PAYLOAD_DECIMAL_H
#define PAYLOAD_DECIMAL_H

#include "base/bytes.h"

/* A number for invariants: as a double, and as an integer where it is one that fits. */
struct number {
    double value;
    int64_t integer; /* when `exact` */
    bool exact;
};
int number_compare(const struct number *a, const struct number *b); /* neither is a NaN */

/* Digits an exact sum may need; more is refused, never rounded. */
#define DECIMAL_DIGITS_MAX 128

/* A view of a number's text: 0.d1 d2 d3 ... x 10^top, zeros at both ends left out. */
struct decimal {
    const uint8_t *digits; /* the first one; a '.' may stand among them */
    size_t count;          /* 0: the number is zero */
    int64_t top;
    bool negative;
};

/* Reads a number by the grammar of JSON (the caller knows that it is one); false when its exponent
 * is beyond +-10^9. */
bool decimal_parse(struct bytes text, struct decimal *decimal);
/* -1, 0, 1. */
int decimal_compare(const struct decimal *a, const struct decimal *b);
/* The same for equal numbers, however they are written. */
uint64_t decimal_hash(const struct decimal *decimal);
struct number decimal_number(const struct decimal *decimal);
/* Appends a + b - c; false, and nothing is appended, when it takes more than DECIMAL_DIGITS_MAX
 * digits. */
bool decimal_sum(const struct decimal *a, const struct decimal *b, const struct decimal *c,
                 struct buffer *out);

#endif
