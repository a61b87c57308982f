/* SPDX-License-Identifier: Apache-2.0 */
/* Our codec for the script beside this file to question.
 *
 *   roundtrip tables      prints a line "Message number kind name [enum value=number ...]" per
 * field roundtrip             for each line "Message hex" on standard input prints "hex json", or
 *                         "! reason" when the bytes are refused */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "codec/message_table.h"
#include "codec/printer.h"

static const char *kind_name(const struct field *field) {
    static const char *const names[] = {
        [KIND_FIXED64] = "fixed64", [KIND_FLOAT] = "float",
        [KIND_UINT64] = "uint64",   [KIND_UINT32] = "uint32",
        [KIND_INT32] = "int32",     [KIND_BOOL] = "bool",
        [KIND_STRING] = "string",   [KIND_OPTIONAL_STRING] = "string",
        [KIND_BYTES] = "bytes",     [KIND_COUNTERS] = "map"};
    if (field->kind == KIND_MESSAGE) return field->type->name;
    if (field->look == LOOK_ENUM) return "enum";
    if (field->look == LOOK_SIGNED && field->kind == KIND_UINT64) return "int64";
    return names[field->kind];
}

static void print_tables(void) {
    const struct message_type *type;
    for (size_t i = 0; (type = message_at(i)); i++) {
        printf("%s\n", type->name);
        for (size_t j = 0; j < type->field_count; j++) {
            const struct field *field = &type->fields[j];
            printf("%s %u %s%s %s", type->name, (unsigned)field->number,
                   field->repeated ? "repeated-" : "", kind_name(field), field->name);
            for (const struct enum_value *value = field->values; value && value->name; value++)
                printf(" %s=%d", value->name, (int)value->number);
            printf("\n");
        }
    }
}

static size_t from_hex(const char *digits, uint8_t *bytes) {
    size_t size = 0;
    unsigned byte;
    for (; sscanf(digits, "%2x", &byte) == 1; digits += 2)
        bytes[size++] = (uint8_t)byte;
    return size;
}

static void answer(const struct message_type *type, struct bytes wire, struct arena *arena,
                   struct buffer *out) {
    union {
        max_align_t align;
        uint8_t room[1024];
    } message;
    const char *why = NULL;
    if (message_struct_size(type) > sizeof message) abort();
    int status = message_decode(type, wire, &message, arena, (size_t)16 << 20, &why);
    if (status != SS_OK) {
        printf("! %s\n", why ? why : status_text(status));
        return;
    }
    message_encode(type, &message, out);
    if (out->size != message_size(type, &message)) abort();
    for (size_t i = 0; i < out->size; i++)
        printf("%02x", out->data[i]);
    buffer_clear(out);
    message_print(type, &message, out, 0);
    printf(" %.*s\n", (int)out->size, (const char *)out->data);
    if (out->failed) abort();
}

static void answer_all(void) {
    struct arena arena = arena_of(&memory_heap, 65536);
    struct buffer out = buffer_of(&memory_heap);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        char *space = strchr(line, ' ');
        if (!space) abort();
        const struct message_type *type = message_find(bytes_view(line, (size_t)(space - line)));
        if (!type) abort();
        uint8_t *bytes = malloc((size_t)length);
        if (!bytes) abort();
        size_t size = from_hex(space + 1, bytes);
        answer(type, bytes_view(bytes, size), &arena, &out);
        arena_reset(&arena, (size_t)1 << 20);
        buffer_clear(&out);
        free(bytes);
    }
    free(line);
    arena_free(&arena);
    buffer_free(&out);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "tables") == 0) {
        print_tables();
    } else {
        answer_all();
    }
    return 0;
}
