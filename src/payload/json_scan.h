/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.h - a pull scanner over JSON text (RFC 8259): each call yields one value with its name,
 * as slices of the text. It allocates nothing, does not recurse, and refuses what is deeper
 * than 32.
 *
 * Strict: UTF-8 is checked, escaped surrogates must be pairs, nothing may follow the value.
 * Duplicate names are the business of who keeps names (json.c, json_tree.c). */
#ifndef PAYLOAD_JSON_SCAN_H
#define PAYLOAD_JSON_SCAN_H

#include "payload/json_text.h"

#define JSON_DEPTH_MAX 32
#define JSON_SIZE_MAX  ((size_t)1 << 30)

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum json_event {
    JSON_EVENT_VALUE, /* a value that is no container: value[0 .. at - value) */
    JSON_EVENT_OPEN,  /* an array or object begins at `value` */
    JSON_EVENT_CLOSE, /* the innermost open one ended before `at` */
    JSON_EVENT_END,
    JSON_EVENT_BAD, /* `error` says why; it stays bad */
};

struct json_scan {
    const uint8_t *start, *at, *end;
    unsigned depth;
    uint32_t arrays; /* bit d: the container at depth d + 1 is an array */
    bool filled;     /* a value stands before `at` in this container */
    const char *error;
    /* of the last value */
    enum json_kind kind;
    struct json_text name; /* raw.data NULL when it is no member of an object */
    const uint8_t *value;
    bool escaped; /* a string with a backslash */
};

struct json_scan json_scan_of(struct bytes text);
enum json_event json_scan_next(struct json_scan *scan);

/* True when the innermost open container is an array. */
static inline bool json_scan_in_array(const struct json_scan *scan) {
    return scan->depth > 0 && (scan->arrays >> (scan->depth - 1) & 1);
}
/* The last VALUE as a slice, and what is between the quotes of a string. */
static inline struct bytes json_scan_slice(const struct json_scan *scan) {
    return bytes_view(scan->value, (size_t)(scan->at - scan->value));
}

#endif
