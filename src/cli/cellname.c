/* SPDX-License-Identifier: Apache-2.0 */
/* cellname.c - the words that name a cell, both ways. */
#include "cli/cellname.h"

#include <stdio.h>

#include "cli/flag.h"

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Copies `size` bytes into `out`; `encoded`: with %XX decoded. False when it does not fit, is
 * empty, or an escape is broken (NUL is never a name's byte). */
static bool name_copy(char *out, size_t out_size, const char *from, size_t size, bool encoded) {
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        int c = (unsigned char)from[i];
        if (encoded && c == '%') {
            if (size - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
                return false;
            c = hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]);
            i += 2;
        }
        if (c == 0 || length + 1 >= out_size) return false;
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return length > 0;
}

static bool cell_split(struct cell_name *cell, const char *word) {
    const char *first = strchr(word, '/');
    const char *second = strchr(first + 1, '/');
    const char *category = word;
    if (second) {
        char owner[32];
        if (strchr(second + 1, '/') ||
            !name_copy(owner, sizeof owner, word, (size_t)(first - word), false) ||
            !number_parse(owner, &cell->owner))
            return false;
        cell->owner_given = true;
        category = first + 1;
        first = second;
    }
    return name_copy(cell->category, sizeof cell->category, category, (size_t)(first - category),
                     true) &&
           name_copy(cell->key, sizeof cell->key, first + 1, strlen(first + 1), true);
}

size_t cell_name_take(struct cell_name *cell, const char *const *words, size_t count, char *why,
                      size_t why_size) {
    *cell = (struct cell_name){0};
    if (count == 0) {
        snprintf(why, why_size,
                 "which cell? Say CATEGORY KEY, or CATEGORY/KEY, or "
                 "OWNER/CATEGORY/KEY");
        return 0;
    }
    if (strchr(words[0], '/')) {
        if (cell_split(cell, words[0])) return 1;
        snprintf(why, why_size,
                 "\"%s\" names no cell: it is CATEGORY/KEY or OWNER/CATEGORY/KEY, where the owner "
                 "is a number and a / inside a name is written %%2F",
                 words[0]);
        return 0;
    }
    if (count < 2) {
        snprintf(why, why_size, "the key is missing: say \"%s KEY\" or \"%s/KEY\"", words[0],
                 words[0]);
        return 0;
    }
    if (name_copy(cell->category, sizeof cell->category, words[0], strlen(words[0]), false) &&
        name_copy(cell->key, sizeof cell->key, words[1], strlen(words[1]), false))
        return 2;
    snprintf(why, why_size, "a category has 1 to %zu bytes, a key 1 to %zu",
             sizeof cell->category - 1, sizeof cell->key - 1);
    return 0;
}

static void name_encode(struct buffer *out, struct bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (c == '/' || c == '%' || c <= ' ' || c == 0x7f)
            buffer_format(out, "%%%02X", c);
        else
            buffer_u8(out, c);
    }
}

void cell_name_print(struct buffer *out, uint64_t owner, struct bytes category, struct bytes key) {
    if (owner) buffer_format(out, "%llu/", (unsigned long long)owner);
    name_encode(out, category);
    buffer_u8(out, '/');
    name_encode(out, key);
}
