/* SPDX-License-Identifier: Apache-2.0 */
/* C: structs, a table of fields for each, and two functions that hand the table to the runtime. */
#include "base/status.h"
#include "schema/generate.h"

extern const unsigned char runtime_c[];
extern const unsigned long runtime_c_size;

static const char *const c_types[] = {
    [SCHEMA_DOUBLE] = "double",    [SCHEMA_FLOAT] = "float",      [SCHEMA_INT64] = "int64_t",
    [SCHEMA_UINT64] = "uint64_t",  [SCHEMA_INT32] = "int32_t",    [SCHEMA_FIXED64] = "uint64_t",
    [SCHEMA_FIXED32] = "uint32_t", [SCHEMA_BOOL] = "bool",        [SCHEMA_STRING] = "ssf_bytes",
    [SCHEMA_MESSAGE] = "",         [SCHEMA_BYTES] = "ssf_bytes",  [SCHEMA_UINT32] = "uint32_t",
    [SCHEMA_ENUM] = "int32_t",     [SCHEMA_SFIXED32] = "int32_t", [SCHEMA_SFIXED64] = "int64_t",
    [SCHEMA_SINT32] = "int32_t",   [SCHEMA_SINT64] = "int64_t",
};

struct c_code {
    const struct generate_plan *plan;
    struct buffer *out;
};

static void type_put(struct buffer *out, const struct field_descriptor *field) {
    if (field->message) {
        buffer_text(out, "struct ");
        generate_name(out, field->message->full_name);
    } else {
        buffer_text(out, c_types[field->type]);
    }
}

static void member_put(const struct c_code *code, const struct message_descriptor *message,
                       const struct field_descriptor *field) {
    struct buffer *out = code->out;
    bool behind = generate_is_behind(code->plan, message, field);
    if (generate_has_presence(message, field) && !behind) {
        buffer_text(out, "    bool has_");
        generate_name(out, field->name);
        buffer_text(out, ";\n");
    }
    buffer_text(out, "    ");
    if (field->label == 3) buffer_text(out, "struct {\n        ");
    type_put(out, field);
    buffer_text(out, field->label == 3 ? " *items;\n        size_t count;\n    } "
                     : behind          ? " *"
                                       : " ");
    generate_name(out, field->name);
    if (generate_oneof(field))
        buffer_format(out, "; /* oneof %u */\n", generate_oneof(field));
    else
        buffer_text(out, ";\n");
}

static void struct_put(const struct c_code *code, const struct message_descriptor *message) {
    buffer_text(code->out, "typedef struct ");
    generate_name(code->out, message->full_name);
    buffer_text(code->out, " {\n");
    for (size_t i = 0; i < message->field_count; i++)
        member_put(code, message, &message->fields[i]);
    buffer_text(code->out, "    ssf_bytes unknown; /* fields of a newer schema, kept */\n} ");
    generate_name(code->out, message->full_name);
    buffer_text(code->out, ";\n\n");
}

static void offset_put(struct buffer *out, const struct message_descriptor *message,
                       const char *prefix, const struct field_descriptor *field) {
    buffer_text(out, "offsetof(struct ");
    generate_name(out, message->full_name);
    buffer_format(out, ", %s", prefix);
    generate_name(out, field->name);
    buffer_text(out, "), ");
}

static void row_put(const struct c_code *code, const struct message_descriptor *message,
                    const struct field_descriptor *field) {
    struct buffer *out = code->out;
    bool behind = generate_is_behind(code->plan, message, field);
    buffer_format(out, "    {%u, %u, %s, %u, ", field->number, (unsigned)field->type,
                  field->label == 3 ? "SSF_MANY"
                  : behind          ? "SSF_BEHIND"
                                    : "SSF_ONE",
                  generate_oneof(field));
    offset_put(out, message, "", field);
    if (generate_has_presence(message, field) && !behind) {
        offset_put(out, message, "has_", field);
    } else {
        buffer_text(out, "SSF_ALWAYS, ");
    }
    buffer_text(out, "sizeof(");
    type_put(out, field);
    buffer_text(out, "), ");
    if (field->message) {
        buffer_u8(out, '&');
        generate_name(out, field->message->full_name);
        buffer_text(out, "_message},\n");
    } else {
        buffer_text(out, "NULL},\n");
    }
}

static void table_put(const struct c_code *code, const struct message_descriptor *message) {
    struct buffer *out = code->out;
    buffer_text(out, "static const ssf_field ");
    generate_name(out, message->full_name);
    buffer_text(out, "_fields[] = {\n");
    for (size_t i = 0; i < message->field_count; i++)
        row_put(code, message, &message->fields[i]);
    if (message->field_count == 0) buffer_text(out, "    {0, 0, 0, 0, 0, 0, 0, NULL},\n");
    buffer_text(out, "};\nstatic const ssf_message ");
    generate_name(out, message->full_name);
    buffer_text(out, "_message = {");
    generate_name(out, message->full_name);
    buffer_format(out, "_fields, %zu, sizeof(struct ", message->field_count);
    generate_name(out, message->full_name);
    buffer_text(out, "),\n    offsetof(struct ");
    generate_name(out, message->full_name);
    buffer_text(out, ", unknown)};\n\n");
}

static void functions_put(const struct c_code *code, const struct generate_item *item) {
    struct buffer *out = code->out;
    struct bytes name = item->message->full_name;
    buffer_text(out, "#define ");
    generate_name(out, name);
    buffer_format(out, "_SCHEMA UINT64_C(0x%016llx)\n", (unsigned long long)item->hash);
    buffer_text(out, "static inline size_t ");
    generate_name(out, name);
    buffer_text(out, "_put(const ");
    generate_name(out, name);
    buffer_text(out, " *from, void *out, size_t room) {\n    return ssf_put_all(&");
    generate_name(out, name);
    buffer_text(out, "_message, from, out, room);\n}\nstatic inline bool ");
    generate_name(out, name);
    buffer_text(out, "_view(");
    generate_name(out, name);
    buffer_text(out, " *to, const void *bytes, size_t size, ssf_room *room) {\n"
                     "    return ssf_view_all(&");
    generate_name(out, name);
    buffer_text(out, "_message, to, bytes, size, room);\n}\n\n");
}

static void code_put(const struct c_code *code) {
    const struct generate_plan *plan = code->plan;
    struct buffer *out = code->out;
    buffer_text(
        out, "/* Made by `statesync schema generate`; do not edit.\n *\n"
             " * NAME_put(from, out, room): the size of its bytes, written to `out` if they fit.\n"
             " * NAME_view(to, bytes, size, room): the struct that the bytes are; false: they are\n"
             " * none, or `room` (for lists, and for fields of a newer schema) is too small.\n"
             " * Texts stay where they are. NAME_SCHEMA names the way a state is coded. */\n");
    buffer_bytes(out, bytes_view(runtime_c, runtime_c_size));
    buffer_u8(out, '\n');
    for (size_t i = 0; i < plan->count; i++)
        struct_put(code, plan->items[i].message);
    for (size_t i = 0; i < plan->count; i++) {
        buffer_text(out, "static const ssf_message ");
        generate_name(out, plan->items[i].message->full_name);
        buffer_text(out, "_message;\n");
    }
    buffer_u8(out, '\n');
    for (size_t i = 0; i < plan->count; i++)
        table_put(code, plan->items[i].message);
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->items[i].message->map_entry) functions_put(code, &plan->items[i]);
}

int generate_c(const struct descriptor_set *set, const struct message_descriptor *const *wanted,
               size_t count, const struct memory *memory, struct buffer *out,
               struct buffer *complaints) {
    struct generate_plan plan;
    int status = generate_plan_make(&plan, set, wanted, count, memory, complaints);
    if (status == SS_OK) code_put(&(struct c_code){&plan, out});
    generate_plan_free(&plan);
    return status == SS_OK && out->failed ? SS_ERR_NOMEM : status;
}
