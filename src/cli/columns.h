/* SPDX-License-Identifier: Apache-2.0 */
/* columns.h - a table on the terminal: every column as wide as its widest cell, two blanks between,
 * numbers to the right, the last column cut where the line ends. */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "base/bytes.h"

#define COLUMNS_MAX 12

struct columns {
    struct buffer cells; /* texts, each with a NUL after it, row after row */
    size_t count;        /* columns of a row */
    const char *layout;  /* one letter per column: 'l' left, 'r' right */
    size_t row;          /* the cells added so far */
};

/* `layout` "llr" makes three columns. */
struct columns columns_of(const struct memory *memory, const char *layout);
void columns_add(struct columns *columns, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void columns_bytes(struct columns *columns, struct bytes text);
/* The whole table appended to `out`; `head` and `reset` are written around the first row. Lines are
 * at most `width` columns, 0: as long as they are. */
void columns_print(const struct columns *columns, struct buffer *out, size_t width,
                   const char *head, const char *reset);
void columns_free(struct columns *columns);

#endif
