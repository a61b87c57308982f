/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a file of the embedded FileDescriptorSet by its name or by what it declares, reading the
 * serialized set anew at each call: reflection is asked rarely, and the set is a few kilobytes.
 *
 *   FileDescriptorSet    1 file*
 *   FileDescriptorProto  1 name  2 package  4 message*  5 enum*  6 service*
 *   DescriptorProto      1 name  2 field*   3 message*  4 enum*
 *   EnumDescriptorProto  1 name             FieldDescriptorProto   1 name
 *   ServiceDescriptor    1 name  2 method*  MethodDescriptorProto  1 name
 *
 * So a declaration is a name and, under some numbers, more declarations: SCOPES says which. */
#include "codec/descriptors.h"

extern const unsigned char descriptor_set[];
extern const unsigned long descriptor_set_size;

enum scope_kind { SCOPE_NONE, SCOPE_LEAF, SCOPE_MESSAGE, SCOPE_SERVICE, SCOPE_FILE };

#define NUMBER_MAX 7
static const uint8_t scopes[][NUMBER_MAX] = {
    [SCOPE_MESSAGE] = {[2] = SCOPE_LEAF, [3] = SCOPE_MESSAGE, [4] = SCOPE_LEAF},
    [SCOPE_SERVICE] = {[2] = SCOPE_LEAF},
    [SCOPE_FILE] = {[4] = SCOPE_MESSAGE, [5] = SCOPE_LEAF, [6] = SCOPE_SERVICE},
};

struct part {
    uint32_t number;
    struct bytes content; /* of a length-delimited field, else empty */
};

/* The next field; false at the end. protoc wrote the bytes, so they are sound. */
static bool part_next(struct reader *reader, struct part *part) {
    if (reader->left == 0 || reader->failed) return false;
    uint64_t tag = reader_varint(reader);
    part->number = (uint32_t)(tag >> 3);
    part->content = (struct bytes){NULL, 0};
    uint64_t value = reader_varint(reader); /* descriptors hold varints and lengths only */
    if ((tag & 7) == 2) part->content = reader_bytes(reader, (size_t)value);
    return !reader->failed;
}

/* The content of the first field `number`. */
static struct bytes part_find(struct bytes from, uint32_t number) {
    struct reader reader = reader_of(from);
    struct part part;
    while (part_next(&reader, &part))
        if (part.number == number) return part.content;
    return (struct bytes){NULL, 0};
}

/* Takes `name` and, unless nothing is left, the dot behind it from the front of `symbol`. */
static bool symbol_enter(struct bytes *symbol, struct bytes name) {
    if (symbol->size < name.size || !bytes_equal(bytes_view(symbol->data, name.size), name))
        return false;
    if (symbol->size > name.size && symbol->data[name.size] != '.') return false;
    size_t taken = symbol->size > name.size ? name.size + 1 : name.size;
    *symbol = bytes_view(symbol->data + taken, symbol->size - taken);
    return true;
}

/* Whether something inside `from` is called `symbol`. */
static bool declares(struct bytes from, enum scope_kind kind, struct bytes symbol) {
    struct reader reader = reader_of(from);
    struct part part;
    while (part_next(&reader, &part)) {
        uint8_t inner = part.number < NUMBER_MAX ? scopes[kind][part.number] : SCOPE_NONE;
        struct bytes rest = symbol;
        if (inner == SCOPE_NONE || !symbol_enter(&rest, part_find(part.content, 1))) continue;
        if (rest.size == 0) return symbol.data[symbol.size - 1] != '.';
        if (inner != SCOPE_LEAF && declares(part.content, inner, rest)) return true;
    }
    return false;
}

static bool file_declares(struct bytes file, struct bytes symbol) {
    return symbol_enter(&symbol, part_find(file, 2)) && symbol.size > 0 &&
           declares(file, SCOPE_FILE, symbol);
}

static bool file_is_named(struct bytes file, struct bytes name) {
    return bytes_equal(part_find(file, 1), name);
}

static struct bytes find(bool (*matches)(struct bytes file, struct bytes what), struct bytes what) {
    struct reader reader = reader_of(bytes_view(descriptor_set, descriptor_set_size));
    struct part file;
    while (part_next(&reader, &file))
        if (matches(file.content, what)) return file.content;
    return (struct bytes){NULL, 0};
}

struct bytes descriptor_file(struct bytes name) {
    return find(file_is_named, name);
}
struct bytes descriptor_by_symbol(struct bytes symbol) {
    return find(file_declares, symbol);
}
