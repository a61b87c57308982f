/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - edit distance with adjacent swaps (Damerau's; two neighbouring letters exchanged are
 * one mistake), and a candidate counts when at most a third of the word is wrong, or one begins the
 * other. */
#include "cli/nearest.h"

#include <string.h>

#define WORD_MAX 40

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = least(last[j], row[j - 1]) + 1;
            row[j] = least(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

struct nearest nearest_to(const char *word, size_t length) {
    return (struct nearest){word, length, NULL, WORD_MAX};
}

void nearest_offer(struct nearest *nearest, const char *candidate) {
    size_t size = strlen(candidate);
    if (nearest->length == 0 || nearest->length > WORD_MAX || size > WORD_MAX) return;
    size_t distance = edit_distance(nearest->word, nearest->length, candidate, size);
    size_t shorter = least(size, nearest->length);
    int begins = shorter >= 2 && memcmp(nearest->word, candidate, shorter) == 0;
    if (distance > (nearest->length + 2) / 3 && !begins) return;
    if (distance >= nearest->distance) return;
    nearest->found = candidate;
    nearest->distance = distance;
}
