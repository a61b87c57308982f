/* SPDX-License-Identifier: Apache-2.0 */
/* config_value.h - texts of the configuration to values. Strict, and the same under every locale.
 */
#ifndef SERVER_CONFIG_VALUE_H
#define SERVER_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* A word and what it stands for; a list of them ends with text NULL. */
struct word {
    const char *text;
    int value;
};

/* Each is true when the whole text is such a value; otherwise *out is untouched. */
bool value_number(const char *text, uint64_t *out);  /* "4096" */
bool value_decimal(const char *text, double *out);   /* "-12.5", at most 15 digits */
bool value_duration(const char *text, ss_time *out); /* "500ms", "30s", "10m", "2h", "7d" */
bool value_flag(const char *text, bool *out);        /* "true", "false" */
bool value_word(const struct word *words, const char *text, int *out);
/* "host:port", "[::1]:port", ":port". */
bool value_address(const char *text);

/* How many letters must be changed, left out or added to make one of the other (Levenshtein, 1965);
 * texts are compared up to 63 bytes. */
size_t value_distance(const char *a, const char *b);
/* Is that near enough to ask "did you mean"? */
bool value_resembles(const char *written, size_t distance);

#endif
