/* SPDX-License-Identifier: Apache-2.0 */
/* Written out instead of strtod and its like because those follow the locale of the game that
 * embeds us, skip blanks, and take hexadecimal and infinities. */
#include "server/config_value.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_TEXT_MAX 63

static bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/* Reads digits at *text, moving it behind them; false when there are none or too many. */
static bool read_digits(const char **text, uint64_t *out) {
    const char *at = *text;
    uint64_t value = 0;
    for (; is_digit(*at); at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (at == *text) return false;
    *text = at;
    *out = value;
    return true;
}

bool value_number(const char *text, uint64_t *out) {
    uint64_t value;
    if (!read_digits(&text, &value) || *text) return false;
    *out = value;
    return true;
}

/* Below 10^15 mantissa and scale are exact doubles, so one division rounds correctly. */
bool value_decimal(const char *text, double *out) {
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    double mantissa = 0, scale = 1;
    size_t digits = 0;
    bool point = false;
    for (; is_digit(*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (++digits > 15) return false;
        mantissa = mantissa * 10 + (*text - '0');
        if (point) scale *= 10;
    }
    if (*text || digits == 0 || text[-1] == '.') return false;
    *out = negative ? -(mantissa / scale) : mantissa / scale;
    return true;
}

bool value_duration(const char *text, ss_time *out) {
    static const struct {
        const char *name;
        ss_time span;
    } units[] = {{"ms", SS_MILLISECOND},
                 {"s", SS_SECOND},
                 {"m", 60 * SS_SECOND},
                 {"h", 3600 * SS_SECOND},
                 {"d", 86400 * SS_SECOND}};
    uint64_t count;
    if (!read_digits(&text, &count)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text, units[i].name) != 0) continue;
        if (count > (uint64_t)(SS_NEVER / units[i].span)) return false;
        *out = (ss_time)count * units[i].span;
        return true;
    }
    return false;
}

bool value_flag(const char *text, bool *out) {
    static const struct word flags[] = {{"false", 0}, {"true", 1}, {NULL, 0}};
    int value;
    if (!value_word(flags, text, &value)) return false;
    *out = value != 0;
    return true;
}

bool value_word(const struct word *words, const char *text, int *out) {
    for (; words->text; words++) {
        if (strcmp(words->text, text) != 0) continue;
        *out = words->value;
        return true;
    }
    return false;
}

bool value_address(const char *text) {
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (!colon || !value_number(colon + 1, &port) || port > 65535) return false;
    size_t host = (size_t)(colon - text);
    if (host > 0 && text[0] == '[')
        return host > 3 && text[host - 1] == ']' &&
               strspn(text + 1, "0123456789abcdefABCDEF:.") == host - 2;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == host;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t value_distance(const char *a, const char *b) {
    size_t row[NEAR_TEXT_MAX + 1];
    size_t a_size = strnlen(a, NEAR_TEXT_MAX), b_size = strnlen(b, NEAR_TEXT_MAX);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

bool value_resembles(const char *written, size_t distance) {
    return distance <= 1 + strnlen(written, NEAR_TEXT_MAX) / 4;
}
