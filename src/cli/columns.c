/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c - collects first, measures once, prints then. */
#include "cli/columns.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/text.h"

struct columns columns_of(const struct memory *memory, const char *layout) {
    struct columns columns = {buffer_of(memory), strlen(layout), layout, 0};
    assert(columns.count > 0 && columns.count <= COLUMNS_MAX);
    return columns;
}

void columns_bytes(struct columns *columns, struct bytes text) {
    for (size_t i = 0; i < text.size; i++) /* a NUL would shift the cells after it */
        buffer_u8(&columns->cells, text.data[i] ? text.data[i] : ' ');
    buffer_u8(&columns->cells, 0);
    columns->row++;
}

void columns_add(struct columns *columns, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    columns_bytes(columns, bytes_of(text));
}

static void measure(const struct columns *columns, size_t widths[COLUMNS_MAX]) {
    const char *at = (const char *)columns->cells.data;
    for (size_t i = 0; i < columns->row; i++) {
        struct bytes cell = bytes_of(at);
        size_t width = text_columns(cell);
        if (width > widths[i % columns->count]) widths[i % columns->count] = width;
        at += cell.size + 1;
    }
}

static void blanks(struct buffer *out, size_t count) {
    while (count-- > 0)
        buffer_u8(out, ' ');
}

void columns_print(const struct columns *columns, struct buffer *out, size_t width,
                   const char *head, const char *reset) {
    size_t widths[COLUMNS_MAX] = {0};
    const char *at = (const char *)columns->cells.data;
    if (columns->cells.failed) {
        out->failed = true;
        return;
    }
    measure(columns, widths);
    for (size_t i = 0, used = 0; i < columns->row; i++) {
        struct bytes cell = bytes_of(at);
        size_t column = i % columns->count;
        bool last = column + 1 == columns->count;
        at += cell.size + 1;
        if (column == 0) used = 0;
        if (i == 0) buffer_text(out, head);
        size_t padding = widths[column] - text_columns(cell);
        if (last && width > used) cell = text_cut(cell, width - used);
        if (columns->layout[column] == 'r') blanks(out, padding);
        buffer_bytes(out, cell);
        if (columns->layout[column] == 'l' && !last) blanks(out, padding);
        used += widths[column] + 2;
        if (i + 1 == columns->count) buffer_text(out, reset);
        buffer_text(out, last ? "\n" : "  ");
    }
}

void columns_free(struct columns *columns) {
    buffer_free(&columns->cells);
}
