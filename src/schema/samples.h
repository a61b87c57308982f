/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - for tests: the descriptor sets of samples/ and examples/game.proto, and states
 * written by hand. */
#ifndef SCHEMA_SAMPLES_H
#define SCHEMA_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/status.h"
#include "payload/schema_value.h"
#include "schema/compile.h"

/* The whole file; the caller frees it. */
static inline struct buffer sample_bytes(const char *folder, const char *name) {
    struct buffer bytes = buffer_of(&memory_heap);
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    for (size_t size = 1; size > 0;) {
        uint8_t block[4096];
        size = fread(block, 1, sizeof block, file);
        buffer_bytes(&bytes, bytes_view(block, size));
    }
    fclose(file);
    assert_false(bytes.failed);
    return bytes;
}

/* The table of a message of SAMPLES/name, which must be without a mistake. */
static inline struct schema *sample_schema(const char *name, const char *message) {
    struct buffer bytes = sample_bytes(SAMPLES, name), complaints = buffer_of(&memory_heap);
    struct descriptor_set set;
    int status = descriptor_read(&set, &memory_heap, buffer_view(&bytes), &complaints);
    struct message_descriptor *found =
        status == SS_OK ? descriptor_find(&set, bytes_of(message)) : NULL;
    struct schema *schema = NULL;
    if (found) schema_compile(&schema, &memory_heap, found, &complaints);
    if (!schema) fail_msg("%s: %.*s", message, (int)complaints.size, (const char *)complaints.data);
    descriptor_free(&set);
    buffer_free(&complaints);
    buffer_free(&bytes);
    return schema;
}

/* Its rules, with `count` more of a category. */
static inline struct format_rules *sample_rules(const char *name, const char *message,
                                                const struct format_rule *list, size_t count) {
    struct schema *schema = sample_schema(name, message);
    struct format_rules *rules;
    struct reason why = {""};
    if (format_rules_create_typed(&rules, &memory_heap, schema, list, count, &why) != SS_OK)
        fail_msg("%s", why.text);
    schema_destroy(schema);
    return rules;
}

/* ---- writing states ------------------------------------------------------------------------ */

static inline void put_varint(struct buffer *out, uint32_t number, uint64_t value) {
    buffer_varint(out, (uint64_t)number << 3);
    buffer_varint(out, value);
}
static inline void put_float(struct buffer *out, uint32_t number, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_varint(out, (uint64_t)number << 3 | PROTOBUF_I32);
    buffer_u32(out, bits);
}
static inline void put_double(struct buffer *out, uint32_t number, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_varint(out, (uint64_t)number << 3 | PROTOBUF_I64);
    buffer_u64(out, bits);
}
static inline void put_bytes(struct buffer *out, uint32_t number, struct bytes value) {
    buffer_varint(out, (uint64_t)number << 3 | PROTOBUF_LEN);
    buffer_varint(out, value.size);
    buffer_bytes(out, value);
}
static inline void put_text(struct buffer *out, uint32_t number, const char *text) {
    put_bytes(out, number, bytes_of(text));
}

#endif
