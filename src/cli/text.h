/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - bytes, numbers and times as people read and type them. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/time.h"

/* Writes what the buffer holds, if anything; false when not all of it was taken. */
bool text_write(const struct buffer *text, FILE *file);

/* True when the bytes are UTF-8 without control characters other than tab and newline: what may be
 * shown on a terminal as it is. */
bool text_printable(struct bytes bytes);
/* How many columns a terminal gives it: one per code point (no wide or combining ones expected). */
size_t text_columns(struct bytes text);
/* The longest front of `text` that fits `columns`. */
struct bytes text_cut(struct bytes text, size_t columns);

/* A state: as text when printable, else 0x and its hex digits. With `columns` != 0 on one line
 * (newlines as blanks) and cut to that many, the cut shown by an ellipsis. */
void state_print(struct buffer *out, struct bytes state, size_t columns);
/* "0x0aff" or "0aff" to bytes, appended; false when a digit is wrong or missing. */
bool hex_parse(const char *text, struct buffer *out);

/* 950, 1.2k, 35M, 4.1G. */
void count_print(struct buffer *out, double count);
/* 950 B, 1.2 kB, 35 MB. */
void size_print(struct buffer *out, double bytes);
/* 812 us, 4.1 ms, 12 s, 3 min, 5 h, 2 d. */
void span_print(struct buffer *out, ss_time span);
/* A string of JSON with its quotes; bytes from 0x80 up as they are. */
void json_print(struct buffer *out, const char *text);
/* A word for a shell: as it is when harmless, else in single quotes. */
void shell_print(struct buffer *out, struct bytes word);

#endif
