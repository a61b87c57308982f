/* SPDX-License-Identifier: Apache-2.0 */
/* option.h - our options as they stand in a descriptor (proto/statesync/options.proto). */
#ifndef SCHEMA_OPTION_H
#define SCHEMA_OPTION_H

#include "base/bytes.h"

#define OPTION_NUMBER 51937 /* of both extensions */

/* Bit n of `given`: field n of FieldRules or MessageRules was written. */
struct field_rules {
    uint32_t given;
    double quantum, min, max, modulo, priority, max_speed;
    uint32_t bits, kind, merge, interpolation, spatial, read;
    struct bytes velocity_of;
    bool monotone, unique;
};
enum field_rule {
    FIELD_QUANTUM = 1,
    FIELD_MIN,
    FIELD_MAX,
    FIELD_BITS,
    FIELD_KIND,
    FIELD_MODULO,
    FIELD_MERGE,
    FIELD_PRIORITY,
    FIELD_INTERPOLATION,
    FIELD_VELOCITY_OF,
    FIELD_SPATIAL,
    FIELD_MAX_SPEED,
    FIELD_MONOTONE,
    FIELD_UNIQUE,
    FIELD_READ,
};

struct message_rules {
    uint32_t given;
    struct bytes category, follows;
    uint32_t scope, write, read, history_versions, history_ms, strategy, durability;
};
enum message_rule {
    MESSAGE_CATEGORY = 1,
    MESSAGE_SCOPE,
    MESSAGE_WRITE,
    MESSAGE_READ,
    MESSAGE_HISTORY_VERSIONS,
    MESSAGE_HISTORY_MS,
    MESSAGE_STRATEGY,
    MESSAGE_DURABILITY,
    MESSAGE_FOLLOWS,
};

static inline bool rule_given(uint32_t given, unsigned rule) {
    return given >> rule & 1;
}

/* Read the content of FieldOptions or MessageOptions into *rules, over what it holds. NULL, or what
 * is wrong with it ("unknown option 99 of statesync: newer than this program?"). */
const char *field_rules_read(struct field_rules *rules, struct bytes options);
const char *message_rules_read(struct message_rules *rules, struct bytes options);

/* Words as the configuration has them; NULL: no such number. */
const char *option_kind_word(uint32_t kind);
const char *option_interpolation_word(uint32_t interpolation);
const char *option_audience_word(uint32_t audience);
const char *option_scope_word(uint32_t scope);
const char *option_access_word(uint32_t access);
const char *option_strategy_word(uint32_t strategy);
const char *option_durability_word(uint32_t durability);

#endif
