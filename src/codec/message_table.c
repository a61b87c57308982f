/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of all messages, made from message_list.h, and the checks that tie them to the
 * structs: what the walkers of message.c assume about a member is asserted here for every one of
 * them. */
#include "codec/message_table.h"

/* What one element of a kind is to the walkers. */
#define TRAIT_FIXED64         .kind = KIND_FIXED64, .wire = WIRE_FIXED64
#define TRAIT_UINT64          .kind = KIND_UINT64, .wire = WIRE_VARINT
#define TRAIT_INT64           .kind = KIND_UINT64, .wire = WIRE_VARINT, .look = LOOK_SIGNED
#define TRAIT_UINT32          .kind = KIND_UINT32, .wire = WIRE_VARINT
#define TRAIT_INT32           .kind = KIND_INT32, .wire = WIRE_VARINT, .look = LOOK_SIGNED
#define TRAIT_BOOL            .kind = KIND_BOOL, .wire = WIRE_VARINT
#define TRAIT_FLOAT           .kind = KIND_FLOAT, .wire = WIRE_FIXED32
#define TRAIT_STRING          .kind = KIND_STRING, .wire = WIRE_BYTES
#define TRAIT_OPTIONAL_STRING .kind = KIND_OPTIONAL_STRING, .wire = WIRE_BYTES
#define TRAIT_BYTES           .kind = KIND_BYTES, .wire = WIRE_BYTES
#define TRAIT_COUNTERS                                                                             \
    .kind = KIND_COUNTERS, .wire = WIRE_BYTES, .item_size = sizeof(struct counter)
#define TRAIT_MESSAGE(of) .kind = KIND_MESSAGE, .wire = WIRE_BYTES, .type = &message_##of
#define TRAIT_ENUM(of)                                                                             \
    .kind = KIND_INT32, .wire = WIRE_VARINT, .look = LOOK_ENUM, .values = values_##of

#define TRAIT_REPEATED_MESSAGE(of) TRAIT_MESSAGE(of), REPEATED(struct of)
#define TRAIT_REPEATED_STRING      TRAIT_STRING, REPEATED(struct bytes)
#define TRAIT_REPEATED_BYTES       TRAIT_BYTES, REPEATED(struct bytes)
#define TRAIT_REPEATED_FIXED64     TRAIT_FIXED64, REPEATED(uint64_t)
#define TRAIT_REPEATED_UINT64      TRAIT_UINT64, REPEATED(uint64_t)
#define TRAIT_REPEATED_INT32       TRAIT_INT32, REPEATED(int32_t)
#define TRAIT_REPEATED_UINT32      TRAIT_UINT32, REPEATED(uint32_t)
#define TRAIT_REPEATED_ENUM(of)    TRAIT_ENUM(of), REPEATED(uint32_t)
#define REPEATED(item)             .repeated = true, .item_size = sizeof(item)

/* The type under which message.c reads and writes a member of a kind. */
#define WALKED_FIXED64              uint64_t
#define WALKED_UINT64               uint64_t
#define WALKED_INT64                uint64_t
#define WALKED_UINT32               uint32_t
#define WALKED_INT32                uint32_t
#define WALKED_ENUM(of)             uint32_t
#define WALKED_BOOL                 bool
#define WALKED_FLOAT                float
#define WALKED_STRING               struct bytes
#define WALKED_OPTIONAL_STRING      struct bytes
#define WALKED_BYTES                struct bytes
#define WALKED_MESSAGE(of)          const void *
#define WALKED_COUNTERS             struct any_list
#define WALKED_REPEATED_MESSAGE(of) struct any_list
#define WALKED_REPEATED_STRING      struct any_list
#define WALKED_REPEATED_BYTES       struct any_list
#define WALKED_REPEATED_FIXED64     struct any_list
#define WALKED_REPEATED_UINT64      struct any_list
#define WALKED_REPEATED_INT32       struct any_list
#define WALKED_REPEATED_UINT32      struct any_list
#define WALKED_REPEATED_ENUM(of)    struct any_list

#define CHECK_LIST(list)                                                                           \
    _Static_assert(sizeof(struct list) == sizeof(struct any_list) &&                               \
                       offsetof(struct list, items) == offsetof(struct any_list, items) &&         \
                       offsetof(struct list, count) == offsetof(struct any_list, count),           \
                   "struct " #list " is not laid out like any_list");
CHECK_LIST(counter_list)
CHECK_LIST(bytes_list)
CHECK_LIST(u64_list)
CHECK_LIST(u32_list)
CHECK_LIST(i32_list)

#define HAS_SLOT(number)                                                                           \
    (((number) > 0 && (number) < SLOT_LOW) ||                                                      \
     ((number) >= SLOT_FIRST && (number) < SLOT_FIRST + SLOT_COUNT - SLOT_LOW))
#define CHECK_FIELD(m, number, field_kind, name)                                                   \
    _Static_assert(sizeof(((struct m *)0)->name) == sizeof(WALKED_##field_kind),                   \
                   #m "." #name " is walked as another type");                                     \
    _Static_assert(HAS_SLOT(number), #m "." #name ": the lookup has no slot for " #number);
#define CHECK_MESSAGE(m, proto)                                                                    \
    CHECK_LIST(m##_list)                                                                           \
    _Static_assert(sizeof(struct m) <= UINT16_MAX, #m " is too large for field.offset");           \
    FIELDS_##m(CHECK_FIELD, m)
#define CHECK_EMPTY(m, proto) CHECK_LIST(m##_list)
MESSAGE_LIST(CHECK_MESSAGE, CHECK_EMPTY)

#define VALUE(value, constant, text) {.number = (value), .name = (text)},
#define VALUES(of)                                                                                 \
    static const struct enum_value values_##of[] = {VALUES_##of(VALUE){.name = NULL}};
VALUES(sync_result)
VALUES(conflict_type)
VALUES(resolution_strategy)
VALUES(compression_type)
VALUES(delta_format)
VALUES(serving_status)

#define INDEX(m, field_number, field_kind, member) INDEX_##m##_##member,
#define FIELD(m, field_number, field_kind, member)                                                 \
    {.number = (field_number),                                                                     \
     .offset = offsetof(struct m, member),                                                         \
     .name = #member,                                                                              \
     TRAIT_##field_kind},
#define SLOT_OF(number) ((number) < SLOT_LOW ? (number) : (number)-SLOT_FIRST + SLOT_LOW)
#define SLOT(m, field_number, field_kind, member)                                                  \
    [SLOT_OF(field_number)] = INDEX_##m##_##member + 1,
#define TABLE(m, proto)                                                                            \
    enum { FIELDS_##m(INDEX, m) };                                                                 \
    static const struct field fields_##m[] = {FIELDS_##m(FIELD, m)};                               \
    const struct message_type message_##m = {                                                      \
        .size = sizeof(struct m),                                                                  \
        .field_count = sizeof fields_##m / sizeof *fields_##m,                                     \
        .slots = {FIELDS_##m(SLOT, m)},                                                            \
        .fields = fields_##m,                                                                      \
        .encode = encode_##m,                                                                      \
        .take = take_##m,                                                                          \
        .name = #proto,                                                                            \
    };
#define TABLE_EMPTY(m, proto)                                                                      \
    const struct message_type message_##m = {                                                      \
        .size = sizeof(struct m), .name = #proto, .encode = encode_##m, .take = take_##m};
MESSAGE_LIST(TABLE, TABLE_EMPTY)

#define REFERENCE(m, proto) &message_##m,
static const struct message_type *const types[] = {MESSAGE_LIST(REFERENCE, REFERENCE)};

const struct message_type *message_at(size_t index) {
    return index < sizeof types / sizeof *types ? types[index] : NULL;
}

const struct message_type *message_find(struct bytes name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal(bytes_of(types[i]->name), name)) return types[i];
    return NULL;
}

const char *message_name(const struct message_type *type) {
    return type->name;
}
size_t message_struct_size(const struct message_type *type) {
    return type->size;
}

const char *enum_name(const struct enum_value *values, int32_t number) {
    for (; values->name; values++)
        if (values->number == number) return values->name;
    return NULL;
}
