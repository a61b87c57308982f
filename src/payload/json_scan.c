/* SPDX-License-Identifier: Apache-2.0 */
/* One cursor and one bit per level (array or object) are the whole state of the parser. Strings are
 * the bulk of JSON, so their plain bytes are passed eight at a time. */
#include "payload/json_scan.h"

#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

struct json_scan json_scan_of(struct bytes text) {
    struct json_scan scan = {.start = text.data, .at = text.data};
    if (text.size > JSON_SIZE_MAX) {
        scan.error = "is too long";
    } else if (text.size > 0) {
        scan.end = text.data + text.size;
    }
    return scan;
}

static enum json_event bad(struct json_scan *scan, const char *error) {
    scan->error = error;
    return JSON_EVENT_BAD;
}

static inline void skip_space(struct json_scan *scan) {
    if (scan->at < scan->end && *scan->at > ' ') return; /* nearly always */
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static inline bool take(struct json_scan *scan, uint8_t byte) {
    if (scan->at >= scan->end || *scan->at != byte) return false;
    scan->at++;
    return true;
}

/* ---- strings ------------------------------------------------------------------------------- */

/* The high bit of the first byte of `word` that is a quote, a backslash or below 0x20 is set in the
 * result; bits above that one mean nothing. */
static uint64_t word_stops(uint64_t word) {
    uint64_t quote = word ^ EACH_BYTE * '"', slash = word ^ EACH_BYTE * '\\';
    uint64_t stops = ((word - EACH_BYTE * 0x20) & ~word) | ((quote - EACH_BYTE) & ~quote) |
                     ((slash - EACH_BYTE) & ~slash);
    return stops & HIGH_BITS;
}

static uint64_t word_load(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Passes bytes that stand for themselves; `*wide` is set when some are not ASCII. */
static const uint8_t *plain_run(const uint8_t *at, const uint8_t *end, bool *wide) {
    uint64_t seen = 0;
    for (; end - at >= 8; at += 8) {
        uint64_t word = word_load(at), stops = word_stops(word);
        if (stops) {
            uint64_t before = (stops & -stops) - 1; /* all bits below the stop */
            *wide |= ((seen | (word & before)) & HIGH_BITS) != 0;
            return at + __builtin_ctzll(stops) / 8;
        }
        seen |= word;
    }
    for (; at < end && *at != '"' && *at != '\\' && *at >= 0x20; at++)
        seen |= *at;
    *wide |= (seen & HIGH_BITS) != 0;
    return at;
}

/* The value of \uXXXX at `at`, or -1. */
static int32_t unicode_escape(const uint8_t *at, const uint8_t *end) {
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    int32_t value = 0;
    for (size_t i = 2; i < 6; i++) {
        uint8_t lower = at[i] | 0x20;
        bool digit = at[i] >= '0' && at[i] <= '9', letter = lower >= 'a' && lower <= 'f';
        if (!digit && !letter) return -1;
        value = value << 4 | (digit ? at[i] - '0' : lower - 'a' + 10);
    }
    return value;
}

/* The size of the escape at `at`, 0 when it is none. */
static size_t escape_size(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2) return 0;
    if (at[1] != 'u') return at[1] != 0 && strchr("\"\\/bfnrt", at[1]) ? 2 : 0;
    int32_t unit = unicode_escape(at, end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return 0;
    if (unit < 0xd800 || unit > 0xdbff) return 6;
    int32_t second = unicode_escape(at + 6, end);
    return second >= 0xdc00 && second <= 0xdfff ? 12 : 0;
}

static bool scan_string(struct json_scan *scan, struct json_text *text) {
    const uint8_t *start = scan->at + 1, *at = start;
    bool wide = false, escaped = false;
    for (;;) {
        at = plain_run(at, scan->end, &wide);
        if (at == scan->end) return bad(scan, "has a string without an end"), false;
        if (*at == '"') break;
        size_t size = *at == '\\' ? escape_size(at, scan->end) : 0;
        scan->at = at;
        if (*at != '\\') return bad(scan, "has a control character in a string"), false;
        if (size == 0) return bad(scan, "has a wrong escape in a string"), false;
        escaped = true;
        at += size;
    }
    *text = (struct json_text){bytes_view(start, (size_t)(at - start)), escaped};
    if (wide && !bytes_utf8(text->raw)) return bad(scan, "is not UTF-8"), false;
    scan->at = at + 1;
    return true;
}

/* ---- other values -------------------------------------------------------------------------- */

static bool digits(struct json_scan *scan) {
    const uint8_t *start = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > start;
}

static enum json_event scan_number(struct json_scan *scan) {
    scan->kind = JSON_NUMBER;
    take(scan, '-');
    if (!take(scan, '0') && !digits(scan)) return bad(scan, "has a wrong number");
    if (take(scan, '.') && !digits(scan)) return bad(scan, "has a wrong number");
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+')) take(scan, '-');
        if (!digits(scan)) return bad(scan, "has a wrong number");
    }
    return JSON_EVENT_VALUE;
}

static enum json_event scan_word(struct json_scan *scan, enum json_kind kind, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return bad(scan, "has an unknown word");
    scan->kind = kind;
    scan->at += size;
    return JSON_EVENT_VALUE;
}

static enum json_event scan_open(struct json_scan *scan, enum json_kind kind) {
    if (scan->depth == JSON_DEPTH_MAX) return bad(scan, "is deeper than 32");
    uint32_t bit = (uint32_t)1 << scan->depth++;
    scan->arrays = kind == JSON_ARRAY ? scan->arrays | bit : scan->arrays & ~bit;
    scan->kind = kind;
    scan->filled = false;
    scan->at++;
    return JSON_EVENT_OPEN;
}

static enum json_event scan_string_value(struct json_scan *scan) {
    struct json_text text;
    if (!scan_string(scan, &text)) return JSON_EVENT_BAD;
    scan->kind = JSON_STRING;
    scan->escaped = text.escaped;
    return JSON_EVENT_VALUE;
}

static enum json_event scan_value(struct json_scan *scan) {
    if (scan->at >= scan->end) return bad(scan, "lacks a value");
    scan->value = scan->at;
    scan->escaped = false;
    scan->filled = true;
    switch (*scan->at) {
    case '{': return scan_open(scan, JSON_OBJECT);
    case '[': return scan_open(scan, JSON_ARRAY);
    case '"': return scan_string_value(scan);
    case 't': return scan_word(scan, JSON_TRUE, "true");
    case 'f': return scan_word(scan, JSON_FALSE, "false");
    case 'n': return scan_word(scan, JSON_NULL, "null");
    default: return scan_number(scan);
    }
}

/* ---- the walk ------------------------------------------------------------------------------ */

static enum json_event scan_close(struct json_scan *scan) {
    scan->kind = json_scan_in_array(scan) ? JSON_ARRAY : JSON_OBJECT;
    scan->at++;
    scan->depth--;
    scan->filled = true;
    return JSON_EVENT_CLOSE;
}

static bool scan_name(struct json_scan *scan) {
    skip_space(scan);
    if (scan->at >= scan->end || *scan->at != '"') return bad(scan, "lacks a name"), false;
    if (!scan_string(scan, &scan->name)) return false;
    skip_space(scan);
    if (!take(scan, ':')) return bad(scan, "lacks a colon"), false;
    return true;
}

enum json_event json_scan_next(struct json_scan *scan) {
    if (scan->error) return JSON_EVENT_BAD;
    skip_space(scan);
    scan->name = (struct json_text){{NULL, 0}, false};
    if (scan->depth == 0) {
        if (!scan->filled) return scan_value(scan);
        return scan->at == scan->end ? JSON_EVENT_END : bad(scan, "goes on behind its value");
    }
    bool array = json_scan_in_array(scan);
    if (scan->at < scan->end && *scan->at == (array ? ']' : '}')) return scan_close(scan);
    if (scan->filled && !take(scan, ',')) return bad(scan, "lacks a comma or an end");
    if (!array && !scan_name(scan)) return JSON_EVENT_BAD;
    skip_space(scan);
    return scan_value(scan);
}
