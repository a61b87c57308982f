/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - what is shown never carries a control character from the network to a terminal. */
#include "cli/text.h"

#include <math.h>

bool text_write(const struct buffer *text, FILE *file) {
    return text->size == 0 || fwrite(text->data, 1, text->size, file) == text->size;
}

bool text_printable(struct bytes bytes) {
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
        if (c == 0xc2 && i + 1 < bytes.size && bytes.data[i + 1] < 0xa0) return false; /* C1 */
    }
    return bytes_utf8(bytes);
}

static bool continues(uint8_t c) {
    return (c & 0xc0) == 0x80;
}

size_t text_columns(struct bytes text) {
    size_t columns = 0;
    for (size_t i = 0; i < text.size; i++)
        columns += !continues(text.data[i]);
    return columns;
}

struct bytes text_cut(struct bytes text, size_t columns) {
    size_t i = 0;
    for (; i < text.size; i++)
        if (!continues(text.data[i]) && columns-- == 0) break;
    return bytes_view(text.data, i);
}

static void state_text(struct buffer *out, struct bytes state) {
    if (text_printable(state)) {
        buffer_bytes(out, state);
        return;
    }
    buffer_text(out, "0x");
    for (size_t i = 0; i < state.size; i++)
        buffer_format(out, "%02x", state.data[i]);
}

void state_print(struct buffer *out, struct bytes state, size_t columns) {
    size_t start = out->size;
    if (columns && state.size > 4 * columns) {
        /* Enough for either form; a code point cut in two must not make text look binary. */
        size_t keep = 4 * columns;
        while (keep && continues(state.data[keep]))
            keep--;
        if (text_printable(bytes_view(state.data, keep)))
            state.size = keep;
        else
            state.size = 4 * columns;
    }
    state_text(out, state);
    if (columns == 0 || out->failed) return;
    for (size_t i = start; i < out->size; i++)
        if (out->data[i] == '\n' || out->data[i] == '\t') out->data[i] = ' ';
    struct bytes whole = bytes_view(out->data + start, out->size - start);
    if (text_columns(whole) <= columns) return;
    out->size = start + text_cut(whole, columns - 1).size;
    buffer_text(out, "…");
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool hex_parse(const char *text, struct buffer *out) {
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text += 2;
    for (; text[0]; text += 2) {
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0) return false;
        buffer_u8(out, (uint8_t)(high << 4 | low));
    }
    return true;
}

void json_print(struct buffer *out, const char *text) {
    buffer_u8(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') buffer_u8(out, '\\');
        if (c < 0x20)
            buffer_format(out, "\\u%04x", c);
        else
            buffer_u8(out, c);
    }
    buffer_u8(out, '"');
}

/* The number, and its unit (0: none) to come. */
static char scaled_print(struct buffer *out, double count) {
    static const char units[] = {0, 'k', 'M', 'G', 'T'};
    size_t unit = 0;
    while (count >= 999.5 && unit + 1 < sizeof units) {
        count /= 1000;
        unit++;
    }
    bool fine = count < 9.95 && (unit > 0 || fabs(count - round(count)) >= 0.05);
    buffer_format(out, fine ? "%.1f" : "%.0f", count);
    return units[unit];
}

void count_print(struct buffer *out, double count) {
    char unit = scaled_print(out, count);
    if (unit) buffer_u8(out, (uint8_t)unit);
}

void size_print(struct buffer *out, double bytes) {
    char unit = scaled_print(out, bytes);
    buffer_u8(out, ' ');
    if (unit) buffer_u8(out, (uint8_t)unit);
    buffer_u8(out, 'B');
}

void span_print(struct buffer *out, ss_time span) {
    static const struct {
        double below, unit;
        const char *name;
    } scale[] = {{1e3, 1, "us"},        {1e6, 1e3, "ms"},           {120e6, 1e6, "s"},
                 {7200e6, 60e6, "min"}, {48 * 3600e6, 3600e6, "h"}, {INFINITY, 86400e6, "d"}};
    double value = (double)span;
    size_t i = 0;
    while (value >= scale[i].below)
        i++;
    value /= scale[i].unit;
    buffer_format(out, value < 9.95 && i > 0 ? "%.1f %s" : "%.0f %s", value, scale[i].name);
}

void shell_print(struct buffer *out, struct bytes word) {
    bool plain = word.size > 0;
    for (size_t i = 0; i < word.size; i++) {
        char c = (char)word.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        plain = plain && (letter || (c && strchr("-_./%:,=@+", c)));
    }
    if (plain) {
        buffer_bytes(out, word);
        return;
    }
    buffer_u8(out, '\'');
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] == '\'')
            buffer_text(out, "'\\''");
        else
            buffer_u8(out, word.data[i]);
    }
    buffer_u8(out, '\'');
}
