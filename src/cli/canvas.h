/* SPDX-License-Identifier: Apache-2.0 */
/* canvas.h - a small drawing of Braille dots, 2 by 4 to a character: a dim ground, coloured dots
 * above it, and letters above both. */
#ifndef CLI_CANVAS_H
#define CLI_CANVAS_H

#include "base/bytes.h"

#define CANVAS_COLUMNS 40
#define CANVAS_ROWS    13
#define CANVAS_WIDTH   (CANVAS_COLUMNS * 2) /* dots */
#define CANVAS_HEIGHT  (CANVAS_ROWS * 4)

struct canvas_cell {
    uint8_t ground, dots; /* Braille patterns: bit n is dot n + 1 */
    uint8_t color;        /* of the dots and the letter, an index for ink_player */
    char letter;          /* 0: none */
};

struct canvas {
    struct canvas_cell cells[CANVAS_ROWS][CANVAS_COLUMNS];
};

/* Dots outside the canvas are left out. */
void canvas_ground(struct canvas *canvas, int x, int y);
void canvas_dot(struct canvas *canvas, int x, int y, uint8_t color);
void canvas_letter(struct canvas *canvas, int x, int y, char letter, uint8_t color);
/* Takes dots and letters away, and leaves the ground. */
void canvas_wipe(struct canvas *canvas);
/* One row of CANVAS_COLUMNS characters appended. */
void canvas_print(const struct canvas *canvas, size_t row, bool color, struct buffer *out);

#endif
