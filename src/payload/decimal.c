/* SPDX-License-Identifier: Apache-2.0 */
/* A number stays where it stands in the text: parsing finds its first and last significant digit
 * and the power of ten of the first. Comparing walks two such views from the top. A sum lays the
 * digits of its terms, signed, into one array of columns, and carries once:
 *
 *     100.5      column  3  2  1  0          low = 10^-1, the finest digit of any term
 *   -   2.25             1  0  0  5 .        each column holds a small signed integer until the
 * carry
 */
#include "payload/decimal.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"

#define EXPONENT_MAX 1000000000
#define COLUMNS      (DECIMAL_DIGITS_MAX + 2) /* room for the carries of three terms */

int number_compare(const struct number *a, const struct number *b) {
    if (a->exact && b->exact) return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->value > b->value) - (a->value < b->value);
}

/* ---- parsing ------------------------------------------------------------------------------- */

static bool exponent_parse(const uint8_t *at, const uint8_t *end, int64_t *exponent) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    int64_t value = 0;
    for (; at < end; at++) {
        value = value * 10 + (*at - '0');
        if (value > EXPONENT_MAX) return false;
    }
    *exponent = negative ? -value : value;
    return true;
}

static const uint8_t *first_of(const uint8_t *at, const uint8_t *end, uint8_t a, uint8_t b) {
    while (at < end && *at != a && *at != b)
        at++;
    return at;
}

bool decimal_parse(struct bytes text, struct decimal *decimal) {
    *decimal = (struct decimal){0};
    const uint8_t *at = text.data, *end = at + text.size;
    bool negative = *at == '-';
    const uint8_t *behind = first_of(at, end, 'e', 'E');
    const uint8_t *point = first_of(at, behind, '.', '.');
    int64_t exponent = 0;
    if (behind < end && !exponent_parse(behind + 1, end, &exponent)) return false;
    while (at < behind && (*at == '-' || *at == '0' || *at == '.'))
        at++;
    if (at == behind) return true; /* zero, and -0 is no other number */
    while (behind[-1] == '0' || behind[-1] == '.')
        behind--;
    decimal->digits = at;
    decimal->count = (size_t)(behind - at) - (at < point && point < behind);
    decimal->top = exponent + (at < point ? point - at : point + 1 - at);
    decimal->negative = negative;
    return true;
}

static unsigned digit_next(const uint8_t **at) {
    if (**at == '.') ++*at;
    return (unsigned)(*(*at)++ - '0');
}

/* ---- comparing ----------------------------------------------------------------------------- */

static int magnitude_compare(const struct decimal *a, const struct decimal *b) {
    if (a->top != b->top) return a->top < b->top ? -1 : 1;
    const uint8_t *left = a->digits, *right = b->digits;
    size_t common = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < common; i++) {
        unsigned above = digit_next(&left), below = digit_next(&right);
        if (above != below) return above < below ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

static int sign(const struct decimal *decimal) {
    if (decimal->count == 0) return 0;
    return decimal->negative ? -1 : 1;
}

int decimal_compare(const struct decimal *a, const struct decimal *b) {
    if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
    if (sign(a) == 0) return 0;
    return sign(a) * magnitude_compare(a, b);
}

uint64_t decimal_hash(const struct decimal *decimal) {
    uint8_t digits[DECIMAL_DIGITS_MAX];
    size_t size = decimal->count < sizeof digits ? decimal->count : sizeof digits;
    const uint8_t *at = decimal->digits;
    for (size_t i = 0; i < size; i++)
        digits[i] = (uint8_t)digit_next(&at);
    uint64_t shape = (uint64_t)decimal->top << 1 | decimal->negative;
    return hash_seeded((struct hash_key){0, 0}, size ? shape : 0, bytes_view(digits, size));
}

/* ---- as a double --------------------------------------------------------------------------- */

/* As strtod reads it, but in no locale: an integer of at most 40 digits and an exponent. Of longer
 * numbers a last digit of 1 stands for the rest, so that the rounding is still right. */
static double decimal_value(const struct decimal *decimal) {
    char text[72];
    struct writer writer = writer_of(text, sizeof text);
    const uint8_t *at = decimal->digits;
    size_t size = decimal->count < 40 ? decimal->count : 40;
    for (size_t i = 0; i < size; i++)
        writer_u8(&writer, (uint8_t)('0' + digit_next(&at)));
    int64_t exponent = decimal->top - (int64_t)size;
    if (size < decimal->count) {
        writer_u8(&writer, '1');
        exponent--;
    }
    writer_u8(&writer, 'e');
    writer_u8(&writer, exponent < 0 ? '-' : '+');
    uint64_t power = (uint64_t)(exponent < 0 ? -exponent : exponent);
    for (uint64_t unit = 1000000000000; unit > 0; unit /= 10)
        writer_u8(&writer, (uint8_t)('0' + power / unit % 10));
    writer_u8(&writer, 0);
    return strtod(text, NULL);
}

static bool decimal_integer(const struct decimal *decimal, int64_t *integer) {
    if (decimal->top > 19 || decimal->top < (int64_t)decimal->count) return false;
    unsigned __int128 value = 0;
    const uint8_t *at = decimal->digits;
    for (int64_t i = 0; i < decimal->top; i++)
        value = value * 10 + (i < (int64_t)decimal->count ? digit_next(&at) : 0);
    if (value > (uint64_t)INT64_MAX) return false;
    *integer = decimal->negative ? -(int64_t)value : (int64_t)value;
    return true;
}

struct number decimal_number(const struct decimal *decimal) {
    struct number number = {0};
    if (decimal->count == 0) return (struct number){0, 0, true};
    number.exact = decimal_integer(decimal, &number.integer);
    number.value = number.exact ? (double)number.integer : decimal_value(decimal);
    if (!number.exact && decimal->negative) number.value = -number.value;
    return number;
}

/* ---- the sum ------------------------------------------------------------------------------- */

static void lay(const struct decimal *term, int sign_of_term, int64_t low, int *columns) {
    if (term->negative) sign_of_term = -sign_of_term;
    const uint8_t *at = term->digits;
    for (size_t i = 0; i < term->count; i++)
        columns[term->top - 1 - (int64_t)i - low] += sign_of_term * (int)digit_next(&at);
}

/* Makes every column a digit; the carry that is left over is 0, or -1 for a negative sum. */
static int carry_through(const int *columns, int8_t *digits, int sign_of_sum) {
    int carry = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        int value = sign_of_sum * columns[i] + carry;
        carry = value < 0 ? -((9 - value) / 10) : value / 10;
        digits[i] = (int8_t)(value - carry * 10);
    }
    return carry;
}

static void zeros(struct buffer *out, int64_t count) {
    while (count-- > 0)
        buffer_u8(out, '0');
}

/* Writes digits[from .. to), the most significant last, of which the first counts 10^low. */
static void decimal_write(const int8_t *digits, size_t from, size_t to, int64_t low,
                          struct buffer *out) {
    int64_t top = low + (int64_t)(to - from); /* as in struct decimal */
    bool plain = top > -DECIMAL_DIGITS_MAX / 4 && top <= DECIMAL_DIGITS_MAX + 1;
    int64_t point = plain ? top : 1; /* digits before the point */
    if (point <= 0) {
        buffer_text(out, "0.");
        zeros(out, -point);
    }
    for (size_t i = to; i-- > from;) {
        buffer_u8(out, (uint8_t)('0' + digits[i]));
        if (--point == 0 && i > from) buffer_u8(out, '.');
    }
    zeros(out, point);
    if (!plain) buffer_format(out, "e%lld", (long long)(top - 1));
}

bool decimal_sum(const struct decimal *a, const struct decimal *b, const struct decimal *c,
                 struct buffer *out) {
    const struct decimal *terms[3] = {a, b, c};
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (size_t i = 0; i < 3; i++) {
        if (terms[i]->count == 0) continue;
        int64_t finest = terms[i]->top - (int64_t)terms[i]->count;
        if (finest < low) low = finest;
        if (terms[i]->top > high) high = terms[i]->top;
    }
    if (low < high && high - low > DECIMAL_DIGITS_MAX) return false;

    int columns[COLUMNS] = {0};
    int8_t digits[COLUMNS];
    for (size_t i = 0; i < 3; i++)
        lay(terms[i], i < 2 ? 1 : -1, low, columns);
    bool negative = carry_through(columns, digits, 1) < 0;
    if (negative) carry_through(columns, digits, -1);

    size_t from = 0, to = COLUMNS;
    while (to > 0 && digits[to - 1] == 0)
        to--;
    while (from < to && digits[from] == 0)
        from++;
    if (negative) buffer_u8(out, '-');
    if (from == to) buffer_u8(out, '0');
    if (from < to) decimal_write(digits, from, to, low + (int64_t)from, out);
    return true;
}
