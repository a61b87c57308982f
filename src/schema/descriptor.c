/* SPDX-License-Identifier: Apache-2.0 */
/* A set is read in three walks: messages and fields are collected, names are resolved, and lines
 * are put beside what they belong to. Field numbers of descriptor.proto stand beside each case. */
#include "schema/descriptor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/status.h"
#include "payload/protobuf_scan.h"
#include "payload/sort.h"

#define DEPTH_MAX    32    /* messages declared within messages */
#define MESSAGES_MAX 16384 /* of one set */
#define FIELDS_MAX   65536 /* of one set */
#define SIBLINGS_MAX 1024  /* fields of one message */

#define LINE_STEPS_MAX 10000000 /* looking for what stands on a line is a courtesy */

#define COMPLAINTS_BYTES_MAX 16384

struct collecting {
    struct descriptor_set *set;
    struct buffer *complaints;
    struct file_descriptor *file;
    struct message_descriptor **end; /* of set->messages */
    size_t messages, fields;
    int status;
};

/* ---- complaints ---------------------------------------------------------------------------- */

static void place_write(struct buffer *out, const struct message_descriptor *message,
                        const struct field_descriptor *field) {
    uint32_t line = field && field->line ? field->line : message->line;
    buffer_bytes(out, message->file->name);
    if (line) buffer_format(out, ":%u", line);
    buffer_text(out, ": ");
    buffer_bytes(out, message->full_name);
    if (field) {
        buffer_u8(out, '.');
        buffer_bytes(out, field->name);
    }
    buffer_text(out, ": ");
}

void descriptor_complain(struct buffer *complaints, const struct message_descriptor *message,
                         const struct field_descriptor *field, const char *format, ...) {
    char text[512];
    if (complaints->size > COMPLAINTS_BYTES_MAX) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t start = complaints->size;
    place_write(complaints, message, field);
    buffer_text(complaints, text);
    buffer_u8(complaints, '\n');
    if (complaints->failed) return;
    /* A message stands in many places: its mistakes are told once. */
    struct bytes line = bytes_view(complaints->data + start, complaints->size - start);
    if (memmem(complaints->data, start, line.data, line.size)) complaints->size = start;
}

static void refuse(struct collecting *in, const char *text) {
    in->status = SS_ERR_INVALID;
    if (in->complaints->size > COMPLAINTS_BYTES_MAX) return;
    if (in->file) {
        buffer_bytes(in->complaints, in->file->name);
        buffer_text(in->complaints, ": ");
    }
    buffer_format(in->complaints, "%s\n", text);
}

static void *collect_zeroed(struct collecting *in, size_t size) {
    void *piece = arena_alloc(&in->set->arena, size);
    if (!piece) {
        in->status = SS_ERR_NOMEM;
        return NULL;
    }
    return memset(piece, 0, size);
}

/* ---- names --------------------------------------------------------------------------------- */

static bool is_letter(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* "name", or with `dots` "a.b.name". They go into messages and generated code. */
static bool is_name(struct bytes name, bool dots) {
    bool start = true;
    if (name.size > 255) return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (dots && byte == '.' && !start) {
            start = true;
            continue;
        }
        if (!is_letter(byte) && (start || byte < '0' || byte > '9')) return false;
        start = false;
    }
    return !start;
}

static bool is_file_name(struct bytes name) {
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 0x20 || name.data[i] == 0x7f) return false;
    return name.size > 0 && name.size < 512 && bytes_utf8(name);
}

static struct bytes joined(struct collecting *in, struct bytes scope, struct bytes name) {
    if (scope.size == 0) return name;
    uint8_t *text = collect_zeroed(in, scope.size + 1 + name.size);
    if (!text) return (struct bytes){NULL, 0};
    memcpy(text, scope.data, scope.size);
    text[scope.size] = '.';
    memcpy(text + scope.size + 1, name.data, name.size);
    return bytes_view(text, scope.size + 1 + name.size);
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool known_type(uint64_t type) {
    return type >= SCHEMA_DOUBLE && type <= SCHEMA_SINT64 && type != 10;
}

/* One field of FieldDescriptorProto. */
static void field_part(struct collecting *in, struct message_descriptor *message,
                       struct field_descriptor *field, const struct protobuf_field *part) {
    const char *wrong;
    bool text = part->type == PROTOBUF_LEN;
    switch (part->number) {
    case 1:
        if (text) field->name = protobuf_content(part);
        break;
    case 3: field->number = part->value > UINT32_MAX ? 0 : (uint32_t)part->value; break;
    case 4: field->label = part->value > 3 ? 0 : (uint32_t)part->value; break;
    case 5: field->type = (enum schema_type)(known_type(part->value) ? part->value : 0); break;
    case 6:
        if (text) field->type_name = protobuf_content(part);
        break;
    case 7: field->has_default = true; break;
    case 8:
        wrong = text ? field_rules_read(&field->rules, protobuf_content(part)) : "no options";
        if (!wrong) break;
        if (!is_name(field->name, false)) field->name = bytes_of("?");
        descriptor_complain(in->complaints, message, field, "it has %s", wrong);
        in->status = SS_ERR_INVALID;
        break;
    case 9:
        field->in_oneof = true;
        field->oneof = part->value > UINT16_MAX ? UINT16_MAX : (uint32_t)part->value;
        break;
    case 17: field->proto3_optional = part->value != 0; break;
    default: break;
    }
}

static const char *field_wrong(const struct field_descriptor *field) {
    if (field->number == 0 || field->number > PROTOBUF_FIELD_MAX) return "its number is none";
    if (field->label == 0) return "it is neither singular nor repeated";
    if (field->type == 0) return "groups and types that this program does not know are not taken";
    if (field->type == SCHEMA_MESSAGE && field->type_name.size == 0) return "its type has no name";
    if (field->oneof > SIBLINGS_MAX) return "its oneof is none";
    return NULL;
}

static void field_read(struct collecting *in, struct message_descriptor *message,
                       struct field_descriptor *field, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error = NULL;
    *field = (struct field_descriptor){0};
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error))
        field_part(in, message, field, &part);
    if (in->status != SS_OK) return;
    if (reader.failed || !is_name(field->name, false)) {
        refuse(in, "a field is broken or has no proper name");
        return;
    }
    const char *wrong = field_wrong(field);
    if (!wrong) return;
    descriptor_complain(in->complaints, message, field, "%s", wrong);
    in->status = SS_ERR_INVALID;
}

static bool number_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return a < b;
}

/* Ascending by number; names and numbers must be distinct. */
static void fields_sort(struct collecting *in, struct message_descriptor *message) {
    uint64_t keys[SIBLINGS_MAX];
    size_t count = message->field_count;
    struct field_descriptor *sorted = collect_zeroed(in, count * sizeof *sorted);
    if (!sorted) return;
    for (size_t i = 0; i < count; i++)
        keys[i] = (uint64_t)message->fields[i].number << 32 | i;
    sort_keys(keys, count, number_less, NULL);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = message->fields[(uint32_t)keys[i]];
        sorted[i].place = (uint32_t)keys[i];
        bool twice = i > 0 && sorted[i].number == sorted[i - 1].number;
        for (size_t j = 0; j < i; j++)
            twice |= bytes_equal(sorted[i].name, sorted[j].name);
        if (!twice) continue;
        descriptor_complain(in->complaints, message, &sorted[i], "its name or number stands twice");
        in->status = SS_ERR_INVALID;
        return;
    }
    message->fields = sorted;
}

static size_t count_parts(struct bytes from, uint32_t number) {
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    size_t count = 0;
    while (protobuf_next(&reader, &part, &error))
        count += part.number == number && part.type == PROTOBUF_LEN;
    return count;
}

static void fields_read(struct collecting *in, struct message_descriptor *message,
                        struct bytes from) {
    size_t count = count_parts(from, 2);
    in->fields += count;
    if (count > SIBLINGS_MAX || in->fields > FIELDS_MAX) {
        refuse(in, "more fields than anybody needs");
        return;
    }
    if (count == 0) return;
    message->fields = collect_zeroed(in, count * sizeof *message->fields);
    if (!message->fields) return;
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error))
        if (part.number == 2 && part.type == PROTOBUF_LEN)
            field_read(in, message, &message->fields[message->field_count++],
                       protobuf_content(&part));
    if (in->status == SS_OK) fields_sort(in, message);
}

/* ---- messages ------------------------------------------------------------------------------ */

static bool reads_map_entry(struct bytes options) {
    struct reader reader = reader_of(options);
    struct protobuf_field part;
    const char *error;
    bool map = false;
    while (protobuf_next(&reader, &part, &error))
        if (part.number == 7 && part.type == PROTOBUF_VARINT) map = part.value != 0;
    return map;
}

static void message_options(struct collecting *in, struct message_descriptor *message,
                            struct bytes options) {
    message->map_entry |= reads_map_entry(options);
    const char *wrong = message_rules_read(&message->rules, options);
    if (!wrong) return;
    descriptor_complain(in->complaints, message, NULL, "it has %s", wrong);
    in->status = SS_ERR_INVALID;
}

/* The name must be known before anything can be complained about. */
static bool message_name(struct collecting *in, struct message_descriptor *message,
                         struct bytes scope, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    while (protobuf_next(&reader, &part, &error))
        if (part.number == 1 && part.type == PROTOBUF_LEN) message->name = protobuf_content(&part);
    message->file = in->file;
    if (reader.failed || !is_name(message->name, false)) {
        refuse(in, "a message is broken or has no proper name");
        return false;
    }
    message->full_name = joined(in, scope, message->name);
    return in->status == SS_OK;
}

static struct message_descriptor *message_read(struct collecting *in, struct bytes scope,
                                               struct bytes from, unsigned depth);

static void message_parts(struct collecting *in, struct message_descriptor *message,
                          struct bytes from, unsigned depth) {
    struct message_descriptor **nested = &message->nested;
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error)) {
        if (part.type != PROTOBUF_LEN) continue;
        if (part.number == 7) message_options(in, message, protobuf_content(&part));
        if (part.number != 3) continue;
        *nested = message_read(in, message->full_name, protobuf_content(&part), depth + 1);
        if (*nested) nested = &(*nested)->next;
    }
}

static struct message_descriptor *message_read(struct collecting *in, struct bytes scope,
                                               struct bytes from, unsigned depth) {
    if (depth == DEPTH_MAX || in->messages++ == MESSAGES_MAX) {
        refuse(in, "more messages, or deeper ones, than anybody needs");
        return NULL;
    }
    struct message_descriptor *message = collect_zeroed(in, sizeof *message);
    if (!message || !message_name(in, message, scope, from)) return NULL;
    *in->end = message;
    in->end = &message->all;
    fields_read(in, message, from);
    message_parts(in, message, from, depth);
    return message;
}

/* ---- lines --------------------------------------------------------------------------------- */

struct lining {
    struct file_descriptor *file;
    size_t steps; /* left */
};

static struct message_descriptor *message_nth(struct lining *lining,
                                              struct message_descriptor *message, uint64_t index) {
    for (; message && index > 0 && lining->steps > 0; index--, lining->steps--)
        message = message->next;
    return index == 0 ? message : NULL;
}

static struct field_descriptor *field_nth(struct lining *lining, struct message_descriptor *message,
                                          uint64_t index) {
    for (size_t i = 0; i < message->field_count && lining->steps > 0; i++, lining->steps--)
        if (message->fields[i].place == index) return &message->fields[i];
    return NULL;
}

/* A path is 4, index (a message of the file), 3, index (one in it), 2, index (a field). */
static void line_put(struct lining *lining, struct bytes path, uint32_t line) {
    struct reader reader = reader_of(path);
    if (reader_varint(&reader) != 4) return;
    struct message_descriptor *message =
        message_nth(lining, lining->file->messages, reader_varint(&reader));
    while (message && !reader.failed && reader.left > 0) {
        uint64_t kind = reader_varint(&reader), index = reader_varint(&reader);
        if (kind == 2 && !reader.failed && reader.left == 0) {
            struct field_descriptor *field = field_nth(lining, message, index);
            if (field) field->line = line;
            return;
        }
        if (kind != 3) return;
        message = message_nth(lining, message->nested, index);
    }
    if (message && !reader.failed) message->line = line;
}

/* A Location: path 1 and span 2, both packed. */
static void location_read(struct lining *lining, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    struct bytes path = {NULL, 0};
    const char *error;
    uint64_t line = UINT32_MAX;
    while (protobuf_next(&reader, &part, &error)) {
        if (part.type != PROTOBUF_LEN) continue;
        if (part.number == 1) path = protobuf_content(&part);
        if (part.number != 2) continue;
        struct reader span = reader_of(protobuf_content(&part));
        line = reader_varint(&span);
    }
    if (!reader.failed && line < UINT32_MAX) line_put(lining, path, (uint32_t)line + 1);
}

static void lines_read(struct file_descriptor *file, struct bytes source) {
    struct lining lining = {file, LINE_STEPS_MAX};
    struct reader reader = reader_of(source);
    struct protobuf_field part;
    const char *error;
    while (lining.steps > 0 && protobuf_next(&reader, &part, &error))
        if (part.number == 1 && part.type == PROTOBUF_LEN)
            location_read(&lining, protobuf_content(&part));
}

/* ---- files --------------------------------------------------------------------------------- */

/* Name, package and syntax, which all that follows needs. */
static void file_head(struct collecting *in, struct bytes from) {
    struct file_descriptor *file = in->file;
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    struct bytes syntax = bytes_of("proto2");
    while (protobuf_next(&reader, &part, &error)) {
        if (part.type != PROTOBUF_LEN) continue;
        if (part.number == 1) file->name = protobuf_content(&part);
        if (part.number == 2) file->package = protobuf_content(&part);
        if (part.number == 12) syntax = protobuf_content(&part);
    }
    file->proto3 = bytes_equal(syntax, bytes_of("proto3"));
    if (reader.failed || !is_file_name(file->name)) {
        in->file = NULL;
        refuse(in, "that is no descriptor set: want what `protoc --descriptor_set_out` writes");
    } else if (file->package.size > 0 && !is_name(file->package, true)) {
        refuse(in, "its package has no proper name");
    } else if (!file->proto3 && !bytes_equal(syntax, bytes_of("proto2"))) {
        refuse(in, "its syntax is neither proto2 nor proto3");
    }
}

static void file_read(struct collecting *in, struct bytes from) {
    struct file_descriptor *file = in->file = collect_zeroed(in, sizeof *file);
    if (!file) return;
    file_head(in, from);
    struct message_descriptor **end = &file->messages;
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error)) {
        if (part.number != 4 || part.type != PROTOBUF_LEN) continue;
        *end = message_read(in, file->package, protobuf_content(&part), 0);
        if (*end) end = &(*end)->next;
    }
    reader = reader_of(from);
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error))
        if (part.number == 9 && part.type == PROTOBUF_LEN)
            lines_read(file, protobuf_content(&part));
    file->next = in->set->files;
    in->set->files = file;
}

static void files_read(struct collecting *in, struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field part;
    const char *error;
    while (in->status == SS_OK && protobuf_next(&reader, &part, &error)) {
        if (part.number == 1 && part.type == PROTOBUF_LEN) file_read(in, protobuf_content(&part));
        in->file = NULL;
    }
    if (in->status == SS_OK && (reader.failed || !in->set->files))
        refuse(in, "that is no descriptor set: want what `protoc --descriptor_set_out` writes");
}

/* ---- names to messages --------------------------------------------------------------------- */

static uint64_t name_hash(struct bytes name) {
    return hash_bytes((struct hash_key){0, 0}, name);
}

struct sought {
    const struct descriptor_set *set;
    struct bytes name;
};

static bool sought_equal(const void *context, uint32_t handle) {
    const struct sought *sought = context;
    return bytes_equal(sought->set->by_index[handle]->full_name, sought->name);
}

struct message_descriptor *descriptor_find(const struct descriptor_set *set, struct bytes name) {
    if (name.size > 0 && name.data[0] == '.') name = bytes_view(name.data + 1, name.size - 1);
    struct sought sought = {set, name};
    uint32_t found = table_find(&set->index, name_hash(name), sought_equal, &sought);
    return found == TABLE_NONE ? NULL : set->by_index[found];
}

static void names_index(struct collecting *in) {
    struct descriptor_set *set = in->set;
    set->by_index = collect_zeroed(in, in->messages * sizeof(struct message_descriptor *));
    uint32_t index = 0;
    for (struct message_descriptor *at = set->messages; at && in->status == SS_OK; at = at->all) {
        if (descriptor_find(set, at->full_name)) {
            descriptor_complain(in->complaints, at, NULL, "it is declared twice");
            in->status = SS_ERR_INVALID;
            return;
        }
        set->by_index[index] = at;
        in->status = table_add(&set->index, name_hash(at->full_name), index++);
    }
}

static void fields_resolve(struct collecting *in, struct message_descriptor *message) {
    for (size_t i = 0; i < message->field_count; i++) {
        struct field_descriptor *field = &message->fields[i];
        if (field->type != SCHEMA_MESSAGE) continue;
        field->message = descriptor_find(in->set, field->type_name);
        if (field->message) continue;
        descriptor_complain(in->complaints, message, field,
                            "its type is not in the set; run protoc with --include_imports");
        in->status = SS_ERR_INVALID;
    }
}

/* What protoc makes of map<K, V>: key 1 and value 2, and nothing else. */
static void map_check(struct collecting *in, const struct message_descriptor *message) {
    const struct field_descriptor *fields = message->fields;
    bool good = message->field_count == 2 && fields[0].number == 1 && fields[1].number == 2 &&
                fields[0].label != 3 && fields[1].label != 3;
    good = good && fields[0].type != SCHEMA_MESSAGE && fields[0].type != SCHEMA_BYTES &&
           fields[0].type != SCHEMA_ENUM && !schema_is_float(fields[0].type);
    if (good) return;
    descriptor_complain(in->complaints, message, NULL, "it is no entry of a map");
    in->status = SS_ERR_INVALID;
}

int descriptor_read(struct descriptor_set *set, const struct memory *memory, struct bytes from,
                    struct buffer *complaints) {
    *set = (struct descriptor_set){.arena = arena_of(memory, 16384), .index = table_of(memory)};
    struct collecting in = {.set = set, .complaints = complaints, .end = &set->messages};
    if (from.size > DESCRIPTOR_BYTES_MAX) {
        refuse(&in, "a descriptor set of more than 16 MiB");
    } else {
        files_read(&in, from);
    }
    if (in.status == SS_OK && in.messages > 0) names_index(&in);
    for (struct message_descriptor *at = set->messages; at && in.status == SS_OK; at = at->all) {
        fields_resolve(&in, at);
        if (at->map_entry) map_check(&in, at);
    }
    return complaints->failed ? SS_ERR_NOMEM : in.status;
}

void descriptor_free(struct descriptor_set *set) {
    table_free(&set->index);
    arena_free(&set->arena);
}
