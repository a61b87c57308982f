/* SPDX-License-Identifier: Apache-2.0 */
/* paint.h - the few colours, all of them the terminal's own, and what the terminal is. */
#ifndef CLI_PAINT_H
#define CLI_PAINT_H

#include <stdbool.h>
#include <stddef.h>

enum ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_GOOD, INK_WARN, INK_BAD, INK_NAME };

/* The escape that starts an ink, "" without colour. INK_PLAIN ends all others. */
const char *ink(bool color, enum ink ink);
/* One of eight colours that can be told apart, by index modulo 8. */
const char *ink_player(bool color, size_t index);

/* True when `fd` is a terminal whose owner wants colour (NO_COLOR, TERM=dumb). */
bool paint_wanted(int fd);
/* Columns and rows of the terminal at `fd`; 80 x 24 when it does not say. */
void terminal_size(int fd, size_t *columns, size_t *rows);

#endif
