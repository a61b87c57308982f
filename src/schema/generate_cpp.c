/* SPDX-License-Identifier: Apache-2.0 */
/* C++17: structs of the standard library's types, each with one function that visits its fields. */
#include "base/status.h"
#include "schema/check.h"
#include "schema/generate.h"

extern const unsigned char runtime_cpp[];
extern const unsigned long runtime_cpp_size;

static const char *const cpp_types[] = {
    [SCHEMA_DOUBLE] = "double",         [SCHEMA_FLOAT] = "float",
    [SCHEMA_INT64] = "std::int64_t",    [SCHEMA_UINT64] = "std::uint64_t",
    [SCHEMA_INT32] = "std::int32_t",    [SCHEMA_FIXED64] = "std::uint64_t",
    [SCHEMA_FIXED32] = "std::uint32_t", [SCHEMA_BOOL] = "bool",
    [SCHEMA_STRING] = "std::string",    [SCHEMA_MESSAGE] = "",
    [SCHEMA_BYTES] = "std::string",     [SCHEMA_UINT32] = "std::uint32_t",
    [SCHEMA_ENUM] = "std::int32_t",     [SCHEMA_SFIXED32] = "std::int32_t",
    [SCHEMA_SFIXED64] = "std::int64_t", [SCHEMA_SINT32] = "std::int32_t",
    [SCHEMA_SINT64] = "std::int64_t",
};

/* "game.sub" as "game::sub". */
static void namespace_put(struct buffer *out, struct bytes package) {
    size_t start = 0;
    for (size_t i = 0; i <= package.size; i++) {
        if (i < package.size && package.data[i] != '.') continue;
        if (start > 0) buffer_text(out, "::");
        generate_name(out, bytes_view(package.data + start, i - start));
        start = i + 1;
    }
}

/* The name within its package: "Match.Phase" as "Match_Phase". */
static void inner_name_put(struct buffer *out, const struct message_descriptor *message) {
    struct bytes name = message->full_name, package = message->file->package;
    size_t skip = package.size ? package.size + 1 : 0;
    generate_name(out, bytes_view(name.data + skip, name.size - skip));
}

static void type_put(struct buffer *out, const struct field_descriptor *field) {
    if (!field->message) {
        buffer_text(out, cpp_types[field->type]);
        return;
    }
    buffer_text(out, "::");
    if (field->message->file->package.size) {
        namespace_put(out, field->message->file->package);
        buffer_text(out, "::");
    }
    inner_name_put(out, field->message);
}

static void wrapped_type_put(const struct generate_plan *plan, struct buffer *out,
                             const struct message_descriptor *message,
                             const struct field_descriptor *field) {
    if (field_is_map(field)) {
        buffer_text(out, "std::map<");
        type_put(out, &field->message->fields[0]);
        buffer_text(out, ", ");
        type_put(out, &field->message->fields[1]);
        buffer_u8(out, '>');
        return;
    }
    bool list = field->label == 3 || generate_is_behind(plan, message, field);
    bool optional = !list && generate_has_presence(message, field);
    if (list) buffer_text(out, "std::vector<");
    if (optional) buffer_text(out, "std::optional<");
    type_put(out, field);
    if (list || optional) buffer_u8(out, '>');
}

static void member_put(const struct generate_plan *plan, struct buffer *out,
                       const struct message_descriptor *message,
                       const struct field_descriptor *field) {
    buffer_text(out, "    ");
    wrapped_type_put(plan, out, message, field);
    buffer_u8(out, ' ');
    generate_name(out, field->name);
    buffer_text(out, "{};");
    if (generate_oneof(field)) buffer_format(out, " // oneof %u", generate_oneof(field));
    if (generate_is_behind(plan, message, field)) buffer_text(out, " // one at most");
    buffer_u8(out, '\n');
}

static void visit_put(const struct generate_plan *plan, struct buffer *out,
                      const struct message_descriptor *message,
                      const struct field_descriptor *field) {
    buffer_format(out, "        each(%u, ::statesync_fields::type<", field->number);
    if (field_is_map(field)) {
        buffer_format(out, "%u>{}, ::statesync_fields::type<%u>{}, self.",
                      (unsigned)field->message->fields[0].type,
                      (unsigned)field->message->fields[1].type);
    } else {
        bool behind = generate_is_behind(plan, message, field);
        buffer_format(out, "%u>{}, %uu, self.", (unsigned)field->type,
                      behind ? 1 : generate_oneof(field));
    }
    generate_name(out, field->name);
    buffer_text(out, ");\n");
}

static void struct_put(const struct generate_plan *plan, struct buffer *out,
                       const struct generate_item *item) {
    const struct message_descriptor *message = item->message;
    bool named = message->file->package.size > 0;
    if (named) {
        buffer_text(out, "namespace ");
        namespace_put(out, message->file->package);
        buffer_text(out, " {\n");
    }
    buffer_text(out, "struct ");
    inner_name_put(out, message);
    buffer_text(out, " {\n");
    for (size_t i = 0; i < message->field_count; i++)
        member_put(plan, out, message, &message->fields[i]);
    buffer_format(
        out,
        "    std::string unknown; // fields of a newer schema, kept\n\n"
        "    static constexpr std::uint64_t schema_hash = 0x%016llxu;\n"
        "    std::string put() const { return ::statesync_fields::put(*this); }\n"
        "    bool view(std::string_view bytes) { *this = {}; return merge(bytes, 1); }\n"
        "    bool merge(std::string_view bytes, unsigned depth) {\n"
        "        return ::statesync_fields::merge(*this, bytes, depth);\n    }\n"
        "    template <class Self, class Each> static void visit(Self &self, Each &&each) {\n"
        "        static_cast<void>(self), static_cast<void>(each);\n",
        (unsigned long long)item->hash);
    for (size_t i = 0; i < message->field_count; i++)
        visit_put(plan, out, message, &message->fields[i]);
    buffer_text(out, named ? "    }\n};\n}\n\n" : "    }\n};\n\n");
}

static void forward_put(struct buffer *out, const struct message_descriptor *message) {
    bool named = message->file->package.size > 0;
    if (named) {
        buffer_text(out, "namespace ");
        namespace_put(out, message->file->package);
        buffer_text(out, " { ");
    }
    buffer_text(out, "struct ");
    inner_name_put(out, message);
    buffer_text(out, named ? "; }\n" : ";\n");
}

static void code_put(const struct generate_plan *plan, struct buffer *out) {
    buffer_text(out,
                "// Made by `statesync schema generate`; do not edit.\n"
                "//\n// put(): its bytes. view(bytes): becomes what they say; false: they are no "
                "such message.\n// schema_hash names the way a state is coded.\n");
    buffer_bytes(out, bytes_view(runtime_cpp, runtime_cpp_size));
    buffer_u8(out, '\n');
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->items[i].message->map_entry) forward_put(out, plan->items[i].message);
    buffer_u8(out, '\n');
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->items[i].message->map_entry) struct_put(plan, out, &plan->items[i]);
}

int generate_cpp(const struct descriptor_set *set, const struct message_descriptor *const *wanted,
                 size_t count, const struct memory *memory, struct buffer *out,
                 struct buffer *complaints) {
    struct generate_plan plan;
    int status = generate_plan_make(&plan, set, wanted, count, memory, complaints);
    if (status == SS_OK) code_put(&plan, out);
    generate_plan_free(&plan);
    return status == SS_OK && out->failed ? SS_ERR_NOMEM : status;
}
