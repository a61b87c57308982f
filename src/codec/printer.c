/* SPDX-License-Identifier: Apache-2.0 */
/* JSON out of a message: one more walk of its table, in the order of the field numbers. */
#include "codec/printer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "codec/message_table.h"
#include "payload/format.h"

static void print_escaped(struct buffer *out, uint8_t byte) {
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *pair = letters; *pair; pair += 2) {
        if (*pair != (char)byte) continue;
        buffer_format(out, "\\%c", pair[1]);
        return;
    }
    buffer_format(out, "\\u%04x", byte);
}

static bool must_escape(uint8_t byte) {
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void print_string(struct buffer *out, struct bytes text) {
    buffer_u8(out, '"');
    size_t plain = 0; /* where the bytes begin that are copied as they are */
    for (size_t i = 0; i < text.size; i++) {
        if (!must_escape(text.data[i])) continue;
        buffer_bytes(out, bytes_view(text.data + plain, i - plain));
        print_escaped(out, text.data[i]);
        plain = i + 1;
    }
    if (text.size) buffer_bytes(out, bytes_view(text.data + plain, text.size - plain));
    buffer_u8(out, '"');
}

static void print_base64(struct buffer *out, struct bytes from) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buffer_u8(out, '"');
    for (size_t i = 0; i < from.size; i += 3) {
        size_t count = from.size - i < 3 ? from.size - i : 3;
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < count ? from.data[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            buffer_u8(out, (uint8_t)(j > count ? '=' : digits[group >> (18 - 6 * j) & 63]));
    }
    buffer_u8(out, '"');
}

/* A JSON text known to be valid, without the blanks between its tokens. */
static void print_compact(struct buffer *out, struct bytes json) {
    bool inside = false;
    for (size_t i = 0; i < json.size; i++) {
        uint8_t byte = json.data[i];
        if (!inside && (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')) continue;
        buffer_u8(out, byte);
        if (byte == '"') inside = !inside;
        if (byte == '\\' && i + 1 < json.size) buffer_u8(out, json.data[++i]);
    }
}

static bool is_json(struct bytes state) {
    size_t i = 0;
    while (i < state.size && memchr(" \t\r\n", state.data[i], 4))
        i++;
    if (i == state.size || (state.data[i] != '{' && state.data[i] != '[')) return false;
    struct reason why;
    return format_json.validate(NULL, state, &why) == SS_OK;
}

static bool is_text(struct bytes state) {
    for (size_t i = 0; i < state.size; i++)
        if ((state.data[i] < 0x20 && state.data[i] != '\t' && state.data[i] != '\n') ||
            state.data[i] == 0x7f)
            return false;
    return bytes_utf8(state);
}

static void print_bytes(struct buffer *out, struct bytes state, unsigned flags) {
    if ((flags & PRINT_TEXT) && is_json(state)) {
        print_compact(out, state);
    } else if ((flags & PRINT_TEXT) && is_text(state)) {
        print_string(out, state);
    } else {
        print_base64(out, state);
    }
}

/* The fewest digits, from six on, that read back as the same float. */
static void print_float(struct buffer *out, float value) {
    if (isnan(value)) {
        buffer_text(out, "\"NaN\"");
    } else if (isinf(value)) {
        buffer_text(out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else if (value == 0) {
        buffer_text(out, signbit(value) ? "-0.0" : "0"); /* "-0" would be read as a whole number */
    } else {
        char text[32];
        for (int digits = 6; digits <= 9; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, (double)value);
            if (strtof(text, NULL) == value) break;
        }
        buffer_text(out, text);
    }
}

static void print_enum(struct buffer *out, const struct field *field, int32_t number) {
    const char *name = enum_name(field->values, number);
    if (name) {
        buffer_format(out, "\"%s\"", name);
    } else {
        buffer_format(out, "%" PRId32, number);
    }
}

static void print_message(struct buffer *out, const struct message_type *type, const void *message,
                          unsigned flags);

static void print_element(struct buffer *out, const struct field *field, const void *at,
                          unsigned flags) {
    const uint64_t *wide = at;
    const uint32_t *narrow = at;
    switch (field->kind) {
    case KIND_FIXED64: buffer_format(out, "\"%" PRIu64 "\"", *wide); break;
    case KIND_UINT64:
        buffer_format(out, field->look == LOOK_SIGNED ? "\"%" PRId64 "\"" : "\"%" PRIu64 "\"",
                      *wide);
        break;
    case KIND_UINT32: buffer_format(out, "%" PRIu32, *narrow); break;
    case KIND_INT32:
        if (field->look == LOOK_ENUM) {
            print_enum(out, field, (int32_t)*narrow);
        } else {
            buffer_format(out, "%" PRId32, (int32_t)*narrow);
        }
        break;
    case KIND_BOOL: buffer_text(out, *(const bool *)at ? "true" : "false"); break;
    case KIND_FLOAT: print_float(out, *(const float *)at); break;
    case KIND_BYTES: print_bytes(out, *(const struct bytes *)at, flags); break;
    case KIND_MESSAGE: print_message(out, field->type, at, flags); break;
    default: print_string(out, *(const struct bytes *)at); break;
    }
}

static void print_counters(struct buffer *out, struct elements elements) {
    const struct counter *counters = (const void *)elements.at;
    for (size_t i = 0; i < elements.count; i++) {
        buffer_text(out, i ? "," : "{");
        print_string(out, counters[i].name);
        buffer_format(out, ":%" PRIu32, counters[i].value);
    }
    buffer_u8(out, '}');
}

static void print_list(struct buffer *out, const struct field *field, struct elements elements,
                       unsigned flags) {
    for (size_t i = 0; i < elements.count; i++) {
        buffer_text(out, i ? "," : "[");
        print_element(out, field, elements.at + i * field->item_size, flags);
    }
    buffer_u8(out, ']');
}

static void print_message(struct buffer *out, const struct message_type *type, const void *message,
                          unsigned flags) {
    const char *separator = "{";
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *field = &type->fields[i];
        struct elements elements = field_elements(field, message);
        if (elements.count == 0) continue;
        buffer_format(out, "%s\"%s\":", separator, field->name);
        separator = ",";
        if (field->kind == KIND_COUNTERS) {
            print_counters(out, elements);
        } else if (field->repeated) {
            print_list(out, field, elements, flags);
        } else {
            print_element(out, field, elements.at, flags);
        }
    }
    buffer_text(out, *separator == '{' ? "{}" : "}");
}

void message_print(const struct message_type *type, const void *message, struct buffer *out,
                   unsigned flags) {
    print_message(out, type, message, flags);
}
