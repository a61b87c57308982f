/* SPDX-License-Identifier: Apache-2.0 */
/* canvas.c - U+2800 and eight bits, one per dot:
 *
 *     1 4        0x01 0x08
 *     2 5        0x02 0x10
 *     3 6        0x04 0x20
 *     7 8        0x40 0x80 */
#include "cli/canvas.h"

#include "cli/paint.h"

static struct canvas_cell *canvas_at(struct canvas *canvas, int x, int y) {
    if (x < 0 || y < 0 || x >= CANVAS_WIDTH || y >= CANVAS_HEIGHT) return NULL;
    return &canvas->cells[y / 4][x / 2];
}

static uint8_t dot_bit(int x, int y) {
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    return bits[y % 4][x % 2];
}

void canvas_ground(struct canvas *canvas, int x, int y) {
    struct canvas_cell *cell = canvas_at(canvas, x, y);
    if (cell) cell->ground |= dot_bit(x, y);
}

void canvas_dot(struct canvas *canvas, int x, int y, uint8_t color) {
    struct canvas_cell *cell = canvas_at(canvas, x, y);
    if (!cell) return;
    cell->dots |= dot_bit(x, y);
    if (!cell->letter) cell->color = color;
}

void canvas_letter(struct canvas *canvas, int x, int y, char letter, uint8_t color) {
    struct canvas_cell *cell = canvas_at(canvas, x, y);
    if (!cell) return;
    cell->letter = letter;
    cell->color = color;
}

void canvas_wipe(struct canvas *canvas) {
    for (size_t row = 0; row < CANVAS_ROWS; row++)
        for (size_t column = 0; column < CANVAS_COLUMNS; column++) {
            struct canvas_cell *cell = &canvas->cells[row][column];
            *cell = (struct canvas_cell){.ground = cell->ground};
        }
}

static void braille(struct buffer *out, uint8_t pattern) {
    buffer_u8(out, 0xe2); /* U+2800 .. U+28FF as UTF-8 */
    buffer_u8(out, (uint8_t)(0xa0 | pattern >> 6));
    buffer_u8(out, (uint8_t)(0x80 | (pattern & 0x3f)));
}

void canvas_print(const struct canvas *canvas, size_t row, bool color, struct buffer *out) {
    for (size_t column = 0; column < CANVAS_COLUMNS; column++) {
        const struct canvas_cell *cell = &canvas->cells[row][column];
        bool painted = cell->letter || cell->dots;
        if (painted)
            buffer_text(out, ink_player(color, cell->color));
        else if (cell->ground)
            buffer_text(out, ink(color, INK_DIM));
        if (cell->letter)
            buffer_u8(out, (uint8_t)cell->letter);
        else if (painted || cell->ground)
            braille(out, painted ? cell->dots : cell->ground);
        else
            buffer_u8(out, ' ');
        if (painted || cell->ground) buffer_text(out, ink(color, INK_PLAIN));
    }
}
