/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a message become nodes of the tree where the configuration left the key out, with the
 * .proto as their origin. So they are read, checked and complained about like any other key. */
#include "server/config_schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/status.h"
#include "schema/check.h"
#include "schema/compile.h"
#include "server/config_setting.h"
#include "server/config_value.h"

struct schema_file {
    struct buffer bytes;
    struct descriptor_set set;
};

/* ---- the file ------------------------------------------------------------------------------ */

static int file_read(struct reading *reading, const struct node *place, const char *name,
                     struct buffer *bytes) {
    FILE *stream = fopen(name, "re");
    if (!stream)
        return reading_refuse(reading, place, "schema %s cannot be opened: %s", name,
                              strerror(errno));
    for (size_t size = 1; size > 0 && bytes->size <= DESCRIPTOR_BYTES_MAX;) {
        uint8_t *room = buffer_room(bytes, 16384);
        size = room ? fread(room, 1, 16384, stream) : 0;
        bytes->size += size;
    }
    bool broken = ferror(stream) != 0;
    fclose(stream);
    if (bytes->failed) return reading_no_memory(reading);
    if (broken) return reading_refuse(reading, place, "schema %s cannot be read", name);
    return SS_OK;
}

/* The first complaint goes into the refusal, all others into the log. */
static int complaints_refuse(struct reading *reading, const struct node *place, const char *who,
                             const struct buffer *complaints) {
    const char *at = (const char *)complaints->data, *end = at + complaints->size;
    const char *first = at, *line = memchr(at, '\n', complaints->size);
    int size = (int)(line ? line - at : end - at);
    for (at += size; at + 1 < end; at = line) {
        line = memchr(at + 1, '\n', (size_t)(end - at - 1));
        if (!line) break;
        log_line(reading->log, LOG_LEVEL_ERROR, "%.*s", (int)(line - at - 1), at + 1);
    }
    return reading_refuse(reading, place, "%s: %.*s", who, size, first);
}

static int schema_open(struct reading *reading, const struct config *config) {
    const struct node *place = settings_node(reading, "schema");
    struct schema_file *file = memory_zeroed(reading->memory, 1, sizeof *file);
    if (!file) return reading_no_memory(reading);
    reading->schema = file;
    file->bytes = buffer_of(reading->memory);
    struct buffer complaints = buffer_of(reading->memory);
    int status = file_read(reading, place, config->schema, &file->bytes);
    if (status == SS_OK) {
        status =
            descriptor_read(&file->set, reading->memory, buffer_view(&file->bytes), &complaints);
        if (status == SS_ERR_NOMEM) reading_no_memory(reading);
        if (status == SS_ERR_INVALID)
            complaints_refuse(reading, place, config->schema, &complaints);
    }
    buffer_free(&complaints);
    return status;
}

void schema_close(struct reading *reading) {
    struct schema_file *file = reading->schema;
    if (!file) return;
    if (file->set.arena.memory) descriptor_free(&file->set);
    buffer_free(&file->bytes);
    memory_free(reading->memory, file, sizeof *file);
    reading->schema = NULL;
}

/* ---- categories ---------------------------------------------------------------------------- */

/* Where a declaration stands: the keys of its category, and the file that says so. */
struct declaring {
    struct reading *reading;
    const struct message_descriptor *message;
    const char *category, *origin;
};

static int offer(const struct declaring *in, const char *key, const char *inner,
                 const char *value) {
    const char *const keys[] = {"categories", in->category, key, inner, NULL};
    return tree_offer(in->reading, keys, value, in->origin, (int)in->message->line);
}

static int offer_word(const struct declaring *in, enum message_rule rule, const char *key,
                      const char *word) {
    bool given = rule_given(in->message->rules.given, rule);
    return given && word ? offer(in, key, NULL, word) : SS_OK;
}

static int offer_number(const struct declaring *in, enum message_rule rule, const char *key,
                        uint32_t number) {
    char text[16];
    if (!rule_given(in->message->rules.given, rule)) return SS_OK;
    snprintf(text, sizeof text, "%u", number);
    const char *kept = reading_text(in->reading, bytes_of(text));
    return kept ? offer(in, "history", key, kept) : reading_no_memory(in->reading);
}

static int offer_leader(const struct declaring *in) {
    const struct message_rules *rules = &in->message->rules;
    if (!rule_given(rules->given, MESSAGE_FOLLOWS)) return SS_OK;
    const char *leader = reading_text(in->reading, rules->follows);
    return leader ? offer(in, "follows", NULL, leader) : reading_no_memory(in->reading);
}

static int offer_rules(const struct declaring *in) {
    const struct message_rules *rules = &in->message->rules;
    const struct node *category =
        node_child(node_child(in->reading->root, "categories"), in->category);
    bool history = category && node_child(category, "history");
    int status = offer_word(in, MESSAGE_SCOPE, "scope", option_scope_word(rules->scope));
    if (status == SS_OK)
        status = offer_word(in, MESSAGE_WRITE, "write", option_access_word(rules->write));
    if (status == SS_OK)
        status = offer_word(in, MESSAGE_READ, "read", option_access_word(rules->read));
    if (status == SS_OK)
        status =
            offer_word(in, MESSAGE_STRATEGY, "strategy", option_strategy_word(rules->strategy));
    if (status == SS_OK)
        status = offer_word(in, MESSAGE_DURABILITY, "durability",
                            option_durability_word(rules->durability));
    if (status == SS_OK) status = offer_leader(in);
    if (status == SS_OK && !history)
        status = offer_number(in, MESSAGE_HISTORY_VERSIONS, "versions", rules->history_versions);
    if (status == SS_OK && !history)
        status = offer_number(in, MESSAGE_HISTORY_MS, "ms", rules->history_ms);
    return status;
}

static int message_checked(struct reading *reading, const struct node *place,
                           const struct message_descriptor *message) {
    struct buffer complaints = buffer_of(reading->memory);
    int status = SS_OK;
    if (!message_check(message, &complaints))
        status = complaints.failed ? reading_no_memory(reading)
                                   : complaints_refuse(reading, place, "schema", &complaints);
    buffer_free(&complaints);
    return status;
}

static const char *text_of(const struct node *map, const char *key) {
    const struct node *node = map ? node_child(map, key) : NULL;
    return node && node->kind == NODE_TEXT ? node->text : NULL;
}

/* The category that a message names gets it as its message, unless the configuration says else. */
static int category_declare(struct reading *reading, const struct message_descriptor *message) {
    const struct node *map = node_child(reading->root, "categories");
    struct declaring in = {reading, message, reading_text(reading, message->rules.category),
                           reading_text(reading, message->file->name)};
    if (!in.category || !in.origin) return reading_no_memory(reading);
    const struct node *category = map ? node_child(map, in.category) : NULL;
    const char *format = text_of(category, "format"), *other = text_of(category, "message");
    bool foreign = format && strcmp(format, "protobuf") != 0;
    const char *name = reading_text(reading, message->full_name);
    if (!name) return reading_no_memory(reading);
    if (foreign || (other && strcmp(other, name) != 0)) {
        log_line(reading->log, LOG_LEVEL_WARN,
                 "categories.%s: %s is given, so %s of the schema is not its message", in.category,
                 foreign ? format : other, name);
        return SS_OK;
    }
    int status = offer(&in, "format", NULL, "protobuf");
    return status == SS_OK ? offer(&in, "message", NULL, name) : status;
}

/* Two messages for one category: neither can be meant. */
static int check_alone(struct reading *reading, const struct message_descriptor *message) {
    for (const struct message_descriptor *at = message->all; at; at = at->all)
        if (rule_given(at->rules.given, MESSAGE_CATEGORY) &&
            bytes_equal(at->rules.category, message->rules.category))
            return reading_refuse(reading, settings_node(reading, "schema"),
                                  "%.*s and %.*s both say that they are category %.*s",
                                  (int)message->full_name.size,
                                  (const char *)message->full_name.data, (int)at->full_name.size,
                                  (const char *)at->full_name.data, (int)at->rules.category.size,
                                  (const char *)at->rules.category.data);
    return SS_OK;
}

/* ---- messages ------------------------------------------------------------------------------ */

static int message_unknown(struct reading *reading, const struct node *place, const char *name) {
    const struct schema_file *file = reading->schema;
    struct bytes near = {NULL, 0};
    size_t best = SIZE_MAX;
    for (const struct message_descriptor *at = file->set.messages; at; at = at->all) {
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)at->full_name.size,
                 (const char *)at->full_name.data);
        size_t distance = value_distance(name, text);
        if (at->map_entry || distance >= best) continue;
        best = distance;
        near = at->full_name;
    }
    if (near.size > 0 && value_resembles(name, best))
        return reading_refuse(reading, place,
                              "the schema has no message %.128s; did you mean %.*s?", name,
                              (int)near.size, (const char *)near.data);
    return reading_refuse(reading, place, "the schema has no message %.128s", name);
}

static const struct message_descriptor *message_of(struct reading *reading,
                                                   const struct node *category) {
    const char *name = text_of(category, "message");
    return name ? descriptor_find(&reading->schema->set, bytes_of(name)) : NULL;
}

/* Whatever the message says and the category does not. */
static int rules_declare(struct reading *reading, const struct node *category) {
    const struct node *place = category->kind == NODE_MAP ? node_child(category, "message") : NULL;
    if (!place || place->kind != NODE_TEXT) return SS_OK;
    const struct message_descriptor *message = message_of(reading, category);
    if (!message) return message_unknown(reading, place, place->text);
    int status = message_checked(reading, place, message);
    if (status != SS_OK) return status;
    struct declaring in = {reading, message, category->key,
                           reading_text(reading, message->file->name)};
    return in.origin ? offer_rules(&in) : reading_no_memory(reading);
}

int schema_declare(struct reading *reading, const struct config *config) {
    if (!config->schema || !reading->files) return SS_OK;
    int status = schema_open(reading, config);
    const struct message_descriptor *at = status == SS_OK ? reading->schema->set.messages : NULL;
    for (; at && status == SS_OK; at = at->all) {
        if (!rule_given(at->rules.given, MESSAGE_CATEGORY)) continue;
        status = check_alone(reading, at);
        if (status == SS_OK)
            status = message_checked(reading, settings_node(reading, "schema"), at);
        if (status == SS_OK) status = category_declare(reading, at);
    }
    const struct node *map = status == SS_OK ? node_child(reading->root, "categories") : NULL;
    const struct node *category = map && map->kind == NODE_MAP ? map->first : NULL;
    for (; category && status == SS_OK; category = category->next)
        status = rules_declare(reading, category);
    return status;
}

/* ---- fields -------------------------------------------------------------------------------- */

static int refuse_field(struct reading *reading, const struct node *place,
                        const struct schema *schema, uint32_t node, const char *text) {
    struct buffer path = buffer_of(reading->memory);
    schema_path(schema, node, &path);
    buffer_u8(&path, 0);
    int status = path.failed ? reading_no_memory(reading)
                             : reading_refuse(reading, place, "%s%.128s: %s",
                                              schema_name(schema, 0), (char *)path.data, text);
    buffer_free(&path);
    return status;
}

/* Who writes a state replaces it: what he cannot see he would erase. */
static const char *hidden_wrong(const struct category *category, const struct schema_node *node) {
    bool others = category->write == ACCESS_ANY || category->write == ACCESS_PROPOSE;
    if (node->audience == SCHEMA_FOR_ANY || category->write == ACCESS_SERVER) return NULL;
    if (others) return "it is hidden from some who may write the cell; want write: server or owner";
    return node->audience == SCHEMA_FOR_SERVER
               ? "the owner writes the cell but may not see it; want write: server"
               : NULL;
}

static int fields_check(struct reading *reading, const struct node *place,
                        const struct category *category, const struct schema *schema) {
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct schema_node *node = &schema->nodes[i];
        const char *wrong = hidden_wrong(category, node);
        bool parks = category->strategy == STRATEGY_MANUAL || node->policy == MERGE_MANUAL;
        if (parks && schema->hides)
            wrong = "a parked conflict shows whole states; want no manual where fields are hidden";
        if (category->scope == SCOPE_SHARED && node->audience != SCHEMA_FOR_ANY &&
            node->audience != SCHEMA_FOR_SERVER)
            wrong = "nobody owns a shared cell; want read: AUDIENCE_SERVER or none";
        if (wrong) return refuse_field(reading, place, schema, i, wrong);
    }
    return SS_OK;
}

int schema_of_category(struct reading *reading, const struct node *node,
                       const struct category *category, struct schema **schema) {
    *schema = NULL;
    if (!reading->schema || category->format != &format_protobuf) return SS_OK;
    const struct message_descriptor *message = message_of(reading, node);
    if (!message) return SS_OK;
    const struct node *place = node_child(node, "message");
    struct buffer complaints = buffer_of(reading->memory);
    char who[128];
    snprintf(who, sizeof who, "categories.%s", category->name);
    int status = schema_compile(schema, reading->memory, message, &complaints);
    if (status == SS_ERR_NOMEM) reading_no_memory(reading);
    if (status == SS_ERR_INVALID) complaints_refuse(reading, place, who, &complaints);
    buffer_free(&complaints);
    if (status == SS_OK) status = fields_check(reading, place, category, *schema);
    if (status == SS_OK) return SS_OK;
    schema_destroy(*schema);
    *schema = NULL;
    return status;
}
