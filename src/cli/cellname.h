/* SPDX-License-Identifier: Apache-2.0 */
/* cellname.h - how people name a cell: CATEGORY KEY as two words, or one word CATEGORY/KEY or
 * OWNER/CATEGORY/KEY, in which '/' and '%' inside a name are written %2F and %25. */
#ifndef CLI_CELLNAME_H
#define CLI_CELLNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct cell_name {
    uint64_t owner;
    bool owner_given;
    char category[256], key[1024]; /* NUL-terminated */
};

/* Reads a cell off the front of `count` words; returns how many it took (1 or 2), or 0 with a
 * sentence in `why` that says what is wrong and what would be right. */
size_t cell_name_take(struct cell_name *cell, const char *const *words, size_t count, char *why,
                      size_t why_size);

/* The one-word form, appended: CATEGORY/KEY, with "OWNER/" before it when owner is not 0. Blanks
 * and control characters are escaped too, so that it can be pasted and cannot steer a terminal. */
void cell_name_print(struct buffer *out, uint64_t owner, struct bytes category, struct bytes key);

#endif
