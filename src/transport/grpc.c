/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms of gRPC over HTTP/2.
 *
 *   grpc-timeout   1 to 8 digits, then one of H M S m u n (hours ... nanoseconds)
 *   grpc-message   bytes 0x20..0x7e except '%' as they are, all others as %XX
 *   a message      compressed (1 byte, 0 or 1) | size (4 bytes, big-endian) | bytes */
#include "transport/grpc.h"

#include <stdio.h>

#include "base/status.h"

const char *grpc_status_name(enum grpc_status status) {
    static const char *const names[] = {"OK",
                                        "CANCELLED",
                                        "UNKNOWN",
                                        "INVALID_ARGUMENT",
                                        "DEADLINE_EXCEEDED",
                                        "NOT_FOUND",
                                        "ALREADY_EXISTS",
                                        "PERMISSION_DENIED",
                                        "RESOURCE_EXHAUSTED",
                                        "FAILED_PRECONDITION",
                                        "ABORTED",
                                        "OUT_OF_RANGE",
                                        "UNIMPLEMENTED",
                                        "INTERNAL",
                                        "UNAVAILABLE",
                                        "DATA_LOSS",
                                        "UNAUTHENTICATED"};
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

/* ---- grpc-timeout -------------------------------------------------------------------------- */

static bool timeout_scale(uint8_t unit, int64_t *multiply, int64_t *divide) {
    *multiply = *divide = 1;
    switch (unit) {
    case 'H': *multiply = 3600 * SS_SECOND; return true;
    case 'M': *multiply = 60 * SS_SECOND; return true;
    case 'S': *multiply = SS_SECOND; return true;
    case 'm': *multiply = SS_MILLISECOND; return true;
    case 'u': return true;
    case 'n': *divide = 1000; return true;
    default: return false;
    }
}

int grpc_timeout_parse(struct bytes text, ss_time *span) {
    int64_t value = 0, multiply, divide;
    if (text.size < 2 || text.size > 9) return SS_ERR_MALFORMED;
    for (size_t i = 0; i < text.size - 1; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return SS_ERR_MALFORMED;
        value = value * 10 + (text.data[i] - '0');
    }
    if (!timeout_scale(text.data[text.size - 1], &multiply, &divide)) return SS_ERR_MALFORMED;
    /* 8 digits of hours are 3.6e17 us: no overflow */
    *span = value * multiply / divide;
    return SS_OK;
}

void grpc_timeout_format(ss_time span, char out[GRPC_TIMEOUT_TEXT]) {
    static const struct {
        int64_t scale;
        char unit;
    } units[] = {{1, 'u'}, {SS_MILLISECOND, 'm'}, {SS_SECOND, 'S'}, {3600 * SS_SECOND, 'H'}};
    size_t i = 0;
    while (i < 3 && span / units[i].scale >= 99999999)
        i++;
    int64_t value = span / units[i].scale + (span % units[i].scale != 0);
    if (value > 99999999) value = 99999999;
    snprintf(out, GRPC_TIMEOUT_TEXT, "%u%c", (unsigned)value, units[i].unit);
}

/* ---- status -------------------------------------------------------------------------------- */

enum grpc_status grpc_status_of_http(unsigned http_status) {
    switch (http_status) {
    case 400: return GRPC_INTERNAL;
    case 401: return GRPC_UNAUTHENTICATED;
    case 403: return GRPC_PERMISSION_DENIED;
    case 404: return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504: return GRPC_UNAVAILABLE;
    default: return GRPC_UNKNOWN;
    }
}

enum grpc_status grpc_status_of_reset(uint32_t error_code) {
    switch (error_code) {
    case 0x7: return GRPC_UNAVAILABLE;        /* REFUSED_STREAM */
    case 0x8: return GRPC_CANCELLED;          /* CANCEL */
    case 0xb: return GRPC_RESOURCE_EXHAUSTED; /* ENHANCE_YOUR_CALM */
    case 0xc: return GRPC_PERMISSION_DENIED;  /* INADEQUATE_SECURITY */
    default: return GRPC_INTERNAL;
    }
}

bool grpc_content_type(struct bytes text) {
    static const char stem[] = "application/grpc", proto[] = "+proto";
    if (text.size < sizeof stem - 1 || memcmp(text.data, stem, sizeof stem - 1) != 0) return false;
    text = bytes_view(text.data + sizeof stem - 1, text.size - (sizeof stem - 1));
    if (text.size >= sizeof proto - 1 && memcmp(text.data, proto, sizeof proto - 1) == 0)
        text = bytes_view(text.data + sizeof proto - 1, text.size - (sizeof proto - 1));
    return text.size == 0 || text.data[0] == ';';
}

/* ---- grpc-message -------------------------------------------------------------------------- */

void grpc_message_encode(struct bytes text, struct buffer *out) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
            buffer_u8(out, byte);
            continue;
        }
        buffer_u8(out, '%');
        buffer_u8(out, (uint8_t)digits[byte >> 4]);
        buffer_u8(out, (uint8_t)digits[byte & 15]);
    }
}

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    return -1;
}

void grpc_message_decode(struct bytes text, struct buffer *out) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '%' && text.size - i > 2) {
            int high = hex_digit(text.data[i + 1]), low = hex_digit(text.data[i + 2]);
            if (high >= 0 && low >= 0) {
                buffer_u8(out, (uint8_t)(high << 4 | low));
                i += 2;
                continue;
            }
        }
        buffer_u8(out, text.data[i]);
    }
}
