/* SPDX-License-Identifier: Apache-2.0 */
/* Both messages are described by a table: number, wire type, where it goes. An option that this
 * program does not know is refused, because nobody may believe that it is obeyed. */
#include "schema/option.h"

#include <stddef.h>

#include "payload/protobuf_scan.h"

enum option_kind { OPTION_REAL, OPTION_NUMBER_U32, OPTION_FLAG, OPTION_TEXT };

struct option_row {
    uint32_t number;
    enum option_kind kind;
    size_t offset;
};

#define FIELD(number, kind, name)                                                                  \
    { number, kind, offsetof(struct field_rules, name) }
#define MESSAGE(number, kind, name)                                                                \
    { number, kind, offsetof(struct message_rules, name) }

static const struct option_row field_rows[] = {
    FIELD(FIELD_QUANTUM, OPTION_REAL, quantum),
    FIELD(FIELD_MIN, OPTION_REAL, min),
    FIELD(FIELD_MAX, OPTION_REAL, max),
    FIELD(FIELD_BITS, OPTION_NUMBER_U32, bits),
    FIELD(FIELD_KIND, OPTION_NUMBER_U32, kind),
    FIELD(FIELD_MODULO, OPTION_REAL, modulo),
    FIELD(FIELD_MERGE, OPTION_NUMBER_U32, merge),
    FIELD(FIELD_PRIORITY, OPTION_REAL, priority),
    FIELD(FIELD_INTERPOLATION, OPTION_NUMBER_U32, interpolation),
    FIELD(FIELD_VELOCITY_OF, OPTION_TEXT, velocity_of),
    FIELD(FIELD_SPATIAL, OPTION_NUMBER_U32, spatial),
    FIELD(FIELD_MAX_SPEED, OPTION_REAL, max_speed),
    FIELD(FIELD_MONOTONE, OPTION_FLAG, monotone),
    FIELD(FIELD_UNIQUE, OPTION_FLAG, unique),
    FIELD(FIELD_READ, OPTION_NUMBER_U32, read),
    {0, OPTION_FLAG, 0},
};

static const struct option_row message_rows[] = {
    MESSAGE(MESSAGE_CATEGORY, OPTION_TEXT, category),
    MESSAGE(MESSAGE_SCOPE, OPTION_NUMBER_U32, scope),
    MESSAGE(MESSAGE_WRITE, OPTION_NUMBER_U32, write),
    MESSAGE(MESSAGE_READ, OPTION_NUMBER_U32, read),
    MESSAGE(MESSAGE_HISTORY_VERSIONS, OPTION_NUMBER_U32, history_versions),
    MESSAGE(MESSAGE_HISTORY_MS, OPTION_NUMBER_U32, history_ms),
    MESSAGE(MESSAGE_STRATEGY, OPTION_NUMBER_U32, strategy),
    MESSAGE(MESSAGE_DURABILITY, OPTION_NUMBER_U32, durability),
    MESSAGE(MESSAGE_FOLLOWS, OPTION_TEXT, follows),
    {0, OPTION_FLAG, 0},
};

static enum protobuf_type wire_type(enum option_kind kind) {
    return kind == OPTION_REAL   ? PROTOBUF_I64
           : kind == OPTION_TEXT ? PROTOBUF_LEN
                                 : PROTOBUF_VARINT;
}

static void option_store(void *rules, const struct option_row *row,
                         const struct protobuf_field *field) {
    char *place = (char *)rules + row->offset;
    switch (row->kind) {
    case OPTION_REAL: memcpy(place, &field->value, sizeof(double)); break;
    case OPTION_NUMBER_U32:
        *(uint32_t *)(void *)place =
            field->value > UINT32_MAX ? UINT32_MAX : (uint32_t)field->value;
        break;
    case OPTION_FLAG: *(bool *)place = field->value != 0; break;
    case OPTION_TEXT: *(struct bytes *)(void *)place = protobuf_content(field); break;
    }
}

static const char *rules_scan(const struct option_row *rows, void *rules, uint32_t *given,
                              struct bytes from) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error = "";
    while (protobuf_next(&reader, &field, &error)) {
        const struct option_row *row = rows;
        while (row->number && row->number != field.number)
            row++;
        if (!row->number) return "an option of statesync that this program does not know";
        if (field.type != wire_type(row->kind)) return "an option of statesync of another type";
        if (row->kind == OPTION_TEXT && !bytes_utf8(protobuf_content(&field)))
            return "an option of statesync that is not UTF-8";
        option_store(rules, row, &field);
        *given |= (uint32_t)1 << row->number;
    }
    return reader.failed ? "options of statesync that are no message" : NULL;
}

/* Several occurrences of the extension are one message in pieces: protoc writes them so. */
static const char *options_scan(const struct option_row *rows, void *rules, uint32_t *given,
                                struct bytes options) {
    struct reader reader = reader_of(options);
    struct protobuf_field field;
    const char *error = "", *wrong = NULL;
    while (!wrong && protobuf_next(&reader, &field, &error)) {
        if (field.number != OPTION_NUMBER) continue;
        wrong = field.type == PROTOBUF_LEN
                    ? rules_scan(rows, rules, given, protobuf_content(&field))
                    : "options of statesync that are no message";
    }
    if (!wrong && reader.failed) wrong = "options that are no message";
    return wrong;
}

const char *field_rules_read(struct field_rules *rules, struct bytes options) {
    return options_scan(field_rows, rules, &rules->given, options);
}

const char *message_rules_read(struct message_rules *rules, struct bytes options) {
    return options_scan(message_rows, rules, &rules->given, options);
}

/* ---- words --------------------------------------------------------------------------------- */

#define WORDS(name, ...)                                                                           \
    const char *name(uint32_t number) {                                                            \
        static const char *const words[] = {__VA_ARGS__};                                          \
        return number < sizeof words / sizeof *words ? words[number] : NULL;                       \
    }

WORDS(option_kind_word, "number", "angle", "unit vector", "quaternion")
WORDS(option_interpolation_word, "step", "linear", "hermite", "slerp", "angle")
WORDS(option_audience_word, "any", "owner", "team", "server")
WORDS(option_scope_word, "player", "shared")
WORDS(option_access_word, "owner", "any", "server", "propose")
WORDS(option_strategy_word, "last_write_wins", "merge", "keep_old", "manual")
WORDS(option_durability_word, "async", "memory", "sync", "replicated")
