/* SPDX-License-Identifier: Apache-2.0 */
/* printer.h - messages as JSON, for people and programs.
 *
 * The JSON mapping of proto3 with the field names of the proto (snake_case): 64-bit numbers are
 * decimal strings, enumerations are named (unknown ones numbers), bytes are base64, floats that
 * JSON lacks are "NaN", "Infinity", "-Infinity", defaults are left out. A map shows duplicate keys
 * as they came. */
#ifndef CODEC_PRINTER_H
#define CODEC_PRINTER_H

#include "codec/message.h"

/* Bytes that are a JSON object or array stand there as JSON without blanks, other UTF-8 text
 * without control characters as a string, and the rest as base64. For reading: base64 cannot be
 * told from text. */
#define PRINT_TEXT 1u

/* Appends one line without its end; check out->failed. The strings of the message must be UTF-8, as
 * decoded ones are. */
void message_print(const struct message_type *type, const void *message, struct buffer *out,
                   unsigned flags);

#endif
