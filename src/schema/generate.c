/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/generate.h"

#include "base/status.h"
#include "schema/check.h"
#include "schema/compile.h"

static size_t plan_find(const struct generate_plan *plan,
                        const struct message_descriptor *message) {
    size_t i = 0;
    while (i < plan->count && plan->items[i].message != message)
        i++;
    return i;
}

static bool is_foreign(const struct message_descriptor *message) {
    return bytes_equal(message->file->package, bytes_of("google.protobuf")) ||
           bytes_equal(message->file->package, bytes_of("statesync")) || message->map_entry;
}

static void plan_add(struct generate_plan *plan, const struct message_descriptor *message) {
    void *items = plan->items;
    struct schema *schema;
    plan->status = schema_compile(&schema, plan->memory, message, plan->complaints);
    if (plan->status != SS_OK) return;
    uint64_t hash = schema->hash;
    schema_destroy(schema);
    plan->status =
        memory_grow(plan->memory, &items, &plan->capacity, plan->count + 1, sizeof *plan->items);
    plan->items = items;
    if (plan->status == SS_OK) plan->items[plan->count++] = (struct generate_item){message, hash};
}

/* Depth first; what is being visited already stands further up, and is held by a pointer. */
struct visit {
    const struct message_descriptor *message;
    const struct visit *up;
};

static void plan_visit(struct generate_plan *plan, const struct message_descriptor *message,
                       const struct visit *up) {
    struct visit here = {message, up};
    if (plan->status != SS_OK || plan_find(plan, message) < plan->count) return;
    size_t depth = 0;
    for (const struct visit *at = up; at; at = at->up, depth++)
        if (at->message == message) return;
    if (depth > SCHEMA_DEPTH_MAX) {
        descriptor_complain(plan->complaints, message, NULL, "messages too deep to be structs");
        plan->status = SS_ERR_INVALID;
        return;
    }
    for (size_t i = 0; i < message->field_count; i++)
        if (message->fields[i].message) plan_visit(plan, message->fields[i].message, &here);
    if (plan->status == SS_OK) plan_add(plan, message);
}

int generate_plan_make(struct generate_plan *plan, const struct descriptor_set *set,
                       const struct message_descriptor *const *wanted, size_t count,
                       const struct memory *memory, struct buffer *complaints) {
    *plan = (struct generate_plan){.memory = memory, .complaints = complaints};
    for (size_t i = 0; i < count; i++)
        plan_visit(plan, wanted[i], NULL);
    for (const struct message_descriptor *at = set->messages; at && count == 0; at = at->all)
        if (!is_foreign(at)) plan_visit(plan, at, NULL);
    return plan->status;
}

void generate_plan_free(struct generate_plan *plan) {
    memory_free(plan->memory, plan->items, plan->capacity * sizeof *plan->items);
}

bool generate_is_behind(const struct generate_plan *plan, const struct message_descriptor *message,
                        const struct field_descriptor *field) {
    return field->message && field->label != 3 &&
           plan_find(plan, field->message) >= plan_find(plan, message);
}

bool generate_has_presence(const struct message_descriptor *message,
                           const struct field_descriptor *field) {
    if (field->label == 3) return false;
    if (message->map_entry) return field->type == SCHEMA_MESSAGE;
    return field->type == SCHEMA_MESSAGE || field->in_oneof || !message->file->proto3;
}

uint32_t generate_oneof(const struct field_descriptor *field) {
    return field->in_oneof && !field->proto3_optional ? field->oneof + 1 : 0;
}

static bool is_word(struct bytes name) {
    static const char *const words[] = {
        "alignas",  "alignof",  "and",        "asm",       "auto",      "bitand",   "bitor",
        "bool",     "break",    "case",       "catch",     "char",      "class",    "compl",
        "const",    "continue", "concept",    "constexpr", "decltype",  "default",  "delete",
        "do",       "double",   "else",       "enum",      "explicit",  "export",   "extern",
        "false",    "float",    "for",        "friend",    "goto",      "if",       "inline",
        "int",      "long",     "mutable",    "namespace", "new",       "noexcept", "not",
        "nullptr",  "operator", "or",         "private",   "protected", "public",   "put",
        "register", "requires", "restrict",   "return",    "short",     "signed",   "sizeof",
        "static",   "struct",   "switch",     "template",  "this",      "throw",    "true",
        "try",      "typedef",  "typeid",     "typename",  "union",     "unknown",  "unsigned",
        "using",    "view",     "virtual",    "void",      "volatile",  "while",    "xor",
        "visit",    "std",      "schema_hash"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal(name, bytes_of(words[i]))) return true;
    return false;
}

void generate_name(struct buffer *out, struct bytes name) {
    for (size_t i = 0; i < name.size; i++)
        buffer_u8(out, name.data[i] == '.' ? '_' : name.data[i]);
    if (is_word(name)) buffer_u8(out, '_');
}
