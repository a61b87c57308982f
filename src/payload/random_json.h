/* SPDX-License-Identifier: Apache-2.0 */
/* random_json.h - random JSON values for tests: small, with names that meet often, in every
 * spelling. */
#ifndef PAYLOAD_RANDOM_JSON_H
#define PAYLOAD_RANDOM_JSON_H

#include "base/random.h"
#include "payload/json_tree.h"

static inline void random_json(struct random *random, struct buffer *out, unsigned depth,
                               bool nulls);

static inline void random_space(struct random *random, struct buffer *out) {
    static const char *const spaces[] = {"", "", "", " ", "\n\t", "\r\n"};
    buffer_text(out, spaces[random_below(random, 6)]);
}

static inline void random_object(struct random *random, struct buffer *out, unsigned depth,
                                 bool nulls) {
    static const char *const names[8][2] = {
        {"a", "\\u0061"},        {"b", "b"}, {"c/d", "c\\/d"},   {"~", "\\u007E"},
        {"\xc3\xa4", "\\u00e4"}, {"", ""},   {"\\n", "\\u000A"}, {"x", "x"}};
    uint64_t chosen = random_next(random), start = random_next(random);
    bool first = true;
    buffer_u8(out, '{');
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t name = (start + i * 3) % 8;
        if (!(chosen >> name & 1)) continue;
        if (!first) buffer_u8(out, ',');
        first = false;
        random_space(random, out);
        buffer_format(out, "\"%s\"", names[name][random_below(random, 2)]);
        random_space(random, out);
        buffer_u8(out, ':');
        random_json(random, out, depth, nulls);
    }
    random_space(random, out);
    buffer_u8(out, '}');
}

static inline void random_array(struct random *random, struct buffer *out, unsigned depth,
                                bool nulls) {
    buffer_u8(out, '[');
    for (uint64_t i = 0, count = random_below(random, 4); i < count; i++) {
        if (i > 0) buffer_u8(out, ',');
        random_json(random, out, depth, nulls);
    }
    buffer_u8(out, ']');
}

/* Appends a value; containers at most `depth` deep, null only if `nulls`. */
static inline void random_json(struct random *random, struct buffer *out, unsigned depth,
                               bool nulls) {
    static const char *const scalars[] = {
        "true", "false", "\"a\"", "\"\\u0061\"",          "0",   "-0", "1", "1.0", "10e-1", "-7.25",
        "2",    "3",     "\"\"",  "12345678901234567890", "null"};
    random_space(random, out);
    uint64_t kind = depth == 0 ? 0 : random_below(random, 4);
    if (kind >= 2) random_object(random, out, depth - 1, nulls);
    if (kind == 1) random_array(random, out, depth - 1, nulls);
    if (kind == 0) buffer_text(out, scalars[random_below(random, nulls ? 15 : 14)]);
    random_space(random, out);
}

/* True when both texts are JSON of the same meaning. */
static inline bool json_texts_equal(struct bytes a, struct bytes b) {
    struct json_tree left, right;
    bool equal = json_tree_parse(&left, &memory_heap, a, NULL) == 0;
    equal &= json_tree_parse(&right, &memory_heap, b, NULL) == 0;
    equal = equal && json_equal(json_root(&left), json_root(&right)) &&
            json_hash(json_root(&left)) == json_hash(json_root(&right));
    json_tree_free(&left);
    json_tree_free(&right);
    return equal;
}

#endif
