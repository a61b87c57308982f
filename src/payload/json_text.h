/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.h - strings of JSON where they stand: compared and hashed decoded, never copied. */
#ifndef PAYLOAD_JSON_TEXT_H
#define PAYLOAD_JSON_TEXT_H

#include "base/bytes.h"

/* What stands between the quotes of a string that the scanner has accepted. */
struct json_text {
    struct bytes raw;
    bool escaped; /* a backslash is in it */
};

static inline struct json_text json_text_of(struct bytes plain) {
    return (struct json_text){plain, false};
}
bool json_text_equal(struct json_text a, struct json_text b);
/* By code points, which is also the order of the decoded bytes: <0, 0, >0. */
int json_text_compare(struct json_text a, struct json_text b);
/* Of the decoded bytes. For names: quick, and easily made to collide, so only a hint. For values: a
 * hash that nobody makes collide by the thousand. */
uint32_t json_name_hash(struct json_text name);
uint64_t json_text_hash(struct json_text text);
/* Appends "/" and the decoded text with the escapes of a JSON pointer (RFC 6901). U+0000, which a
 * NUL-terminated path cannot hold, is written as \u0000. */
void json_text_pointer(struct json_text text, struct buffer *out);

#endif
